//! The bodies of the universal CRM's webhooks (Wazzup API v3, "Webhooks"; `docs/UNIVERSAL-CRM.md` names our additions).

use crate::crm::formatting::Formatter;
use crate::model::channel::Channel;
use crate::model::chat::state::{ChatStatus, FinishReason};
use crate::model::chat::{Chat, ChatEvent};
use crate::model::contact::Identity;
use crate::model::crm::is_web_link;
use crate::model::event::{Origin, Side, TemplateState};
use crate::model::failure_texts;
use crate::model::message::Message;
use crate::model::message::content::Details;
use crate::model::message::kind::{DeliveryStatus, Kind};
use crate::wazzup_v3::channel_id;
use crate::wazzup_v3::channel_states;
use crate::wazzup_v3::errors;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    avito_profile_id: Option<String>,
    date_time: String,
    r#type: &'static str,
    status: &'static str,
    is_echo: bool,
    /// Whether the company wrote it in the provider's own application; present only for the company's messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_from_app: Option<bool>,
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
    /// The client's name, or the group's.
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_uri: Option<&'a str>,
    /// The name in the messenger, without `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    /// The digits of the phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Cow<'a, str>>,
}

impl<'a> HookContact<'a> {
    /// The client as the chat knows them: the phone is their id in the messenger, or was received and verified.
    fn of(chat: &'a Chat) -> Self {
        let told = || chat.phone.as_ref().filter(|_| !chat.group).map(|phone| Cow::Borrowed(phone.digits()));
        let (messenger, user) = (chat.messenger.clone(), chat.provider_chat_id.clone());
        let own = Identity { messenger, group: chat.group, user }.phone();
        let phone = own.map(|phone| Cow::Owned(phone.digits().to_owned())).or_else(told);
        Self {
            name: display_name(chat.name.as_deref(), chat),
            avatar_uri: chat.avatar_url.as_deref().filter(|link| is_web_link(link)),
            username: chat.username.as_deref().map(|name| name.trim_start_matches('@')),
            phone,
        }
    }
}

#[derive(Serialize)]
struct HookError<'a> {
    error: &'static str,
    description: Cow<'a, str>,
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

/// The form in which a message is reported to the CRM.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    New,
    Edited,
    Deleted,
}

impl<'a> HookMessage<'a> {
    pub(super) fn new(chat: &'a Chat, message: &'a Message, told: As, formatter: &Formatter<'_>) -> Self {
        let extra = |name: &str| message.extra.as_ref().and_then(|extra| extra.get(name));
        let echo = message.side == Side::Company;
        let text = formatter.text(chat, message).filter(|text| !text.is_empty());
        let content_uri = formatter.file(message);
        // Of a group's message the author is named; `authorId` is a user of the CRM, which no client is.
        let author = message.author.as_ref().filter(|_| echo || chat.group);
        let is_deleted = told == As::Deleted || message.deleted_seq.is_some();
        let kind = shown_as(message, content_uri.is_some(), formatter.mime(message));
        Self {
            message_id: message.message_id.as_str(),
            channel_id: channel_id(&chat.channel_external, &chat.channel),
            chat_type: chat.messenger.chat_type(chat.group),
            chat_id: &chat.provider_chat_id,
            avito_profile_id: extra("avitoProfileId").and_then(plain_id),
            date_time: message.shown_at().rfc3339(),
            r#type: wire_type(kind, text.is_some() || is_deleted),
            status: if echo {
                wire_status(message.status.unwrap_or(DeliveryStatus::Sent))
            } else {
                "inbound"
            },
            is_echo: echo,
            sent_from_app: echo.then_some(message.origin == Some(Origin::ProviderApp)),
            contact: HookContact::of(chat),
            text: text.or_else(|| (is_deleted && kind == Kind::Text).then(String::new)),
            content_uri,
            author_name: author.and_then(|author| author.name.as_deref()),
            author_id: author.filter(|_| echo).and_then(|author| author.id.as_deref()),
            error: HookError::of(message, formatter),
            quoted_message: quoted(message),
            inst_post: extra("post")
                .filter(|post| post.is_object())
                .map(Cow::Borrowed)
                .or_else(|| post(message).map(Cow::Owned)),
            interactive: extra("interactive").filter(|buttons| buttons.is_array()),
            advert: extra("advert").filter(|advert| advert.is_object()),
            is_edited: told != As::Deleted && (told == As::Edited || message.is_edited()),
            is_deleted,
            old_info: message
                .old_text
                .as_deref()
                .filter(|_| told == As::Edited && message.edited_seq == Some(message.seq))
                .map(|old_text| OldInfo { old_text }),
        }
    }
}

/// The kind that is reported to the CRM: a message whose file is pending or was given up is a text, and a reply to a
/// story shows the story.
fn shown_as(message: &Message, has_file: bool, mime: Option<&str>) -> Kind {
    match message.kind {
        _ if message.file.is_some() && !has_file => Kind::Text,
        // A CRM may hide a message that it takes for the messenger's own notice.
        Kind::System if message.origin == Some(Origin::Notice) => Kind::Text,
        Kind::StoryReply | Kind::StoryMention if has_file => {
            if mime.is_some_and(|mime| mime.starts_with("video/")) { Kind::Video } else { Kind::Image }
        }
        kind => kind,
    }
}

