//! Raw records in the quarantine: deletes those that contain data of the client.

use crate::job::Job;
use crate::{Eraser, ErasureError};
use futures::future::join_all;
use shared::model::account::Account;
use shared::model::erasure::Phase;
use shared::platform::quarantine::Quarantine;

/// Records of one step. The bucket's lifecycle bounds how many there are.
const PAGE: i32 = 100;
/// How many records are read at once: each is held in memory, and may have several megabytes.
const SIDE_BY_SIDE: usize = 4;

impl Eraser {
    /// Searches a page of the records below a folder; `then` is the next phase when there are no more. A record of an
    /// unknown account may be another account's, so only a long string identifies it.
    pub(crate) async fn search_records(
        &self,
        owner: &Account,
        job: &mut Job,
        folder: &str,
        then: Phase,
    ) -> Result<(), ErasureError> {
        let prefix = format!("{folder}/");
        let page = self.quarantine.list(&prefix, job.row.cursor.as_deref(), PAGE).await?;
        let Some(last) = page.last().cloned() else {
            job.row.enter(then);
            return Ok(());
        };
        let wanted = self.wanted(owner, job).await?;
        let narrowed = (folder == Quarantine::UNKNOWN).then(|| wanted.traces.in_any_account());
        let traces = narrowed.as_ref().unwrap_or(&wanted.traces);
        for keys in page.chunks(SIDE_BY_SIDE) {
            let searched = join_all(keys.iter().map(|key| async {
                let record = self.quarantine.read(key).await?;
                let his = record.is_some_and(|record| traces.are_in(&record));
                if his {
                    self.quarantine.delete(key).await?;
                }
                Ok::<_, ErasureError>(his)
            }));
            for his in searched.await {
                job.row.objects += u64::from(his?);
            }
        }
        job.row.cursor = Some(last);
        Ok(())
    }
}
