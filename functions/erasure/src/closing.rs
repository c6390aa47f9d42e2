//! Closes the chats: a mark at a chat's key keeps new messages out. All chats are closed before the first is emptied,
//! which may take long, because a chat without a mark accepts the client's messages and would lose them.

use crate::chats::{cursor, position};
use crate::job::{Job, words_of};
use crate::{Eraser, ErasureError, RETRIES};
use shared::base::ids::ChatId;
use shared::model::account::Account;
use shared::model::chat::Chat;
use shared::model::contact::{ContactChat, Identity};
use shared::model::erasure::{ErasedSubject, Phase, digests};
use shared::store::chat_transaction::rows_beside;
use shared::store::erasure::{ChatPlace, mark, release};
use shared::store::row::Write;
use shared::store::{MAX_WRITES, Read, keys, retry_on_conflict};
use std::collections::BTreeSet;
use tokio::sync::Mutex;

/// Chats of one step.
const PAGE: i32 = 32;

impl Eraser {
    /// Closes the next page of chats behind the cursor; safe to repeat.
    pub(crate) async fn close_chats(&self, owner: &Account, job: &mut Job) -> Result<(), ErasureError> {
        let (mut place, mut after) = position(job.row.cursor.as_deref(), &job.row.contacts);
        while let Some(contact) = job.row.contacts.get(place).cloned() {
            let from =
                after.take().map(|chat| keys::contact_chat(&owner.account, &contact, &chat).attributes());
            let page = self.store.contact_chats(&owner.account, &contact, PAGE, from).await?;
            for row in &page.items {
                self.close_chat(owner, job, row).await?;
            }
            if let Some(last) = page.items.last() {
                job.row.cursor = Some(cursor(last));
                return Ok(());
            }
            place += 1;
        }
        job.row.enter(Phase::Chats);
        Ok(())
    }

    /// Closes a chat. The row at its key decides: a chat of the client is closed; a mark, or a row that is not the
    /// client's, is left alone.
    async fn close_chat(
        &self,
        owner: &Account,
        job: &mut Job,
        row: &ContactChat,
    ) -> Result<(), ErasureError> {
        let held = Mutex::new(job);
        retry_on_conflict(RETRIES, &*self.ambient, || async {
            let job = &mut **held.lock().await;
            let chat = match self.store.chat_place(&owner.account, &row.chat).await? {
                ChatPlace::Chat(chat) if job.row.contacts.contains(&chat.contact) => chat,
                ChatPlace::Chat(_) | ChatPlace::Mark | ChatPlace::Nothing => return Ok(()),
            };
            self.close(owner, job, &chat).await
        })
        .await
    }

    /// Puts the mark at the chat's key and deletes the rows that lead to the chat.
    async fn close(&self, owner: &Account, job: &mut Job, chat: &Chat) -> Result<(), ErasureError> {
        let now = self.ambient.now();
        let identity = Identity {
            messenger: chat.messenger.clone(),
            group: chat.group,
            user: chat.provider_chat_id.clone(),
        };
        self.note_words(job, chat).await?;
        let mut writes = vec![mark(chat, now)?];
        writes.extend(rows_beside(Some(chat), None)?);
        // Usually there are none: a contact's row lists its claims, and all of them were released at the beginning.
        // Writing their digests again would drop what the client has written since.
        let identities = [identity];
        let claims = self.own_claims(job, &identities, chat.phone.iter().cloned()).await?;
        if !claims.is_empty() {
            for digest in digests(&identities, chat.phone.as_ref(), &owner.id_salt) {
                writes.push(Write::put(&ErasedSubject::at(&owner.account, digest, now))?);
            }
        }
        writes.extend(claims.iter().map(release));
        // Each form once, because a transaction accepts no row twice.
        let forms: BTreeSet<&ChatId> = chat.aliases.iter().filter(|form| **form != chat.chat).collect();
        let mut forms: Vec<Write> =
            forms.into_iter().map(|form| Write::forget(keys::chat(&chat.account, form))).collect();
        let room = MAX_WRITES - writes.len();
        if forms.len() > room {
            // No real chat has that many. If the step ends here, the chat's row still names them.
            self.store.commit_in_parts(forms.split_off(room)).await?;
        }
        writes.extend(forms);
        Ok(self.store.commit(writes).await?)
    }

    /// Records what only the chat knows of the client before it is erased, because raw records are searched for it
    /// later.
    async fn note_words(&self, job: &mut Job, chat: &Chat) -> Result<(), ErasureError> {
        let contact = self.store.contact(&chat.account, &chat.contact, Read::Consistent).await?;
        let mut known = contact.as_ref().map(words_of).unwrap_or_default();
        known.extend(job.row.words.iter().cloned());
        let phone = chat.phone.iter().map(|phone| phone.digits().to_owned());
        let news: Vec<String> = std::iter::once(chat.provider_chat_id.clone())
            .chain(phone)
            .chain(chat.aliases.iter().map(|form| form.as_str().to_owned()))
            .filter(|word| !known.contains(word))
            .collect();
        if news.is_empty() {
            return Ok(());
        }
        job.row.words.extend(news);
        self.save(job).await
    }
}
