//! A dialogue that we began by phone or user name: the answer to its first message names the chat's id at the provider,
//! and the client's answers come under that id.

use crate::transaction::OutcomeTransaction;
use crate::{ChatWork, Delivery, DeliveryError};
use shared::model::chat::company_events::company_event;
use shared::model::event::{ContactHint, MessageEvent, Origin};
use shared::store::clients::alias_row;

impl Delivery {
    /// Stores the provider's id of the chat, so that it is found by that id from now on, unless another chat has the id
    /// already.
    pub(crate) async fn reached(
        &self,
        work: &ChatWork,
        transaction: &mut OutcomeTransaction,
        id: &str,
    ) -> Result<(), DeliveryError> {
        let Some(channel) = work.channel.as_ref().filter(|_| transaction.chat.addressee.is_some()) else {
            return Ok(());
        };
        transaction.chat.addressee = None;
        id.clone_into(&mut transaction.chat.provider_chat_id);
        let (messenger, group) = (transaction.chat.messenger.clone(), transaction.chat.group);
        let form = channel.chat_id(&work.owner.id_salt, &messenger, group, id);
        let chat = &transaction.chat;
        if form == chat.chat || chat.aliases.contains(&form) {
            return Ok(());
        }
        if self.store.chat(&chat.account, &form).await?.is_some() {
            tracing::warn!(account = %chat.account, chat = %chat.chat, "the client has another chat under the id that the provider tells");
            return Ok(());
        }
        transaction.writes.push(alias_row(&chat.account, &form, &chat.chat)?);
        let event = MessageEvent {
            contact: ContactHint::default(),
            ..company_event(
                chat,
                channel,
                transaction.message.message_id.clone(),
                Origin::Api,
                transaction.now,
            )
        };
        let contact = chat.contact.clone();
        let told = self.store.client_told(&work.owner, &contact, &event, &*self.ambient).await?;
        transaction.writes.extend(told.writes);
        transaction.chat.aliases.push(form);
        Ok(())
    }
}
