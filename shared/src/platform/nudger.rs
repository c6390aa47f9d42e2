//! Sends nudges, each kind into its queue. The nudges themselves are in [`crate::platform::nudge`].

use crate::base::clock::{Ambient, Timestamp};
use crate::base::ids::{AccountId, ChannelId, ChatId};
use crate::model::assignment::requeue::RequeueScope;
use crate::model::chat::Chat;
use crate::model::crm::{Capabilities, CrmKind};
use crate::model::event::TemplateState;
use crate::platform::nudge::{
    AssignmentNudge, ChannelNudge, CrmNudge, DeliveryNudge, MediaNudge, RequeueNudge, TemplateNudge, Timer,
    WaitingNudge, nudges,
};
use crate::platform::queue::{Outgoing, QueueError, Queues};
use std::sync::Arc;
use std::time::Duration;

/// The URLs of the queues for nudges. A URL is empty if the function sends none of the kind; then it has no right to.
#[derive(Clone, Debug, Default)]
pub struct NudgeQueues {
    /// `assignment.fifo`: channels to drain, clients to requeue.
    pub assignment: String,
    /// `crm.fifo`: chats and channels to report to the CRM.
    pub crm: String,
    /// `outbound.fifo`: chats with messages to deliver.
    pub outbound: String,
    /// The media queue: chats with files to copy.
    pub media: String,
    /// The timers queue: chats to check later.
    pub timers: String,
}

/// Sends nudges. An error means that the queue did not accept one. Then the record that caused it should be retried;
/// without such a record the sender continues, because the due index brings the work back, and [`log_untaken`] logs the
/// failure.
#[derive(Clone)]
pub struct Nudger {
    queues: Queues,
    urls: NudgeQueues,
    crms: fn(CrmKind) -> Capabilities,
    ambient: Arc<dyn Ambient>,
}

impl Nudger {
    /// A sender into these queues. `crms` gives the capabilities of a kind of CRM: its number of workers decides the
    /// message group.
    pub fn new(
        queues: Queues,
        urls: NudgeQueues,
        crms: fn(CrmKind) -> Capabilities,
        ambient: Arc<dyn Ambient>,
    ) -> Self {
        Self { queues, urls, crms, ambient }
    }

    /// Sends the nudges that a chat's state requires: to assign its channel's clients, to update the CRM, to deliver
    /// its jobs.
    ///
    /// # Errors
    /// [`QueueError`] if a queue does not accept a nudge, here and below. The others are sent nevertheless.
    pub async fn chat(&self, chat: &Chat, crm: CrmKind) -> Result<(), QueueError> {
        let asked = nudges(chat, crm, self.ambient.now());
        let assignment = async {
            match asked.assignment {
                Some(_) => self.assignment(&chat.account, &chat.channel).await,
                None => Ok(()),
            }
        };
        let of_crm = async {
            match &asked.crm {
                Some(nudge) => self.send_crm(vec![self.crm_message(nudge, crm)?]).await,
                None => Ok(()),
            }
        };
        let of_crm_soon = async {
            match asked.crm_soon {
                Some(at) => self.timer(chat, at).await,
                None => Ok(()),
            }
        };
        let delivery = async {
            match &asked.delivery {
                Some(nudge) => self.delivery(nudge).await,
                None => Ok(()),
            }
        };
        let (assignment, of_crm, of_crm_soon, delivery) =
            tokio::join!(assignment, of_crm, of_crm_soon, delivery);
        assignment.and(of_crm).and(of_crm_soon).and(delivery)
    }

