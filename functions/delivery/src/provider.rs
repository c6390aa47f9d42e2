//! The providers that can send, by name: what each knows, and one call to it.

use secrecy::SecretString;
use shared::base::clock::Timestamp;
use shared::base::ids::MessageId;
use shared::model::outbound::call::{Edit, Outgoing, SendFailure, Sent};
use shared::platform::http::OutboundHttp;
use shared::providers::wazzup::{self, WazzupApi};
use std::time::Duration;
use url::Url;

/// Where the providers are.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Wazzup's API.
    pub wazzup: Url,
}

/// What is known of a provider without asking it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traits {
    /// How long after the first call it tells a repeat by our id; none where it does not.
    pub key_lasts: Option<Duration>,
    /// How many calls it takes in which time; none where nobody says.
    pub rate: Option<(u64, Duration)>,
}

/// What is asked of a provider.
#[derive(Debug)]
pub enum Order<'a> {
    /// To send a message.
    Send(Box<Outgoing<'a>>),
    /// To change one.
    Edit(&'a MessageId, Edit<'a>),
    /// To delete one.
    Delete(&'a MessageId),
}

/// What is known of a provider.
pub fn traits_of(provider: &str) -> Traits {
    match provider {
        wazzup::NAME => Traits { key_lasts: Some(wazzup::SEND_KEY_LASTS), rate: Some(wazzup::RATE) },
        _ => Traits::default(),
    }
}

/// Whether a refusal says that the message is not there any more, by the provider's code.
pub fn is_gone(code: &str) -> bool {
    matches!(code, "MESSAGES_NOT_FOUND" | "MESSAGE_DELETED")
}

/// Asks once.
///
/// # Errors
/// As the provider's adapter sorts its answers.
pub async fn ask(
    provider: &str,
    addresses: &Addresses,
    http: &OutboundHttp,
    key: &SecretString,
    order: &Order<'_>,
    now: Timestamp,
) -> Result<Sent, SendFailure> {
    match provider {
        wazzup::NAME => {
            let api = WazzupApi::new(http, &addresses.wazzup);
            match order {
                Order::Send(message) => api.send(key, message, now).await,
                Order::Edit(id, edit) => api.edit(key, id, *edit, now).await.map(|()| Sent::default()),
                Order::Delete(id) => api.delete(key, id, now).await.map(|()| Sent::default()),
            }
        }
        _ => Err(SendFailure::Never {
            code: shared::model::failure_texts::NO_CONNECTION.into(),
            description: None,
        }),
    }
}
