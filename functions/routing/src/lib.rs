//! Turns inbound events into state: contacts, chats, messages, statuses, finished chats. Runs rules, and nudges other
//! functions as the state requires.
//!
//! There is one transaction per group of records of a chat. After a conflict the group is decided again in the process.
//! An event that can never succeed is kept raw in the quarantine and is shown in the chat as a message of kind
//! `unsupported`.

mod apply;
mod changes;
mod channel_state;
mod chat_group;
mod context;
mod filter;
mod fold;
mod group;
mod loaded;
mod notices;
mod report;
mod rule_actions;
mod rules;
mod statuses;
mod trigger;

use crate::changes::{Changes, RoutingError};
use shared::base::clock::Ambient;
use shared::model::event::{Envelope, EnvelopeError, Event};
use shared::platform::batch::{self, BatchAnswer, BatchContext, SqsBatch, SqsRecord};
use shared::platform::disposition::{Disposition, backoff};
use shared::platform::nudger::Nudger;
use shared::platform::quarantine::Quarantine;
use shared::platform::queue::QueueError;
use shared::store::Store;
use shared::store::settings_cache::SettingsCache;
use std::sync::Arc;
use std::time::Duration;

/// The function's dependencies; built once per process.
pub struct Routing {
    /// The table.
    pub store: Store,
    /// Sends to `assignment.fifo`, `crm.fifo`, `outbound.fifo`, the media queue and the timers queue.
    pub nudger: Nudger,
    /// Accounts and channels, at most 30 s old.
    pub settings: SettingsCache,
    /// The bucket for events that can never be stored.
    pub quarantine: Quarantine,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
}

/// The time within which the sweep surely runs: every minute, give or take one.
const SOON: Duration = Duration::from_secs(120);

/// The time within which the answer to a send is recorded, which identifies the chat of a new dialogue.
const DIALOGUE_TOLD_WITHIN: Duration = Duration::from_secs(20);

/// How often a group is decided again after a conflict before the queue retries.
const ATTEMPTS: u32 = 5;

impl Routing {
    /// Handles a batch from `inbound.fifo` or the statuses queue.
    pub async fn handle(&self, batch: SqsBatch, time_left: Duration, context: &BatchContext) -> BatchAnswer {
        batch::run(batch, time_left, context, &*self.ambient, |group| self.group(group)).await
    }

    /// Handles the records of one group, in order.
    async fn group(&self, group: Vec<SqsRecord>) -> Vec<Disposition> {
        let mut dispositions = Vec::with_capacity(group.len());
        let mut of_chat = Vec::new();
        for record in &group {
            match Envelope::parse(&record.body) {
                Ok(envelope) if matches!(envelope.event, Event::Message(_) | Event::Check { .. }) => {
                    of_chat.push((record, envelope));
                    continue;
                }
                parsed => {
                    // Earlier events of the chat go first.
                    dispositions.extend(self.chat_records(std::mem::take(&mut of_chat)).await);
                    dispositions.push(self.other(record, parsed).await);
                }
            }
        }
        dispositions.extend(self.chat_records(of_chat).await);
        dispositions
    }

    async fn other(&self, record: &SqsRecord, parsed: Result<Envelope, EnvelopeError>) -> Disposition {
        match parsed {
            Ok(Envelope { account, accepted_at, event: Event::Status(status), .. }) => {
                self.status(&account, accepted_at, &status, record.receive_count()).await
            }
            Ok(Envelope { account, accepted_at, event: Event::Edited(edited), .. }) => {
                self.edited(&account, accepted_at, &edited, record.receive_count()).await
            }
            Ok(Envelope { account, accepted_at, event: Event::TemplateState(state), .. }) => {
                self.template_state(&account, accepted_at, state.template, record.receive_count()).await
            }
            Ok(Envelope { account, event: Event::ChannelState(state), .. }) => {
                self.channel_state(&account, &state, record.receive_count()).await
            }
            Ok(_) => Disposition::Quarantine { why: "an event in the wrong place".into() },
            Err(error) => error.into(),
        }
    }

    async fn chat_records(&self, records: Vec<(&SqsRecord, Envelope)>) -> Vec<Disposition> {
        if records.is_empty() {
            return Vec::new();
        }
        let receive_counts: Vec<u32> = records.iter().map(|(record, _)| record.receive_count()).collect();
        let envelopes: Vec<Envelope> = records.into_iter().map(|(_, envelope)| envelope).collect();
        let is_first = receive_counts.iter().all(|count| *count <= 1);
        let outcomes = self.chat_group(&envelopes, is_first).await;
        let dispositions = outcomes.into_iter().zip(receive_counts);
        dispositions.map(|(outcome, count)| outcome.unwrap_or_else(|error| retry(&error, count))).collect()
    }

    /// Sets a timer for a chat whose check is due before the next sweeps have surely run.
    async fn set_timer(&self, changes: &Changes) -> Result<(), QueueError> {
        let (chat, now) = (&changes.after, self.ambient.now());
        let before = changes.before.as_ref().and_then(|chat| chat.check_at);
        let Some(at) = chat.check_at.filter(|at| Some(*at) != before) else { return Ok(()) };
        // A check that became due while this one was in transit gets a timer too, and does not wait for the sweep.
        if at.since(now) > SOON {
            return Ok(());
        }
        self.nudger.timer(chat, at).await
    }
}

/// Retries a temporary failure, later each time.
fn retry(error: &RoutingError, receive_count: u32) -> Disposition {
    let after = match error {
        RoutingError::MaybeDialogue => DIALOGUE_TOLD_WITHIN,
        _ => backoff(receive_count),
    };
    Disposition::Retry { after, why: error.to_string() }
}
