//! A client of the sandbox's control and state routes.

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::faults::{Fault, FaultView};
use super::state::{
    CrmSetup, CrmState, Delivery, FetchedFile, FileState, SendOutcome, WazzupSetup, WazzupState,
};

/// Why a call failed.
#[derive(Debug)]
pub enum Error {
    /// No answer, or an unreadable one.
    Http(reqwest::Error),
    /// The sandbox refused the call.
    Refused {
        /// HTTP status.
        status: u16,
        /// The body of the answer.
        body: String,
    },
    /// The wanted state was not reached in time.
    TooLate {
        /// The last state.
        last: Box<CrmState>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(e) => write!(out, "the sandbox cannot be asked: {e}"),
            Self::Refused { status, body } => write!(out, "the sandbox answered {status}: {body}"),
            Self::TooLate { last } => write!(
                out,
                "the CRM {} did not come to the state waited for: {} contacts, {} deals, {} chats, {} finished, {} deliveries, \
                 refused: {:?}, anomalies: {:?}",
                last.name,
                last.contacts.len(),
                last.deals.len(),
                last.chats.len(),
                last.finished.len(),
                last.deliveries,
                last.refused,
                last.anomalies,
            ),
        }
    }
}

impl std::error::Error for Error {}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

/// A client of one sandbox.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// A client of the sandbox at a base URL (`http://127.0.0.1:PORT`).
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(base: &str) -> Result<Self, Error> {
        // No connection stays open: one client serves many tests, and a connection ends with the runtime that opened
        // it.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build()?;
        Ok(Self::over(http, base.trim_end_matches('/').to_owned()))
    }

    pub(crate) fn over(http: reqwest::Client, base: String) -> Self {
        Self { http, base }
    }

    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The base URL that the product uses in place of Wazzup's.
    #[must_use]
    pub fn wazzup_url(&self) -> String {
        self.at("/wazzup")
    }

    /// The webhook URL of a CRM.
    #[must_use]
    pub fn crm_webhook_url(&self, crm: &str) -> String {
        format!("{}/crm/{crm}/webhook", self.base)
    }

    /// Creates a Wazzup account, or changes its channels.
    ///
    /// # Errors
    /// As every call: no answer, or a refusal.
    pub async fn put_wazzup(&self, key: &str, setup: &WazzupSetup) -> Result<(), Error> {
        self.call(Method::PUT, &format!("/control/wazzup/{key}"), Some(json!(setup).to_string()))
            .await
            .map(nothing)
    }

    /// Posts a webhook to the address that the account has stored, if it has subscribed to it.
    ///
    /// # Errors
    /// As every call; 409 where no address is stored or the account has not subscribed.
    pub async fn send(&self, key: &str, body: &Value) -> Result<SendOutcome, Error> {
        self.send_raw(key, body.to_string(), false).await
    }

    /// The same with exactly these bytes; `force` ignores the account's subscriptions.
    ///
    /// # Errors
    /// As every call; 409 as `send`.
    pub async fn send_raw(
        &self,
        key: &str,
        body: impl Into<reqwest::Body>,
        force: bool,
    ) -> Result<SendOutcome, Error> {
        self.call(Method::POST, &format!("/control/wazzup/{key}/send?force={force}"), Some(body)).await
    }

    /// The state of a Wazzup account.
    ///
    /// # Errors
    /// As every call.
    pub async fn wazzup(&self, key: &str) -> Result<WazzupState, Error> {
        self.get(&format!("/state/wazzup/{key}")).await
    }

    /// Creates a CRM, or changes its set-up.
    ///
    /// # Errors
    /// As every call.
    pub async fn put_crm(&self, crm: &str, setup: &CrmSetup) -> Result<(), Error> {
        self.call(Method::PUT, &format!("/control/crm/{crm}"), Some(json!(setup).to_string()))
            .await
            .map(nothing)
    }

    /// The state of a CRM.
    ///
    /// # Errors
    /// As every call.
    pub async fn crm(&self, crm: &str) -> Result<CrmState, Error> {
        self.get(&format!("/state/crm/{crm}")).await
    }

    /// Polls a CRM every 50 ms until it is as wanted.
    ///
    /// # Errors
    /// As every call; `TooLate` with the last state.
    pub async fn crm_until(
        &self,
        crm: &str,
        within: Duration,
        wanted: impl Fn(&CrmState) -> bool,
    ) -> Result<CrmState, Error> {
        let end = Instant::now() + within;
        loop {
            let state = self.crm(crm).await?;
            if wanted(&state) {
                return Ok(state);
            }
            if Instant::now() >= end {
                return Err(Error::TooLate { last: Box::new(state) });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A CRM's deliveries with numbers above `after`.
    ///
    /// # Errors
    /// As every call.
    pub async fn deliveries(&self, crm: &str, after: u64) -> Result<Vec<Delivery>, Error> {
        self.get(&format!("/state/crm/{crm}/deliveries?after={after}")).await
    }

    /// Changes one stored message of a CRM without the bridge's knowledge.
    ///
    /// # Errors
    /// As every call; 404 where there is no such message.
    pub async fn alter(&self, crm: &str, message_id: &str, text: &str) -> Result<(), Error> {
        let body = json!({ "messageId": message_id, "text": text }).to_string();
        self.call(Method::POST, &format!("/control/crm/{crm}/alter"), Some(body)).await.map(nothing)
    }

    /// Makes a CRM fetch the file of a message, and returns what it got.
    ///
    /// # Errors
    /// As every call; 404 where there is no such message, 409 where it has no file.
    pub async fn fetch_file(&self, crm: &str, message_id: &str) -> Result<FetchedFile, Error> {
        let body = json!({ "messageId": message_id }).to_string();
        self.call(Method::POST, &format!("/control/crm/{crm}/fetch"), Some(body)).await
    }

    /// The link of a file, whether or not it is served.
    #[must_use]
    pub fn file_url(&self, name: &str) -> String {
        format!("{}/files/{name}", self.base)
    }

    /// Serves a file from now on, and returns its link.
    ///
    /// # Errors
    /// As every call.
    pub async fn put_file(
        &self,
        name: &str,
        content_type: &str,
        bytes: impl Into<reqwest::Body>,
    ) -> Result<String, Error> {
        let link = self.file_url(name);
        let request = self.http.put(&link).header(reqwest::header::CONTENT_TYPE, content_type).body(bytes);
        answered::<Value>(request.send().await?).await?;
        Ok(link)
    }

    /// The files that are served or were requested.
    ///
    /// # Errors
    /// As every call.
    pub async fn files(&self) -> Result<Vec<FileState>, Error> {
        self.get("/state/files").await
    }

    /// Sets a fault and returns its id.
    ///
    /// # Errors
    /// As every call.
    pub async fn add_fault(&self, fault: &Fault) -> Result<u64, Error> {
        #[derive(serde::Deserialize)]
        struct Set {
            id: u64,
        }
        let set: Set = self.call(Method::POST, "/control/faults", Some(json!(fault).to_string())).await?;
        Ok(set.id)
    }

    /// The faults that are set, with their counts.
    ///
    /// # Errors
    /// As every call.
    pub async fn faults(&self) -> Result<Vec<FaultView>, Error> {
        self.get("/control/faults").await
    }

    /// Clears one fault.
    ///
    /// # Errors
    /// As every call; 404 where no fault has this id.
    pub async fn remove_fault(&self, id: u64) -> Result<(), Error> {
        self.call(Method::DELETE, &format!("/control/faults/{id}"), None::<String>).await.map(nothing)
    }

    /// Clears all faults.
    ///
    /// # Errors
    /// As every call.
    pub async fn clear_faults(&self) -> Result<(), Error> {
        self.call(Method::DELETE, "/control/faults", None::<String>).await.map(nothing)
    }

    /// Deletes everything, set-ups included.
    ///
    /// # Errors
    /// As every call.
    pub async fn reset(&self) -> Result<(), Error> {
        self.call(Method::POST, "/control/reset", None::<String>).await.map(nothing)
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(Method::GET, path, None::<String>).await
    }

    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<impl Into<reqwest::Body>>,
    ) -> Result<T, Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.body(body);
        }
        answered(request.send().await?).await
    }
}

async fn answered<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, Error> {
    let status = response.status();
    if !status.is_success() {
        let body = response.text().await.unwrap_or_default();
        return Err(Error::Refused { status: status.as_u16(), body });
    }
    Ok(response.json().await?)
}

pub(super) fn nothing(_: Value) {}
