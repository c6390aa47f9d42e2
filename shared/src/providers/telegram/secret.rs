//! The secret of a webhook (Bot API, setWebhook, `secret_token`). Telegram sends it unchanged in a header of every
//! update.
//!
//! An update does not say which bot it is for, and it is read without a call to Telegram; so `{bot's id}-{secret}` is
//! registered: the header brings the bot's id, and the secret proves it.

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The header's name.
pub(super) const HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";

/// Longest id of a bot, in digits: 64 bits.
const MAX_BOT: usize = 19;

/// The value that is registered, and sent in the header. `bot` is the bot's id, if it is known.
pub(super) fn shown(bot: Option<&str>, secret: &SecretString) -> String {
    match bot {
        Some(bot) => format!("{bot}-{}", secret.expose_secret()),
        None => secret.expose_secret().to_owned(),
    }
}

fn header(headers: &HeaderMap) -> Option<&str> {
    headers.get(HEADER)?.to_str().ok()
}

/// The bot that an update is for; `None` where its webhook was not registered by us.
pub(super) fn bot(headers: &HeaderMap) -> Option<&str> {
    let (bot, _) = header(headers)?.rsplit_once('-')?;
    is_bot(bot).then_some(bot)
}

/// Whether a text can be a bot's id.
pub(super) fn is_bot(text: &str) -> bool {
    (1..=MAX_BOT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the header has the secret. An empty secret never matches.
pub(super) fn is_shown(headers: &HeaderMap, secret: &SecretString) -> bool {
    let secret = secret.expose_secret();
    let Some(header) = header(headers).filter(|_| !secret.is_empty()) else { return false };
    // The id in front is not part of the secret; the secret contains no dash.
    let shown = header.rsplit_once('-').map_or(header, |(_, shown)| shown);
    is_same(shown, secret)
}

/// Compares digests in constant time, so that neither content nor length can be measured.
fn is_same(shown: &str, secret: &str) -> bool {
    let digest = |text: &str| {
        let mac = Hmac::<Sha256>::new_from_slice(b"switchboard telegram webhook").ok();
        mac.map(|mac| mac.chain_update(text.as_bytes()))
    };
    let (Some(shown), Some(secret)) = (digest(shown), digest(secret)) else { return false };
    shown.verify(&secret.finalize().into_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, value.parse().unwrap());
        headers
    }

    #[test]
    fn the_header_shows_the_secret_and_the_bot() {
        let secret = SecretString::from("ab12");
        let both = headers(&shown(Some("777"), &secret));
        assert!(is_shown(&both, &secret));
        assert_eq!(bot(&both), Some("777"));
        let alone = headers(&shown(None, &secret));
        assert!(is_shown(&alone, &secret));
        assert_eq!(bot(&alone), None);
    }

    #[test]
    fn what_is_not_the_secret_is_not_taken_for_it() {
        let secret = SecretString::from("ab12");
        for value in ["", "-", "777-", "777-ab1", "777-ab123", "ab12-777", "AB12"] {
            assert!(!is_shown(&headers(value), &secret), "{value}");
        }
        assert!(!is_shown(&HeaderMap::new(), &secret));
        for value in ["", "777-"] {
            assert!(!is_shown(&headers(value), &SecretString::default()), "{value}");
        }
        assert_eq!(bot(&headers("a7-ab12")), None);
        assert_eq!(bot(&headers(&format!("{}-ab12", "7".repeat(20)))), None);
    }
}
