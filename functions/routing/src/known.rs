//! What has to be read of a chat's messages and listings before a group of events is folded: mostly nothing.

use crate::Routing;
use crate::apply::Group;
use shared::chat::Chat;
use shared::event::{Revision, Side};
use shared::ids::{AccountId, ConnectionId, MessageId};
use shared::listing::ChatListing;
use shared::message::Message;
use shared::store::StoreError;
use shared::store::chats::StoredMessages;
use shared::store::settings::Pointed;
use std::collections::{HashMap, HashSet};

/// What stands in the table of the messages and listings that a group of events names.
#[derive(Debug, Default)]
pub struct Known {
    /// Messages by their ids.
    pub messages: HashMap<MessageId, Message>,
    /// Messages that were erased.
    pub erased: HashSet<MessageId>,
    /// Messages whose ids lead somewhere already: ids of some providers are unique in a chat only.
    pub pointed: HashSet<MessageId>,
    /// Our own ids of messages that the provider names by its own.
    pub own: HashMap<MessageId, MessageId>,
    /// Listings by their ids.
    pub listings: HashMap<String, ChatListing>,
}

impl Known {
    /// Takes rows in.
    pub fn add(&mut self, stored: StoredMessages) {
        self.erased.extend(stored.erased);
        self.messages.extend(stored.messages.into_iter().map(|row| (row.message_id.clone(), row)));
    }
}

impl Routing {
    /// The rows that the group names, as far as they have to be read. A new message needs none: that it was not there is
    /// the write's condition. `again` says that somebody was faster the last time: then all of them are read.
    pub(crate) async fn known(
        &self,
        group: &Group<'_>,
        is_stored: bool,
        chat: &Chat,
        again: bool,
    ) -> Result<Known, StoreError> {
        let mut known = Known::default();
        if !is_stored && !again {
            return Ok(known);
        }
        let mut ids: HashSet<MessageId> = group
            .messages()
            .filter(|message| again || message.revision != Revision::New)
            .map(|message| message.message_id.clone())
            .collect();
        if group.messages().any(|message| chat.pending_send(message).is_some()) {
            // All of them: the next echo of the same words is the next send's.
            ids.extend(chat.pending_sends.iter().map(|send| send.message.clone()));
        }
        if again {
            self.pointed(group, chat, &mut known).await?;
            ids.extend(known.own.values().cloned());
        }
        if !ids.is_empty() {
            let ids: Vec<MessageId> = ids.into_iter().collect();
            known.add(self.store.stored_messages(group.account, &chat.chat, &ids).await?);
        }
        if is_stored {
            known.listings = self.told_listings(group.account, group, chat).await?;
        }
        Ok(known)
    }

    /// Where the ids of the company's messages lead.
    async fn pointed(&self, group: &Group<'_>, chat: &Chat, known: &mut Known) -> Result<(), StoreError> {
        let mut by_connection: HashMap<&ConnectionId, Vec<MessageId>> = HashMap::new();
        for message in group.messages().filter(|message| message.side == Side::Company) {
            by_connection.entry(&message.connection).or_default().push(message.message_id.clone());
        }
        for (connection, ids) in by_connection {
            for (id, pointed) in self.store.pointers(group.account, connection, &ids).await? {
                // Ids of some providers are unique in a chat only: what was erased may be another chat's message. That this
                // one was is told by what is left at its own key.
                if let Pointed::To(pointer) = pointed
                    && let Some(own) = pointer.own_id.filter(|_| pointer.chat == chat.chat)
                {
                    known.own.insert(id.clone(), own);
                }
                known.pointed.insert(id);
            }
        }
        Ok(())
    }

    /// Listings that are told differently than the chat knows.
    async fn told_listings(
        &self,
        account: &AccountId,
        group: &Group<'_>,
        chat: &Chat,
    ) -> Result<HashMap<String, ChatListing>, StoreError> {
        let told = group.messages().filter_map(|message| message.listing.as_ref());
        let ids: HashSet<String> = told
            .filter(|listing| chat.listing.as_ref() != Some(&listing.mark()))
            .map(|listing| listing.id.clone())
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<String> = ids.into_iter().collect();
        let rows = self.store.chat_listings_by_id(account, &chat.chat, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.listing.id.clone(), row)).collect())
    }
}
