//! What every CRM's client answers with, and how a CRM's answers are sorted.

use crate::platform::http::{Answer, SendError};
use std::time::Duration;

/// Why a call did not do what it should, sorted by what has to follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrmError {
    /// Not carried out; may be tried again.
    #[error("not now: {why}")]
    Later {
        /// The CRM's own wish.
        after: Option<Duration>,
        /// Why, without personal data.
        why: String,
    },
    /// Nobody knows whether it was carried out; may be tried again where that is safe.
    #[error("outcome unknown: {why}")]
    Unknown {
        /// Why, without personal data.
        why: String,
    },
    /// Another worker is creating the contact; nothing is wrong with the CRM.
    #[error("another worker creates the contact")]
    Busy {
        /// When its claim ends at the latest.
        after: Duration,
    },
    /// Will never be carried out.
    #[error("refused: {why}")]
    Never {
        /// Why, without personal data.
        why: String,
    },
    /// The CRM does not take our key.
    #[error("unauthorized")]
    Unauthorized,
    /// The CRM does not know the responsible employee, or gives him nobody: it is not asked again for him.
    #[error("the responsible employee is refused")]
    ResponsibleRefused,
}

impl From<SendError> for CrmError {
    fn from(error: SendError) -> Self {
        let why = error.to_string();
        match error {
            SendError::NotSent | SendError::NotAllowed(_) => Self::Later { after: None, why },
            SendError::OutcomeUnknown => Self::Unknown { why },
        }
    }
}

/// Sorts an answer by its status. 2xx is the caller's to read.
///
/// # Errors
/// The [`CrmError`] that the status means: 401 stops the connection; 403, 404, 408, 425, 429 and 3xx are retried (a
/// firewall that dislikes one text, or a CRM that moved or is being deployed, answers so); a 5xx leaves the outcome unknown; any other 4xx is final.
pub fn sort(answer: Answer) -> Result<Answer, CrmError> {
    let why = format!("HTTP {}", answer.status);
    match answer.status {
        200..=299 => Ok(answer),
        401 => Err(CrmError::Unauthorized),
        403 | 404 | 408 | 425 | 429 | 100..=199 | 300..=399 => {
            Err(CrmError::Later { after: answer.retry_after, why })
        }
        503 if answer.retry_after.is_some() => Err(CrmError::Later { after: answer.retry_after, why }),
        400..=499 => Err(CrmError::Never { why }),
        _ => Err(CrmError::Unknown { why }),
    }
}
