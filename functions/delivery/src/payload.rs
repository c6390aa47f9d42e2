//! The payload of a call: built from the message's row and its chat, with everything that has to be looked up for it.

use crate::{ChatWork, Delivery, DeliveryError};
use shared::base::ids::MessageId;
use shared::model::chat::Addressee;
use shared::model::event::{Origin, Side};
use shared::model::failure_texts;
use shared::model::message::Message;
use shared::model::message::content::{Button, CommentMode, Details};
use shared::model::message::kind::DeliveryStatus;
use shared::model::message::media::{FileCopy, FileLink};
use shared::model::outbound::call::{Edit, FileInfo, OutgoingContent, OutgoingMessage, Recipient};
use shared::model::outbound::{Action, OutboundJob, signed};
use shared::providers::client::MessageRef;
use std::time::Duration;

use crate::provider::ProviderRequest;

/// How long an edit or a deletion waits for the message's id at the provider, which an answer or an echo names.
const ID_WITHIN: Duration = Duration::from_secs(180);

/// The payload of a call.
#[derive(Debug)]
pub(crate) enum Payload {
    Send { body: Body, quote: Option<MessageId> },
    Edit { id: MessageId, text: String },
    EditFile { id: MessageId, url: String },
    Delete { id: MessageId },
}

/// A message's content, ready for the client.
#[derive(Debug)]
pub(crate) enum Body {
    Text(String),
    /// A public link that expires soon.
    File(String),
    Template {
        id: String,
        values: Vec<String>,
    },
}

