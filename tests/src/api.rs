//! A client of the account API (`/v1`), as a user's program would be.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No answer came.
    #[error("the API cannot be reached: {0}")]
    Http(#[from] reqwest::Error),
    /// The API refused the call.
    #[error("{method} {path} was answered {status}: {body}")]
    Refused {
        /// Method.
        method: Method,
        /// Path.
        path: String,
        /// HTTP status.
        status: StatusCode,
        /// The body of the answer.
        body: Value,
    },
}

/// The API, with one key.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Api {
    /// The API at a base URL, called with a key.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(base: &str, key: &str) -> Result<Self, ApiError> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), key: key.to_owned() })
    }

    /// The same API, called with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// Makes a call, and returns its answer whatever its status.
    ///
    /// # Errors
    /// No answer came.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), ApiError> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        Ok((status, serde_json::from_slice(&answer.bytes().await?).unwrap_or(Value::Null)))
    }

    async fn expect(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ApiError> {
        match self.call(method.clone(), path, body).await? {
            (status, body) if status.is_success() => Ok(body),
            (status, body) => Err(ApiError::Refused { method, path: path.into(), status, body }),
        }
    }

    /// Makes a `GET` call.
    ///
    /// # Errors
    /// [`ApiError`], here and below.
    pub async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.expect(Method::GET, path, None).await
    }

    /// Makes a `POST` call.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.expect(Method::POST, path, Some(body)).await
    }

    /// Makes a `PUT` call.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.expect(Method::PUT, path, Some(body)).await
    }

    /// Makes a `PATCH` call.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.expect(Method::PATCH, path, Some(body)).await
    }

    /// Makes a `DELETE` call.
    pub async fn delete(&self, path: &str) -> Result<Value, ApiError> {
        self.expect(Method::DELETE, path, None).await
    }

    /// Reads all pages of a list: `path` has a query already, `member` is the list's name in the answer.
    pub async fn all(&self, path: &str, member: &str) -> Result<Vec<Value>, ApiError> {
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = match &cursor {
                Some(cursor) => self.get(&format!("{path}&cursor={cursor}")).await?,
                None => self.get(path).await?,
            };
            found.extend(page[member].as_array().cloned().unwrap_or_default());
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(found);
            }
        }
    }
}

/// The body of a manager's membership that receives new clients.
#[must_use]
pub fn manager() -> Value {
    json!({"role": "manager", "receives_new_clients": true})
}
