//! The sandbox client's calls for Telegram.

use super::acts::Act;
use super::control::{Acted, Advance};
use super::state::{BotMessage, BotSetup, BotState};
use crate::sandbox::client::{Client, Error, nothing};
use crate::sandbox::state::SendOutcome;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

impl Client {
    /// The base URL that the product uses in place of Telegram's.
    #[must_use]
    pub fn telegram_url(&self) -> String {
        self.at("/telegram")
    }

    /// Creates a bot, or changes its set-up.
    ///
    /// # Errors
    /// As every call.
    pub async fn put_bot(&self, token: &str, setup: &BotSetup) -> Result<(), Error> {
        let path = format!("/control/telegram/{token}");
        self.call(Method::PUT, &path, Some(json!(setup).to_string())).await.map(nothing)
    }

    /// The state of a bot.
    ///
    /// # Errors
    /// As every call.
    pub async fn bot(&self, token: &str) -> Result<BotState, Error> {
        self.get(&format!("/state/telegram/{token}")).await
    }

    /// Makes a person do something in Telegram. Returns the number of the message (0 if it is none), and the receiver's
    /// answer to the update.
    ///
    /// # Errors
    /// As every call; 409 where the action is impossible, or no webhook is registered for this kind of update.
    pub async fn act(&self, token: &str, act: &Act) -> Result<(i64, SendOutcome), Error> {
        let path = format!("/control/telegram/{token}/act");
        let acted: Acted = self.call(Method::POST, &path, Some(json!(act).to_string())).await?;
        Ok((acted.message_id.unwrap_or_default(), acted.outcome))
    }

    /// Moves a bot's clock forward.
    ///
    /// # Errors
    /// As every call.
    pub async fn advance_bot(&self, token: &str, by: Duration) -> Result<(), Error> {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        let path = format!("/control/telegram/{token}/advance");
        self.call(Method::POST, &path, Some(json!(Advance { seconds }).to_string())).await.map(nothing)
    }

    /// What the bot has written into a chat of its own or of a business account, oldest first; deleted messages are
    /// marked.
    ///
    /// # Errors
    /// As every call.
    pub async fn written_by_bot(
        &self,
        token: &str,
        connection: Option<&str>,
        chat: i64,
    ) -> Result<Vec<BotMessage>, Error> {
        let chats = self.bot(token).await?.chats.into_iter();
        let chat = chats.filter(|known| known.id == chat && known.connection.as_deref() == connection);
        Ok(chat.flat_map(|chat| chat.messages).filter(|message| message.by_bot).collect())
    }

    /// Polls a chat every 50 ms until the bot's messages there are as wanted or the time is over; returns them.
    ///
    /// # Errors
    /// As every call.
    pub async fn written_until(
        &self,
        token: &str,
        (connection, chat): (Option<&str>, i64),
        within: Duration,
        wanted: impl Fn(&[BotMessage]) -> bool,
    ) -> Result<Vec<BotMessage>, Error> {
        let end = Instant::now() + within;
        loop {
            let written = self.written_by_bot(token, connection, chat).await?;
            if wanted(&written) || Instant::now() >= end {
                return Ok(written);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
