//! Edits and deletions of sent messages: queued for the provider, and shown once the provider has made them.

use crate::base::clock::Timestamp;
use crate::base::ids::{ChatId, EmployeeId, MessageId};
use crate::model::access::sending::{Sender, may_edit};
use crate::model::account::Account;
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::chat::closing::Closing;
use crate::model::employee::{Employee, Membership};
use crate::model::event::{Origin, Side};
use crate::model::limits::{DraftEdit, check_delete, check_edit};
use crate::model::message::Message;
use crate::model::message::content::Details;
use crate::model::message::kind::DeliveryStatus;
use crate::model::message::media::Media;
use crate::model::outbound::{Action, OutboundJob, signed};
use crate::providers;
use crate::service::author::known_author;
use crate::service::content::linked_file;
use crate::service::context::Context;
use crate::service::follow_up::follow_up;
use crate::service::new_message::AuthorRights;
use crate::service::place::place_of;
use crate::service::refused::{Refused, What};
use crate::store::chat_transaction::ChatTransaction;
use crate::store::{Read, Store, StoreError};

/// A message to change, and the employee who changes it.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// The chat's id.
    pub chat: &'a ChatId,
    /// The message's id in the chat.
    pub message: &'a MessageId,
    /// The employee who wants it changed; `None`: the account itself.
    pub by: Option<&'a EmployeeId>,
    /// Whether the employee's rights decide.
    pub rights: AuthorRights,
}

/// The change that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageChange<'a> {
    Text(&'a str),
    File(&'a Media),
    Deletion,
}

/// Queues an edit of a message's text for the provider. Returns the chat as it is afterwards.
///
/// # Errors
/// [`Refused::NotFound`] when the company sent no such message; [`Refused::MayNotSend`] when the author may not;
/// [`Refused::NeverSent`], [`Refused::NotAText`], [`Refused::Limit`]; [`Refused::Store`].
pub async fn edit(cx: &Context<'_>, account: &Account, sent: &Sent<'_>, text: &str) -> Result<Chat, Refused> {
    change(cx, account, sent, MessageChange::Text(text)).await
}

/// Queues the replacement of a message's file by another one behind a public link, which the provider fetches. Returns
/// the chat as it is afterwards.
///
/// # Errors
/// As [`edit`]'s.
pub async fn edit_file(
    cx: &Context<'_>,
    account: &Account,
    sent: &Sent<'_>,
    file: &Media,
) -> Result<Chat, Refused> {
    change(cx, account, sent, MessageChange::File(file)).await
}

/// Queues the deletion of a message for the provider. Returns the chat as it is afterwards.
///
/// # Errors
/// As [`edit`]'s.
pub async fn delete(cx: &Context<'_>, account: &Account, sent: &Sent<'_>) -> Result<Chat, Refused> {
    change(cx, account, sent, MessageChange::Deletion).await
}

async fn change(
    cx: &Context<'_>,
    account: &Account,
    sent: &Sent<'_>,
    wanted: MessageChange<'_>,
) -> Result<Chat, Refused> {
    let chat = cx.retry_on_conflict(|| change_once(cx, account, sent, wanted)).await?;
    follow_up(cx, &chat, account.crm_kind).await;
    Ok(chat)
}

async fn change_once(
    cx: &Context<'_>,
    account: &Account,
    sent: &Sent<'_>,
    wanted: MessageChange<'_>,
) -> Result<Chat, Refused> {
    let facts = load(cx.store, account, sent).await?;
    let now = cx.ambient.now();
    let (after, job) = decide(&facts, wanted, now)?;
    let closing = Closing::of(account, Some(&facts.channel));
    let mut change = ChatTransaction::between(Some(facts.before), after, &closing, account.crm_kind);
    change.job(&job);
    let (after, writes) = change.writes(now)?;
    cx.store.commit(writes).await?;
    Ok(after)
}

/// The rows that a change is decided on, as of the last write.
#[derive(Debug)]
struct ChangeFacts<'a> {
    account: &'a Account,
    before: Chat,
    channel: Channel,
    author: Option<Employee>,
    /// Whether the author's rights decide.
    rights: AuthorRights,
    /// The author's membership of the channel.
    place: Option<Membership>,
    /// The message, if the company sent it and it was not deleted.
    row: Option<Message>,
    /// The signature of the employee who wrote the message: an edit keeps it.
    signature: Option<String>,
}

