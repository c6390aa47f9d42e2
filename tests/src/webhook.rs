//! Reads webhook bodies as `webhook-ingest` reads them.

use http::{HeaderMap, Method};
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ConnectionId, IdSalt};
use shared::model::connection::ChannelOwner;
use shared::providers;
use shared::providers::inbound::{Owners, Parsed, WebhookRequest};
use std::collections::HashMap;

/// An owner, for bodies of which only the content matters.
pub fn owner() -> ChannelOwner {
    ChannelOwner {
        account: AccountId::new("a"),
        connection: ConnectionId::new("c"),
        id_salt: IdSalt::from_bytes([7; 16]),
    }
}

/// Reads a provider's webhook with this body.
///
/// # Panics
/// If there is no such provider.
pub fn read(provider: &str, owner: ChannelOwner, body: &[u8], accepted_at: Timestamp) -> Parsed {
    let inbound = providers::inbound(provider).unwrap_or_else(|| panic!("{provider}: no such provider"));
    let (query, headers) = (HashMap::new(), HeaderMap::new());
    let request = WebhookRequest { method: &Method::POST, query: &query, headers: &headers, body };
    inbound.parse(&request, &Owners::One(owner), accepted_at)
}
