//! Wazzup's words and ours (Wazzup API v3: "Webhooks", "Working with channels").

use super::wire::word;
use crate::model::channel::ChannelState;
use crate::model::event::Messenger;
use crate::model::message::{DeliveryStatus, Kind};

/// Longest `chatType` that is taken for one: it stands in keys.
const MAX_CHAT_TYPE: usize = 32;

/// Wazzup's `chatType` of a chat: `whatsapp`, `whatsgroup` … (Wazzup API v3, Webhooks; the same words stand in
/// `POST /v3/message`).
pub fn chat_type(messenger: &Messenger, group: bool) -> String {
    match (messenger, group) {
        (Messenger::Whatsapp, true) => "whatsgroup",
        (Messenger::Telegram, true) => "telegroup",
        (Messenger::Max, true) => "maxgroup",
        (messenger, _) => messenger.as_str(),
    }
    .to_owned()
}

/// What our id of a chat is made of: the same whether the chat is named by a webhook or by us.
pub fn chat_form(messenger: &Messenger, group: bool, id: &str) -> String {
    format!("{}:{id}", chat_type(messenger, group))
}

/// The messenger of a `chatType`, and whether the chat is a group. `None` for what cannot be a type's name.
pub fn messenger(chat_type: &str) -> Option<(Messenger, bool)> {
    let name = chat_type.trim().to_ascii_lowercase();
    let ours = match name.as_str() {
        "whatsapp" => (Messenger::Whatsapp, false),
        "whatsgroup" => (Messenger::Whatsapp, true),
        "viber" => (Messenger::Viber, false),
        "instagram" => (Messenger::Instagram, false),
        "telegram" => (Messenger::Telegram, false),
        "telegroup" => (Messenger::Telegram, true),
        "vk" => (Messenger::Vk, false),
        "avito" => (Messenger::Avito, false),
        "max" => (Messenger::Max, false),
        "maxgroup" => (Messenger::Max, true),
        _ => (unknown(name)?, false),
    };
    Some(ours)
}

/// The messenger that a channel's `transport` carries: `wapi` is WhatsApp through Meta's API, `tgapi` a person's Telegram,
/// `telegram` and `maxbot` are bots (Wazzup API v3, Working with channels). `None` for what cannot be a transport's name.
pub fn messenger_of(transport: &str) -> Option<Messenger> {
    let name = transport.trim().to_ascii_lowercase();
    Some(match name.as_str() {
        "whatsapp" | "wapi" => Messenger::Whatsapp,
        "tgapi" | "telegram" => Messenger::Telegram,
        "instagram" => Messenger::Instagram,
        "vk" => Messenger::Vk,
        "avito" => Messenger::Avito,
        "viber" => Messenger::Viber,
        "max" | "maxbot" => Messenger::Max,
        _ => unknown(name)?,
    })
}

/// A messenger that this version does not know, by a lower-case word that can be its name.
fn unknown(name: String) -> Option<Messenger> {
    let name_like = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let possible = !name.is_empty() && name.len() <= MAX_CHAT_TYPE && name.bytes().all(name_like);
    possible.then_some(Messenger::Other(name))
}

/// Our kind for a message's `type`, and Wazzup's word where ours says less.
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

/// What a status word says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// A delivery went on.
    Delivery(DeliveryStatus),
    /// The message was edited in the messenger; the new text is not told.
    Edited,
    /// A client's message.
    Inbound,
}

/// Reads a status word; `None` for one that this version does not know.
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

/// Our state for Wazzup's. The webhook and `GET /v3/channels` spell some differently (`qr` and `qridle`, `openElsewhere`
/// and `openelsewhere`); an unknown one wants a person to look.
pub(super) fn channel_state(state_word: &str) -> ChannelState {
    let mut plain = state_word.trim().to_ascii_lowercase();
    plain.retain(|c| c != '_' && c != '-');
    match plain.as_str() {
        "active" => ChannelState::Active,
        "init" | "onmoderation" => ChannelState::Pending,
        "unauthorized" => ChannelState::Unauthorized,
        "disabled" | "blocked" | "rejected" => ChannelState::Disabled,
        // phoneUnavailable, qr, qridle, openElsewhere, notEnoughMoney, foreignphone, waitForPassword, and the unknown.
        _ => ChannelState::NeedsAttention,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat_types_round_trip() {
        for name in [
            "whatsapp",
            "whatsgroup",
            "viber",
            "instagram",
            "telegram",
            "telegroup",
            "vk",
            "avito",
            "max",
            "maxgroup",
            "signal",
            "new_type-2",
        ] {
            let (messenger, group) = messenger(name).unwrap();
            assert_eq!(chat_type(&messenger, group), name);
            assert_eq!(group, name.ends_with("group"), "{name}");
        }
        assert_eq!(messenger(" WhatsApp "), Some((Messenger::Whatsapp, false)));
        for junk in ["", " ", "a#b", "мессенджер", &"x".repeat(33)] {
            assert_eq!(messenger(junk), None, "{junk}");
        }
    }

    #[test]
    fn every_transport_carries_its_messenger() {
        for (transport, expected) in [
            ("whatsapp", Messenger::Whatsapp),
            ("wapi", Messenger::Whatsapp),
            ("tgapi", Messenger::Telegram),
            ("telegram", Messenger::Telegram),
            ("instagram", Messenger::Instagram),
            ("vk", Messenger::Vk),
            ("avito", Messenger::Avito),
            ("viber", Messenger::Viber),
            ("max", Messenger::Max),
            ("maxbot", Messenger::Max),
            (" WAPI ", Messenger::Whatsapp),
            ("Signal", Messenger::Other("signal".into())),
        ] {
            assert_eq!(messenger_of(transport), Some(expected), "{transport}");
        }
        for junk in ["", " ", "a#b", "мессенджер", &"x".repeat(33)] {
            assert_eq!(messenger_of(junk), None, "{junk}");
        }
    }

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
