//! Quick replies in requests and answers.

use crate::http::body::moment;
use crate::http::error::ApiError;
use crate::http::validate;
use serde::{Deserialize, Serialize};
use shared::model::quick_reply::{MAX_TEXT, MAX_TITLE, QuickReply, Template};
use utoipa::ToSchema;

/// A quick reply to create.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Greeting", "text": "Hello {client_name}, this is {company}."}))]
pub struct NewQuickReply {
    /// The title by which an employee chooses it.
    #[schema(min_length = 1, max_length = 100)]
    pub title: String,
    /// The text. `{client_name}`, `{employee_name}`, `{car}`, `{car_price}`, `{car_link}`, `{channel_name}` and
    /// `{company}` are filled in when it is used; `{{` stands for a brace. Other variables are refused.
    #[schema(min_length = 1, max_length = 4096)]
    pub text: String,
    /// The employee whose own it is; null for a shared one. An employee's token creates only its employee's own.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub employee: Option<String>,
}

/// The new content of a quick reply.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Greeting", "text": "Good day {client_name}!"}))]
pub struct ChangedQuickReply {
    /// The title by which an employee chooses it.
    #[schema(min_length = 1, max_length = 100)]
    pub title: String,
    /// The text, with variables.
    #[schema(min_length = 1, max_length = 4096)]
    pub text: String,
}

impl NewQuickReply {
    /// Checks the fields that need no other data.
    ///
    /// # Errors
    /// 400 naming the field.
    pub fn check(&self) -> Result<(), ApiError> {
        check(&self.title, &self.text)
    }
}

impl ChangedQuickReply {
    /// As [`NewQuickReply::check`].
    ///
    /// # Errors
    /// 400 naming the field.
    pub fn check(&self) -> Result<(), ApiError> {
        check(&self.title, &self.text)
    }
}

fn check(title: &str, text: &str) -> Result<(), ApiError> {
    validate::name("title", title, MAX_TITLE)?;
    let why = if text.trim().is_empty() {
        "may not be empty".to_owned()
    } else if text.chars().count() > MAX_TEXT {
        format!("at most {MAX_TEXT} characters")
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        "no control characters but line ends and tabs".to_owned()
    } else {
        let read = Template::parse(text);
        return read.map(|_| ()).map_err(|error| ApiError::invalid("text", error.to_string()));
    };
    Err(ApiError::invalid("text", why))
}

/// A quick reply.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a90", "title": "Greeting", "employee": null, "variables": ["client_name"],
    "text": "Good day {client_name}!", "created_at": "2026-11-21T09:10:00.000Z", "changed_at": "2026-11-21T09:10:00.000Z"
}))]
pub struct QuickReplyView {
    id: String,
    title: String,
    text: String,
    /// The employee whose own it is; null for a shared one.
    employee: Option<String>,
    /// The variables in the text.
    variables: Vec<String>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    changed_at: Option<String>,
}

impl From<QuickReply> for QuickReplyView {
    fn from(reply: QuickReply) -> Self {
        let variables = Template::parse(&reply.text).map(|template| template.variables()).unwrap_or_default();
        Self {
            variables: variables.into_iter().map(|variable| variable.name().to_owned()).collect(),
            id: reply.id,
            title: reply.title,
            text: reply.text,
            employee: reply.employee.map(|employee| employee.as_str().to_owned()),
            created_at: moment(Some(reply.created_at)),
            changed_at: moment(Some(reply.changed_at)),
        }
    }
}

/// A page of quick replies.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuickReplies {
    /// The quick replies.
    pub quick_replies: Vec<QuickReplyView>,
    /// The cursor of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// A quick reply with its variables filled in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"text": "Good day Ivan!"}))]
pub struct Rendered {
    /// Its text in the chat.
    pub text: String,
}
