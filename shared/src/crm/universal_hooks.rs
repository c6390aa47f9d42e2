//! The bodies of the universal CRM's webhooks (Wazzup API v3, "Webhooks"; `docs/UNIVERSAL-CRM.md` names our additions).

use super::wording::Wording;
use crate::channel::DealStage;
use crate::chat::{Chat, ChatEvent, FinishReason};
use crate::content::Details;
use crate::event::Side;
use crate::message::{DeliveryStatus, Kind, Message};
use crate::providers::wazzup::chat_type;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateContactHook<'a> {
    pub create_contact: CreateContact<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateContact<'a> {
    pub responsible_user_id: &'a str,
    pub name: &'a str,
    pub contact_data: Vec<ContactData<'a>>,
    pub source: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContactData<'a> {
    pub chat_type: String,
    pub chat_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateDealHook<'a> {
    pub create_deal: CreateDeal<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateDeal<'a> {
    pub responsible_user_id: &'a str,
    pub contacts: Vec<&'a str>,
    pub source: &'static str,
    /// Ours: the channel's pipeline stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stage<'a> {
    pipeline_id: &'a str,
    stage_id: &'a str,
}

impl<'a> From<&'a DealStage> for Stage<'a> {
    fn from(stage: &'a DealStage) -> Self {
        Self { pipeline_id: &stage.pipeline_id, stage_id: &stage.stage_id }
    }
}

/// What the CRM answers to either creation: of all it says, the id and the link are kept.
#[derive(Deserialize)]
pub(super) struct Created {
    pub id: Value,
    #[serde(default)]
    pub uri: Option<Value>,
}

#[derive(Serialize)]
pub(super) struct MessagesHook<'a> {
    pub messages: Vec<HookMessage<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HookMessage<'a> {
    message_id: &'a str,
    channel_id: &'a str,
    chat_type: String,
    chat_id: &'a str,
    date_time: String,
    r#type: &'static str,
    status: &'static str,
    is_echo: bool,
    contact: HookContact<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<HookError<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quoted_message: Option<Cow<'a, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inst_post: Option<Cow<'a, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interactive: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advert: Option<&'a Value>,
    #[serde(skip_serializing_if = "is_false")]
    is_edited: bool,
    #[serde(skip_serializing_if = "is_false")]
    is_deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_info: Option<OldInfo<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HookContact<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct HookError<'a> {
    error: &'a str,
    description: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OldInfo<'a> {
    old_text: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// How the CRM is told of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    New,
    Edited,
    Deleted,
}

impl<'a> HookMessage<'a> {
    pub(super) fn new(chat: &'a Chat, message: &'a Message, told: As, wording: &Wording<'_>) -> Self {
        let extra = |name: &str| message.extra.as_ref().and_then(|extra| extra.get(name));
        let echo = message.side == Side::Company;
        let text = wording.text(chat, message).filter(|text| !text.is_empty());
        let content_uri = wording.file(message);
        let author = message.author.as_ref().filter(|_| echo);
        let is_deleted = told == As::Deleted || message.deleted_seq.is_some();
        let kind = shown_as(message, content_uri.is_some(), wording.mime(message));
        Self {
            message_id: message.message_id.as_str(),
            channel_id: &chat.channel_external,
            chat_type: chat_type(&chat.messenger, chat.group),
            chat_id: &chat.provider_chat_id,
            date_time: message.shown_at().rfc3339(),
            r#type: wire_type(kind, text.is_some() || is_deleted),
            status: if echo {
                wire_status(message.status.unwrap_or(DeliveryStatus::Sent))
            } else {
                "inbound"
            },
            is_echo: echo,
            contact: HookContact { name: display_name(chat.name.as_deref(), chat) },
            text: text.or_else(|| (is_deleted && kind == Kind::Text).then(String::new)),
            content_uri,
            // Wazzup tells it of the company's messages alone; a group's author stands before the text.
            author_name: author.and_then(|author| author.name.as_deref()),
            author_id: author.and_then(|author| author.id.as_deref()),
            error: HookError::of(message),
            quoted_message: quoted(message),
            inst_post: extra("post")
                .filter(|post| post.is_object())
                .map(Cow::Borrowed)
                .or_else(|| post(message).map(Cow::Owned)),
            interactive: extra("interactive").filter(|buttons| buttons.is_array()),
            advert: extra("advert").filter(|advert| advert.is_object()),
            is_edited: told != As::Deleted && (told == As::Edited || message.edited_seq.is_some()),
            is_deleted,
            old_info: message
                .old_text
                .as_deref()
                .filter(|_| told == As::Edited && message.edited_seq == Some(message.seq))
                .map(|old_text| OldInfo { old_text }),
        }
    }
}

/// The kind that the CRM is told: while its file is on its way, or was given up, a message is a text; a story's answer
/// shows the story.
fn shown_as(message: &Message, has_file: bool, mime: Option<&str>) -> Kind {
    match message.kind {
        _ if message.file.is_some() && !has_file => Kind::Text,
        Kind::StoryReply | Kind::StoryMention if has_file => {
            if mime.is_some_and(|mime| mime.starts_with("video/")) { Kind::Video } else { Kind::Image }
        }
        kind => kind,
    }
}

