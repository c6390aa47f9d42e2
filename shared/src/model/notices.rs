//! Lists of the notices that rules send to employees (F6), one list per reader. Each entry refers to the chat event
//! that holds the text, so entries are erased together with their chat.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, EmployeeId};
use crate::model::chat::{Chat, ChatEvent, NoticeTo};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long notices are listed: 30 days. The events that contain their texts are kept longer.
pub const NOTICES_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// The reader in whose list a notice appears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// An employee.
    Employee(EmployeeId),
    /// The heads of the chat's channel.
    Heads,
}

/// A notice in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRow {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The reader.
    pub reader: Reader,
    /// The chat's channel.
    pub channel: ChannelId,
    /// The chat.
    pub chat: ChatId,
    /// The number of the notice's event in the chat.
    pub seq: u64,
    /// When the rule sent the notice.
    pub at: Timestamp,
    /// When the row may be deleted, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

/// The entries of an event's notice, to be created in the transaction that creates the event; empty when the event has
/// no notice. A notice to the responsible goes to the employee who was responsible at that time, and to the heads when
/// there was none.
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
            // The responsible may change before the rows are written.
            chat.responsible = Some(EmployeeId::new("vera"));
            let rows = notice_rows(&chat, &event);
            assert_eq!(rows.len(), 1);
            assert_eq!((&rows[0].reader, rows[0].seq), (&expected, event.seq));
            assert_eq!(rows[0].expires_at, 1 + 30 * 24 * 3600);
        }
    }
}