async fn load<'a>(store: &Store, owner: &'a Account, sent: &Sent<'_>) -> Result<ChangeFacts<'a>, Refused> {
    let account = &owner.account;
    let before = store.chat(account, sent.chat).await?.ok_or(Refused::NotFound(What::Chat))?;
    let channel = store.channel(account, &before.channel, Read::Consistent).await?;
    let channel = channel.ok_or(Refused::NotFound(What::Channel))?;
    let author = match sent.by {
        Some(by) => known_author(store, account, by, sent.rights).await?,
        None => None,
    };
    let place = match &author {
        Some(author) => place_of(store, account, &before.channel, &author.employee).await?,
        None => None,
    };
    let found = store.messages(account, &before.chat, std::slice::from_ref(sent.message)).await?;
    let ours = |row: &Message| row.side == Side::Company && row.origin != Some(Origin::Notice);
    let row = found.into_iter().next().filter(|row| ours(row) && row.deleted_seq.is_none());
    let signature = match &row {
        Some(row) => signature_of(store, owner, row).await?,
        None => None,
    };
    let rights = sent.rights;
    Ok(ChangeFacts { account: owner, before, channel, author, rights, place, row, signature })
}

async fn signature_of(store: &Store, owner: &Account, row: &Message) -> Result<Option<String>, StoreError> {
    let Some(id) = row.author.as_ref().and_then(|author| author.id.as_deref()) else { return Ok(None) };
    let author = store.employee(&owner.account, &EmployeeId::new(id)).await?;
    Ok(author.and_then(|author| author.signature))
}

/// The chat after the change, and the job for the provider.
fn decide(
    facts: &ChangeFacts<'_>,
    wanted: MessageChange<'_>,
    now: Timestamp,
) -> Result<(Chat, OutboundJob), Refused> {
    let (before, channel, owner) = (&facts.before, &facts.channel, facts.account);
    let sender = facts.author.as_ref().map_or(Sender::Account, |_| Sender::Employee(facts.place.as_ref()));
    // Only an answer makes an employee responsible; an employee who is not responsible may change nothing.
    let permit = match may_edit(sender, before, channel) {
        Err(_) if facts.rights == AuthorRights::Label => may_edit(Sender::Account, before, channel),
        permit => permit,
    };
    permit.map_err(Refused::MayNotSend)?;
    let row = facts.row.as_ref().ok_or(Refused::NotFound(What::SentMessage))?;
    // Jobs queued before the change run before it. A message whose sending failed never arrived.
    if row.status == Some(DeliveryStatus::Failed) {
        return Err(Refused::NeverSent);
    }
    let limits = providers::limits(channel, &before.messenger);
    let action = match wanted {
        MessageChange::Text(text) => {
            if row.media.is_some() || matches!(row.details, Some(Details::Template(_))) {
                return Err(Refused::NotAText);
            }
            let received = signed(text, facts.signature.as_deref());
            let draft = DraftEdit { text: Some(&received), ..edit_of(row) };
            check_edit(limits, &draft, now).map_err(Refused::Limit)?;
            Action::EditText(text.to_owned())
        }
        MessageChange::File(media) => {
            let draft = DraftEdit { file: Some(linked_file(media, limits)), ..edit_of(row) };
            check_edit(limits, &draft, now).map_err(Refused::Limit)?;
            Action::EditFile(media.clone())
        }
        MessageChange::Deletion => {
            check_delete(limits, row.sent_at, now).map_err(Refused::Limit)?;
            Action::Delete
        }
    };
    let mut after = before.clone();
    after.seq += 1;
    after.queue(after.seq, now);
    let mut job = OutboundJob::new(&owner.account, &after.chat, after.seq, &row.message_id, action, now);
    job.signature.clone_from(&facts.signature);
    Ok((after, job))
}

/// An edit of a message, without its content.
fn edit_of(row: &Message) -> DraftEdit<'static> {
    let keyboard = row.keyboard.as_ref().is_some_and(|keyboard| !keyboard.rows().is_empty());
    let has_buttons = keyboard || matches!(row.details, Some(Details::Buttons(_)));
    DraftEdit { has_buttons, sent_at: row.sent_at, ..DraftEdit::default() }
}

#[cfg(test)]
#[path = "change_message_tests.rs"]
mod tests;
