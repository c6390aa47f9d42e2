//! Rows that only giving out clients wants: turns, open chats, the history of a responsible.

use super::keys::{assignment_record, key, open_chats, turn};
use super::row::{Key, Row};
use crate::base::ids::{AccountId, ChannelId, ChatId, EmployeeId};
use crate::model::assignment::RingPlace;
use crate::model::chat::Chat;
use crate::model::chat::assignment_record::AssignmentRecord;
use crate::model::chat::state::ChatState;
use crate::model::employee::{Membership, Status, takes_new_clients};
use serde::{Deserialize, Serialize};

/// A member's turn: a copy of his membership in the order of the ring, by which drains of a large channel find the next one
/// without reading all members. It is written with the membership, and decides nothing: whoever is chosen by it is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Turn {
    /// The member.
    pub member: Membership,
}

impl Turn {
    /// The turn of a member; `None` while no new clients come to him.
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

/// That an employee has a chat open on a channel: what his cap counts (B4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenChat {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// On which channel.
    pub channel: ChannelId,
    /// Whose chat.
    pub employee: EmployeeId,
    /// Which chat.
    pub chat: ChatId,
}

impl OpenChat {
    /// The entry of a chat; `None` while it is not live, or nobody's.
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
