//! What a message holds besides text and file: one shape for all providers. A provider's adapter fills it; nobody
//! behind it needs the provider's own words.

use crate::base::ids::MessageId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The part of a message that its kind calls for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Details {
    /// A place.
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

/// A place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees, north positive (WGS 84).
    pub latitude: f64,
    /// Degrees, east positive (WGS 84).
    pub longitude: f64,
    /// What it is called.
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
    /// Phones as written there. They say nothing of who sent the card.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
}

/// A template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The provider's id or name of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What was put into its places, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Its buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
}

/// A button, or an entry of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What stands on it.
    pub title: String,
    /// What it sends back, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

/// A reaction: a message of its own that points at another one. The last one of an author on a message counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The message it is for.
    pub to: MessageId,
    /// The emoji; none when the reaction was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What came of it.
    pub outcome: CallOutcome,
    /// How long they talked, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// Who called, as the provider wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whom, as the provider wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The provider's id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it can be seen, as long as it can. Its picture is the message's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A comment under a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The post.
    pub post: Post,
    /// The comment it answers, when it answers one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<MessageId>,
    /// How the company's answer was given; none for a client's comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<CommentMode>,
}

/// How the company answers a comment (C10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentMode {
    /// Under the comment.
    Reply,
    /// Under the comment, naming its author.
    Mention,
    /// To its author alone, as a direct message.
    Private,
}

/// A post of the company's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The provider's id of it: with the author of the comment it makes the case.
    pub id: String,
    /// Where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A picture of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// The message that a message answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// Its id at the provider, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Its text as told with the answer; it may be all there is, where the message is older than the chat here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// As the provider gave it, for a CRM that speaks the provider's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Value>,
}
