//! An echo that came before the send's answer and was not recognised as ours, because the messenger returns the message
//! with other text (a template filled in, for example). It was stored as a message of its own. Once the answer names
//! it, it is deleted, and the statuses reported for it become our message's.

use crate::transaction::OutcomeTransaction;
use crate::{ChatWork, Delivery, DeliveryError};
use shared::base::clock::Timestamp;
use shared::base::ids::MessageId;
use shared::model::channel::Channel;
use shared::model::chat::company_events;
use shared::model::message::Message;
use shared::model::message::kind::{DeliveryError as Why, DeliveryStatus};
use shared::store::StoreError;
use shared::store::attribute;
use shared::store::keys::Pointer;
use shared::store::row::Write;
use shared::store::settings::Pointed;

/// The message that already has the provider's id.
pub(crate) enum IdOwner {
    /// None.
    Nobody,
    /// A message of another chat: ids of some providers are unique in a chat only.
    Another,
    /// Our message.
    Ours,
    /// Another message of this chat: its row.
    Row(Box<Message>),
}

impl Delivery {
    pub(crate) async fn id_owner(
        &self,
        work: &ChatWork,
        channel: &Channel,
        id: &MessageId,
        ours: &Message,
    ) -> Result<IdOwner, DeliveryError> {
        let (account, ids) = (&work.chat.account, std::slice::from_ref(id));
        let pointed = self.store.pointers(account, &channel.connection, ids).await?.remove(id);
        let Some(pointed) = pointed else { return Ok(IdOwner::Nobody) };
        let Pointed::To(pointer) = pointed else { return Ok(IdOwner::Another) };
        if pointer.own_id.as_ref() == Some(&ours.message_id) {
            return Ok(IdOwner::Ours);
        }
        if pointer.chat != ours.chat || pointer.own_id.is_some() {
            return Ok(IdOwner::Another);
        }
        let found = self.store.messages(account, &ours.chat, ids).await?.into_iter().next();
        Ok(found.map_or(IdOwner::Another, |row| IdOwner::Row(Box::new(row))))
    }
}

/// The status reported for a message: status, reason, time.
pub(crate) type Reported = (DeliveryStatus, Option<Why>, Timestamp);

impl OutcomeTransaction {
    /// Points the provider's id at our message. Returns the status that was reported under the id before.
    pub(crate) fn point(
        &mut self,
        channel: &Channel,
        id: &MessageId,
        owner: IdOwner,
    ) -> Result<Option<Reported>, StoreError> {
        let pointer = Pointer {
            account: self.message.account.clone(),
            connection: channel.connection.clone(),
            message_id: id.clone(),
            chat: self.message.chat.clone(),
            own_id: Some(self.message.message_id.clone()),
        };
        match owner {
            IdOwner::Nobody => self.writes.push(Write::create(&pointer)?),
            IdOwner::Another => self.writes.push(Write::put(&pointer)?),
            IdOwner::Ours => {}
            IdOwner::Row(row) => {
                self.writes.push(Write::put(&pointer)?);
                return self.delete_echo(channel, &row);
            }
        }
        Ok(None)
    }

    /// Marks the echo's message as deleted, because it is ours, and returns the status that it had.
    fn delete_echo(&mut self, channel: &Channel, echo: &Message) -> Result<Option<Reported>, StoreError> {
        let event = company_events::deleted(&self.chat, channel, echo, self.now);
        if let Some(gone) = self.chat.receive(&event, Some(echo), self.now) {
            self.writes.extend(Write::change(echo, &gone, &[attribute::message::SEQ])?);
        }
        let at = echo.status_at.unwrap_or(self.now);
        Ok(echo.status.map(|status| (status, echo.error.clone(), at)))
    }
}