    /// Nudges the CRM push for a chat, if the chat's state requires it.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn crm(&self, chat: &Chat, crm: CrmKind) -> Result<(), QueueError> {
        self.send_crm(self.for_crm(chat, crm)?.into_iter().collect()).await
    }

    /// The nudge for the CRM push of a chat; `None` if the chat's state does not require it.
    ///
    /// # Errors
    /// If it cannot be serialised as JSON, which never happens for a nudge.
    pub fn for_crm(&self, chat: &Chat, crm: CrmKind) -> Result<Option<Outgoing>, QueueError> {
        let asked = nudges(chat, crm, self.ambient.now()).crm;
        asked.map(|nudge| self.crm_message(&nudge, crm)).transpose()
    }

    /// The nudge to notify the CRM how many clients wait in vain on a channel.
    ///
    /// # Errors
    /// As [`Self::for_crm`].
    pub fn for_heads(&self, account: &AccountId, channel: &ChannelId) -> Result<Outgoing, QueueError> {
        Outgoing::waiting(&WaitingNudge::new(account, channel), &*self.ambient)
    }

    /// Sends messages of [`Self::for_crm`] and [`Self::for_heads`] in one call. If they are sent again after a failure,
    /// those accepted before are deduplicated.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn send_crm(&self, messages: Vec<Outgoing>) -> Result<(), QueueError> {
        self.queues.send(&self.urls.crm, messages).await
    }

    /// Nudges the CRM push for a channel's state.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn channel_state(&self, account: &AccountId, channel: &ChannelId) -> Result<(), QueueError> {
        let nudge = ChannelNudge::new(account, channel);
        self.send_crm(vec![Outgoing::channel_state(&nudge, &*self.ambient)?]).await
    }

    /// Nudges the CRM push for a template's state, of which the report was accepted at `at`.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn template_state(
        &self,
        account: &AccountId,
        template: TemplateState,
        at: Timestamp,
    ) -> Result<(), QueueError> {
        let nudge = TemplateNudge::new(account, template, at);
        self.send_crm(vec![Outgoing::template_state(&nudge, &*self.ambient)?]).await
    }

    /// Nudges assignment for a channel's waiting clients.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn assignment(&self, account: &AccountId, channel: &ChannelId) -> Result<(), QueueError> {
        self.assignment_of_all(account, [channel]).await
    }

    /// The same for several channels, in one call.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn assignment_of_all(
        &self,
        account: &AccountId,
        channels: impl IntoIterator<Item = &ChannelId>,
    ) -> Result<(), QueueError> {
        let messages = channels
            .into_iter()
            .map(|channel| Outgoing::assignment(&AssignmentNudge::new(account, channel), &*self.ambient))
            .collect::<Result<_, _>>()?;
        self.queues.send(&self.urls.assignment, messages).await
    }

    /// Nudges assignment to requeue clients.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn requeue(&self, account: &AccountId, whose: &RequeueScope) -> Result<(), QueueError> {
        let nudge = RequeueNudge::new(account, whose);
        self.queues.send(&self.urls.assignment, vec![Outgoing::requeue(&nudge, &*self.ambient)?]).await
    }

    /// Nudges delivery for a chat.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn delivery(&self, nudge: &DeliveryNudge) -> Result<(), QueueError> {
        self.queues.send(&self.urls.outbound, vec![Outgoing::delivery(nudge, &*self.ambient)?]).await
    }

    /// Nudges media for a chat's files, after a wait of at most 15 minutes.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn media(&self, account: &AccountId, chat: &ChatId, wait: Duration) -> Result<(), QueueError> {
        let message = Outgoing::standard(&MediaNudge::new(account, chat))?;
        self.queues.send(&self.urls.media, vec![message.after(wait)]).await
    }

    /// Sets a timer for a chat whose check is due within 15 minutes. The timer fires up to a second late, because a
    /// check that comes early finds nothing to do and would have to be posted again.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn timer(&self, chat: &Chat, at: Timestamp) -> Result<(), QueueError> {
        let wait = Duration::from_secs(at.since(self.ambient.now()).as_secs() + 1);
        self.send_timer(chat, at, wait).await
    }

    /// Posts the check of a chat that is due now.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn due(&self, chat: &Chat, at: Timestamp) -> Result<(), QueueError> {
        self.send_timer(chat, at, Duration::ZERO).await
    }

    /// Posts a check of a chat now; this moment is part of its deduplication id.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn check(&self, chat: &Chat) -> Result<(), QueueError> {
        self.send_timer(chat, self.ambient.now(), Duration::ZERO).await
    }

    async fn send_timer(&self, chat: &Chat, at: Timestamp, wait: Duration) -> Result<(), QueueError> {
        let message = Outgoing::standard(&Timer::new(chat.account.clone(), chat.chat.clone(), at))?;
        self.queues.send(&self.urls.timers, vec![message.after(wait)]).await
    }

    fn crm_message(&self, nudge: &CrmNudge, crm: CrmKind) -> Result<Outgoing, QueueError> {
        Outgoing::crm(nudge, (self.crms)(crm).workers, &*self.ambient)
    }
}

/// Logs a nudge that a queue did not accept, where that fails nothing: the commit stays, and the due index brings the
/// work back.
pub fn log_untaken(account: &AccountId, chat: Option<&ChatId>, sent: Result<(), QueueError>) {
    if let Err(error) = sent {
        tracing::warn!(account = %account, chat = chat.map(ChatId::as_str), error = %error, "not nudged; the due index will");
    }
}
