//! The addresses of providers: their own, unless a deployment overrides them (local runs do).

use super::provider::Provider;
use std::collections::BTreeMap;
use url::Url;

/// Addresses that replace providers' own, by name.
#[derive(Clone, Debug, Default)]
pub struct BaseUrls(BTreeMap<String, Url>);

/// A text that is no list of addresses.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no `name=url`, joined by commas")]
pub struct NoBaseUrls(String);

impl std::str::FromStr for BaseUrls {
    type Err = NoBaseUrls;

    /// Parses `name=url,name=url`; an empty text overrides none.
    fn from_str(text: &str) -> Result<Self, NoBaseUrls> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read = |part: &str| {
            let (name, url) = part.split_once('=')?;
            Some((name.trim().to_owned(), Url::parse(url.trim()).ok()?))
        };
        let entries = parts.map(|part| read(part).ok_or_else(|| NoBaseUrls(part.to_owned())));
        Ok(Self(entries.collect::<Result<_, _>>()?))
    }
}

impl BaseUrls {
    /// The address of a provider's API; `None` if its own address is no URL, which the contract test rules out.
    pub fn of(&self, provider: &dyn Provider) -> Option<Url> {
        self.0.get(provider.name()).cloned().or_else(|| Url::parse(provider.base_url()).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_addresses_stand_in_and_others_stay() {
        let urls: BaseUrls = "vk=http://127.0.0.1:1/vk, wazzup=http://127.0.0.1:1/wazzup".parse().unwrap();
        let of =
            |urls: &BaseUrls| urls.of(crate::providers::provider("wazzup").unwrap()).unwrap().to_string();
        assert_eq!(of(&urls), "http://127.0.0.1:1/wazzup");
        assert_eq!(of(&"".parse().unwrap()), "https://api.wazzup24.com/");
        for junk in ["wazzup", "wazzup=", "wazzup=/path", "=x"] {
            assert!(junk.parse::<BaseUrls>().is_err(), "{junk}");
        }
    }
}
