//! Delivery statuses: commutative, found through a pointer row, patient with a message that is not there yet.

use crate::commit::RoutingError;
use crate::{ATTEMPTS, Routing, retry};
use shared::clock::Timestamp;
use shared::disposition::{Disposition, DropReason, backoff};
use shared::event::StatusEvent;
use shared::ids::AccountId;
use shared::store::chats::chat_write;
use shared::store::row::Write;
use shared::store::settings::Pointed;
use std::time::Duration;

/// How long a status waits for its message.
const PATIENCE: Duration = Duration::from_secs(3600);

/// What a status found.
enum Found {
    /// Its message, and was applied.
    Applied,
    /// That its message was erased.
    Erased,
    /// Nothing yet.
    NotYet,
}

impl Routing {
    pub(crate) async fn status(
        &self,
        account: &AccountId,
        accepted_at: Timestamp,
        status: &StatusEvent,
        receive_count: u32,
    ) -> Disposition {
        for _ in 0..ATTEMPTS {
            match self.status_once(account, status).await {
                Ok(Found::Applied) => return Disposition::Done,
                Ok(Found::Erased) => return Disposition::Drop(DropReason::Erased),
                Ok(Found::NotYet) if self.ambient.now().since(accepted_at) >= PATIENCE => {
                    return match self.why_lost(account, status).await {
                        Ok(reason) => Disposition::Drop(reason),
                        Err(error) => retry(&error, receive_count),
                    };
                }
                Ok(Found::NotYet) => {
                    let why = "its message is not there yet".to_owned();
                    return Disposition::Retry { after: backoff(receive_count), why };
                }
                Err(RoutingError::Store(error)) if error.wants_new_decision() => {
                    tokio::time::sleep(self.ambient.jitter(Duration::from_millis(100))).await;
                }
                Err(error) => return retry(&error, receive_count),
            }
        }
        Disposition::Retry { after: backoff(receive_count), why: "lost every race".into() }
    }

    /// Why a status found no message: where messages of its connection are dropped on purpose, it may be one of theirs.
    async fn why_lost(&self, account: &AccountId, status: &StatusEvent) -> Result<DropReason, RoutingError> {
        let owner = self.store.account(account).await?;
        let drops = owner.is_some_and(|owner| owner.has_blacklist)
            || self.store.channels(account).await?.iter().any(|channel| {
                channel.connection == status.connection && (channel.ignored || channel.skip_echoes)
            });
        Ok(if drops { DropReason::StatusOfDropped } else { DropReason::StatusWithoutMessage })
    }

    /// Applies a status. It changes the message and takes the chat's next number, so that the CRM learns of it in its
    /// place; it is no activity.
    async fn status_once(&self, account: &AccountId, status: &StatusEvent) -> Result<Found, RoutingError> {
        let now = self.ambient.now();
        let named = std::slice::from_ref(&status.message_id);
        let pointer =
            match self.store.pointers(account, &status.connection, named).await?.remove(&status.message_id) {
                Some(Pointed::To(pointer)) => pointer,
                Some(Pointed::Erased) => return Ok(Found::Erased),
                None => return Ok(Found::NotYet),
            };
        let ids = [pointer.own_id.unwrap_or_else(|| status.message_id.clone())];
        let (chat, messages) = tokio::join!(
            self.store.chat(account, &pointer.chat),
            self.store.messages(account, &pointer.chat, &ids),
        );
        let (Some(chat), Some(message)) = (chat?, messages?.into_iter().next()) else {
            return Ok(Found::NotYet);
        };
        let crm =
            self.settings.owner(&self.store, account, now).await?.ok_or(RoutingError::NoAccount)?.crm_kind;
        let channel = self.settings.channel(&self.store, account, &chat.channel, now).await?;
        let (mut next_chat, mut next_message) = (chat.clone(), message.clone());
        if next_message.report(status.status, status.error.as_ref(), status.at, chat.seq + 1) {
            next_chat.take_number(crm, channel.map(|channel| channel.close_after()), now);
            let writes = [chat_write(&chat, &next_chat)?, Write::change(&message, &next_message, &["seq"])?];
            self.store.commit(writes.into_iter().flatten().collect()).await?;
        }
        self.nudge_for(&next_chat, crm).await?;
        Ok(Found::Applied)
    }
}
