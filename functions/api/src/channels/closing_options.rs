//! How chats finish, in requests and answers: a channel's options, and the account's for channels without their own.

use crate::http::error::ApiError;
use crate::http::validate;
use serde::Serialize;
use shared::model::chat::closing::{Closing, MAX_CLOSE_AFTER_S, MIN_CLOSE_AFTER_S};
use shared::model::chat::state::ChatStatus;
use shared::model::closing_options::{ClosingOptions, Reopening};
use utoipa::ToSchema;

/// Longest farewell, in characters.
const MAX_FAREWELL: usize = 1000;

/// Changes to the closing options. A field that is left out stays; null leaves it to the account, or to the default.
#[derive(Clone, Debug, Default)]
pub struct ClosingChange {
    /// Seconds of silence after which a chat finishes.
    pub close_after_s: Option<Option<u32>>,
    /// Whether a client who waits for an answer keeps the chat open.
    pub client_waits: Option<Option<bool>>,
    /// The status that a chat gets when it finishes by silence.
    pub timeout_status: Option<Option<ChatStatus>>,
    /// What a client's message does to a finished chat.
    pub reopening: Option<Option<Reopening>>,
    /// The text that the client gets when the chat finishes by silence.
    pub farewell: Option<Option<String>>,
}

impl ClosingChange {
    /// Checks the given fields, and changes the farewell's line ends to `\n`.
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

    /// Whether any field was given: then live chats must be checked.
    pub fn is_given(&self) -> bool {
        self.close_after_s.is_some()
            || self.client_waits.is_some()
            || self.timeout_status.is_some()
            || self.reopening.is_some()
            || self.farewell.is_some()
    }

    /// Applies the given fields.
    pub fn set(&self, options: &mut ClosingOptions) {
        options.close_after_s = self.close_after_s.unwrap_or(options.close_after_s);
        options.client_waits = self.client_waits.unwrap_or(options.client_waits);
        options.timeout_status = self.timeout_status.unwrap_or(options.timeout_status);
        options.reopening = self.reopening.unwrap_or(options.reopening);
        if let Some(farewell) = &self.farewell {
            options.farewell.clone_from(farewell);
        }
    }
}

/// How chats finish there: the values that apply, from the channel's own settings, the account's, and the defaults.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "close_after_s": 600, "client_waits": false, "timeout_status": null, "reopening": "reopen", "farewell": null
}))]
pub struct ClosingView {
    /// Seconds of silence after which a chat finishes.
    close_after_s: u64,
    /// Whether a client who waits for an answer keeps the chat open.
    client_waits: bool,
    /// The status that a chat gets when it finishes by silence; null leaves the status as it is.
    timeout_status: Option<ChatStatus>,
    /// What a client's message does to a finished chat.
    reopening: Reopening,
    /// The text that the client gets when the chat finishes by silence; null: none.
    farewell: Option<String>,
}

impl From<Closing> for ClosingView {
    fn from(closing: Closing) -> Self {
        Self {
            close_after_s: closing.window.as_secs(),
            client_waits: closing.client_waits,
            timeout_status: closing.timeout_status,
            reopening: closing.reopening,
            farewell: closing.farewell,
        }
    }
}
