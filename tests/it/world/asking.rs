//! The World's API, served on loopback: the requests of a CRM or an admin with the account's key.

use super::World;
use reqwest::Method;
use serde_json::Value;
use shared::base::clock::Ambient;
use shared::base::ids::{ApiKeyId, hex_digest};
use shared::model::api_key::ApiKey;
use shared::store::keys::ApiKeyRow;
use std::sync::Arc;

const API_KEY: &str = "sb_a_key_of_the_account";

/// A client of the API at its address.
pub struct Asking {
    address: String,
    http: reqwest::Client,
}

impl World {
    /// Serves the API, and creates a key of the account.
    pub async fn serve(&self) -> Asking {
        let key = ApiKey {
            v: 1,
            account: self.account.clone(),
            key_id: ApiKeyId::new("key"),
            prefix: "a-key".into(),
            name: None,
            secret: None,
            last_used_at: None,
            expires_at: None,
            created_at: self.clock.now(),
        };
        self.write(&ApiKeyRow { hash: hex_digest(API_KEY.as_bytes()), key }).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = api::router(Arc::clone(&self.api));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Asking { address, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }
}

impl Asking {
    /// Makes a request with the account's key and additional `headers`.
    pub async fn with(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        self.by(API_KEY, method, path, body, headers).await
    }

    /// The same with another key, or an employee's token.
    pub async fn by(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.address)).bearer_auth(key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    /// Makes a request and asserts that it succeeds.
    pub async fn done(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.with(method, path, body, &[]).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }
}
