//! The content of a message besides text and file, in one shape for all providers. A provider's adapter fills it; later
//! code does not need the provider's own terms.

use crate::base::ids::MessageId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The part of a message that depends on its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Details {
    /// A location.
    Location(Location),
    /// People or companies, as address-book cards.
    ContactCards(Vec<ContactCard>),
    /// A message template that was sent.
    Template(Template),
    /// Buttons that were offered.
    Buttons(Vec<Button>),
    /// The button or list entry that was chosen.
    Answer(Button),
    /// A reaction to another message.
    Reaction(Reaction),
    /// A call, missed or not.
    Call(Call),
    /// The story that was answered, or in which the company was mentioned.
    Story(Story),
    /// A comment under a post.
    Comment(Comment),
}

/// A location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees, north positive (WGS 84).
    pub latitude: f64,
    /// Degrees, east positive (WGS 84).
    pub longitude: f64,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// An address-book card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactCard {
    /// The name on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Phones as written there. They say nothing about the sender of the card.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
}

/// A message template that was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The provider's id or name of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The values of its placeholders, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Its buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
}

/// A button, or an entry of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// The text on it.
    pub title: String,
    /// The data that it sends back, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

/// A reaction: a message of its own that refers to another one. An author's last reaction to a message counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The message that it refers to.
    pub to: MessageId,
    /// The emoji; `None` when the reaction was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The outcome.
    pub outcome: CallOutcome,
    /// How long the call lasted, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// The caller, as the provider wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The called party, as the provider wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum CallOutcome {
    Missed,
    Answered,
    Unknown,
}

/// A story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The provider's id of the story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it can be seen, as long as it exists. Its picture is the message's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A comment under a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The post.
    pub post: Post,
    /// The comment that it answers, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<MessageId>,
    /// How the company answered; `None` for a client's comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<CommentMode>,
}

/// How the company answers a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CommentMode {
    /// Under the comment.
    Reply,
    /// Under the comment, naming its author.
    Mention,
    /// To its author alone, as a direct message.
    Private,
}

/// A post of the company.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The provider's id of the post: together with the author of the comment it identifies the case.
    pub id: String,
    /// Where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// The message that a message answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// Its id at the provider, where the provider reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Its text as received with the answer; it may be all there is, where the message is older than the chat here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The quote as the provider gave it, for a CRM that uses the provider's terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Value>,
}
