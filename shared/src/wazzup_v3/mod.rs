//! The vocabulary of Wazzup's API v3, which Wazzup itself and every CRM that plugs into it use.

pub mod channel_states;
pub mod errors;

use crate::base::ids::ChannelId;
use uuid::Uuid;

/// The `channelId` by which a CRM knows a channel. Wazzup's contract makes it a UUID ("Channels", `channelId`), and a CRM may
/// check that: it is the provider's id where that is a UUID
/// in its usual form, with hyphens, else ours.
pub fn channel_id<'a>(external: &'a str, channel: &'a ChannelId) -> &'a str {
    let is_uuid = |id: Uuid| id.hyphenated().to_string().eq_ignore_ascii_case(external);
    if Uuid::try_parse(external).is_ok_and(is_uuid) { external } else { channel.as_str() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::AccountId;

    #[test]
    fn a_channel_is_known_by_a_uuid_whatever_its_provider_calls_it() {
        let external = "0bba75b0-8855-41a0-b2ee-4d51f596b350";
        let ours = |external| ChannelId::derive(&AccountId::new("a"), "p", external);
        assert_eq!(channel_id(external, &ours(external)), external);
        let bare = "0bba75b0885541a0b2ee4d51f596b350";
        let urn = "urn:uuid:0bba75b0-8855-41a0-b2ee-4d51f596b350";
        for external in ["123456789", "business:AbC_1", bare, urn] {
            let channel = ours(external);
            assert_eq!(channel_id(external, &channel), channel.as_str());
        }
    }
}
