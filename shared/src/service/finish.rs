//! Finishing a chat by hand, and setting its status (F3).

use crate::base::clock::Timestamp;
use crate::base::ids::{ChatId, EmployeeId};
use crate::model::access::Operation;
use crate::model::account::Account;
use crate::model::chat::state::{ChatStatus, FinishReason};
use crate::model::chat::{Chat, ChatEvent, ForRules};
use crate::platform::metrics::Metric;
use crate::platform::telemetry;
use crate::service::context::Context;
use crate::service::follow_up::mark_for_rules;
use crate::service::refused::Refused;
use crate::service::update_chat::{At, Change, change, closing_of};
use crate::store::chat_transaction::ChatTransaction;

/// Finishes a chat and sets its status; `None` keeps the status it has. A finished chat stays as it is, except for the
/// status.
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
        let now = cx.ambient.now();
        let (after, event) = finished(&before, account, status, now);
        if event.is_some() {
            telemetry::count(Metric::Finished, 1);
            tracing::info!(account = %after.account, channel = %after.channel, chat = %after.chat, "finished by hand");
        }
        let mut change = ChatTransaction::between(Some(before), after, &closing, account.crm_kind);
        if let Some(event) = &event {
            change.event(event);
        }
        let (after, writes) = change.writes(now)?;
        Ok(Change { after, writes, tell: Some(account.crm_kind) })
    })
    .await
}

/// Sets a chat's status; `None` removes it. The chat is neither finished nor opened.
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
        let mut change = ChatTransaction::of(before, &closing, account.crm_kind);
        change.change(|chat| chat.set_status(status));
        let (after, writes) = change.writes(cx.ambient.now())?;
        Ok(Change { after, writes, tell: Some(account.crm_kind) })
    })
    .await
}

/// The chat after it is finished, and the event of that, unless it was finished before.
fn finished(
    chat: &Chat,
    owner: &Account,
    status: Option<ChatStatus>,
    now: Timestamp,
) -> (Chat, Option<ChatEvent>) {
    let mut after = chat.clone();
    let event = after.finish_with(FinishReason::ByHand, status, now);
    if event.is_some() {
        mark_for_rules(owner, &mut after, ForRules::Finished);
    }
    (after, event)
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
        let mut owner = account();
        let (after, event) = finished(&chat, &owner, Some(ChatStatus::Closed), NOW);
        assert_eq!((after.state, after.status), (ChatState::General, Some(ChatStatus::Closed)));
        assert!(event.is_some() && after.for_rules.is_empty());
        let (again, event) = finished(&after, &owner, None, NOW);
        assert_eq!((again.state, again.status, event), (ChatState::General, Some(ChatStatus::Closed), None));
        owner.has_rules = true;
        let (after, _) = finished(&chat, &owner, None, NOW);
        assert_eq!(after.for_rules, [ForRules::Finished]);
    }
}
