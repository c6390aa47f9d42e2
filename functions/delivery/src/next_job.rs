//! Picks the next job of a chat: in order, one at a time. Pure.

use shared::base::clock::Timestamp;
use shared::model::outbound::{OutboundJob, Step};
use std::time::Duration;

/// The next thing to do.
#[derive(Debug, PartialEq)]
pub enum NextJob<'a> {
    /// Do this step of this job; the step is never a wait.
    Do(&'a OutboundJob, Step),
    /// Nothing to do now. Check again at this time; `None` if no job is left.
    Rest(Option<Timestamp>),
}

/// Picks the next of a chat's jobs, which are in order. A postponed job blocks those behind it, so that the client
/// reads everything in order; a job of unknown outcome does not, because nothing may come of it.
pub fn next(jobs: &[OutboundJob], key_lasts: Option<Duration>, now: Timestamp) -> NextJob<'_> {
    let mut earliest: Option<Timestamp> = None;
    for job in jobs {
        match job.next_step(key_lasts, now) {
            Step::Wait { until, others_pass } => {
                earliest = Some(earliest.map_or(until, |known| known.min(until)));
                if !others_pass {
                    break;
                }
            }
            step => return NextJob::Do(job, step),
        }
    }
    NextJob::Rest(earliest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::base::ids::{AccountId, ChatId, MessageId};
    use shared::model::outbound::{Action, JobStep};
    use shared::model::outbound::{JobState, PROOF_WITHIN};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn job(number: u64) -> OutboundJob {
        let id = MessageId::new(number.to_string());
        OutboundJob::new(&AccountId::new("a"), &ChatId::new("c"), number, &id, Action::Send, at(0))
    }

    fn put_off(number: u64, until: i64) -> OutboundJob {
        job(number).stepped(&JobStep { state: JobState::Queued, retry_at: Some(at(until)), last_error: None })
    }

    #[test]
    fn jobs_go_in_their_order() {
        let jobs = [job(1), job(2)];
        assert_eq!(next(&jobs, None, at(0)), NextJob::Do(&jobs[0], Step::Call));
        assert_eq!(next(&[], None, at(0)), NextJob::Rest(None));
    }

    #[test]
    fn one_that_is_put_off_holds_up_those_behind_it() {
        let jobs = [put_off(1, 60), job(2)];
        assert_eq!(next(&jobs, None, at(10)), NextJob::Rest(Some(at(60))));
        assert_eq!(next(&jobs, None, at(60)), NextJob::Do(&jobs[0], Step::Call));
    }

    #[test]
    fn one_in_doubt_is_passed_and_looked_at_in_its_time() {
        let doubt = job(1).in_doubt(at(5));
        let jobs = [doubt, job(2)];
        assert_eq!(next(&jobs, None, at(10)), NextJob::Do(&jobs[1], Step::Call));
        let jobs = [jobs[0].clone(), put_off(2, 500)];
        assert_eq!(next(&jobs, None, at(10)), NextJob::Rest(Some(at(5) + PROOF_WITHIN)));
        let jobs = [jobs[0].clone(), put_off(2, 60)];
        assert_eq!(next(&jobs, None, at(10)), NextJob::Rest(Some(at(60))), "whichever is first");
        assert_eq!(next(&jobs[..1], None, at(125)), NextJob::Do(&jobs[0], Step::ShowUnknown));
    }
}
