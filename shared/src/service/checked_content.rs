//! A message's content, checked against the provider's limits (E5) and turned into an event of ours.

use crate::base::clock::Timestamp;
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::chat::company_events::company_event;
use crate::model::event::{Author, MessageEvent, Side};
use crate::model::limits::{Draft, DraftComment, DraftTemplate, check, check_keyboard};
use crate::model::message::Message;
use crate::model::message::content::{Comment, CommentMode, Details, Post, Quote};
use crate::model::message::kind::DeliveryStatus;
use crate::providers;
use crate::service::content::Content;
use crate::service::new_message::NewMessage;
use crate::service::refused::Refused;

/// Checks a message against the channel's limits. `received` is its text as the client will read it.
///
/// # Errors
/// [`Refused::Limit`]; [`Refused::NotAComment`] and [`Refused::NoCommentNamed`].
pub fn checked(
    chat: &Chat,
    channel: &Channel,
    message: &NewMessage,
    received: Option<&str>,
    quoted: Option<&Message>,
    now: Timestamp,
) -> Result<(), Refused> {
    let (content, limits) = (&message.content, providers::limits(channel, &chat.messenger));
    let keyboard = message.keyboard.as_ref();
    if let Some(keyboard) = keyboard {
        check_keyboard(limits, keyboard, content.text().is_some()).map_err(Refused::Limit)?;
    }
    let template = match content {
        Content::Template { values, .. } => Some(DraftTemplate { values, filled: None }),
        _ => None,
    };
    let buttons = match content {
        // Those of a keyboard are checked with their rows.
        Content::Text { buttons, .. } if keyboard.is_none() => buttons.as_slice(),
        _ => &[],
    };
    let comment = comment_of(chat, quoted, message.mode)?;
    let draft = Draft {
        text: received,
        file: content.file(limits),
        template,
        buttons,
        quotes: quoted.is_some() && comment.is_none(),
        comment,
        client_wrote_at: chat.client_wrote_at,
    };
    check(limits, &draft, now).map_err(Refused::Limit)
}

/// The comment that is answered, in a chat of comments.
fn comment_of(
    chat: &Chat,
    quoted: Option<&Message>,
    mode: Option<CommentMode>,
) -> Result<Option<DraftComment>, Refused> {
    if chat.post.is_none() {
        return match mode {
            Some(_) => Err(Refused::NotAComment),
            None => Ok(None),
        };
    }
    let answers = quoted.filter(|quoted| quoted.side == Side::Client).ok_or(Refused::NoCommentNamed)?;
    let mode = mode.unwrap_or(CommentMode::Reply);
    Ok(Some(DraftComment { mode, written_at: answers.sent_at, answered_privately: false }))
}

/// A message as the event that is stored: under our id, with status "queued".
pub fn event_of(
    chat: &Chat,
    channel: &Channel,
    message: &NewMessage,
    author: Option<Author>,
    quoted: Option<&Message>,
    now: Timestamp,
) -> MessageEvent {
    let comment = chat.post.as_ref().map(|post| {
        Details::Comment(Comment {
            post: Post { id: post.id.clone(), url: post.url.clone(), ..Post::default() },
            answers: quoted.map(|quoted| quoted.message_id.clone()),
            mode: Some(message.mode.unwrap_or(CommentMode::Reply)),
        })
    });
    MessageEvent {
        author,
        kind: message.content.kind(),
        text: message.content.text().map(str::to_owned),
        media: message.content.media(),
        details: comment.or_else(|| message.content.details()),
        quote: quoted.map(|quoted| Quote {
            message: Some(quoted.message_id.clone()),
            text: quoted.text.clone(),
            raw: None,
        }),
        status: Some(DeliveryStatus::Queued),
        ..company_event(chat, channel, message.id.clone(), message.from.origin, now)
    }
}
