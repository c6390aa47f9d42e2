//! Sends nudges: each kind into its queue. What a nudge says is in [`crate::platform::nudge`].

use crate::base::clock::{Ambient, Timestamp};
use crate::base::ids::{AccountId, ChannelId, ChatId};
use crate::model::assignment::requeue::RequeueScope;
use crate::model::chat::Chat;
use crate::model::crm::{Capabilities, CrmKind};
use crate::platform::nudge::{
    AssignmentNudge, ChannelNudge, CrmNudge, DeliveryNudge, MediaNudge, RequeueNudge, Timer, WaitingNudge,
    nudges,
};
use crate::platform::queue::{Outgoing, QueueError, Queues};
use std::sync::Arc;
use std::time::Duration;

/// The URLs of the queues that take nudges. One is empty where a function sends none of the kind; it has no right to.
#[derive(Clone, Debug, Default)]
pub struct NudgeQueues {
    /// `assignment.fifo`: channels to drain, clients to put back into the queue.
    pub assignment: String,
    /// `crm.fifo`: chats and channels of which the CRM is to be told.
    pub crm: String,
    /// `outbound.fifo`: chats in which something is to be delivered.
    pub outbound: String,
    /// The media queue: chats whose files are to be copied.
    pub media: String,
    /// The timers queue: chats to be looked at later.
    pub timers: String,
}

/// Sends nudges. An error means that the queue did not take one. Then the record that called for it is to come again; where
/// none does, the sender goes on, for the due index brings the work back, and [`log_untaken`] says so.
#[derive(Clone)]
pub struct Nudger {
    queues: Queues,
    urls: NudgeQueues,
    crms: fn(CrmKind) -> Capabilities,
    ambient: Arc<dyn Ambient>,
}

impl Nudger {
    /// A sender into these queues. `crms` tells what a kind of CRM can do: how many workers it bears decides the message group.
    pub fn new(
        queues: Queues,
        urls: NudgeQueues,
        crms: fn(CrmKind) -> Capabilities,
        ambient: Arc<dyn Ambient>,
    ) -> Self {
        Self { queues, urls, crms, ambient }
    }

    /// What a chat's state asks for: its channel's clients are assigned, the CRM is told, what is queued is delivered.
    ///
    /// # Errors
    /// [`QueueError`] when a queue does not take a nudge, here and below. The later ones are not sent then.
    pub async fn chat(&self, chat: &Chat, crm: CrmKind) -> Result<(), QueueError> {
        let asked = nudges(chat, crm, self.ambient.now());
        if asked.assignment.is_some() {
            self.assignment(&chat.account, &chat.channel).await?;
        }
        if let Some(nudge) = &asked.crm {
            self.send_crm(vec![self.crm_message(nudge, crm)?]).await?;
        }
        match &asked.delivery {
            Some(nudge) => self.delivery(nudge).await,
            None => Ok(()),
        }
    }

    /// The CRM is told of a chat where the chat's state asks for it.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn crm(&self, chat: &Chat, crm: CrmKind) -> Result<(), QueueError> {
        self.send_crm(self.for_crm(chat, crm)?.into_iter().collect()).await
    }

    /// The message by which the CRM is told of a chat; none where the chat's state does not ask for it.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which no nudge is.
    pub fn for_crm(&self, chat: &Chat, crm: CrmKind) -> Result<Option<Outgoing>, QueueError> {
        let asked = nudges(chat, crm, self.ambient.now()).crm;
        asked.map(|nudge| self.crm_message(&nudge, crm)).transpose()
    }

    /// The message by which the CRM is told who waits on a channel in vain.
    ///
    /// # Errors
    /// As [`Self::for_crm`].
    pub fn for_heads(&self, account: &AccountId, channel: &ChannelId) -> Result<Outgoing, QueueError> {
        Outgoing::waiting(&WaitingNudge::new(account, channel), &*self.ambient)
    }

    /// Sends messages of [`Self::for_crm`] and [`Self::for_heads`] in one call. Sent again after a failure, those that were
    /// taken are not there twice.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn send_crm(&self, messages: Vec<Outgoing>) -> Result<(), QueueError> {
        self.queues.send(&self.urls.crm, messages).await
    }

    /// The CRM is told of a channel's state.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn channel_state(&self, account: &AccountId, channel: &ChannelId) -> Result<(), QueueError> {
        let nudge = ChannelNudge::new(account, channel);
        self.send_crm(vec![Outgoing::channel_state(&nudge, &*self.ambient)?]).await
    }

    /// A channel's waiting clients are assigned.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn assignment(&self, account: &AccountId, channel: &ChannelId) -> Result<(), QueueError> {
        self.assignment_of_all(account, [channel]).await
    }

    /// The same on several channels, in one call.
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

    /// Clients go back into the queue.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn requeue(&self, account: &AccountId, whose: &RequeueScope) -> Result<(), QueueError> {
        let nudge = RequeueNudge::new(account, whose);
        self.queues.send(&self.urls.assignment, vec![Outgoing::requeue(&nudge, &*self.ambient)?]).await
    }

    /// What is queued in a chat is delivered.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn delivery(&self, nudge: &DeliveryNudge) -> Result<(), QueueError> {
        self.queues.send(&self.urls.outbound, vec![Outgoing::delivery(nudge, &*self.ambient)?]).await
    }

    /// A chat's files are copied, after a wait of at most 15 minutes.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn media(&self, account: &AccountId, chat: &ChatId, wait: Duration) -> Result<(), QueueError> {
        let message = Outgoing::standard(&MediaNudge::new(account, chat))?;
        self.queues.send(&self.urls.media, vec![message.after(wait)]).await
    }

    /// A chat is looked at when its time has come, which is at most 15 minutes away. The timer comes up to a second later: a
    /// check that comes early finds nothing to do, and would have to be posted again.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn timer(&self, chat: &Chat, at: Timestamp) -> Result<(), QueueError> {
        let wait = Duration::from_secs(at.since(self.ambient.now()).as_secs() + 1);
        self.send_timer(chat, at, wait).await
    }

    /// A chat whose time has come is looked at now.
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn due(&self, chat: &Chat, at: Timestamp) -> Result<(), QueueError> {
        self.send_timer(chat, at, Duration::ZERO).await
    }

    /// A chat is looked at now, by a check that is named by this moment.
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

/// Logs that a queue did not take a nudge, where that fails nothing: what was committed stays, and the due index brings the
/// work back.
pub fn log_untaken(account: &AccountId, chat: Option<&ChatId>, sent: Result<(), QueueError>) {
    if let Err(error) = sent {
        tracing::warn!(account = %account, chat = chat.map(ChatId::as_str), error = %error, "not nudged; the due index will");
    }
}
