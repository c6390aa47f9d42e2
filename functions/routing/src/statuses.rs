//! Delivery statuses: commutative, found through a pointer row, and retried while the message is not stored yet.

use crate::changes::RoutingError;
use crate::notices::{came_to_nothing, notice};
use crate::{ATTEMPTS, Routing, retry};
use shared::base::clock::Timestamp;
use shared::base::ids::AccountId;
use shared::model::account::Account;
use shared::model::chat::Chat;
use shared::model::chat::closing::Closing;
use shared::model::contact::number_check::{LearnedFrom, number_news};
use shared::model::event::StatusEvent;
use shared::platform::disposition::{Disposition, DropReason, backoff};
use shared::providers;
use shared::store::settings::Pointed;
use shared::store::{ChatTransaction, RetryPolicy, retry_on_conflict};
use std::time::Duration;

/// How often a status is decided again: statuses of one message come at the same time.
const RETRIES: RetryPolicy = RetryPolicy::every(ATTEMPTS, Duration::from_millis(100));
/// How long a status waits for its message.
const PATIENCE: Duration = Duration::from_secs(3600);

/// The result of looking up a status's message.
enum Found {
    /// The message was found, and the status applied.
    Applied,
    /// The message was erased.
    Erased,
    /// No message yet.
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
        match retry_on_conflict(RETRIES, &*self.ambient, || self.status_once(account, status)).await {
            Ok(Found::Applied) => Disposition::Done,
            Ok(Found::Erased) => Disposition::Drop(DropReason::Erased),
            Ok(Found::NotYet) if self.ambient.now().since(accepted_at) >= PATIENCE => {
                match self.why_lost(account, status).await {
                    Ok(reason) => Disposition::Drop(reason),
                    Err(error) => retry(&error, receive_count),
                }
            }
            Ok(Found::NotYet) => {
                let why = "its message is not there yet".to_owned();
                Disposition::Retry { after: backoff(receive_count), why }
            }
            Err(error) => retry(&error, receive_count),
        }
    }

    /// The reason why a status found no message: if messages of its connection are dropped on purpose, it may belong to
    /// one of them.
    async fn why_lost(&self, account: &AccountId, status: &StatusEvent) -> Result<DropReason, RoutingError> {
        let owner = self.store.account(account).await?;
        let drops = owner.is_some_and(|owner| owner.has_blacklist)
            || self.store.channels(account).await?.iter().any(|channel| {
                channel.connection == status.connection && (channel.ignored || channel.skip_echoes)
            });
        Ok(if drops { DropReason::StatusOfDropped } else { DropReason::StatusWithoutMessage })
    }

    /// Applies a status. It changes the message and takes the chat's next number, so that the CRM is notified in order;
    /// it is not an activity.
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
        let owner = self.settings.owner(&self.store, account, now).await?.ok_or(RoutingError::NoAccount)?;
        let crm = owner.crm_kind;
        let channel = self.settings.channel(&self.store, account, &chat.channel, now).await?;
        let closing = Closing::of(&owner, channel.as_ref());
        let mut told = message.clone();
        if !told.report(status.status, status.error.as_ref(), status.at, chat.seq + 1) {
            self.nudger.chat(&chat, crm).await?;
            return Ok(Found::Applied);
        }
        let mut change = ChatTransaction::of(chat, &closing, crm);
        change.next_seq();
        change.message(Some(&message), &told);
        let shown = channel.filter(|_| !owner.hide_send_errors && came_to_nothing(&message, &told));
        let notice = shown
            .and_then(|channel| change.change(|chat| notice(chat, &channel, &told, owner.language, now)));
        if let Some(row) = notice {
            change.message(None, &row);
        }
        let (chat, writes) = change.writes(now)?;
        self.store.commit(writes).await?;
        self.learn(&owner, &chat, status).await;
        self.nudger.chat(&chat, crm).await?;
        Ok(Found::Applied)
    }

    /// Learns about the client's number from a status (E3). A failure is ignored, because a later status shows the
    /// same.
    async fn learn(&self, owner: &Account, chat: &Chat, status: &StatusEvent) {
        let reason = match &status.error {
            Some(error) => {
                // From the cache, which was filled when the status was applied a moment ago.
                let now = self.ambient.now();
                let channel = self.settings.channel(&self.store, &chat.account, &chat.channel, now).await;
                let provider = channel.ok().flatten().map_or_else(String::new, |channel| channel.provider);
                Some(providers::failure_reason(&provider, &error.code))
            }
            None => None,
        };
        let Some((phone, has)) = number_news(chat, status.status, reason) else { return };
        let of = (&chat.messenger, &phone);
        let at = status.at.min(self.ambient.now());
        if let Err(error) = self.store.learn_number(owner, of, has, LearnedFrom::Delivery, at).await {
            tracing::warn!(account = %chat.account, chat = %chat.chat, error = %error, "what a status tells of the number was not noted");
        }
    }
}
