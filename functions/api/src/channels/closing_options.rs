//! How chats end, in requests and answers: of a channel, and of the account for channels that do not say.

use crate::http::enums::{ChatStatus, Reopening};
use crate::http::error::ApiError;
use crate::http::validate;
use serde::Serialize;
use shared::model::chat::closing::{Closing, MAX_CLOSE_AFTER_S, MIN_CLOSE_AFTER_S};
use shared::model::closing_options::ClosingOptions;
use utoipa::ToSchema;

/// Longest farewell, in characters.
const MAX_FAREWELL: usize = 1000;

/// What is to change of it. Of each: left out, it stays; null leaves it to the account, or to the default.
#[derive(Clone, Debug, Default)]
pub struct ClosingChange {
    /// Silence in seconds after which a chat finishes.
    pub close_after_s: Option<Option<u32>>,
    /// Whether a client who waits for an answer keeps his chat open.
    pub client_waits: Option<Option<bool>>,
    /// What is said of the conversation when its chat finishes by silence.
    pub timeout_status: Option<Option<ChatStatus>>,
    /// What a client's message after the end makes of his chat.
    pub reopening: Option<Option<Reopening>>,
    /// What is written to the client when his chat finishes by silence.
    pub farewell: Option<Option<String>>,
}

impl ClosingChange {
    /// Checks what was given; line ends of the farewell are `\n` then.
    ///
    /// # Errors
    /// 400 naming the field.
    pub fn checked(mut self) -> Result<Self, ApiError> {
        let possible = MIN_CLOSE_AFTER_S..=MAX_CLOSE_AFTER_S;
        if self.close_after_s.flatten().is_some_and(|seconds| !possible.contains(&seconds)) {
            let why = format!("{MIN_CLOSE_AFTER_S} to {MAX_CLOSE_AFTER_S} seconds");
            return Err(ApiError::invalid("close_after_s", why));
        }
        if let Some(Some(text)) = &mut self.farewell
            && !text.is_empty()
        {
            *text = validate::lines("farewell", text, MAX_FAREWELL)?;
        }
        Ok(self)
    }

    /// Whether anything was given: live chats are to be looked at then.
    pub fn is_given(&self) -> bool {
        self.close_after_s.is_some()
            || self.client_waits.is_some()
            || self.timeout_status.is_some()
            || self.reopening.is_some()
            || self.farewell.is_some()
    }

    /// Sets what was given.
    pub fn set(&self, options: &mut ClosingOptions) {
        options.close_after_s = self.close_after_s.unwrap_or(options.close_after_s);
        options.client_waits = self.client_waits.unwrap_or(options.client_waits);
        options.timeout_status =
            self.timeout_status.map_or(options.timeout_status, |status| status.map(ChatStatus::into));
        options.reopening = self.reopening.map_or(options.reopening, |after| after.map(Reopening::into));
        if let Some(farewell) = &self.farewell {
            options.farewell.clone_from(farewell);
        }
    }
}

/// How chats end there: what applies, of the channel's own settings, the account's, and the defaults.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "close_after_s": 600, "client_waits": false, "timeout_status": null, "reopening": "reopen", "farewell": null
}))]
pub struct ClosingView {
    /// Silence in seconds after which a chat finishes.
    close_after_s: u64,
    /// Whether a client who waits for an answer keeps his chat open.
    client_waits: bool,
    /// What is said of the conversation when its chat finishes by silence; null: nothing new.
    timeout_status: Option<ChatStatus>,
    /// What a client's message after the end makes of his chat.
    reopening: Reopening,
    /// What is written to the client when his chat finishes by silence; null: nothing.
    farewell: Option<String>,
}

impl From<Closing> for ClosingView {
    fn from(closing: Closing) -> Self {
        Self {
            close_after_s: closing.window.as_secs(),
            client_waits: closing.client_waits,
            timeout_status: closing.timeout_status.map(ChatStatus::from),
            reopening: closing.reopening.into(),
            farewell: closing.farewell,
        }
    }
}
