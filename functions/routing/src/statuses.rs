//! Delivery statuses: commutative, found through a pointer row, patient with a message that is not there yet.

use crate::commit::RoutingError;
use crate::{ATTEMPTS, Routing, retry};
use shared::clock::Timestamp;
use shared::crm::CrmKind;
use shared::disposition::{Disposition, DropReason, backoff};
use shared::event::StatusEvent;
use shared::ids::AccountId;
use shared::store::row::Write;
use std::time::Duration;

/// How long a status waits for its message.
const PATIENCE: Duration = Duration::from_secs(3600);

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
                Ok(true) => return Disposition::Done,
                Ok(false) if self.ambient.now().since(accepted_at) >= PATIENCE => {
                    return Disposition::Drop(DropReason::StatusWithoutMessage);
                }
                Ok(false) => {
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

    /// Applies a status; says whether its message is there. It changes the message and takes the chat's next number, so
    /// that the CRM learns of it in its place; it is no activity.
    async fn status_once(&self, account: &AccountId, status: &StatusEvent) -> Result<bool, RoutingError> {
        let now = self.ambient.now();
        let Some(pointer) = self.store.pointer(account, &status.connection, &status.message_id).await? else {
            return Ok(false);
        };
        let ids = [status.message_id.clone()];
        let (chat, messages) = tokio::join!(
            self.store.chat(account, &pointer.chat),
            self.store.messages(account, &pointer.chat, &ids),
        );
        let (Some(chat), Some(message)) = (chat?, messages?.into_iter().next()) else { return Ok(false) };
        let crm = self.settings.crm_kind(&self.store, account, now).await?.ok_or(RoutingError::NoAccount)?;
        let channel = self.settings.channel(&self.store, account, &chat.channel, now).await?;
        let (mut next_chat, mut next_message) = (chat.clone(), message.clone());
        if next_message.report(status.status, status.error.as_ref(), status.at, chat.seq + 1) {
            next_chat.seq += 1;
            if crm == CrmKind::None {
                next_chat.settle_without_crm();
            }
            if let Some(channel) = channel {
                next_chat.watch(channel.close_after(), now);
            }
            let moved = next_chat.check_at != chat.check_at;
            let depends_on: &[&str] = if moved { &["last_seq", "check_at"] } else { &["last_seq"] };
            let writes = [
                Write::change(&chat, &next_chat, depends_on)?,
                Write::change(&message, &next_message, &["seq"])?,
            ];
            self.store.commit(writes.into_iter().flatten().collect()).await?;
        }
        self.nudge_for(&next_chat, crm).await?;
        Ok(true)
    }
}
