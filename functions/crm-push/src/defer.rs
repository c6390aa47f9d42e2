//! Postpones a chat: puts it on the due index, with a timer if the wait is short.

use crate::{CrmPush, Permit, PushError};
use shared::base::clock::Timestamp;
use shared::crm::backoff::{self, Turn};
use shared::crm::client::{Accepted, CrmError};
use shared::model::chat::{CONTACT_FIRST, Chat};
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
const DECIDED_ON: [Attribute<CrmConnection>; 6] = [
    attribute::crm_connection::FAILURES,
    attribute::crm_connection::PAUSED_UNTIL,
    attribute::crm_connection::PROBE_AT,
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
    /// Handles a failure of the CRM: postpones the chat, and pauses the account's CRM if that is due. `stored` is the
    /// chat as it is in the table, `accepted` what the CRM accepted before, in the same push.
    pub(crate) async fn failed(
        &self,
        stored: &Chat,
        chat: &Chat,
        connection: &CrmConnection,
        accepted: Accepted,
        error: &CrmError,
    ) -> Result<(), PushError> {
        let now = self.ambient.now();
        let pause = backoff::chat_pause(chat.crm_attempts + 1, error);
        let until = chat.crm_retrying.as_ref().map_or(now + pause, |retrying| retrying.next_attempt(pause));
        tracing::warn!(account = %chat.account, chat = %chat.chat, error = %error, attempt = chat.crm_attempts + 1, "the CRM did not take it");
        if matches!(error, CrmError::Busy { .. }) {
            return self.put_off(stored, chat, until.min(now + CONTACT_FIRST), Some(error)).await;
        }
        // What it accepted came before this failure, so it is no proof against the change that failed.
        let before = chat.crm_retrying.as_ref().map_or(now, |retrying| retrying.last_at);
        let works = backoff::after_success(connection, accepted, before);
        let next = backoff::after_failure(works.as_ref().unwrap_or(connection), &chat.chat, error, now);
        let pause = next.paused_until.map_or(Duration::ZERO, |until| until.since(now));
        if next.paused_until != connection.paused_until && pause >= WORTH_AN_ALARM {
            telemetry::count(Metric::CrmPaused, 1);
            tracing::error!(account = %chat.account, error = %error, failures = next.failures, pause_s = pause.as_secs(), "the account's CRM is left alone for a while");
        }
        self.save_connection(connection, &next).await?;
        self.put_off(stored, chat, until, Some(error)).await
    }

    /// Decides whether the CRM may be called now for a chat: not during a pause, but for a probe. After consecutive
    /// failures one worker probes the CRM and the others wait for its result: at the end of the pause any chat does, and
    /// during the pause a chat that has not failed yet. `None`: the chat is postponed.
    pub(crate) async fn may_call(
        &self,
        connection: CrmConnection,
        chat: &Chat,
    ) -> Result<Option<Permit>, PushError> {
        let now = self.ambient.now();
        let fresh = chat.crm_attempts == 0 && chat.crm_creation.is_none();
        match backoff::turn(&connection, fresh, now) {
            Turn::Call => Ok(Some(Permit { connection, unused: None })),
            Turn::Wait(until) => {
                // A chat that waited once waits for the end of the pause: each wait costs a write.
                let until = match connection.paused_until {
                    Some(end) if chat.crm_retry_at.is_some() => until.max(end),
                    _ => until,
                };
                self.put_off(chat, chat, until, None).await?;
                Ok(None)
            }
            Turn::Probe => {
                let until = now + PROBE;
                let paused = connection.paused_until.filter(|end| *end > until).unwrap_or(until);
                let probing =
                    CrmConnection { paused_until: Some(paused), probe_at: Some(until), ..connection.clone() };
                let write = Write::change(&connection, &probing, &DECIDED_ON)?;
                match self.store.commit(write.into_iter().collect()).await {
                    Ok(()) => Ok(Some(Permit { connection: probing, unused: Some(connection) })),
                    Err(error) if error.is_conflict() => {
                        self.put_off(chat, chat, now + AFTER_PROBE, None).await?;
                        Ok(None)
                    }
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// Lets another chat probe the CRM, because this one had nothing to call it for.
    pub(crate) async fn give_up_probe(&self, permit: &Permit) -> Result<(), PushError> {
        match &permit.unused {
            Some(before) => self.save_connection(&permit.connection, before).await,
            None => Ok(()),
        }
    }

    /// Stores that the CRM works, if that is news. `creation_failed`: it took all but a creation, which counts as no
    /// failure of the CRM; but the next success is news again, because it is what the creation is judged by.
    pub(crate) async fn recovered(
        &self,
        connection: &CrmConnection,
        accepted: Accepted,
        creation_failed: bool,
    ) -> Result<(), PushError> {
        let now = self.ambient.now();
        let works = backoff::after_success(connection, accepted, now);
        let mut next = works.unwrap_or_else(|| connection.clone());
        if creation_failed {
            next.failed_at = Some(now);
        }
        if next == *connection { Ok(()) } else { self.save_connection(connection, &next).await }
    }

    /// Stores the CRM's state. A conflict is no failure, because another worker's view of the CRM is as good.
    async fn save_connection(&self, before: &CrmConnection, after: &CrmConnection) -> Result<(), PushError> {
        let write = Write::change(before, after, &DECIDED_ON)?;
        match self.store.commit(write.into_iter().collect()).await {
            Err(error) if !error.is_conflict() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Postpones the chat until about `until`, with the attempts that `chat` names. `stored` is the chat as it is in the
    /// table. The nudge is acknowledged; the chat is on the due index.
    pub(crate) async fn put_off(
        &self,
        stored: &Chat,
        chat: &Chat,
        until: Timestamp,
        error: Option<&CrmError>,
    ) -> Result<(), PushError> {
        let now = self.ambient.now();
        let until = until + self.ambient.jitter(SPREAD);
        let mut before = stored.clone();
        for _ in 0..3 {
            let mut after = before.clone();
            // Changes that came meanwhile do not wait for a creation alone.
            if chat.seq > chat.crm_synced_seq {
                after.crm_retry_at = Some(until);
            }
            after.crm_retrying.clone_from(&chat.crm_retrying);
            after.crm_creation.clone_from(&chat.crm_creation);
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
