//! What rules have to say to employees (F6), as each of them finds it: an entry per notice, which leads to the event that
//! holds the words. So what becomes of the chat becomes of them: they go when it is erased.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, EmployeeId};
use crate::model::chat::{Chat, ChatEvent, NoticeTo};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long notices are listed: 30 days. The events that hold their words are kept longer.
pub const NOTICES_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// In whose list a notice stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// An employee's.
    Employee(EmployeeId),
    /// That of the heads of the chat's channel.
    Heads,
}

/// A notice in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRow {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Whom it is for.
    pub reader: Reader,
    /// The chat's channel.
    pub channel: ChannelId,
    /// Of which chat.
    pub chat: ChatId,
    /// The number of its event in the chat.
    pub seq: u64,
    /// When the rule said it.
    pub at: Timestamp,
    /// When the row may go, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

/// The entries of an event's notice, to be created in the transaction that creates the event; none when it has no notice.
/// What is said to the responsible reads who was responsible then; the heads, where nobody was.
pub fn notice_rows(chat: &Chat, event: &ChatEvent) -> Vec<NoticeRow> {
    let Some(notice) = &event.notice else { return Vec::new() };
    let reader = match &notice.to {
        NoticeTo::Employee(employee) => Reader::Employee(employee.clone()),
        NoticeTo::Responsible => notice.reader.clone().map_or(Reader::Heads, Reader::Employee),
        NoticeTo::Heads => Reader::Heads,
    };
    vec![NoticeRow {
        v: 1,
        account: chat.account.clone(),
        reader,
        channel: chat.channel.clone(),
        chat: chat.chat.clone(),
        seq: event.seq,
        at: event.at,
        expires_at: (event.at + NOTICES_KEPT).seconds(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::chat::RuleNotice;
    use crate::model::chat::state::FinishReason;
    use crate::model::chat::tests::new_chat;

    #[test]
    fn a_notice_stands_where_it_is_read() {
        let mut chat = new_chat();
        let event = chat.finish(FinishReason::Rule, Timestamp::from_millis(1000));
        assert!(notice_rows(&chat, &event).is_empty(), "nothing is said");
        let anna = EmployeeId::new("anna");
        for (to, responsible, expected) in [
            (NoticeTo::Heads, Some("boris"), Reader::Heads),
            (NoticeTo::Responsible, Some("anna"), Reader::Employee(anna.clone())),
            (NoticeTo::Responsible, None, Reader::Heads),
            (NoticeTo::Employee(anna.clone()), None, Reader::Employee(anna.clone())),
        ] {
            chat.responsible = responsible.map(EmployeeId::new);
            let event = chat.notify(RuleNotice::new(to, "Look here"), Timestamp::from_millis(1000));
            // He may have lost the chat by the time it is written.
            chat.responsible = Some(EmployeeId::new("vera"));
            let rows = notice_rows(&chat, &event);
            assert_eq!(rows.len(), 1);
            assert_eq!((&rows[0].reader, rows[0].seq), (&expected, event.seq));
            assert_eq!(rows[0].expires_at, 1 + 30 * 24 * 3600);
        }
    }
}