/// The quoted message as the provider sent it, otherwise its id and text.
fn quoted(message: &Message) -> Option<Cow<'_, Value>> {
    let quote = message.quote.as_ref()?;
    if let Some(raw) = quote.raw.as_ref().filter(|raw| raw.is_object()) {
        return Some(Cow::Borrowed(raw));
    }
    let mut told = serde_json::Map::new();
    told.insert("messageId".into(), quote.message.as_ref()?.as_str().into());
    if let Some(text) = &quote.text {
        told.insert("text".into(), text.as_str().into());
    }
    Some(Cow::Owned(Value::Object(told)))
}

/// The post of a comment, in Wazzup's format.
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
    /// The error of a message that failed, or of which it is unknown whether it was sent: Wazzup's word, and the
    /// provider's explanation or ours.
    fn of(message: &'a Message, formatter: &Formatter<'_>) -> Option<Self> {
        if !matches!(message.status, Some(DeliveryStatus::Failed | DeliveryStatus::Unknown)) {
            return None;
        }
        let Some(error) = &message.error else {
            return Some(Self { error: errors::UNKNOWN, description: Cow::Borrowed(errors::UNKNOWN) });
        };
        let reason = formatter.reason(&error.code);
        let given = error.description.as_deref().filter(|text| !text.is_empty());
        let description = given.or_else(|| failure_texts::why(reason, formatter.language));
        Some(Self {
            error: errors::told(&error.code, reason),
            description: Cow::Borrowed(description.unwrap_or(&error.code)),
        })
    }
}

/// An id as text: providers send ids as texts or as numbers.
pub(super) fn plain_id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The longest name of a contact (Wazzup API v3, "Contacts").
const LONGEST_NAME: usize = 200;

/// The name sent to the CRM: as received, otherwise the messenger's id of the chat.
pub(super) fn display_name<'a>(name: Option<&'a str>, chat: &'a Chat) -> &'a str {
    let name = name.map(str::trim).filter(|name| !name.is_empty()).unwrap_or(&chat.provider_chat_id);
    name.char_indices().nth(LONGEST_NAME).map_or(name, |(end, _)| &name[..end])
}

/// Wazzup v3's words for the kinds. Kinds without a word go as the nearest one; a text kind without a text goes as
/// unsupported.
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
        // The contract has no word for an unknown outcome; a later proof follows as a status.
        DeliveryStatus::Failed | DeliveryStatus::Unknown => "error",
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
    pub(super) fn new(message: &'a Message, formatter: &Formatter<'_>) -> Self {
        Self {
            message_id: message.message_id.as_str(),
            timestamp: message.status_at.unwrap_or(message.sent_at).rfc3339(),
            status: wire_status(message.status.unwrap_or(DeliveryStatus::Sent)),
            error: HookError::of(message, formatter),
        }
    }

    /// An edit in the messenger of which the new text is not known (Wazzup API v3, "Webhooks", `statuses`).
    pub(super) fn edited(message: &'a Message) -> Self {
        Self {
            message_id: message.message_id.as_str(),
            timestamp: message.edit_noted_at.unwrap_or(message.sent_at).rfc3339(),
            status: "edited",
            error: None,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TemplateStatusHook<'a> {
    pub template_status: TemplateStatus<'a>,
}

/// The state of a WABA template.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TemplateStatus<'a> {
    template_guid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// As the provider wrote it: `approved`, `PENDING`.
    status: &'a str,
}

impl<'a> From<&'a TemplateState> for TemplateStatus<'a> {
    fn from(state: &'a TemplateState) -> Self {
        Self { template_guid: &state.id, name: state.name.as_deref(), status: &state.status }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChannelsHook<'a> {
    pub channels_updates: [ChannelUpdate<'a>; 1],
}

/// A channel's state. Additional data of some of Wazzup's states (a QR code, a WABA tier) is not known here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChannelUpdate<'a> {
    channel_id: &'a str,
    state: &'static str,
    /// Milliseconds since the epoch.
    timestamp: i64,
}

impl<'a> ChannelUpdate<'a> {
    pub(super) fn new(channel: &'a Channel) -> Self {
        Self {
            channel_id: channel_id(&channel.external, &channel.channel),
            state: channel_states::told(channel),
            timestamp: channel.state_at.millis(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChatFinishedHook<'a> {
    pub chat_finished: ChatFinished<'a>,
}

/// Our addition: the chat left the live list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChatFinished<'a> {
    pub channel_id: &'a str,
    pub chat_type: String,
    pub chat_id: &'a str,
    pub finished_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<FinishReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ChatStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deal_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsible_user_id: Option<&'a str>,
}

impl<'a> ChatFinished<'a> {
    pub(super) fn new(chat: &'a Chat, crm: &'a crate::model::contact::CrmRecords, event: &ChatEvent) -> Self {
        Self {
            channel_id: channel_id(&chat.channel_external, &chat.channel),
            chat_type: chat.messenger.chat_type(chat.group),
            chat_id: &chat.provider_chat_id,
            finished_at: event.at.rfc3339(),
            reason: event.finished,
            status: event.status,
            contact_id: crm.contact_id.as_deref(),
            deal_id: crm.deal_id.as_deref(),
            responsible_user_id: chat.responsible.as_ref().map(crate::base::ids::EmployeeId::as_str),
        }
    }
}

#[cfg(test)]
#[path = "hooks_tests.rs"]
mod tests;
