//! What a group of events makes of a chat, as writes of one transaction.

use shared::assignment::WaitingClient;
use shared::chat::{Chat, ChatEvent};
use shared::contact::{Contact, ContactClaim, Identity};
use shared::event::Side;
use shared::ids::{ConnectionId, ContactId, MessageId};
use shared::message::Message;
use shared::quarantine::QuarantineError;
use shared::queue::QueueError;
use shared::store::StoreError;
use shared::store::keys::{self, ContactClaimRow, Pointer};
use shared::store::row::Write;
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
    /// The channel belongs to another account: what comes on it here can never be stored.
    #[error("the channel belongs to another account")]
    ForeignChannel,
}

/// Who the chat's client turned out to be, and the rows that make him so.
#[derive(Debug)]
pub struct ChatContact {
    /// The contact.
    pub id: ContactId,
    /// The contact itself, when he is new.
    pub new: Option<Contact>,
    /// The identity, when nobody had it.
    pub identity: Option<Identity>,
    /// Whether the phone in it is to be claimed too.
    pub claims_phone: bool,
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
    /// What happened to the chat as a whole.
    pub events: Vec<ChatEvent>,
    /// The client, when the chat is new.
    pub contact: Option<ChatContact>,
    /// Whether a check was among the events: it also puts right what should stand elsewhere.
    pub checked: bool,
}

impl Changes {
    /// The writes; empty when nothing changes.
    pub fn writes(&self) -> Result<Vec<Write>, StoreError> {
        let mut writes: Vec<Write> = self.chat_write()?.into_iter().collect();
        for staged in self.messages.values() {
            match &staged.before {
                Some(before) => writes.extend(Write::change(before, &staged.after, &["seq"])?),
                None => writes.extend(new_message(staged)?),
            }
        }
        for event in &self.events {
            writes.push(Write::create(event)?);
        }
        if let Some(contact) = &self.contact {
            writes.extend(contact_writes(&self.after, contact)?);
        }
        writes.extend(self.waiting_write()?);
        Ok(writes)
    }

    /// Depends on the number alone, and on the due time when that is moved: the CRM's cursor and its retry times belong
    /// to another writer.
    fn chat_write(&self) -> Result<Option<Write>, StoreError> {
        let Some(before) = &self.before else { return Write::create(&self.after).map(Some) };
        let moved = before.check_at != self.after.check_at;
        let depends_on: &[&str] = if moved { &["last_seq", "check_at"] } else { &["last_seq"] };
        Write::change(before, &self.after, depends_on)
    }

    fn waiting_write(&self) -> Result<Option<Write>, StoreError> {
        let waited = self.before.as_ref().and_then(|before| before.waiting_since);
        let Some(arrived_at) =
            self.after.waiting_since.filter(|since| self.checked || waited != Some(*since))
        else {
            return Ok(None);
        };
        let client = WaitingClient {
            v: 1,
            account: self.after.account.clone(),
            channel: self.after.channel.clone(),
            chat: self.after.chat.clone(),
            contact: self.after.contact.clone(),
            arrived_at,
        };
        Write::put(&client).map(Some)
    }
}

/// A new message's row, and where it stands when a status may ask for it: only the company's messages get statuses.
fn new_message(staged: &Staged) -> Result<Vec<Write>, StoreError> {
    let mut writes = vec![Write::create(&staged.after)?];
    if staged.after.side == Side::Company {
        writes.push(Write::put(&Pointer {
            account: staged.after.account.clone(),
            connection: staged.connection.clone(),
            message_id: staged.after.message_id.clone(),
            chat: staged.after.chat.clone(),
        })?);
    }
    Ok(writes)
}

fn contact_writes(chat: &Chat, contact: &ChatContact) -> Result<Vec<Write>, StoreError> {
    let mut writes = Vec::new();
    let claim = |at| ContactClaimRow { at, claim: ContactClaim { v: 1, contact: contact.id.clone() } };
    if let Some(new) = &contact.new {
        writes.push(Write::create(new)?);
    }
    if let Some(identity) = &contact.identity {
        writes.push(Write::create(&claim(keys::identity(&chat.account, identity)))?);
        if let Some(phone) = identity.phone().filter(|_| contact.claims_phone) {
            writes.push(Write::create(&claim(keys::phone(&chat.account, &phone)))?);
        }
    }
    Ok(writes)
}
