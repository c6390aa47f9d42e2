//! What a group of events makes of a chat, as writes of one transaction.

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

/// Why an event could not be applied now.
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
    /// The account is not there (yet): its rows are read with a moment's delay.
    #[error("the account is not there")]
    NoAccount,
    /// An echo that would begin a chat may be of a dialogue that we began ourselves: the send's answer tells.
    #[error("it may be of a dialogue that is being begun")]
    MaybeDialogue,
    /// What rules are to do for all of these events does not fit into one transaction.
    #[error("too much is to be done at once")]
    TooMuch,
    /// The channel belongs to another account: what comes on it here can never be stored.
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
    /// The row as stored, when there is one.
    pub before: Option<Message>,
    /// The row as it becomes.
    pub after: Message,
    /// The connection that its id belongs to.
    pub connection: ConnectionId,
    /// Whether its id leads somewhere already, as another message's of another chat.
    pub pointed: bool,
}

/// All that a group of events changes.
#[derive(Debug)]
pub struct Changes {
    /// The chat as stored, when there is one.
    pub before: Option<Chat>,
    /// The chat as it becomes.
    pub after: Chat,
    /// The messages that change, by id.
    pub messages: HashMap<MessageId, Staged>,
    /// The listings that change, by id, with what stood there.
    pub listings: HashMap<String, (Option<ChatListing>, ChatListing)>,
    /// What happened to the chat as a whole.
    pub events: Vec<ChatEvent>,
    /// Entries in the history of its responsible.
    pub assignments: Vec<AssignmentRecord>,
    /// What is sent that nobody wrote.
    pub sends: Vec<Automatic>,
    /// The client, when the chat is new or something was told of him.
    pub client: Option<Client>,
    /// Forms of the chat's id that lead to it from now on.
    pub forms: Vec<ChatId>,
    /// Whether a check was among the events: it also puts right what should stand elsewhere.
    pub checked: bool,
    /// The present moment.
    pub now: Timestamp,
}

impl Changes {
    /// The writes; empty when nothing changes. The chat is brought to the state in which it is written.
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

    /// What stands beside a message's row: the pointer by which a status finds it (only the company's messages get
    /// statuses), and the file that has yet to be copied.
    fn message_belongings(&self, staged: &Staged) -> Result<Vec<Write>, StoreError> {
        let (before, after) = (staged.before.as_ref(), &staged.after);
        let mut writes = Vec::new();
        let provider_id = after.provider_id.as_ref().unwrap_or(&after.message_id);
        let known_as = before.map(|before| before.provider_id.as_ref().unwrap_or(&before.message_id));
        // What we sent has no id at the provider until he tells it.
        let told = before.is_none() || known_as != Some(provider_id);
        // No status comes of what only we know.
        let is_known = after.side == Side::Company && after.origin != Some(Origin::Notice);
        if is_known && told {
            let pointer = Pointer {
                account: after.account.clone(),
                connection: staged.connection.clone(),
                message_id: provider_id.clone(),
                chat: after.chat.clone(),
                own_id: after.provider_id.is_some().then(|| after.message_id.clone()),
            };
            // That nobody has it yet is a condition: it may be the echo of a send of ours whose answer came first.
            writes.push(if staged.pointed { Write::put(&pointer)? } else { Write::create(&pointer)? });
        }
        // What replaces a file takes its link away; the object goes with its chat, or with its time.
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

/// Rows of a new chat: its place in the contact's history, and the other forms of its id.
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
