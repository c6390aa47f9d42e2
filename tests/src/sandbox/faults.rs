//! Failing on demand: which requests a fault hits, and its effect.

use std::time::Duration;

use axum::http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::net::Connection;
use super::reply::Reply;
use super::state::AppliedFault;

/// A fault to set: its target, its action, and how often it hits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `crm:NAME`, `wazzup:KEY`, `telegram:TOKEN` or `file:NAME`.
    pub target: String,
    /// A top-level member of the body (`messages`, `statuses`, `createContact`, `createDeal`, `chatFinished`,
    /// `notification`, `waitingClients`, `channelsUpdates`, `test`); for Wazzup `channels`, `webhooks`, `templates`,
    /// `message` or one of its actions `send`, `edit`, `delete`; for Telegram these actions, `channels`, `webhooks` or
    /// `file`; `any` for all, and for files.
    pub kind: String,
    /// Only requests whose body contains this.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matching: Option<String>,
    /// The action.
    pub action: Action,
    /// The number of requests to hit; `None`: until cleared.
    #[serde(default)]
    pub times: Option<u64>,
}

/// The effect of a fault on a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields, rename_all_fields = "camelCase")]
pub enum Action {
    /// Answers with another status; nothing takes effect.
    Status {
        /// HTTP status, 200–599.
        status: u16,
        /// The `Retry-After` header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<u64>,
        /// The body: a string as it is, anything else as JSON.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
    },
    /// Takes effect at once, answers late: the caller may have given up on a request that succeeded.
    Delay {
        /// Milliseconds.
        delay_ms: u64,
    },
    /// Never answers, until the caller disconnects or the fault is cleared (then the connection closes); nothing takes
    /// effect.
    Hang {
        /// Always `true`.
        hang: bool,
    },
    /// Answers 200 with HTML; nothing takes effect.
    Garbage {
        /// Always `true`.
        garbage: bool,
    },
    /// Takes effect, then closes the connection without an answer.
    ActThenDrop {
        /// Always `true`.
        act_then_drop: bool,
    },
    /// Takes effect, then answers with another status, without a body: the caller cannot know that the request
    /// succeeded.
    ActThenStatus {
        /// HTTP status, 200–599.
        act_then_status: u16,
    },
    /// Answers 302 to another link (files only).
    Redirect {
        /// The target, as `Location` has it.
        redirect: String,
    },
    /// Serves the file with another type (files only).
    WrongType {
        /// The type.
        content_type: String,
    },
    /// Serves zeros in place of the file (files only).
    TooLarge {
        /// The number of zeros, up to 1 GiB.
        size_bytes: u64,
        /// Whether `Content-Length` is left out, so that only reading shows the size.
        #[serde(default)]
        without_length: bool,
    },
}

/// The most zeros that are sent in place of a file.
const MOST_ZEROS: u64 = 1024 * 1024 * 1024;

/// A set fault, with its counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FaultView {
    /// Its id.
    pub id: u64,
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
    /// How many requests it has hit.
    pub hits: u64,
    /// How many more it will hit; `None`: no limit.
    pub remaining: Option<u64>,
}

/// All faults, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    last_id: u64,
    set: Vec<(FaultView, watch::Sender<()>)>,
}

/// A fault that hits the current request. `cleared` errs as soon as the fault is cleared.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) applied: AppliedFault,
    action: Action,
    cleared: watch::Receiver<()>,
}

impl Faults {
    /// Sets a fault and returns its id, or an error.
    pub(crate) fn add(&mut self, fault: Fault) -> Result<u64, &'static str> {
        let (what, name) = fault.target.split_once(':').unwrap_or_default();
        if !["crm", "wazzup", "telegram", "file"].contains(&what) || name.is_empty() {
            return Err("target: crm:NAME, wazzup:KEY, telegram:TOKEN or file:NAME");
        }
        if !KINDS.contains(&fault.kind.as_str()) {
            return Err("kind: not one that is known");
        }
        match fault.action {
            Action::Status { status, .. } | Action::ActThenStatus { act_then_status: status }
                if !(200..600).contains(&status) =>
            {
                return Err("status: 200 to 599");
            }
            Action::Hang { hang: false }
            | Action::Garbage { garbage: false }
            | Action::ActThenDrop { act_then_drop: false } => {
                return Err("action: false does nothing");
            }
            Action::Redirect { .. } | Action::WrongType { .. } | Action::TooLarge { .. }
                if what != "file" =>
            {
                return Err("action: for files only");
            }
            Action::TooLarge { size_bytes, .. } if size_bytes > MOST_ZEROS => {
                return Err("sizeBytes: up to 1 GiB");
            }
            _ => {}
        }
        self.last_id += 1;
        let view = FaultView { id: self.last_id, hits: 0, remaining: fault.times, fault };
        self.set.push((view, watch::channel(()).0));
        Ok(self.last_id)
    }

    /// Clears one fault; false if none has this id.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.set.len();
        self.set.retain(|(view, _)| view.id != id);
        self.set.len() < before
    }

    /// Clears all faults, and releases hanging requests.
    pub(crate) fn clear(&mut self) {
        self.set.clear();
    }

    /// All faults, with their counts.
    pub(crate) fn views(&self) -> Vec<FaultView> {
        self.set.iter().map(|(view, _)| view.clone()).collect()
    }

    /// The first fault that hits a request; the hit is counted.
    pub(crate) fn hit(&mut self, target: &str, kinds: &[&str], body: &[u8]) -> Option<Hit> {
        let (view, sender) = self.set.iter_mut().find(|(view, _)| {
            let fault = &view.fault;
            view.remaining != Some(0)
                && fault.target == target
                && (fault.kind == "any" || kinds.contains(&fault.kind.as_str()))
                && fault.matching.as_ref().is_none_or(|part| contains(body, part.as_bytes()))
        })?;
        view.hits += 1;
        view.remaining = view.remaining.map(|n| n - 1);
        let action = view.fault.action.clone();
        let shown = serde_json::to_value(&action).unwrap_or_default();
        Some(Hit {
            applied: AppliedFault { id: view.id, action: shown },
            action,
            cleared: sender.subscribe(),
        })
    }
}

