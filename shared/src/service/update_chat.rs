//! Changes of a chat by callers who see it and have the right: marks, tags, its end and status. Decided again after a
//! conflict.

use crate::base::ids::{AccountId, ChatId, EmployeeId, MessageId};
use crate::model::access::Operation;
use crate::model::account::Account;
use crate::model::chat::Chat;
use crate::model::chat::closing::Closing;
use crate::model::crm::CrmKind;
use crate::service::context::Context;
use crate::service::follow_up::{follow_up, nudge_if_place_freed};
use crate::service::place::seen_chat;
use crate::service::refused::{Refused, What};
use crate::store::attribute::{self, Attribute};
use crate::store::chat_transaction::ChatTransaction;
use crate::store::row::Write;
use crate::store::{Read, Store, StoreError};
use std::collections::BTreeSet;
use std::future::Future;

/// The attributes that a mark is conditional on: what was acknowledged, and which employee had to answer. Changes of
/// other attributes do not matter, because they stay.
const MARKED: [Attribute<Chat>; 5] = [
    attribute::chat::READ_COUNT,
    attribute::chat::CLIENT_COUNT,
    attribute::chat::UNANSWERED_AT,
    attribute::chat::RESERVED_UNTIL,
    attribute::chat::PASSED,
];

/// A chat, and the employee who changes it.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The chat's id.
    pub chat: &'a ChatId,
    /// The employee who changes it; `None`: the account itself.
    pub by: Option<&'a EmployeeId>,
}

/// The outcome of deciding a change, and its writes.
#[derive(Debug)]
pub(super) struct Change {
    /// The chat afterwards.
    pub after: Chat,
    /// The writes of one transaction; none when nothing changes.
    pub writes: Vec<Write>,
    /// The account's kind of CRM, where the chat's nudges are to be sent. They are sent also when nothing changed,
    /// because the process that made the change may have died before its nudges.
    pub tell: Option<CrmKind>,
}

/// Changes a chat, if the caller sees it and has the right. `decide` runs again with the chat as it is then, if an
/// attribute that it depended on changed meanwhile.
///
/// # Errors
/// [`Refused::NotFound`], [`Refused::MayNot`]; `decide`'s; [`Refused::Store`].
pub(super) async fn change<F>(
    cx: &Context<'_>,
    at: &At<'_>,
    operation: Operation,
    decide: impl Fn(Chat) -> F,
) -> Result<Chat, Refused>
where
    F: Future<Output = Result<Change, Refused>>,
{
    let (chat, crm) = cx
        .retry_on_conflict(|| async {
            let seen = seen_chat(cx.store, at.account, at.chat, at.by).await?;
            seen.may(operation)?;
            let before = seen.chat.clone();
            let Change { after, writes, tell } = decide(seen.chat).await?;
            cx.store.commit(writes).await?;
            nudge_if_place_freed(cx, &before, &after).await;
            Ok((after, tell))
        })
        .await?;
    if let Some(crm) = crm {
        follow_up(cx, &chat, crm).await;
    }
    Ok(chat)
}

/// How a chat is finished, by its channel and its account.
///
/// # Errors
/// As the store's.
pub(super) async fn closing_of(store: &Store, owner: &Account, chat: &Chat) -> Result<Closing, StoreError> {
    let channel = store.channel(&chat.account, &chat.channel, Read::Eventual).await?;
    Ok(Closing::of(owner, channel.as_ref()))
}

/// How an employee acknowledges a client's messages (D2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The messages are read.
    Read,
    /// The messages are read, and need no answer.
    NoAnswerNeeded,
}

/// Acknowledges a client's messages up to this one. Later messages stay as they are.
///
/// # Errors
/// [`Refused::NotFound`] when chat or message does not exist, [`Refused::MayNot`], [`Refused::Store`].
pub async fn mark(cx: &Context<'_>, at: &At<'_>, mark: Mark, up_to: &MessageId) -> Result<Chat, Refused> {
    change(cx, at, Operation::Mark, |before| async move {
        let found = cx.store.messages(at.account, &before.chat, std::slice::from_ref(up_to)).await?;
        let message = found.first().ok_or(Refused::NotFound(What::Message))?;
        let after = marked(&before, mark, message.client_no);
        let writes = Write::change(&before, &after, &MARKED)?.into_iter().collect();
        Ok(Change { after, writes, tell: None })
    })
    .await
}

fn marked(chat: &Chat, mark: Mark, client_no: u32) -> Chat {
    let mut after = chat.clone();
    match mark {
        Mark::Read => after.mark_read(client_no),
        Mark::NoAnswerNeeded => {
            if after.no_answer_needed(client_no) {
                // The employee who has the client has dealt with them, so no other employee gets the client.
                after.reserved_until = None;
                after.missed_by.clear();
            }
        }
    }
    after
}

/// Replaces a chat's tags (F6).
///
/// # Errors
/// [`Refused::NotFound`], [`Refused::MayNot`], [`Refused::Store`].
pub async fn set_tags(
    cx: &Context<'_>,
    account: &Account,
    chat: &ChatId,
    by: Option<&EmployeeId>,
    tags: &BTreeSet<String>,
) -> Result<Chat, Refused> {
    let at = At { account: &account.account, chat, by };
    change(cx, &at, Operation::Tag, |before| async move {
        let closing = closing_of(cx.store, account, &before).await?;
        let mut change = ChatTransaction::of(before, &closing, account.crm_kind);
        change.change(|chat| set(chat, tags));
        let (after, writes) = change.writes(cx.ambient.now())?;
        Ok(Change { after, writes, tell: Some(account.crm_kind) })
    })
    .await
}

fn set(chat: &mut Chat, tags: &BTreeSet<String>) {
    if chat.tags != *tags {
        chat.tags.clone_from(tags);
        chat.seq += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::model::chat::tests::{new_chat, text_event};
    use crate::model::event::Side;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    #[test]
    fn d2_what_wants_no_answer_ends_the_employees_time_to_answer() {
        let mut chat = new_chat();
        chat.receive(&text_event("m1", Side::Client), None, NOW);
        chat.reserved_until = Some(NOW);
        chat.missed_by = vec![EmployeeId::new("boris")];
        let read = marked(&chat, Mark::Read, 1);
        assert_eq!((read.read_count, read.unanswered_at.is_some()), (1, true));
        assert_eq!(
            (read.reserved_until, &read.missed_by),
            (Some(NOW), &chat.missed_by),
            "an answer is still due"
        );
        let done = marked(&chat, Mark::NoAnswerNeeded, 1);
        assert_eq!((done.unanswered_at, done.reserved_until), (None, None));
        assert!(done.missed_by.is_empty());
        chat.receive(&text_event("m2", Side::Client), None, NOW);
        assert_eq!(marked(&chat, Mark::NoAnswerNeeded, 1).reserved_until, Some(NOW), "one came after it");
    }

    #[test]
    fn f6_the_same_tags_take_no_number() {
        let (chat, mut after) = (new_chat(), new_chat());
        let tags = BTreeSet::from(["test drive".to_owned()]);
        set(&mut after, &tags);
        assert_eq!((&after.tags, after.seq), (&tags, chat.seq + 1));
        let once = after.clone();
        set(&mut after, &tags);
        assert_eq!(after, once);
    }
}
