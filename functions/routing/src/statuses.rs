//! Delivery statuses, and edits of which only the fact is reported: commutative, found through a pointer row, and
//! retried while the message is not stored yet.

use crate::changes::RoutingError;
use crate::notices::{came_to_nothing, notice};
use crate::{ATTEMPTS, Routing, retry};
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ConnectionId, MessageId};
use shared::model::account::Account;
use shared::model::chat::Chat;
use shared::model::chat::closing::Closing;
use shared::model::contact::number_check::{LearnedFrom, number_news};
use shared::model::event::{EditedEvent, StatusEvent};
use shared::model::message::Message;
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

/// What a report names.
enum Named {
    /// A chat and its message.
    These(Box<(Chat, Message)>),
    /// No message, and why.
    Not(Found),
}

impl Routing {
    pub(crate) async fn status(
        &self,
        account: &AccountId,
        accepted_at: Timestamp,
        status: &StatusEvent,
        receive_count: u32,
    ) -> Disposition {
        let found = retry_on_conflict(RETRIES, &*self.ambient, || self.status_once(account, status)).await;
        self.disposition(account, accepted_at, &status.connection, receive_count, found).await
    }

    /// Marks a message as edited of which the provider does not report the new content.
    pub(crate) async fn edited(
        &self,
        account: &AccountId,
        accepted_at: Timestamp,
        edited: &EditedEvent,
        receive_count: u32,
    ) -> Disposition {
        let found = retry_on_conflict(RETRIES, &*self.ambient, || self.edited_once(account, edited)).await;
        self.disposition(account, accepted_at, &edited.connection, receive_count, found).await
    }

    async fn disposition(
        &self,
        account: &AccountId,
        accepted_at: Timestamp,
        connection: &ConnectionId,
        receive_count: u32,
        found: Result<Found, RoutingError>,
    ) -> Disposition {
        match found {
            Ok(Found::Applied) => Disposition::Done,
            Ok(Found::Erased) => Disposition::Drop(DropReason::Erased),
            Ok(Found::NotYet) if self.ambient.now().since(accepted_at) >= PATIENCE => {
                match self.why_lost(account, connection).await {
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
    async fn why_lost(
        &self,
        account: &AccountId,
        connection: &ConnectionId,
    ) -> Result<DropReason, RoutingError> {
        let owner = self.store.account(account).await?;
        let drops =
            owner.is_some_and(|owner| owner.has_blacklist)
                || self.store.channels(account).await?.iter().any(|channel| {
                    channel.connection == *connection && (channel.ignored || channel.skip_echoes)
                });
        Ok(if drops { DropReason::StatusOfDropped } else { DropReason::StatusWithoutMessage })
    }

    /// The chat and the message that a report of a connection names by the provider's message id.
    async fn named(
        &self,
        account: &AccountId,
        connection: &ConnectionId,
        id: &MessageId,
    ) -> Result<Named, RoutingError> {
        let pointers = self.store.pointers(account, connection, std::slice::from_ref(id)).await?.remove(id);
        let pointer = match pointers {
            Some(Pointed::To(pointer)) => pointer,
            Some(Pointed::Erased) => return Ok(Named::Not(Found::Erased)),
            None => return Ok(Named::Not(Found::NotYet)),
        };
        let ids = [pointer.own_id.unwrap_or_else(|| id.clone())];
        let (chat, messages) = tokio::join!(
            self.store.chat(account, &pointer.chat),
            self.store.messages(account, &pointer.chat, &ids),
        );
        Ok(match (chat?, messages?.into_iter().next()) {
            (Some(chat), Some(message)) => Named::These(Box::new((chat, message))),
            _ => Named::Not(Found::NotYet),
        })
    }

    /// Notes an edit: like a status, it takes the chat's next number, and is no activity.
    async fn edited_once(&self, account: &AccountId, edited: &EditedEvent) -> Result<Found, RoutingError> {
        let now = self.ambient.now();
        let (chat, message) = match self.named(account, &edited.connection, &edited.message_id).await? {
            Named::These(named) => *named,
            Named::Not(found) => return Ok(found),
        };
        let owner = self.settings.owner(&self.store, account, now).await?.ok_or(RoutingError::NoAccount)?;
        let Some(noted) = message.edit_noted(edited.at, chat.seq + 1) else {
            self.nudger.chat(&chat, owner.crm_kind).await?;
            return Ok(Found::Applied);
        };
        let channel = self.settings.channel(&self.store, account, &chat.channel, now).await?;
        let closing = Closing::of(&owner, channel.as_ref());
        let mut change = ChatTransaction::of(chat, &closing, owner.crm_kind);
        change.next_seq();
        change.message(Some(&message), &noted);
        let (chat, writes) = change.writes(now)?;
        self.store.commit(writes).await?;
        self.nudger.chat(&chat, owner.crm_kind).await?;
        Ok(Found::Applied)
    }

    /// Applies a status. It changes the message and takes the chat's next number, so that the CRM is notified in order;
    /// it is not an activity.
    async fn status_once(&self, account: &AccountId, status: &StatusEvent) -> Result<Found, RoutingError> {
        let now = self.ambient.now();
        let (chat, message) = match self.named(account, &status.connection, &status.message_id).await? {
            Named::These(named) => *named,
            Named::Not(found) => return Ok(found),
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
