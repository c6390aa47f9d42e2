//! Finishing a chat by hand, and saying how far a conversation has come (F3).

use crate::base::clock::Timestamp;
use crate::base::ids::{ChatId, EmployeeId};
use crate::model::access::Operation;
use crate::model::account::Account;
use crate::model::chat::closing::Closing;
use crate::model::chat::state::ChatStatus;
use crate::model::chat::{Chat, ChatEvent, ForRules};
use crate::platform::metrics::Metric;
use crate::platform::telemetry;
use crate::service::context::Context;
use crate::service::follow_up::mark_for_rules;
use crate::service::refused::Refused;
use crate::service::update_chat::{At, Change, change, closing_of};
use crate::store::StoreError;
use crate::store::chats::{chat_write, open_chat_writes};
use crate::store::row::Write;

/// Finishes a chat; `status` is what is said of it, none leaves what was said before. One that is finished stays as it is, but for
/// the status.
///
/// # Errors
/// [`Refused::NotFound`], [`Refused::MayNot`], [`Refused::Store`].
pub async fn finish(
    cx: &Context<'_>,
    account: &Account,
    chat: &ChatId,
    by: Option<&EmployeeId>,
    status: Option<ChatStatus>,
) -> Result<Chat, Refused> {
    let at = At { account: &account.account, chat, by };
    change(cx, &at, Operation::Finish, |before| async move {
        let closing = closing_of(cx.store, account, &before).await?;
        let (after, event) = finished(&before, account, &closing, status, cx.ambient.now());
        if event.is_some() {
            telemetry::count(Metric::Finished, 1);
            tracing::info!(account = %after.account, channel = %after.channel, chat = %after.chat, "finished by hand");
        }
        let writes = writes(&before, &after, event.as_ref())?;
        Ok(Change { after, writes, tell: Some(account.crm_kind) })
    })
    .await
}

/// Says how far the conversation in a chat has come; none takes back what was said. It is neither finished nor opened.
///
/// # Errors
/// As [`finish`]'s.
pub async fn set_status(
    cx: &Context<'_>,
    account: &Account,
    chat: &ChatId,
    by: Option<&EmployeeId>,
    status: Option<ChatStatus>,
) -> Result<Chat, Refused> {
    let at = At { account: &account.account, chat, by };
    change(cx, &at, Operation::SetStatus, |before| async move {
        let closing = closing_of(cx.store, account, &before).await?;
        let mut after = before.clone();
        after.set_status(status, account.crm_kind, &closing, cx.ambient.now());
        let writes = writes(&before, &after, None)?;
        Ok(Change { after, writes, tell: Some(account.crm_kind) })
    })
    .await
}

/// The chat as it is finished, and that it was, where that is news.
fn finished(
    chat: &Chat,
    owner: &Account,
    closing: &Closing,
    status: Option<ChatStatus>,
    now: Timestamp,
) -> (Chat, Option<ChatEvent>) {
    let mut after = chat.clone();
    let event = after.finish_by_hand(status, owner.crm_kind, closing, now);
    if event.is_some() {
        mark_for_rules(owner, closing, &mut after, ForRules::Finished, now);
    }
    (after, event)
}

fn writes(before: &Chat, after: &Chat, event: Option<&ChatEvent>) -> Result<Vec<Write>, StoreError> {
    let mut writes: Vec<Write> = chat_write(before, after)?.into_iter().collect();
    writes.extend(event.map(Write::create).transpose()?);
    writes.extend(open_chat_writes(Some(before), Some(after))?);
    Ok(writes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::chat::state::ChatState;
    use crate::model::chat::tests::{new_chat, text_event};
    use crate::model::event::Side;
    use crate::service::testing::account;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    #[test]
    fn f3_a_finish_is_told_once_and_to_rules_where_there_are_any() {
        let mut chat = new_chat();
        chat.receive(&text_event("m1", Side::Client), None, NOW);
        let (closing, mut owner) = (Closing::default(), account());
        let (after, event) = finished(&chat, &owner, &closing, Some(ChatStatus::Closed), NOW);
        assert_eq!((after.state, after.status), (ChatState::General, Some(ChatStatus::Closed)));
        assert!(event.is_some() && after.for_rules.is_empty());
        let (again, event) = finished(&after, &owner, &closing, None, NOW);
        assert_eq!((again.state, again.status, event), (ChatState::General, Some(ChatStatus::Closed), None));
        owner.has_rules = true;
        let (after, _) = finished(&chat, &owner, &closing, None, NOW);
        assert_eq!(after.for_rules, [ForRules::Finished]);
    }
}
