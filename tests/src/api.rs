//! A client of the account API (`/v1`), as a program of a user would be.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No answer.
    #[error("the API cannot be reached: {0}")]
    Http(#[from] reqwest::Error),
    /// An answer that says no.
    #[error("{method} {path} was answered {status}: {body}")]
    Refused {
        /// Method.
        method: Method,
        /// Path.
        path: String,
        /// HTTP status.
        status: StatusCode,
        /// What it said.
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

    /// The same API with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// A call, whatever it is answered.
    ///
    /// # Errors
    /// No answer.
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

    /// Reads.
    ///
    /// # Errors
    /// [`ApiError`], here and below.
    pub async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.expect(Method::GET, path, None).await
    }

    /// Creates.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.expect(Method::POST, path, Some(body)).await
    }

    /// Sets.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.expect(Method::PUT, path, Some(body)).await
    }

    /// Changes.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.expect(Method::PATCH, path, Some(body)).await
    }

    /// Removes.
    pub async fn delete(&self, path: &str) -> Result<Value, ApiError> {
        self.expect(Method::DELETE, path, None).await
    }

    /// All pages of a list: `path` with a query already in it, `member` the list's name in the answer.
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

/// The body of a membership that receives new clients as a manager.
#[must_use]
pub fn manager() -> Value {
    json!({"role": "manager", "receives_new_clients": true})
}
