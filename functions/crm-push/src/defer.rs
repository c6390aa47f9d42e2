//! Postpones a chat: puts it on the due index, with a timer if the wait is short.

use crate::{CrmPush, PushError};
use shared::base::clock::Timestamp;
use shared::crm::backoff;
use shared::crm::client::CrmError;
use shared::model::chat::Chat;
use shared::model::crm::CrmConnection;
use shared::platform::metrics::Metric;
use shared::platform::nudge::Timer;
use shared::platform::queue::Outgoing;
use shared::platform::telemetry;
use shared::store::StoreError;
use shared::store::attribute::{self, Attribute};
use shared::store::row::Write;
use std::time::Duration;

/// The attributes that identify the CRM and say whether it is paused.
const DECIDED_ON: [Attribute<CrmConnection>; 5] = [
    attribute::crm_connection::FAILURES,
    attribute::crm_connection::PAUSED_UNTIL,
    attribute::crm_connection::SETTINGS,
    attribute::crm_connection::WEBHOOK_URL,
    attribute::crm_connection::CRM_KEY,
];

/// Chats of one account that were postponed together come back spread over this time.
const SPREAD: Duration = Duration::from_secs(3);
/// A probe makes one call, of 30 s at most.
const PROBE: Duration = Duration::from_secs(40);
/// When the other workers check the result of a probe.
const AFTER_PROBE: Duration = Duration::from_secs(10);
/// Shorter pauses of a CRM are routine; a pause of this length or more raises an alarm.
const WORTH_AN_ALARM: Duration = Duration::from_secs(20);
/// Waits up to this long get a timer of their own; the minute's sweep alone finds longer ones.
const TIMER_UP_TO: Duration = Duration::from_secs(90);

impl CrmPush {
    /// Handles a failure of the CRM: postpones the chat, and pauses the account's CRM if that is due.
    pub(crate) async fn failed(
        &self,
        chat: &Chat,
        connection: &CrmConnection,
        error: &CrmError,
    ) -> Result<(), PushError> {
        let now = self.ambient.now();
        let until = now + backoff::chat_pause(chat.crm_attempts + 1, error);
        tracing::warn!(account = %chat.account, chat = %chat.chat, error = %error, attempt = chat.crm_attempts + 1, "the CRM did not take it");
        if matches!(error, CrmError::Busy { .. }) {
            return self.put_off(chat, until, Some(error)).await;
        }
        let next = backoff::after_failure(connection, error, now);
        let pause = next.paused_until.map_or(Duration::ZERO, |until| until.since(now));
        if next.paused_until != connection.paused_until && pause >= WORTH_AN_ALARM {
            telemetry::count(Metric::CrmPaused, 1);
            tracing::error!(account = %chat.account, error = %error, failures = next.failures, pause_s = pause.as_secs(), "the account's CRM is left alone for a while");
        }
        self.save_connection(connection, &next).await?;
        self.put_off(chat, until, Some(error)).await
    }

    /// After a pause that consecutive failures caused, one worker probes the CRM and the others wait for its result:
    /// they get `None`. Returns the connection as it is now.
    pub(crate) async fn probe(
        &self,
        connection: CrmConnection,
        chat: &Chat,
    ) -> Result<Option<CrmConnection>, PushError> {
        if connection.failures < backoff::BREAKER_AFTER {
            return Ok(Some(connection));
        }
        let now = self.ambient.now();
        let probing = CrmConnection { paused_until: Some(now + PROBE), ..connection.clone() };
        let write = Write::change(&connection, &probing, &DECIDED_ON)?;
        match self.store.commit(write.into_iter().collect()).await {
            Ok(()) => Ok(Some(probing)),
            Err(error) if error.is_conflict() => {
                self.put_off(chat, now + AFTER_PROBE, None).await?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Clears the recorded failures, because the CRM accepted everything.
    pub(crate) async fn recovered(&self, connection: &CrmConnection) -> Result<(), PushError> {
        match backoff::after_success(connection) {
            Some(next) => self.save_connection(connection, &next).await,
            None => Ok(()),
        }
    }

    /// Stores the CRM's state. A conflict is no failure, because another worker's view of the CRM is as good.
    async fn save_connection(&self, before: &CrmConnection, after: &CrmConnection) -> Result<(), PushError> {
        let write = Write::change(before, after, &DECIDED_ON)?;
        match self.store.commit(write.into_iter().collect()).await {
            Err(error) if !error.is_conflict() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Postpones the chat until about `until`. The nudge is acknowledged; the chat is on the due index.
    pub(crate) async fn put_off(
        &self,
        chat: &Chat,
        until: Timestamp,
        error: Option<&CrmError>,
    ) -> Result<(), PushError> {
        let now = self.ambient.now();
        let until = until + self.ambient.jitter(SPREAD);
        let mut before = chat.clone();
        for _ in 0..3 {
            let mut after = before.clone();
            after.crm_retry_at = Some(until);
            after.check_at = Some(before.check_at.map_or(until, |at| at.min(until)));
            if let Some(error) = error {
                after.crm_attempts += 1;
                after.crm_error = Some(error.to_string());
            }
            let write =
                Write::change(&before, &after, &[attribute::chat::CRM_DONE, attribute::chat::CHECK_AT])?;
            match self.store.commit(write.into_iter().collect()).await {
                Ok(()) => {
                    let wait = until.since(now);
                    if wait <= TIMER_UP_TO {
                        let timer = Timer::new(chat.account.clone(), chat.chat.clone(), until);
                        let wait = Duration::from_secs(wait.as_secs() + 1);
                        self.queues
                            .send(&self.timers_url, vec![Outgoing::standard(&timer)?.after(wait)])
                            .await?;
                    }
                    return Ok(());
                }
                Err(error) if error.is_conflict() => {
                    match self.store.chat(&chat.account, &chat.chat).await? {
                        Some(read) if read.crm_synced_seq == before.crm_synced_seq => before = read,
                        // Another worker moved the cursor further.
                        _ => return Ok(()),
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Busy("lost every race".into()).into())
    }
}
