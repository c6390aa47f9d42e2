//! Empties the closed chats one by one and removes their marks.

use crate::job::Job;
use crate::{Eraser, ErasureError};
use futures::future::join_all;
use shared::base::clock::Timestamp;
use shared::base::ids::{ChatId, ConnectionId, ContactId, hex_digest};
use shared::model::account::Account;
use shared::model::contact::ContactChat;
use shared::model::erasure::Phase;
use shared::model::event::Side;
use shared::model::message::Message;
use shared::model::message::media::FileCopy;
use shared::model::outbound::own_ids;
use shared::store::erasure::{ChatPlace, ChatRow, tombstone, unmark};
use shared::store::row::Write;
use shared::store::{Read, StoreError, keys};

/// Rows of a page, and how many of them are written at once.
const PAGE: i32 = 128;
const SIDE_BY_SIDE: usize = 16;

/// What the erasure of one row removed.
#[derive(Default)]
struct Swept {
    messages: u64,
    objects: u64,
}

impl Eraser {
    /// Erases one chat, the next behind the cursor. There are no further chats: none is opened for a contact that no
    /// identity leads to.
    pub(crate) async fn erase_next_chat(
        &self,
        owner: &Account,
        job: &mut Job,
        until: Timestamp,
    ) -> Result<(), ErasureError> {
        let (mut place, mut after) = position(job.row.cursor.as_deref(), &job.row.contacts);
        while let Some(contact) = job.row.contacts.get(place).cloned() {
            let Some(row) =
                self.store.next_contact_chat(&owner.account, &contact, after.take().as_ref()).await?
            else {
                place += 1;
                continue;
            };
            match self.store.chat_place(&owner.account, &row.chat).await? {
                ChatPlace::Mark => {
                    if !self.empty(owner, job, &row, until).await? {
                        return Ok(());
                    }
                    job.row.chats += 1;
                }
                ChatPlace::Chat(chat) if job.row.contacts.contains(&chat.contact) => {
                    // None is left open; if one is, it is closed before anything else is emptied.
                    job.row.enter(Phase::Closing);
                    return Ok(());
                }
                // The chat is gone, and a row at its key belongs to a new client.
                ChatPlace::Chat(_) | ChatPlace::Nothing => {}
            }
            job.row.cursor = Some(cursor(&row));
            return Ok(());
        }
        job.row.enter(Phase::Quarantine);
        Ok(())
    }

    /// Empties a closed chat, page by page, and removes its mark.
    async fn empty(
        &self,
        owner: &Account,
        job: &mut Job,
        row: &ContactChat,
        until: Timestamp,
    ) -> Result<bool, ErasureError> {
        let connections = self.connections(job, row).await?;
        let mut from = None;
        loop {
            let page = self.store.rows_of_chat(&owner.account, &row.chat, PAGE, from).await?;
            let worked = !page.items.is_empty();
            for rows in page.items.chunks(SIDE_BY_SIDE) {
                let swept = join_all(rows.iter().map(|found| self.sweep(row, found, &connections))).await;
                for swept in swept {
                    let swept = swept?;
                    job.row.messages += swept.messages;
                    job.row.objects += swept.objects;
                }
            }
            from = page.next;
            if from.is_none() {
                break;
            }
            if worked && self.ambient.now() >= until {
                return Ok(false);
            }
        }
        // While the mark is in place, no new client's file can be stored there.
        job.row.objects += self.files.delete_of_chat(&owner.account, &row.chat).await?;
        match self.store.commit(vec![unmark(&owner.account, &row.chat)]).await {
            Err(StoreError::Lost(_)) => {}
            done => done?,
        }
        Ok(true)
    }

    /// Erases one row by single writes and not a transaction: half the price, and each may be repeated. The message
    /// goes last, because it says what else must go.
    async fn sweep(
        &self,
        row: &ContactChat,
        found: &ChatRow,
        connections: &[ConnectionId],
    ) -> Result<Swept, ErasureError> {
        let (key, message) = match found {
            ChatRow::Message(key, message) => (key, message.as_deref()),
            ChatRow::Other(key) => {
                self.store.commit(vec![Write::forget(key.clone())]).await?;
                return Ok(Swept::default());
            }
        };
        let now = self.ambient.now();
        let mut swept = Swept { messages: 1, objects: 0 };
        if let Some(message) = message {
            if let Some(object) = &message.quarantined {
                self.quarantine.delete(object).await?;
                swept.objects += 1;
            }
            if let Some(FileCopy::Stored { link, .. }) = &message.file {
                let link = keys::file_link(&hex_digest(link.as_bytes()));
                self.store.commit(vec![Write::forget(link)]).await?;
            }
            self.sweep_pointers(row, message, connections, now).await?;
        } else {
            tracing::warn!(account = %row.account, chat = %row.chat, "a message that cannot be read is erased by its key");
        }
        self.store.commit(vec![tombstone(key.clone(), now)?]).await?;
        Ok(swept)
    }

    /// Deletes a message's pointers. Only the company's messages have pointers, by each id that the provider may use
    /// for them.
    async fn sweep_pointers(
        &self,
        row: &ContactChat,
        message: &Message,
        connections: &[ConnectionId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if message.side != Side::Company {
            return Ok(());
        }
        let mut ids = vec![message.message_id.clone()];
        ids.extend(message.provider_id.clone());
        self.store.erase_pointers(&row.account, &row.chat, connections, &ids, now).await
    }

    /// The connections that a chat's messages may have come by: its channel's, and all others of the account, because
    /// another connection may have taken the channel over.
    async fn connections(&self, job: &mut Job, row: &ContactChat) -> Result<Vec<ConnectionId>, StoreError> {
        let account = &row.account;
        let all = match &job.connections {
            Some(all) => all.clone(),
            None => self.store.connections(account).await?.into_iter().map(|row| row.connection).collect(),
        };
        job.connections = Some(all.clone());
        let channel = self.store.channel(account, &row.channel, Read::Consistent).await?;
        let mut connections: Vec<ConnectionId> = channel.into_iter().map(|row| row.connection).collect();
        let others: Vec<_> = all.into_iter().filter(|other| !connections.contains(other)).collect();
        connections.extend(others);
        connections.push(own_ids());
        Ok(connections)
    }
}

/// The position after a finished chat, as [`position`] reads it.
pub(crate) fn cursor(row: &ContactChat) -> String {
    format!("{}#{}", row.contact, row.chat)
}

/// The position at which the work continues: the contact, and the last finished one of its chats.
pub(crate) fn position(cursor: Option<&str>, contacts: &[ContactId]) -> (usize, Option<ChatId>) {
    let Some((contact, chat)) = cursor.and_then(|cursor| cursor.split_once('#')) else { return (0, None) };
    match contacts.iter().position(|known| known.as_str() == contact) {
        Some(place) => (place, Some(ChatId::new(chat))),
        None => (0, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_names_the_last_chat_that_is_gone() {
        let contacts = [ContactId::new("one"), ContactId::new("two")];
        assert_eq!(position(None, &contacts), (0, None));
        assert_eq!(position(Some("two#chat"), &contacts), (1, Some(ChatId::new("chat"))));
        assert_eq!(
            position(Some("three#chat"), &contacts),
            (0, None),
            "from the beginning: nothing is left out"
        );
    }
}
