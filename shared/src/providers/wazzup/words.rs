//! The mapping of Wazzup's words to ours (Wazzup API v3: "Webhooks", "Working with channels").

use super::wire::word;
use crate::model::message::kind::{DeliveryStatus, Kind};
use crate::model::messenger::ChannelState;

/// Our kind for a message's `type`, and Wazzup's word if ours is less specific.
pub(super) fn kind(type_word: &str) -> (Kind, Option<String>) {
    let kind = match type_word.trim().to_ascii_lowercase().as_str() {
        "text" => Kind::Text,
        "image" => Kind::Image,
        "audio" => Kind::Audio,
        "video" => Kind::Video,
        "document" => Kind::Document,
        "vcard" => Kind::ContactCard,
        "geo" => Kind::Location,
        "wapi_template" => Kind::Template,
        "missing_call" => Kind::MissedCall,
        "system" => Kind::System,
        "unsupported" => Kind::Unsupported,
        _ => return (Kind::Unsupported, Some(word(type_word))),
    };
    (kind, None)
}

/// The meaning of a status word.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// A delivery status.
    Delivery(DeliveryStatus),
    /// The message was edited in the messenger; the new text is not sent.
    Edited,
    /// A client's message.
    Inbound,
}

/// Parses a status word; `None` for one that this version does not know.
pub(super) fn status(status_word: &str) -> Option<Status> {
    Some(match status_word.trim().to_ascii_lowercase().as_str() {
        "sent" => Status::Delivery(DeliveryStatus::Sent),
        "delivered" => Status::Delivery(DeliveryStatus::Delivered),
        "read" => Status::Delivery(DeliveryStatus::Read),
        "error" => Status::Delivery(DeliveryStatus::Failed),
        "edited" => Status::Edited,
        "inbound" => Status::Inbound,
        _ => return None,
    })
}

/// Our state for Wazzup's. The webhook and `GET /v3/channels` spell some differently (`qr` and `qridle`,
/// `openElsewhere` and `openelsewhere`); an unknown one needs a person's attention.
pub(super) fn channel_state(state_word: &str) -> ChannelState {
    let mut plain = state_word.trim().to_ascii_lowercase();
    plain.retain(|c| c != '_' && c != '-');
    match plain.as_str() {
        "active" => ChannelState::Active,
        "init" | "onmoderation" => ChannelState::Pending,
        "unauthorized" => ChannelState::Unauthorized,
        "disabled" | "blocked" | "rejected" => ChannelState::Disabled,
        // phoneUnavailable, qr, qridle, openElsewhere, notEnoughMoney, foreignphone, waitForPassword, and unknown ones.
        _ => ChannelState::NeedsAttention,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_type_has_its_kind() {
        for (name, expected) in [
            ("text", Kind::Text),
            ("image", Kind::Image),
            ("audio", Kind::Audio),
            ("video", Kind::Video),
            ("document", Kind::Document),
            ("vcard", Kind::ContactCard),
            ("geo", Kind::Location),
            ("wapi_template", Kind::Template),
            ("unsupported", Kind::Unsupported),
            ("system", Kind::System),
            ("missing_call", Kind::MissedCall),
            ("Text", Kind::Text),
        ] {
            assert_eq!(kind(name), (expected, None), "{name}");
        }
        assert_eq!(kind("unknown"), (Kind::Unsupported, Some("unknown".into())));
        assert_eq!(kind("Story"), (Kind::Unsupported, Some("Story".into())));
        assert_eq!(kind(&"я".repeat(5000)).1.map(|word| word.chars().count()), Some(100));
    }

    #[test]
    fn both_spellings_of_a_state_mean_the_same() {
        use ChannelState::{Active, Disabled, NeedsAttention, Pending, Unauthorized};
        for (state, expected) in [
            ("active", Active),
            ("init", Pending),
            ("disabled", Disabled),
            ("phoneUnavailable", NeedsAttention),
            ("qr", NeedsAttention),
            ("qridle", NeedsAttention),
            ("openElsewhere", NeedsAttention),
            ("openelsewhere", NeedsAttention),
            ("notEnoughMoney", NeedsAttention),
            ("foreignphone", NeedsAttention),
            ("unauthorized", Unauthorized),
            ("waitForPassword", NeedsAttention),
            ("blocked", Disabled),
            ("onModeration", Pending),
            ("rejected", Disabled),
            ("ACTIVE", Active),
            ("on_moderation", Pending),
            ("somethingNew", NeedsAttention),
        ] {
            assert_eq!(channel_state(state), expected, "{state}");
        }
    }

    #[test]
    fn unknown_status_words_are_told_apart() {
        assert_eq!(status("Error"), Some(Status::Delivery(DeliveryStatus::Failed)));
        assert_eq!(status("inbound"), Some(Status::Inbound));
        assert_eq!(status("edited"), Some(Status::Edited));
        assert_eq!(status("played"), None);
    }
}
