//! Wazzup's answers, sorted by what has to follow (Wazzup API v3: "Sending messages", "Common errors"). Pure.

use super::RATE;
use crate::base::ids::MessageId;
use crate::model::outbound::call::{SendFailure, Sent};
use crate::platform::http::{Answer, SendError};
use crate::providers::wazzup::failures;
use crate::providers::wazzup::api::{refusal_parts, short};
use crate::providers::wazzup::wire::{Id, filled};
use serde::Deserialize;
use std::time::Duration;

/// The longest accepted error code.
const MAX_CODE: usize = 60;
/// The default wait for a channel's failure, because a person has to repair something there.
const CHANNEL_PAUSE: Duration = Duration::from_secs(60);

/// An answer that is no failure.
#[derive(Debug)]
pub(super) enum Asked {
    /// Carried out; the answer's body.
    Done(Vec<u8>),
    /// Carried out before, under the same key.
    Repeated,
}

/// Sorts an answer. `link` is the file's link of the call: it opens the file to anyone who reads it, so it is removed
/// from Wazzup's words.
pub(super) fn asked(answer: Result<Answer, SendError>, link: Option<&str>) -> Result<Asked, SendFailure> {
    let answer = answer.map_err(unanswered)?;
    match answer.status {
        200..=299 => Ok(Asked::Done(answer.body)),
        401 => Err(SendFailure::Unauthorized),
        429 => Err(later(answer.retry_after.or(Some(RATE.per)), "HTTP 429")),
        300..=399 => Err(later(None, "the API redirects")),
        408 | 500.. => Err(unknown(&format!("HTTP {}", answer.status))),
        _ => refused(&answer, link),
    }
}

/// The ids in the answer to an accepted message.
pub(super) fn sent(body: &[u8]) -> Result<Sent, SendFailure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Taken {
        message_id: Option<Id>,
        chat_id: Option<Id>,
    }
    let taken: Taken =
        serde_json::from_slice(body).map_err(|_| unknown("taken, but the answer cannot be read"))?;
    match filled(taken.message_id) {
        Some(id) => Ok(Sent { message_id: Some(MessageId::new(id.trim())), chat_id: filled(taken.chat_id) }),
        None => Err(unknown("taken, but without an id")),
    }
}

fn unanswered(error: SendError) -> SendFailure {
    match error {
        SendError::OutcomeUnknown => unknown(&error.to_string()),
        SendError::NotSent | SendError::NotAllowed(_) => later(None, &error.to_string()),
    }
}

fn refused(answer: &Answer, link: Option<&str>) -> Result<Asked, SendFailure> {
    let (code, description) = refusal_parts(&answer.body);
    let code = code.as_deref().and_then(canonical);
    // Without a code it is not Wazzup's answer to this message: a proxy's, or that of a route which is unavailable for
    // a moment.
    if code.is_none() && matches!(answer.status, 403 | 404) {
        return Err(later(answer.retry_after, &format!("HTTP {}", answer.status)));
    }
    let code = code.unwrap_or_else(|| format!("HTTP_{}", answer.status));
    // Wazzup's own pages spell codes in two ways.
    match plain(&code).as_str() {
        "repeatedcrmmessageid" => Ok(Asked::Repeated),
        "channelnotfound" | "channelblocked" | "messagechannelunavailable" => {
            Err(later(answer.retry_after.or(Some(CHANNEL_PAUSE)), &code))
        }
        "messagedownloadcontenterror" | "messagescannotadd" | "toomanyrequests" => {
            Err(later(answer.retry_after, &code))
        }
        "unknownerror" | "unknownerrorwithtraceid" => Err(unknown(&code)),
        _ => {
            let description = description.map(|words| match link {
                Some(link) => short(&words.replace(link, "…")),
                None => short(&words),
            });
            Err(SendFailure::Never { reason: failures::reason(&code), code, description })
        }
    }
}

/// A code in the form that is compared.
fn plain(code: &str) -> String {
    code.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// A code in upper snake case, however it was written; `None` for a text that is no code.
fn canonical(code: &str) -> Option<String> {
    let code = code.trim();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if code.is_empty() || code.len() > MAX_CODE || !code.bytes().all(fits) {
        return None;
    }
    let mut out = String::new();
    let mut before = ' ';
    for c in code.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
        before = c;
    }
    Some(out)
}

fn later(after: Option<Duration>, why: &str) -> SendFailure {
    SendFailure::Later { after, why: why.into() }
}

fn unknown(why: &str) -> SendFailure {
    SendFailure::Unknown { why: why.into() }
}
