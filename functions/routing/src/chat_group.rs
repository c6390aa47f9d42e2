//! Applies the events of one chat in one transaction, and handles the cases where that fails.

use crate::changes::RoutingError;
use crate::group::Group;
use crate::{ATTEMPTS, Routing};
use shared::model::event::{Envelope, Event, Revision};
use shared::platform::disposition::Disposition;
use shared::store::{RetryPolicy, StoreError, retry_on_conflict};
use std::time::Duration;

/// How often a group is decided again while others change its chat.
const RETRIES: RetryPolicy = RetryPolicy::growing(ATTEMPTS, Duration::from_millis(100));

type Outcome = Result<Disposition, RoutingError>;

impl Routing {
    /// Applies events of one chat, in order; returns one outcome each. `is_first` says that they are received for the
    /// first time.
    pub(crate) async fn chat_group(&self, envelopes: &[Envelope], is_first: bool) -> Vec<Outcome> {
        match self.apply(envelopes, is_first).await {
            Ok(()) => envelopes.iter().map(|_| Ok(Disposition::Done)).collect(),
            Err(
                RoutingError::Store(StoreError::Refused(_))
                | RoutingError::ForeignChannel
                | RoutingError::TooMuch,
            ) if envelopes.len() > 1 => self.one_by_one(envelopes).await,
            Err(RoutingError::Store(error @ StoreError::Refused(_))) => {
                vec![self.stand_in(&envelopes[0], &error).await]
            }
            Err(RoutingError::ForeignChannel) => {
                vec![Ok(Disposition::Quarantine { why: RoutingError::ForeignChannel.to_string() })]
            }
            Err(error) => {
                let why = error.to_string();
                let mut outcomes = vec![Err(error)];
                outcomes.extend(
                    envelopes[1..]
                        .iter()
                        .map(|_| Ok(Disposition::Retry { after: Duration::from_secs(1), why: why.clone() })),
                );
                outcomes
            }
        }
    }

    /// Applies each event alone, because one of several is poison or the rules do too much for all of them together.
    async fn one_by_one(&self, envelopes: &[Envelope]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for envelope in envelopes {
            let outcome = Box::pin(self.chat_group(std::slice::from_ref(envelope), false)).await;
            let stop = outcome.iter().any(Result::is_err);
            outcomes.extend(outcome);
            if stop {
                break;
            }
        }
        outcomes
    }

    /// Handles a message that the table refuses: the raw message goes to the quarantine, and an `unsupported` message
    /// replaces it.
    async fn stand_in(&self, envelope: &Envelope, error: &StoreError) -> Outcome {
        let Event::Message(message) = &envelope.event else {
            return Ok(Disposition::Quarantine { why: error.to_string() });
        };
        let raw = serde_json::to_vec(envelope).map_err(|_| StoreError::Unwritable)?;
        let object =
            self.quarantine.keep(Some(&envelope.account), &error.to_string(), &raw, &*self.ambient).await?;
        if message.revision != Revision::New {
            // The stored message is better than an `unsupported` one.
            return Ok(Disposition::Done);
        }
        let event = Event::Message(Box::new(message.unsupported(object)));
        let stand_in = Envelope::new(envelope.account.clone(), envelope.accepted_at, event);
        match self.apply(&[stand_in], false).await {
            // Not even that fits: the raw record is kept, and the chat continues.
            Err(RoutingError::Store(StoreError::Refused(_))) => Ok(Disposition::Done),
            applied => applied.map(|()| Disposition::Done),
        }
    }

    async fn apply(&self, envelopes: &[Envelope], is_first: bool) -> Result<(), RoutingError> {
        let Some(group) = Group::of(envelopes, is_first) else { return Ok(()) };
        let mut again = false;
        let applied = retry_on_conflict(RETRIES, &*self.ambient, || {
            self.try_once(&group, std::mem::replace(&mut again, true))
        });
        applied.await
    }
}
