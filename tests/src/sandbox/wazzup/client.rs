//! The sandbox client's calls for what a Wazzup account sends: which client received what, and its status.

use std::time::Duration;

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::control::{Advance, Report, Which};
use super::state::{Behaviour, NoContact, Received, Refusal};
use crate::sandbox::client::{Client, Error, nothing};
use crate::sandbox::state::SendOutcome;
use crate::sandbox::words::StatusWord;

impl Behaviour {
    /// The same, with a number (or user name, or chat id) that is unknown to the messenger.
    #[must_use]
    pub fn without(mut self, to: &str, shown: Refusal) -> Self {
        self.no_contact.push(NoContact { to: to.to_owned(), shown });
        self
    }
}

impl Client {
    /// What the client in a chat has received from a Wazzup account, on any channel, oldest first: without messages
    /// that failed on their way; deleted ones are marked.
    ///
    /// # Errors
    /// As every call.
    pub async fn received(&self, key: &str, chat_id: &str) -> Result<Vec<Received>, Error> {
        let chats = self.wazzup(key).await?.chats;
        let of_chat = chats.into_iter().filter(|chat| chat.chat_id == chat_id).flat_map(|chat| chat.received);
        let mut received: Vec<Received> = of_chat.filter(Received::arrived).collect();
        received.sort_by_key(|message| message.at);
        Ok(received)
    }

    /// Polls a client's phone every 50 ms until it is as wanted or the time is over; returns its messages.
    ///
    /// # Errors
    /// As every call.
    pub async fn received_until(
        &self,
        key: &str,
        chat_id: &str,
        within: Duration,
        wanted: impl Fn(&[Received]) -> bool,
    ) -> Result<Vec<Received>, Error> {
        let end = Instant::now() + within;
        loop {
            let received = self.received(key, chat_id).await?;
            if wanted(&received) || Instant::now() >= end {
                return Ok(received);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sets the behaviour of a Wazzup account.
    ///
    /// # Errors
    /// As every call.
    pub async fn behave(&self, key: &str, behaviour: &Behaviour) -> Result<(), Error> {
        self.put_at(key, "behaviour", &json!(behaviour)).await
    }

    /// Sets a Wazzup account's WABA templates, as Wazzup lists them.
    ///
    /// # Errors
    /// As every call.
    pub async fn put_templates(&self, key: &str, templates: &[Value]) -> Result<(), Error> {
        self.put_at(key, "templates", &json!(templates)).await
    }

    /// Treats the messages of a webhook as if they had been posted this many seconds ago, without posting it: their
    /// chats can be written to, and they can be quoted.
    ///
    /// # Errors
    /// As every call.
    pub async fn remember(&self, key: &str, body: &Value, seconds_ago: u64) -> Result<(), Error> {
        self.post_at(key, &format!("remember?ago={seconds_ago}"), body).await.map(nothing)
    }

    /// Moves a Wazzup account's clock forward, which affects its windows, keys, rate, and deadlines of edits and
    /// deletions.
    ///
    /// # Errors
    /// As every call.
    pub async fn advance(&self, key: &str, by: Duration) -> Result<(), Error> {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        self.post_at(key, "advance", &json!(Advance { seconds })).await.map(nothing)
    }

    /// Posts the webhook that repeats one of the account's own messages.
    ///
    /// # Errors
    /// As every call; 404 where the message does not exist, 409 where the account has not subscribed.
    pub async fn echo(&self, key: &str, message_id: &str) -> Result<SendOutcome, Error> {
        let which = Which { message_id: message_id.to_owned() };
        self.post_at(key, "echo", &json!(which)).await
    }

    /// Posts the webhook with the status of one of the account's own messages; `error` is the code of a failure.
    ///
    /// # Errors
    /// As [`Self::echo`].
    pub async fn report(
        &self,
        key: &str,
        message_id: &str,
        status: StatusWord,
        error: Option<&str>,
    ) -> Result<SendOutcome, Error> {
        let error = error.map(str::to_owned);
        let report = Report { message_id: message_id.to_owned(), status, error };
        self.post_at(key, "status", &json!(report)).await
    }

    async fn put_at(&self, key: &str, what: &str, body: &Value) -> Result<(), Error> {
        let path = format!("/control/wazzup/{key}/{what}");
        self.call(Method::PUT, &path, Some(body.to_string())).await.map(nothing)
    }

    async fn post_at<T: DeserializeOwned>(&self, key: &str, what: &str, body: &Value) -> Result<T, Error> {
        let path = format!("/control/wazzup/{key}/{what}");
        self.call(Method::POST, &path, Some(body.to_string())).await
    }
}
