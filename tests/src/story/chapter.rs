//! What each chapter with employees needs: an account, a function that prints, and a list of what was wrong.

use super::StoryError;
use crate::account::{Account, SetupError};
use crate::api::Api;
use crate::sandbox::client::Client;
use serde_json::{Value, json};
use std::time::Duration;

/// A chapter that is being played.
pub(super) struct Chapter<'a> {
    /// Its account.
    pub account: Account,
    pub sandbox: &'a Client,
    pub say: &'a dyn Fn(&str),
    pub wrong: Vec<String>,
}

impl<'a> Chapter<'a> {
    pub fn new(account: Account, sandbox: &'a Client, say: &'a dyn Fn(&str)) -> Self {
        Self { account, sandbox, say, wrong: Vec::new() }
    }

    pub fn say(&self, line: &str) {
        (self.say)(line);
    }

    pub fn must(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.wrong.push(otherwise.to_owned());
        }
    }

    /// The API, called by an employee.
    pub async fn token(&self, employee: &str) -> Result<Api, StoryError> {
        let path = format!("/v1/employees/{employee}/tokens");
        let made = self.account.api.post(&path, &json!({})).await.map_err(SetupError::from)?;
        Ok(self.account.api.with_key(made["token"].as_str().unwrap_or_default()))
    }

    /// Polls until the answer is as wanted, for two minutes at most; returns the last answer.
    pub async fn until(
        &self,
        api: &Api,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, StoryError> {
        let mut found = Value::Null;
        for _ in 0..600 {
            found = api.get(path).await.map_err(SetupError::from)?;
            if wanted(&found) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(found)
    }

    /// Ends the chapter: an error if anything was wrong.
    pub fn end(self) -> Result<(), StoryError> {
        if self.wrong.is_empty() { Ok(()) } else { Err(StoryError::Untrue(self.wrong)) }
    }
}