/// The quoted message as the provider gave it, else by its id and text.
fn quoted(message: &Message) -> Option<Cow<'_, Value>> {
    let quote = message.quote.as_ref()?;
    if let Some(raw) = quote.raw.as_ref().filter(|raw| raw.is_object()) {
        return Some(Cow::Borrowed(raw));
    }
    let mut told = serde_json::Map::new();
    if let Some(id) = &quote.message {
        told.insert("messageId".into(), id.as_str().into());
    }
    if let Some(text) = &quote.text {
        told.insert("text".into(), text.as_str().into());
    }
    (!told.is_empty()).then_some(Cow::Owned(Value::Object(told)))
}

/// The post of a comment, in Wazzup's words.
fn post(message: &Message) -> Option<Value> {
    let Some(Details::Comment(comment)) = &message.details else { return None };
    let post = &comment.post;
    let told = [
        ("id", Some(&post.id)),
        ("src", post.url.as_ref()),
        ("description", post.text.as_ref()),
        ("imageSrc", post.picture.as_ref()),
    ];
    let told = told.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.as_str().into())));
    Some(Value::Object(told.collect()))
}

impl<'a> HookError<'a> {
    fn of(message: &'a Message) -> Option<Self> {
        let error = message.error.as_ref().filter(|_| message.status == Some(DeliveryStatus::Failed))?;
        Some(Self { error: &error.code, description: error.description.as_deref().unwrap_or_default() })
    }
}

/// A contact's name is at most this long (Wazzup API v3, "Contacts").
const LONGEST_NAME: usize = 200;

/// The name the CRM gets: as told, else the messenger's id of the chat.
pub(super) fn display_name<'a>(name: Option<&'a str>, chat: &'a Chat) -> &'a str {
    let name = name.map(str::trim).filter(|name| !name.is_empty()).unwrap_or(&chat.provider_chat_id);
    name.char_indices().nth(LONGEST_NAME).map_or(name, |(end, _)| &name[..end])
}

/// Wazzup v3's words for the kinds. Ours that it has no word for go as the nearest one; what would be a text without a
/// text goes as unsupported.
fn wire_type(kind: Kind, has_text: bool) -> &'static str {
    match kind {
        Kind::Text
        | Kind::Interactive
        | Kind::Reaction
        | Kind::StoryReply
        | Kind::StoryMention
        | Kind::Comment
            if !has_text =>
        {
            "unsupported"
        }
        Kind::Text
        | Kind::Interactive
        | Kind::Reaction
        | Kind::StoryReply
        | Kind::StoryMention
        | Kind::Comment => "text",
        Kind::Image | Kind::Sticker => "image",
        Kind::Audio | Kind::Voice => "audio",
        Kind::Video => "video",
        Kind::Document => "document",
        Kind::Location => "geo",
        Kind::ContactCard => "vcard",
        Kind::Template => "wapi_template",
        Kind::MissedCall | Kind::ListingCall => "missing_call",
        Kind::System => "system",
        Kind::Unsupported => "unsupported",
    }
}

fn wire_status(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Queued | DeliveryStatus::Sent => "sent",
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::Read => "read",
        DeliveryStatus::Failed => "error",
    }
}

#[derive(Serialize)]
pub(super) struct StatusesHook<'a> {
    pub statuses: Vec<HookStatus<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HookStatus<'a> {
    message_id: &'a str,
    timestamp: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<HookError<'a>>,
}

impl<'a> HookStatus<'a> {
    pub(super) fn new(message: &'a Message) -> Self {
        Self {
            message_id: message.message_id.as_str(),
            timestamp: message.status_at.unwrap_or(message.sent_at).rfc3339(),
            status: wire_status(message.status.unwrap_or(DeliveryStatus::Sent)),
            error: HookError::of(message),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChatFinishedHook<'a> {
    pub chat_finished: ChatFinished<'a>,
}

/// Ours: the chat left the live list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChatFinished<'a> {
    pub channel_id: &'a str,
    pub chat_type: String,
    pub chat_id: &'a str,
    pub finished_at: String,
    pub reason: FinishReason,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deal_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsible_user_id: Option<&'a str>,
}

impl<'a> ChatFinished<'a> {
    pub(super) fn new(chat: &'a Chat, crm: &'a crate::contact::CrmRecords, event: &ChatEvent) -> Self {
        Self {
            channel_id: &chat.channel_external,
            chat_type: chat_type(&chat.messenger, chat.group),
            chat_id: &chat.provider_chat_id,
            finished_at: event.at.rfc3339(),
            reason: event.finished,
            contact_id: crm.contact_id.as_deref(),
            deal_id: crm.deal_id.as_deref(),
            responsible_user_id: chat.responsible.as_ref().map(crate::ids::EmployeeId::as_str),
        }
    }
}
