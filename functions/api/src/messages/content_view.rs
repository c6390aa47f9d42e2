//! The content of a message besides text and file, as answers show it: one shape for all providers.

use serde::Serialize;
use shared::model::message::content::{self, CallOutcome, CommentMode, Details};
use utoipa::ToSchema;

/// The details of a message that depend on its kind: one member, named after it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DetailsView {
    /// A place.
    Location(LocationView),
    /// People or companies, as address-book cards.
    ContactCards(Vec<ContactCardView>),
    /// A message template that was sent.
    Template(TemplateView),
    /// Buttons that were offered.
    Buttons(Vec<ButtonView>),
    /// The button or list entry that was chosen.
    Answer(ButtonView),
    /// A reaction to another message.
    Reaction(ReactionView),
    /// A call.
    Call(CallView),
    /// The story that was answered, or in which the company was mentioned.
    Story(StoryView),
    /// A comment under a post.
    Comment(CommentView),
}

impl From<Details> for DetailsView {
    fn from(details: Details) -> Self {
        match details {
            Details::Location(place) => Self::Location(place.into()),
            Details::ContactCards(cards) => Self::ContactCards(all(cards)),
            Details::Template(template) => Self::Template(template.into()),
            Details::Buttons(buttons) => Self::Buttons(all(buttons)),
            Details::Answer(button) => Self::Answer(button.into()),
            Details::Reaction(reaction) => Self::Reaction(reaction.into()),
            Details::Call(call) => Self::Call(call.into()),
            Details::Story(story) => Self::Story(StoryView { id: story.id, url: story.url }),
            Details::Comment(comment) => Self::Comment(comment.into()),
        }
    }
}

fn all<T, V: From<T>>(values: Vec<T>) -> Vec<V> {
    values.into_iter().map(V::from).collect()
}

/// A place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"latitude": 55.7558, "longitude": 37.6173, "name": "Showroom", "address": null}))]
pub struct LocationView {
    /// Degrees, north positive (WGS 84).
    latitude: f64,
    /// Degrees, east positive (WGS 84).
    longitude: f64,
    name: Option<String>,
    address: Option<String>,
}

impl From<content::Location> for LocationView {
    fn from(place: content::Location) -> Self {
        Self {
            latitude: place.latitude,
            longitude: place.longitude,
            name: place.name,
            address: place.address,
        }
    }
}

/// An address-book card.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactCardView {
    name: Option<String>,
    /// As written in the card. They do not identify the sender of the card.
    phones: Vec<String>,
}

impl From<content::ContactCard> for ContactCardView {
    fn from(card: content::ContactCard) -> Self {
        Self { name: card.name, phones: card.phones }
    }
}

/// A template.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateView {
    /// The provider's id or name of the template.
    id: Option<String>,
    /// The values of its variables, in order.
    values: Vec<String>,
    buttons: Vec<ButtonView>,
}

impl From<content::Template> for TemplateView {
    fn from(template: content::Template) -> Self {
        Self { id: template.id, values: template.values, buttons: all(template.buttons) }
    }
}

/// A button, or an entry of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ButtonView {
    /// The text on the button.
    title: String,
    /// The data that it sends back, for programs.
    payload: Option<String>,
}

impl From<content::Button> for ButtonView {
    fn from(button: content::Button) -> Self {
        Self { title: button.title, payload: button.payload }
    }
}

/// A reaction: a message of its own. Only the last reaction of an author to a message counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReactionView {
    /// The id of the message that it is for.
    to: String,
    /// Null when the reaction was removed.
    emoji: Option<String>,
}

impl From<content::Reaction> for ReactionView {
    fn from(reaction: content::Reaction) -> Self {
        Self { to: reaction.to.as_str().to_owned(), emoji: reaction.emoji }
    }
}

/// A call.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallView {
    outcome: CallOutcome,
    /// The length of the talk.
    seconds: Option<u32>,
    /// The caller, as the provider wrote it.
    from: Option<String>,
    /// The callee, as the provider wrote it.
    to: Option<String>,
}

impl From<content::Call> for CallView {
    fn from(call: content::Call) -> Self {
        Self { outcome: call.outcome, seconds: call.seconds, from: call.from, to: call.to }
    }
}

/// A story. Its picture is the message's file.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoryView {
    id: Option<String>,
    /// Where the story can be seen, as long as it exists.
    url: Option<String>,
}

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommentView {
    post: PostView,
    /// The id of the comment that it answers.
    answers: Option<String>,
    /// How the company answered; null for a client's comment.
    mode: Option<CommentMode>,
}

impl From<content::Comment> for CommentView {
    fn from(comment: content::Comment) -> Self {
        Self {
            post: comment.post.into(),
            answers: comment.answers.map(|id| id.as_str().to_owned()),
            mode: comment.mode,
        }
    }
}

/// A post of the company.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostView {
    id: String,
    url: Option<String>,
    text: Option<String>,
    picture: Option<String>,
}

impl From<content::Post> for PostView {
    fn from(post: content::Post) -> Self {
        Self { id: post.id, url: post.url, text: post.text, picture: post.picture }
    }
}

/// The message that a message answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuoteView {
    /// Its id, if the provider sent it.
    message: Option<String>,
    /// Its text as sent with the answer: it may be older than the chat here.
    text: Option<String>,
}

impl From<content::Quote> for QuoteView {
    fn from(quote: content::Quote) -> Self {
        Self { message: quote.message.map(|id| id.as_str().to_owned()), text: quote.text }
    }
}
