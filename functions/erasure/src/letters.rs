//! Dead-letter queues: the client's messages are deleted, all others are left, above all those of other accounts. The
//! main queues need no search, because their consumers drop erased clients' messages.

use crate::job::{Job, NextStep};
use crate::{Eraser, ErasureError};
use shared::model::account::Account;
use shared::model::erasure::Phase;
use shared::platform::dead_letters::Letter;
use shared::platform::erased_letters::{ErasedClient, Verdict};
use shared::store::StoreError;
use shared::store::settings::Pointed;
use std::collections::HashSet;
use std::time::Duration;

/// The most messages of one queue that are checked. A queue that holds more has another problem, and its own alarm.
const MOST: usize = 5_000;
/// A message that another consumer received becomes visible again after this time.
const SHOWN_AGAIN: Duration = Duration::from_secs(130);

impl Eraser {
    /// Searches the next queue behind the cursor.
    pub(crate) async fn search_letters(
        &self,
        owner: &Account,
        job: &mut Job,
    ) -> Result<NextStep, ErasureError> {
        let place = job.row.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let Some(url) = self.dead_letters.url(place) else {
            job.row.enter(Phase::Rest);
            return Ok(NextStep::Now);
        };
        let wanted = self.wanted(owner, job).await?;
        let (mut seen, mut kept) = (HashSet::new(), Vec::new());
        let mut outcome = Ok(());
        while outcome.is_ok() {
            match self.one_batch(job, url, &wanted, &mut seen, &mut kept).await {
                Ok(false) => break,
                Ok(true) if seen.len() >= MOST => {
                    tracing::warn!(account = %job.row.account, queue = place, "too many dead letters to look at all of them");
                    break;
                }
                Ok(true) => {}
                Err(error) => outcome = Err(error),
            }
        }
        let hidden = self.dead_letters.hidden(url).await;
        self.dead_letters.give_back(url, &kept).await;
        outcome?;
        if hidden? > kept.len() {
            // Another consumer holds some messages (a run that died, another erasure, or a person): these have not been
            // checked.
            return Ok(NextStep::Later(SHOWN_AGAIN));
        }
        job.row.cursor = Some((place + 1).to_string());
        Ok(NextStep::Now)
    }

    /// Checks the messages of one receive call; returns whether any of them was new.
    async fn one_batch(
        &self,
        job: &mut Job,
        url: &str,
        wanted: &ErasedClient,
        seen: &mut HashSet<String>,
        kept: &mut Vec<String>,
    ) -> Result<bool, ErasureError> {
        let (mut new, mut his) = (false, Vec::new());
        for letter in self.dead_letters.receive(url).await? {
            let first = seen.insert(letter.id.clone());
            new |= first;
            if self.is_of_client(wanted, &letter).await? {
                his.push(letter.receipt);
            } else if first {
                kept.push(letter.receipt);
            }
        }
        self.dead_letters.delete(url, &his).await?;
        job.row.dead_letters += his.len() as u64;
        Ok(new)
    }

    async fn is_of_client(&self, wanted: &ErasedClient, letter: &Letter) -> Result<bool, StoreError> {
        let (connection, id) = match wanted.judge(&letter.body) {
            Verdict::His => return Ok(true),
            Verdict::Another => return Ok(false),
            Verdict::OfMessage { connection, message_id } => (connection, message_id),
        };
        let pointers = self.store.pointers(&wanted.account, &connection, std::slice::from_ref(&id)).await?;
        Ok(matches!(pointers.get(&id), Some(Pointed::Erased)))
    }
}
