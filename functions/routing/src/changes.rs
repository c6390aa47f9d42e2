//! The changes that a group of events makes to a chat, as writes of one transaction.

use shared::base::clock::Timestamp;
use shared::base::ids::{ChatId, ConnectionId, MessageId, hex_digest};
use shared::model::chat::assignment_record::AssignmentRecord;
use shared::model::chat::closing::{Closing, LOST_NUDGE_AFTER};
use shared::model::chat::{Chat, ChatEvent};
use shared::model::crm::CrmKind;
use shared::model::event::{Origin, Side};
use shared::model::message::Message;
use shared::model::message::listing::ChatListing;
use shared::model::message::media::{FileCopy, PendingFile};
use shared::model::rules::automatic::Automatic;
use shared::platform::quarantine::QuarantineError;
use shared::platform::queue::QueueError;
use shared::store::attribute;
use shared::store::clients::{self as client, Client};
use shared::store::keys::{self, Pointer};
use shared::store::row::Write;
use shared::store::{ChatTransaction, IsConflict, StoreError};
use std::collections::HashMap;

/// The reason why an event could not be applied now.
#[derive(Debug, thiserror::Error)]
pub enum RoutingError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The quarantine.
    #[error(transparent)]
    Quarantine(#[from] QuarantineError),
    /// The account is not readable (yet): its rows are read with a short delay.
    #[error("the account is not there")]
    NoAccount,
    /// An echo that would begin a chat may belong to a dialogue that we began ourselves: the send's answer decides.
    #[error("it may be of a dialogue that is being begun")]
    MaybeDialogue,
    /// The rule actions for all of these events do not fit into one transaction.
    #[error("too much is to be done at once")]
    TooMuch,
    /// The channel belongs to another account, so its events can never be stored here.
    #[error("the channel belongs to another account")]
    ForeignChannel,
}

impl IsConflict for RoutingError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

/// A message's row before and after the group.
#[derive(Debug)]
pub struct Staged {
    /// The row as stored, if there is one.
    pub before: Option<Message>,
    /// The row in its new state.
    pub after: Message,
    /// The connection to which its id belongs.
    pub connection: ConnectionId,
    /// Whether its id already points to a message of another chat.
    pub pointed: bool,
}

/// All changes of a group of events.
#[derive(Debug)]
pub struct Changes {
    /// The chat as stored, if there is one.
    pub before: Option<Chat>,
    /// The chat in its new state.
    pub after: Chat,
    /// The changed messages, by id.
    pub messages: HashMap<MessageId, Staged>,
    /// The changed listings, by id: the stored row and the new one.
    pub listings: HashMap<String, (Option<ChatListing>, ChatListing)>,
    /// Events of the chat as a whole.
    pub events: Vec<ChatEvent>,
    /// Entries for the history of its responsible.
    pub assignments: Vec<AssignmentRecord>,
    /// Automatic messages to send.
    pub sends: Vec<Automatic>,
    /// The client, if the chat is new or there are new facts about the client.
    pub client: Option<Client>,
    /// Other forms of the chat's id that lead to it from now on.
    pub forms: Vec<ChatId>,
    /// Whether a check was among the events: a check also repairs the chat's related rows.
    pub checked: bool,
    /// The present moment.
    pub now: Timestamp,
}

impl Changes {
    /// The writes; empty if nothing changes. Also sets `after` to the state that is written.
    pub fn writes(&mut self, closing: &Closing, crm: CrmKind) -> Result<Vec<Write>, StoreError> {
        let mut change =
            ChatTransaction::between(self.before.clone(), self.after.clone(), closing, crm).revisited();
        if self.checked {
            change = change.putting_queue_right();
        }
        for staged in self.messages.values() {
            change.message(staged.before.as_ref(), &staged.after);
            change.also(self.message_belongings(staged));
        }
        for (before, after) in self.listings.values() {
            change.also(match before {
                Some(before) => Write::change(before, after, &[attribute::chat_listing::LAST_AT]),
                None => Write::create(after).map(Some),
            });
        }
        self.events.iter().for_each(|event| change.event(event));
        self.assignments.iter().for_each(|record| change.assignment(record));
        self.sends.iter().for_each(|sent| change.send(&sent.row, &sent.job));
        change.also(Ok(self.client.iter().flat_map(|client| client.writes.iter().cloned())));
        change.also(belongings(self));
        let (chat, writes) = change.writes(self.now)?;
        self.after = chat;
        Ok(writes)
    }

    /// Writes for the rows related to a message: the pointer by which a status finds it (only the company's messages
    /// get statuses), and the pending file.
    fn message_belongings(&self, staged: &Staged) -> Result<Vec<Write>, StoreError> {
        let (before, after) = (staged.before.as_ref(), &staged.after);
        let mut writes = Vec::new();
        let provider_id = after.provider_id.as_ref().unwrap_or(&after.message_id);
        let known_as = before.map(|before| before.provider_id.as_ref().unwrap_or(&before.message_id));
        // A message that we sent has no id at the provider until the provider names it.
        let told = before.is_none() || known_as != Some(provider_id);
        // A notice is known to us only, so no status comes for it.
        let is_known = after.side == Side::Company && after.origin != Some(Origin::Notice);
        if is_known && told {
            let pointer = Pointer {
                account: after.account.clone(),
                connection: staged.connection.clone(),
                message_id: provider_id.clone(),
                chat: after.chat.clone(),
                own_id: after.provider_id.is_some().then(|| after.message_id.clone()),
            };
            // The write requires that the id has no pointer yet: the event may be the echo of our send whose answer
            // came first.
            writes.push(if staged.pointed { Write::put(&pointer)? } else { Write::create(&pointer)? });
        }
        // Replacing a file deletes its link; the object is deleted with its chat, or when it expires.
        if let Some(FileCopy::Stored { link, .. }) = before.and_then(|before| before.file.as_ref())
            && before.map(|before| &before.file) != Some(&after.file)
        {
            writes.push(Write::forget(keys::file_link(&hex_digest(link.as_bytes()))));
        }
        if after.waits_for_file() && !before.is_some_and(Message::waits_for_file) {
            writes.push(Write::put(&PendingFile {
                v: 1,
                account: after.account.clone(),
                chat: after.chat.clone(),
                message_id: after.message_id.clone(),
                attempts: 0,
                object: None,
                retry_at: None,
                check_at: self.now + LOST_NUDGE_AFTER,
                created_at: self.now,
            })?);
        }
        Ok(writes)
    }
}

/// Rows of a new chat: the entry in the contact's history, and the other forms of its id.
pub(crate) fn belongings(changes: &Changes) -> Result<Vec<Write>, StoreError> {
    let chat = &changes.after;
    let mut writes = Vec::new();
    if changes.before.is_none() {
        writes.push(client::in_history(chat, changes.now)?);
    }
    for form in &changes.forms {
        writes.push(client::alias_row(&chat.account, form, &chat.chat)?);
    }
    Ok(writes)
}