/// The reason why there is no payload.
#[derive(Debug)]
pub(crate) enum NotReady {
    /// There will never be one; our code.
    Never(&'static str),
    /// There may be one soon.
    NotYet(&'static str),
}

impl Delivery {
    /// Builds the payload of a job.
    pub(crate) async fn payload(
        &self,
        work: &ChatWork,
        job: &OutboundJob,
        message: &Message,
    ) -> Result<Result<Payload, NotReady>, DeliveryError> {
        Ok(match &job.action {
            Action::Send => match self.body(work, job, message).await? {
                Ok(body) => Ok(Payload::Send { body, quote: self.quoted(work, message).await? }),
                Err(missing) => Err(missing),
            },
            Action::EditText(text) => self
                .id_of(job, message)
                .map(|id| Payload::Edit { id, text: signed(text, job.signature.as_deref()) }),
            Action::EditFile(media) => {
                self.id_of(job, message).map(|id| Payload::EditFile { id, url: media.url.clone() })
            }
            Action::Delete => self.id_of(job, message).map(|id| Payload::Delete { id }),
        })
    }

    /// The provider's id of a message that is to be changed.
    fn id_of(&self, job: &OutboundJob, message: &Message) -> Result<MessageId, NotReady> {
        if let Some(id) = known_id(message) {
            return Ok(id.clone());
        }
        let waited = self.ambient.now().since(job.created_at);
        match message.status {
            Some(DeliveryStatus::Failed) => Err(NotReady::Never(failure_texts::NOT_SENT)),
            _ if waited >= ID_WITHIN => Err(NotReady::Never(failure_texts::NOT_SENT)),
            _ => Err(NotReady::NotYet("the provider has not told the message's id yet")),
        }
    }

    async fn body(
        &self,
        work: &ChatWork,
        job: &OutboundJob,
        message: &Message,
    ) -> Result<Result<Body, NotReady>, DeliveryError> {
        if let Some(Details::Template(template)) = &message.details
            && let Some(id) = &template.id
        {
            return Ok(Ok(Body::Template { id: id.clone(), values: template.values.clone() }));
        }
        match (&message.file, &message.media) {
            (Some(FileCopy::Stored { object, mime, .. }), _) => {
                let file = FileLink {
                    v: 1,
                    account: work.chat.account.clone(),
                    chat: work.chat.chat.clone(),
                    object: object.clone(),
                    mime: mime.clone(),
                    expires_at: 0,
                };
                // A link straight to the bucket: providers fetch at once, and do not follow a redirect like that of our
                // stable links.
                return Ok(Ok(Body::File(self.files.link(&file, self.ambient.now()).await?)));
            }
            (Some(FileCopy::Pending), _) => return Ok(Err(NotReady::NotYet("its file is not copied yet"))),
            (Some(FileCopy::Failed { .. }), _) => {
                return Ok(Err(NotReady::Never(failure_texts::NOTHING_TO_SEND)));
            }
            (None, Some(media)) => return Ok(Ok(Body::File(media.url.clone()))),
            (None, None) => {}
        }
        Ok(match message.text.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => Ok(Body::Text(signed(text, job.signature.as_deref()))),
            None => Err(NotReady::Never(failure_texts::NOTHING_TO_SEND)),
        })
    }

    /// The provider's id of the quoted message; `None` if the provider does not know the message.
    async fn quoted(&self, work: &ChatWork, message: &Message) -> Result<Option<MessageId>, DeliveryError> {
        let Some(id) = quoted_id(message) else { return Ok(None) };
        let chat = &work.chat;
        let found = self.store.messages(&chat.account, &chat.chat, std::slice::from_ref(id)).await?;
        Ok(match found.first() {
            Some(row) => known_id(row).cloned(),
            // Older than our copy of the chat: the caller got the id from the provider.
            None => Some(id.clone()),
        })
    }
}

/// The provider's id of a message. A message written elsewhere is stored under it here. `None` for a message of ours
/// that the provider never accepted, has not named yet, or never gets.
fn known_id(message: &Message) -> Option<&MessageId> {
    let elsewhere = message.side == Side::Client || message.origin.is_none_or(Origin::is_echo);
    message.provider_id.as_ref().or_else(|| elsewhere.then_some(&message.message_id))
}

/// The message that this one answers: by a quote, or as the comment above it.
fn quoted_id(message: &Message) -> Option<&MessageId> {
    let quote = message.quote.as_ref().and_then(|quote| quote.message.as_ref());
    quote.or(match &message.details {
        Some(Details::Comment(comment)) => comment.answers.as_ref(),
        _ => None,
    })
}

impl Payload {
    /// The provider request of this payload.
    pub(crate) fn request<'a>(
        &'a self,
        work: &'a ChatWork,
        message: &'a Message,
    ) -> Option<ProviderRequest<'a>> {
        let channel = work.channel.as_ref()?;
        let named = |id| MessageRef {
            channel,
            chat: &work.chat.provider_chat_id,
            id,
            has_file: message.media.is_some() || message.file.is_some(),
            buttons: buttons(message),
        };
        let (body, quote) = match self {
            Self::Edit { id, text } => return Some(ProviderRequest::Edit(named(id), Edit::Text(text))),
            Self::EditFile { id, url } => return Some(ProviderRequest::Edit(named(id), Edit::File(url))),
            Self::Delete { id } => return Some(ProviderRequest::Delete(named(id))),
            Self::Send { body, quote } => (body, quote),
        };
        let chat = &work.chat;
        Some(ProviderRequest::Send(Box::new(OutgoingMessage {
            key: &message.message_id,
            channel,
            messenger: &chat.messenger,
            group: chat.group,
            to: match &chat.addressee {
                Some(Addressee::Phone(phone)) => Recipient::Phone(phone),
                Some(Addressee::Username(name)) => Recipient::Username(name),
                None => Recipient::Chat(&chat.provider_chat_id),
            },
            content: match body {
                Body::Text(text) => OutgoingContent::Text { text, buttons: buttons(message) },
                Body::File(url) => OutgoingContent::File { url, file: file_info(message) },
                Body::Template { id, values } => OutgoingContent::Template { id, values },
            },
            keyboard: message.keyboard.as_ref(),
            quote: quote.as_ref(),
            answers: message.origin.is_none_or(Origin::is_employee),
            comment: comment_mode(message),
        })))
    }
}

/// The known facts about a message's file: from our copy if there is one.
fn file_info(message: &Message) -> FileInfo<'_> {
    let copied = match &message.file {
        Some(FileCopy::Stored { mime, .. }) => Some(mime.as_str()),
        _ => None,
    };
    let told = message.media.as_ref();
    let mime = copied.or(told.and_then(|media| media.mime.as_deref()));
    FileInfo { kind: message.kind, mime, name: told.and_then(|media| media.name.as_deref()) }
}

fn buttons(message: &Message) -> &[Button] {
    match &message.details {
        Some(Details::Buttons(buttons)) => buttons,
        _ => &[],
    }
}

fn comment_mode(message: &Message) -> Option<CommentMode> {
    match &message.details {
        Some(Details::Comment(comment)) => comment.mode,
        _ => None,
    }
}
