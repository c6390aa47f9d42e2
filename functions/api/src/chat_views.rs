//! Chats, contacts and messages as answers show them.

use crate::extract::moment;
use crate::views::{ChatState, ClientState, DeliveryStatus, FinishReason, Kind, Side};
use serde::Serialize;
use shared::chat::Chat;
use shared::contact::Contact;
use shared::message::Message;
use utoipa::ToSchema;

/// A chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatView {
    id: String,
    channel: String,
    /// `whatsapp`, `telegram`, `instagram`, `viber`, `vk`, `avito`, `max`, or the provider's word.
    messenger: String,
    group: bool,
    /// The provider's id of the chat.
    provider_chat_id: String,
    /// The client's name as first told.
    name: Option<String>,
    /// The contact's id.
    contact: String,
    state: ChatState,
    /// How many times the chat was opened.
    case_no: u32,
    client: ClientState,
    /// Since when the client waits for a responsible.
    #[schema(format = DateTime)]
    waiting_since: Option<String>,
    /// The employee's id.
    responsible: Option<String>,
    #[schema(format = DateTime)]
    opened_at: Option<String>,
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    finish_reason: Option<FinishReason>,
    /// When we last took a message of either side.
    #[schema(format = DateTime)]
    last_activity_at: String,
    crm: ChatCrmView,
}

/// How far the CRM has come with a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatCrmView {
    /// Changes that the CRM does not have yet.
    behind: u64,
    /// What went wrong at the last attempt.
    error: Option<String>,
    #[schema(format = DateTime)]
    retry_at: Option<String>,
}

impl From<Chat> for ChatView {
    fn from(chat: Chat) -> Self {
        Self {
            id: chat.chat.to_string(),
            channel: chat.channel.to_string(),
            messenger: chat.messenger.as_str().to_owned(),
            group: chat.group,
            provider_chat_id: chat.provider_chat_id,
            name: chat.name,
            contact: chat.contact.to_string(),
            state: chat.state.into(),
            case_no: chat.case_no,
            client: chat.client.into(),
            waiting_since: moment(chat.waiting_since),
            responsible: chat.responsible.map(|employee| employee.to_string()),
            opened_at: moment(chat.opened_at),
            finished_at: moment(chat.finished_at),
            finish_reason: chat.finish_reason.map(FinishReason::from),
            last_activity_at: chat.last_activity_at.rfc3339(),
            crm: ChatCrmView {
                behind: chat.seq.saturating_sub(chat.crm_done),
                error: chat.crm_error,
                retry_at: moment(chat.crm_retry_at),
            },
        }
    }
}

/// A page of chats.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chats": [{
        "id": "0f7c3d1a-6d52-8c0e-8b27-51f0a2f4d9aa", "channel": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11",
        "messenger": "whatsapp", "group": false, "provider_chat_id": "79011112233", "name": "Ivan",
        "contact": "019aa600-2f4b-7d01-93c4-5d1a0e7b8c22", "state": "live", "case_no": 1, "client": "assigned",
        "waiting_since": null, "responsible": "17", "opened_at": "2026-11-21T09:20:00.000Z", "finished_at": null,
        "finish_reason": null, "last_activity_at": "2026-11-21T09:21:30.000Z",
        "crm": {"behind": 0, "error": null, "retry_at": null}
    }],
    "next_cursor": null
}))]
pub struct Chats {
    pub(crate) chats: Vec<ChatView>,
    /// Where the next page begins; null on the last one. A page may hold fewer than `limit`, also none, before the last.
    pub(crate) next_cursor: Option<String>,
}

/// A client.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactView {
    id: String,
    name: Option<String>,
    /// E.164, when verified.
    phone: Option<String>,
    username: Option<String>,
    /// The employee's id.
    responsible: Option<String>,
    crm: CrmRecordsView,
}

