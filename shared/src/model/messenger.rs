//! Messengers, and the reference to a channel in an event.

use crate::base::ids::ChannelId;
use serde::{Deserialize, Serialize};

/// A channel as a webhook names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRef {
    /// Our id, derived.
    pub id: ChannelId,
    /// The provider, as in our webhook URL.
    pub provider: String,
    /// The provider's id of the channel.
    pub external: String,
}

/// The messenger of a chat, independent of the provider that carries it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Messenger {
    Whatsapp,
    Viber,
    Instagram,
    Telegram,
    Vk,
    Avito,
    Max,
    FacebookMessenger,
    AutoRu,
    /// A messenger that this version does not know, by the provider's name for it.
    #[serde(untagged)]
    Other(String),
}

/// Longest word that is accepted as a messenger's name, in bytes, because the name is part of keys.
const MAX_WORD: usize = 32;

impl Messenger {
    /// The name in keys and answers.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Viber => "viber",
            Self::Instagram => "instagram",
            Self::Telegram => "telegram",
            Self::Vk => "vk",
            Self::Avito => "avito",
            Self::Max => "max",
            Self::FacebookMessenger => "facebook_messenger",
            Self::AutoRu => "auto_ru",
            Self::Other(name) => name,
        }
    }

    /// Whether the chat id of a person's chat is their verified phone number.
    pub fn id_is_phone(&self) -> bool {
        matches!(self, Self::Whatsapp | Self::Viber)
    }

    /// The name of the chat type of this messenger, with a person or with a group: `whatsapp`, `whatsgroup` … It is
    /// part of stored rows and of the ids of chats; Wazzup's API v3 uses the same names as `chatType`.
    pub fn chat_type(&self, group: bool) -> String {
        match (self, group) {
            (Self::Whatsapp, true) => "whatsgroup",
            (Self::Telegram, true) => "telegroup",
            (Self::Max, true) => "maxgroup",
            (messenger, _) => messenger.as_str(),
        }
        .to_owned()
    }

    /// The string that our id of a chat is derived from: the same whether a webhook names the chat or we do.
    pub fn chat_form(&self, group: bool, id: &str) -> String {
        format!("{}:{id}", self.chat_type(group))
    }

    /// The messenger of a [`Self::chat_type`], and whether the chat is a group. `None` for what cannot be such a name.
    pub fn of_chat_type(chat_type: &str) -> Option<(Self, bool)> {
        let name = chat_type.trim().to_ascii_lowercase();
        let group = match name.as_str() {
            "whatsgroup" => Self::Whatsapp,
            "telegroup" => Self::Telegram,
            "maxgroup" => Self::Max,
            _ => return Some((Self::named(name)?, false)),
        };
        Some((group, true))
    }

    /// The messenger of a name: one of ours, or a lower-case word that can be the name of one that this version does
    /// not know.
    pub fn named(name: String) -> Option<Self> {
        let name_like = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let ours = [
            Self::Whatsapp,
            Self::Viber,
            Self::Instagram,
            Self::Telegram,
            Self::Vk,
            Self::Avito,
            Self::Max,
            Self::FacebookMessenger,
            Self::AutoRu,
        ];
        let known = ours.into_iter().find(|messenger| messenger.as_str() == name);
        let possible = !name.is_empty() && name.len() <= MAX_WORD && name.bytes().all(name_like);
        known.or_else(|| possible.then_some(Self::Other(name)))
    }

    /// The messenger that a `transport` carries. Rows of channels that were listed before
    /// [`crate::model::channel::Channel`] kept its messenger have the transport alone.
    pub fn of_transport(transport: &str) -> Option<Self> {
        let name = transport.trim().to_ascii_lowercase();
        match name.as_str() {
            "wapi" => Some(Self::Whatsapp),
            "tgapi" => Some(Self::Telegram),
            "maxbot" => Some(Self::Max),
            _ => Self::named(name),
        }
    }
}

/// The state of a channel, in our terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChannelState {
    /// It works.
    #[default]
    Active,
    /// It is being connected.
    Pending,
    /// It needs a person's action: scan a code, pay, charge the phone. The raw state says which.
    NeedsAttention,
    /// The credential or the session is no longer valid.
    Unauthorized,
    /// It is switched off or refused by the provider.
    Disabled,
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
            let (messenger, group) = Messenger::of_chat_type(name).unwrap();
            assert_eq!(messenger.chat_type(group), name);
            assert_eq!(group, name.ends_with("group"), "{name}");
        }
        assert_eq!(Messenger::of_chat_type(" WhatsApp "), Some((Messenger::Whatsapp, false)));
        for junk in ["", " ", "a#b", "мессенджер", &"x".repeat(33)] {
            assert_eq!(Messenger::of_chat_type(junk), None, "{junk}");
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
            assert_eq!(Messenger::of_transport(transport), Some(expected), "{transport}");
        }
        for junk in ["", " ", "a#b", "мессенджер", &"x".repeat(33)] {
            assert_eq!(Messenger::of_transport(junk), None, "{junk}");
        }
    }
}
