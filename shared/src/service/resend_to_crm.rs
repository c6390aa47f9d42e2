//! Sends the CRM again what it did not accept.

use crate::model::account::Account;
use crate::model::chat::Chat;
use crate::model::crm::failure::{CrmFailure, FailedChange};
use crate::model::crm::retrying::{CreationRetry, Retrying};
use crate::service::context::Context;
use crate::service::follow_up::follow_up;
use crate::service::refused::{Refused, What};
use crate::service::update_chat::closing_of;
use crate::store::Read;
use crate::store::attribute;
use crate::store::chat_transaction::{ChatTransaction, DecidedOn};
use crate::store::row::{Row, Write};

/// Sends a failed change again: a message as it is now, behind the chat's other changes; the creation of contact and deal
/// with the client's present data. It leaves the list in the same transaction, so that it is sent once however often it is
/// asked for.
///
/// # Errors
/// [`Refused::NotResent`] for a change that cannot be sent again; [`Refused::NotFound`] if its chat or message was erased, or
/// another caller has sent it again; [`Refused::Store`].
pub async fn resend(cx: &Context<'_>, owner: &Account, failure: &CrmFailure) -> Result<(), Refused> {
    if !failure.change.can_be_resent() {
        return Err(Refused::NotResent);
    }
    let chat = cx
        .retry_on_conflict(|| async {
            let listed = cx.store.crm_failure(&failure.account, &failure.id).await?;
            let listed = listed.ok_or(Refused::NotFound(What::CrmFailure))?;
            let chat = cx.store.chat(&failure.account, &failure.chat).await?;
            let chat = chat.ok_or(Refused::NotFound(What::Chat))?;
            match failure.change {
                FailedChange::Creation => create_again(cx, owner, chat, &listed).await,
                _ => message_again(cx, owner, chat, &listed).await,
            }
        })
        .await?;
    follow_up(cx, &chat, owner.crm_kind).await;
    Ok(())
}

async fn message_again(
    cx: &Context<'_>,
    owner: &Account,
    chat: Chat,
    failure: &CrmFailure,
) -> Result<Chat, Refused> {
    let id = failure.message.as_ref().ok_or(Refused::NotFound(What::Message))?;
    let found = cx.store.messages(&failure.account, &chat.chat, std::slice::from_ref(id)).await?;
    let before = found.into_iter().next().ok_or(Refused::NotFound(What::Message))?;
    let closing = closing_of(cx.store, owner, &chat).await?;
    let mut change = ChatTransaction::of(chat, &closing, owner.crm_kind);
    let seq = change.next_seq();
    change.message(Some(&before), &before.resent(failure.change, seq));
    change.row(Ok(Write::delete(failure.key())));
    let (after, writes) = change.writes(cx.ambient.now())?;
    cx.store.commit(writes).await?;
    Ok(after)
}

async fn create_again(
    cx: &Context<'_>,
    owner: &Account,
    chat: Chat,
    failure: &CrmFailure,
) -> Result<Chat, Refused> {
    let contact = cx.store.person(&failure.account, &chat.contact, Read::Consistent).await?;
    let before = contact.ok_or(Refused::NotFound(What::Contact))?;
    let mut after = before.clone();
    after.crm.refused = None;
    // The client's present data make another body, which must not go out under a key that the CRM may know.
    let sent = after.crm.request.take().is_some_and(|request| request.uncertain);
    after.crm.generation += u32::from(sent);
    let now = cx.ambient.now();
    let closing = closing_of(cx.store, owner, &chat).await?;
    let decided_on = DecidedOn::These(&[attribute::chat::CRM_DONE, attribute::chat::CHECK_AT]);
    let mut change = ChatTransaction::of(chat, &closing, owner.crm_kind).decided_on(decided_on).revisited();
    let retrying = Retrying { seq: 0, first_at: now, last_at: now, amid_successes: 0 };
    change.change(|chat| chat.crm_creation = Some(CreationRetry { retrying, attempts: 0, retry_at: now }));
    change.also(Write::change(&before, &after, &[attribute::contact::CRM]));
    change.row(Ok(Write::delete(failure.key())));
    let (chat, writes) = change.writes(now)?;
    cx.store.commit(writes).await?;
    Ok(chat)
}
