//! Rows for assignment only: turns, open chats, the history of a responsible.

use super::keys::{assignment_record, key, open_chats, turn};
use super::row::{Key, Row};
use crate::base::ids::{AccountId, ChannelId, ChatId, EmployeeId};
use crate::model::assignment::RingPlace;
use crate::model::chat::Chat;
use crate::model::chat::assignment_record::AssignmentRecord;
use crate::model::chat::state::ChatState;
use crate::model::employee::{Membership, Status, takes_new_clients};
use serde::{Deserialize, Serialize};

/// A member's turn: a copy of the membership in the order of the ring, by which drains of a large channel find the next
/// member without reading all. It is written with the membership, and decides nothing: the chosen member is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Turn {
    /// The member.
    pub member: Membership,
}

impl Turn {
    /// The turn of a member; `None` while the member receives no new clients.
    pub fn of(member: &Membership) -> Option<Self> {
        takes_new_clients(member).is_ok().then(|| Self { member: member.clone() })
    }
}

impl Row for Turn {
    fn key(&self) -> Key {
        let (member, is_there) = (&self.member, self.member.status == Status::Available);
        turn(&member.account, &member.channel, &RingPlace::of(member), is_there)
    }
}

/// An employee's open chat on a channel, which the cap counts (B4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenChat {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The channel.
    pub channel: ChannelId,
    /// The responsible.
    pub employee: EmployeeId,
    /// The chat.
    pub chat: ChatId,
}

impl OpenChat {
    /// The entry of a chat; `None` if it is not live or has no responsible.
    pub fn of(chat: &Chat) -> Option<Self> {
        let employee = chat.responsible.clone().filter(|_| chat.state == ChatState::Live)?;
        Some(Self {
            v: 1,
            account: chat.account.clone(),
            channel: chat.channel.clone(),
            employee,
            chat: chat.chat.clone(),
        })
    }
}

impl Row for OpenChat {
    fn key(&self) -> Key {
        key(open_chats(&self.account, &self.channel, &self.employee), self.chat.as_str())
    }
}

impl Row for AssignmentRecord {
    fn key(&self) -> Key {
        assignment_record(&self.account, &self.chat, self.seq)
    }
}
