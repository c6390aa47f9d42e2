//! The provider of a channel: its guarantees, and one call to it.

use shared::base::clock::Timestamp;
use shared::model::credential::Credential;
use shared::model::outbound::call::{Edit, FailureReason, OutgoingMessage, SendFailure, Sent};
use shared::platform::http::OutboundHttp;
use shared::providers;
use shared::providers::base_urls::BaseUrls;
use shared::providers::client::{Call, MessageRef};
use shared::providers::provider::SendGuarantees;

/// A request to a provider.
#[derive(Debug)]
pub enum ProviderRequest<'a> {
    /// Send a message.
    Send(Box<OutgoingMessage<'a>>),
    /// Edit a message.
    Edit(MessageRef<'a>, Edit<'a>),
    /// Delete a message.
    Delete(MessageRef<'a>),
}

/// A provider's guarantees about sends; an unknown provider guarantees nothing.
pub fn guarantees(provider: &str) -> SendGuarantees {
    providers::provider(provider).map(|provider| provider.guarantees()).unwrap_or_default()
}

/// Whether a refusal says that the message does not exist any more.
pub fn is_gone(failure: &SendFailure) -> bool {
    matches!(failure, SendFailure::Never { reason: FailureReason::MessageGone, .. })
}

/// Makes one call.
///
/// # Errors
/// As the provider's client sorts its answers; [`SendFailure::Never`] for an unknown provider.
pub async fn ask(
    provider: &str,
    base_urls: &BaseUrls,
    http: &OutboundHttp,
    credential: &Credential,
    request: &ProviderRequest<'_>,
    now: Timestamp,
) -> Result<Sent, SendFailure> {
    let unknown =
        || SendFailure::never(FailureReason::NotConnected, shared::model::failure_texts::NO_CONNECTION);
    let client = providers::client(provider).ok_or_else(unknown)?;
    let base_url = base_urls.of(client).ok_or_else(unknown)?;
    let call = Call { http, base_url: &base_url, credential, now };
    match request {
        ProviderRequest::Send(message) => client.send(&call, message).await,
        ProviderRequest::Edit(message, edit) => {
            client.edit(&call, message, *edit).await.map(|()| Sent::default())
        }
        ProviderRequest::Delete(message) => client.delete(&call, message).await.map(|()| Sent::default()),
    }
}