/// What the CRM holds of a client.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrmRecordsView {
    contact_id: Option<String>,
    /// Link to the contact's card.
    contact_uri: Option<String>,
    deal_id: Option<String>,
    /// Link to the deal's card.
    deal_uri: Option<String>,
    /// The CRM makes no contact of him: its answer, shortened.
    refused: Option<String>,
    /// How often nobody knows whether the CRM made one: it may hold a double.
    uncertain: u32,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.contact.to_string(),
            name: contact.name,
            phone: contact.phone.map(|phone| phone.as_str().to_owned()),
            username: contact.username,
            responsible: contact.responsible.map(|employee| employee.to_string()),
            crm: CrmRecordsView {
                contact_id: contact.crm.contact_id,
                contact_uri: contact.crm.contact_uri,
                deal_id: contact.crm.deal_id,
                deal_uri: contact.crm.deal_uri,
                refused: contact.crm.refused,
                uncertain: contact.crm.uncertain,
            },
        }
    }
}

/// A chat with its client.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatWithContact {
    pub(crate) chat: ChatView,
    /// Null when he was erased.
    pub(crate) contact: Option<ContactView>,
}

/// A file of a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MediaView {
    /// The provider's link; it may expire.
    url: String,
}

/// Who wrote, where the chat has more than one voice.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorView {
    name: Option<String>,
    /// The CRM's user id.
    id: Option<String>,
}

/// Why a delivery failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryErrorView {
    /// The provider's code.
    code: String,
    description: Option<String>,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageView {
    /// The provider's id.
    id: String,
    side: Side,
    kind: Kind,
    /// The provider's word for the kind, where ours says less.
    raw_kind: Option<String>,
    /// Text or caption.
    text: Option<String>,
    media: Option<MediaView>,
    author: Option<AuthorView>,
    /// Quote, buttons, post, advert … as the provider gave them.
    #[schema(value_type = Option<serde_json::Value>)]
    extra: Option<serde_json::Value>,
    /// The time the message is shown under: the provider's, but at most two minutes ahead of ours.
    #[schema(format = DateTime)]
    shown_at: String,
    /// When the provider says that it was written.
    #[schema(format = DateTime)]
    sent_at: String,
    /// When we took it.
    #[schema(format = DateTime)]
    accepted_at: String,
    /// Number of its last change in the chat.
    seq: u64,
    edited: bool,
    /// The text before the last edit.
    old_text: Option<String>,
    deleted: bool,
    /// How far the delivery has come (company messages).
    status: Option<DeliveryStatus>,
    #[schema(format = DateTime)]
    status_at: Option<String>,
    error: Option<DeliveryErrorView>,
    /// The CRM refused it for good: its answer, shortened.
    crm_refused: Option<String>,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            shown_at: message.shown_at().rfc3339(),
            id: message.message_id.as_str().to_owned(),
            side: message.side.into(),
            kind: message.kind.into(),
            raw_kind: message.raw_kind,
            text: message.text,
            media: message.media.map(|media| MediaView { url: media.url }),
            author: message.author.map(|author| AuthorView { name: author.name, id: author.id }),
            extra: message.extra,
            sent_at: message.sent_at.rfc3339(),
            accepted_at: message.accepted_at.rfc3339(),
            seq: message.seq,
            edited: message.edited_seq.is_some(),
            old_text: message.old_text,
            deleted: message.deleted_seq.is_some(),
            status: message.status.map(DeliveryStatus::from),
            status_at: moment(message.status_at),
            error: message
                .error
                .map(|error| DeliveryErrorView { code: error.code, description: error.description }),
            crm_refused: message.crm_refused,
        }
    }
}

/// A page of messages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "messages": [{
        "id": "8fafd4aa-7c20-4c0d-af19-0a15d3004bc7", "side": "client", "kind": "text", "raw_kind": null,
        "text": "Is the car still for sale?", "media": null, "author": null, "extra": null,
        "shown_at": "2026-11-21T09:21:30.000Z", "sent_at": "2026-11-21T09:21:30.000Z",
        "accepted_at": "2026-11-21T09:21:30.412Z", "seq": 3, "edited": false, "old_text": null, "deleted": false,
        "status": null, "status_at": null, "error": null, "crm_refused": null
    }],
    "next_cursor": null
}))]
pub struct Messages {
    pub(crate) messages: Vec<MessageView>,
    /// Where the next page begins; null on the last one.
    pub(crate) next_cursor: Option<String>,
}
