//! Closed lists of words, as the API documents spell them.

/// Declares an enum that is read and written as one of its words; anything else is refused, including JSON that serde's
/// own derive would accept as an enum (`{"whatsapp":null}`).
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`")] $variant),+
        }

        impl $name {
            /// The word itself.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(word: String) -> Result<Self, String> {
                match word.as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("`{word}` is none of {}", [$($word),+].join(", "))),
                }
            }
        }

        impl From<$name> for &'static str {
            fn from(word: $name) -> Self { word.as_str() }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { out.write_str(self.as_str()) }
        }
    };
}

words! {
    /// The messenger of a chat.
    ChatType {
        Whatsapp = "whatsapp", Whatsgroup = "whatsgroup", Viber = "viber", Instagram = "instagram", Telegram = "telegram",
        Telegroup = "telegroup", Vk = "vk", Avito = "avito", Max = "max", Maxgroup = "maxgroup",
    }
}

words! {
    /// The type of a message.
    MessageType {
        Text = "text", Image = "image", Audio = "audio", Video = "video", Document = "document", Vcard = "vcard", Geo = "geo",
        WapiTemplate = "wapi_template", Unsupported = "unsupported", MissingCall = "missing_call", System = "system",
        Unknown = "unknown",
    }
}

words! {
    /// The status of a message; `inbound` for the client's messages.
    MessageStatus { Sent = "sent", Delivered = "delivered", Read = "read", Error = "error", Inbound = "inbound" }
}

words! {
    /// The status in an item of `statuses[]`.
    StatusWord { Sent = "sent", Delivered = "delivered", Read = "read", Error = "error", Edited = "edited" }
}

words! {
    /// What requested a contact or a deal.
    Source { Auto = "auto", ByUser = "byUser" }
}

words! {
    /// Why a chat was finished.
    FinishReason { Inactivity = "inactivity", ByHand = "by_hand", Rule = "rule" }
}

words! {
    /// The status of a chat.
    ChatStatus { Open = "open", Waiting = "waiting", Closed = "closed" }
}

words! {
    /// The recipients of a notification.
    NoticeTo { Responsible = "responsible", Heads = "heads", User = "user" }
}

words! {
    /// A channel's state in `channelsUpdates[]`.
    ChannelState {
        Active = "active", Disabled = "disabled", Qr = "qr", PhoneUnavailable = "phoneUnavailable",
        OpenElsewhere = "openElsewhere", NotEnoughMoney = "notEnoughMoney", Unauthorized = "unauthorized",
    }
}

words! {
    /// The kind of an anomaly, which is accepted although it looks wrong.
    AnomalyKind {
        MessageTwice = "messageTwice", MessageInTwoChats = "messageInTwoChats", FirstSeenEdited = "firstSeenEdited",
        FirstSeenDeleted = "firstSeenDeleted", ChangeAfterDelete = "changeAfterDelete", StatusBackwards = "statusBackwards",
        StatusOnInbound = "statusOnInbound", FinishedTwice = "finishedTwice", NotifiedTwice = "notifiedTwice", ContactTwice = "contactTwice",
        DealTwice = "dealTwice", UnknownEntity = "unknownEntity", IdempotencyKeyReused = "idempotencyKeyReused",
        UnexpectedAuthorization = "unexpectedAuthorization",
    }
}

impl MessageStatus {
    /// The status after `next` is reported. `None`: it would go backwards.
    #[must_use]
    pub fn step(self, next: Self) -> Option<Self> {
        let rank = |status| match status {
            Self::Inbound => 0,
            Self::Sent => 1,
            Self::Error => 2,
            Self::Delivered => 3,
            Self::Read => 4,
        };
        (rank(next) >= rank(self)).then_some(next)
    }
}

impl StatusWord {
    /// The message status for this word; `None` for `edited`.
    #[must_use]
    pub fn message_status(self) -> Option<MessageStatus> {
        match self {
            Self::Sent => Some(MessageStatus::Sent),
            Self::Delivered => Some(MessageStatus::Delivered),
            Self::Read => Some(MessageStatus::Read),
            Self::Error => Some(MessageStatus::Error),
            Self::Edited => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_outside_the_list_is_refused() {
        assert_eq!(serde_json::from_str::<ChatType>("\"max\"").unwrap(), ChatType::Max);
        for bad in ["\"Whatsapp\"", "\"wapi\"", "{\"whatsapp\":null}", "1", "null"] {
            assert!(serde_json::from_str::<ChatType>(bad).is_err(), "{bad}");
        }
        assert_eq!(serde_json::to_string(&MessageType::WapiTemplate).unwrap(), "\"wapi_template\"");
    }

    #[test]
    fn statuses_only_move_forward() {
        use MessageStatus::{Delivered, Error, Read, Sent};
        for (from, to) in [
            (Sent, Delivered),
            (Delivered, Read),
            (Sent, Read),
            (Sent, Error),
            (Error, Delivered),
            (Read, Read),
        ] {
            assert_eq!(from.step(to), Some(to), "{from} → {to}");
        }
        for (from, to) in
            [(Delivered, Sent), (Read, Delivered), (Read, Sent), (Error, Sent), (Delivered, Error)]
        {
            assert_eq!(from.step(to), None, "{from} → {to}");
        }
    }
}
