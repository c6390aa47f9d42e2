//! Loads a chat and its related data for one step.

use crate::{ChatWork, Delivery, DeliveryError};
use shared::base::ids::MessageId;
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::outbound::{Action, OutboundJob};
use shared::platform::nudge::DeliveryNudge;
use shared::store::row::Write;
use shared::store::{Read, StoreError};
use std::time::Duration;

/// How often, and at which interval, a queued job that no query shows is looked up.
const LOOKS: (u32, Duration) = (3, Duration::from_millis(150));

impl Delivery {
    /// The chat and its jobs, as of the last write.
    pub(crate) async fn load(&self, nudge: &DeliveryNudge) -> Result<Option<ChatWork>, DeliveryError> {
        let Some(chat) = self.store.chat(&nudge.account, &nudge.chat).await? else { return Ok(None) };
        let jobs = match chat.outbound_at {
            Some(_) => self.jobs_of(&chat).await?,
            None => Vec::new(),
        };
        let owner = self.settings.owner(&self.store, &chat.account, self.ambient.now()).await?;
        let channel = self.channel_of(&chat, !jobs.is_empty()).await?;
        Ok(Some(ChatWork { owner: owner.ok_or(DeliveryError::NoAccount)?, chat, channel, jobs }))
    }

    /// All jobs of a chat. A query is no transaction: it may show the chat's row of a transaction and not yet its job's
    /// row. If that job were taken for done it would be forgotten; only another transaction shows it for certain.
    pub(crate) async fn jobs_of(&self, chat: &Chat) -> Result<Vec<OutboundJob>, DeliveryError> {
        for _ in 0..LOOKS.0 {
            let jobs = self.store.outbound_jobs(&chat.account, &chat.chat).await?;
            let unseen = chat.outbound_last.filter(|last| jobs.iter().all(|job| job.number != *last));
            match unseen {
                Some(number) if self.is_queued(chat, number).await? => {}
                _ => return Ok(jobs),
            }
            tokio::time::sleep(LOOKS.1).await;
        }
        Err(StoreError::Busy("a job is queued that no query shows".into()).into())
    }

    /// Whether the job of this number, which the chat's row names, is still queued.
    async fn is_queued(&self, chat: &Chat, number: u64) -> Result<bool, DeliveryError> {
        let nobody = MessageId::new("");
        // Only its key matters.
        let job =
            OutboundJob::new(&chat.account, &chat.chat, number, &nobody, Action::Send, self.ambient.now());
        match self.store.commit(vec![Write::check(&job, &[])?]).await {
            Ok(()) | Err(StoreError::Contended) => Ok(true),
            Err(StoreError::Lost(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The chat's channel. If its connection is gone, the channel is read again, because it may have another connection
    /// since.
    async fn channel_of(&self, chat: &Chat, to_call: bool) -> Result<Option<Channel>, DeliveryError> {
        let (account, id) = (&chat.account, &chat.channel);
        let known = self.settings.channel(&self.store, account, id, self.ambient.now()).await?;
        match known {
            Some(known) if to_call && self.connection(account, &known.connection).await?.is_none() => {
                Ok(self.store.channel(account, id, Read::Consistent).await?)
            }
            known => Ok(known),
        }
    }
}