const KINDS: [&str; 18] = [
    "any",
    "test",
    "messages",
    "statuses",
    "createContact",
    "createDeal",
    "channelsUpdates",
    "chatFinished",
    "notification",
    "waitingClients",
    "channels",
    "webhooks",
    "message",
    "send",
    "edit",
    "delete",
    "templates",
    "file",
];

fn contains(body: &[u8], part: &[u8]) -> bool {
    part.is_empty() || body.windows(part.len()).any(|window| window == part)
}

/// Answers a request by the fault that hit it. `act` does the request's work. `None`: the connection is being closed.
pub(crate) async fn answer(
    hit: Option<Hit>,
    connection: &Connection,
    act: impl Future<Output = Reply>,
) -> Option<Reply> {
    let Some(mut hit) = hit else { return Some(act.await) };
    match hit.action {
        Action::Status { status, retry_after_seconds, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let plain = |text| Reply::text(status, "text/plain; charset=utf-8", text);
            let reply = match body {
                Some(Value::String(text)) => plain(text),
                Some(json) => Reply::json(status, json),
                None => plain(String::new()),
            };
            Some(reply.with(header::RETRY_AFTER, retry_after_seconds.map(|seconds| seconds.to_string())))
        }
        Action::Delay { delay_ms } => {
            let reply = act.await;
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            Some(reply)
        }
        Action::Hang { .. } => {
            while hit.cleared.changed().await.is_ok() {}
            connection.close();
            None
        }
        Action::Garbage { .. } => {
            let page = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>".to_owned();
            Some(Reply::text(StatusCode::OK, "text/html; charset=utf-8", page))
        }
        Action::ActThenDrop { .. } => {
            act.await;
            connection.close();
            None
        }
        Action::ActThenStatus { act_then_status } => {
            act.await;
            let status = StatusCode::from_u16(act_then_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Some(Reply::text(status, "text/plain; charset=utf-8", String::new()))
        }
        Action::Redirect { redirect } => {
            let reply = Reply::text(StatusCode::FOUND, "text/plain; charset=utf-8", String::new());
            Some(reply.with(header::LOCATION, Some(redirect)))
        }
        Action::WrongType { content_type } => Some(act.await.typed(content_type)),
        Action::TooLarge { size_bytes, without_length } => {
            Some(act.await.swollen(size_bytes, without_length))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(faults: &mut Faults, json: &str) -> Result<u64, String> {
        let fault = serde_json::from_str(json).map_err(|e| e.to_string())?;
        faults.add(fault).map_err(str::to_owned)
    }

    #[test]
    fn a_fault_hits_what_it_names_and_as_often_as_it_says() {
        let mut faults = Faults::default();
        let one =
            r#"{"target":"crm:a","kind":"messages","match":"Привет","action":{"status":500},"times":2}"#;
        assert_eq!(set(&mut faults, one), Ok(1));
        let body = "{\"text\":\"Привет\"}".as_bytes();
        assert!(faults.hit("crm:b", &["messages"], body).is_none());
        assert!(faults.hit("crm:a", &["statuses"], body).is_none());
        assert!(faults.hit("crm:a", &["messages"], b"{}").is_none());
        assert!(faults.hit("crm:a", &["messages", "statuses"], body).is_some());
        assert!(faults.hit("crm:a", &["messages"], body).is_some());
        assert!(faults.hit("crm:a", &["messages"], body).is_none());
        let view = &faults.views()[0];
        assert_eq!((view.hits, view.remaining), (2, Some(0)));
        let shown = serde_json::to_string(view).unwrap();
        assert_eq!(
            serde_json::from_str::<FaultView>(&shown).unwrap().fault.matching.as_deref(),
            Some("Привет")
        );
    }

    #[test]
    fn what_cannot_be_meant_is_not_set() {
        let mut faults = Faults::default();
        for action in [
            r#"{"status":99}"#,
            r#"{"hang":false}"#,
            "{}",
            r#"{"status":500,"delayMs":1}"#,
            r#"{"explode":true}"#,
        ] {
            let json = format!(r#"{{"target":"crm:a","kind":"any","action":{action}}}"#);
            assert!(set(&mut faults, &json).is_err(), "{action}");
        }
        assert!(set(&mut faults, r#"{"target":"crm:","kind":"any","action":{"hang":true}}"#).is_err());
        assert!(set(&mut faults, r#"{"target":"crm:a","kind":"message!","action":{"hang":true}}"#).is_err());
        assert!(
            set(&mut faults, r#"{"target":"crm:a","kind":"any","action":{"hang":true},"time":1}"#).is_err()
        );
        assert!(faults.views().is_empty());
    }
}
