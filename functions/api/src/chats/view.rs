//! Chats as answers show them.

use crate::chats::listing_view::ListingView;
use crate::contacts::person::People;
use crate::contacts::view::ContactView;
use crate::http::body::moment;
use crate::http::enums::{ChatState, ChatStatus, ClientState, FinishReason, Refusal};
use serde::Serialize;
use shared::model::access::sending::{self, Permit};
use shared::model::chat::{Chat, PostRef};
use shared::store::keys::listing_digest;
use std::collections::BTreeSet;
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
    /// The verified phone that the client was last known by here, E.164.
    phone: Option<String>,
    /// The contact's id: the one who stayed, where contacts were merged.
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
    /// What was last said of how far the conversation has come; another thing than being finished.
    status: Option<ChatStatus>,
    /// What employees and rules call it by.
    tags: BTreeSet<String>,
    /// When we last took a message of either side.
    #[schema(format = DateTime)]
    last_activity_at: String,
    /// How many of the client's messages nobody has read.
    unread: u32,
    /// Since when the client waits for an employee's answer; null when he does not.
    #[schema(format = DateTime)]
    unanswered_at: Option<String>,
    /// The post under which the comments stand that make this chat.
    post: Option<PostRefView>,
    /// The listing it is about now: its id in the chat's listings.
    listing: Option<String>,
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

/// The post of a comment case.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostRefView {
    /// The provider's id of it.
    id: String,
    url: Option<String>,
}

impl From<PostRef> for PostRefView {
    fn from(post: PostRef) -> Self {
        Self { id: post.id, url: post.url }
    }
}

impl ChatView {
    /// A chat, its contact resolved where `people` knows him.
    pub fn of(chat: Chat, people: &People) -> Self {
        Self {
            unread: chat.unread(),
            unanswered_at: moment(chat.unanswered_at),
            post: chat.post.map(PostRefView::from),
            listing: chat.listing.as_ref().map(|mark| listing_digest(&mark.id)),
            contact: people.get(&chat.contact).map_or(&chat.contact, |one| &one.contact).to_string(),
            id: chat.chat.to_string(),
            channel: chat.channel.to_string(),
            messenger: chat.messenger.as_str().to_owned(),
            group: chat.group,
            provider_chat_id: chat.provider_chat_id,
            name: chat.name,
            phone: chat.phone.map(|phone| phone.as_str().to_owned()),
            state: chat.state.into(),
            case_no: chat.case_no,
            client: chat.assignment_state.into(),
            waiting_since: moment(chat.waiting_since),
            responsible: chat.responsible.map(|employee| employee.to_string()),
            opened_at: moment(chat.opened_at),
            finished_at: moment(chat.finished_at),
            finish_reason: chat.finish_reason.map(FinishReason::from),
            status: chat.status.map(ChatStatus::from),
            tags: chat.tags,
            last_activity_at: chat.last_activity_at.rfc3339(),
            crm: ChatCrmView {
                behind: chat.seq.saturating_sub(chat.crm_synced_seq),
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
        "messenger": "whatsapp", "group": false, "provider_chat_id": "79011112233", "name": "Ivan", "phone": "+79011112233",
        "contact": "019aa600-2f4b-7d01-93c4-5d1a0e7b8c22", "state": "live", "case_no": 1, "client": "assigned",
        "waiting_since": null, "responsible": "17", "opened_at": "2026-11-21T09:20:00.000Z", "finished_at": null,
        "finish_reason": null, "status": null, "tags": [], "last_activity_at": "2026-11-21T09:21:30.000Z", "unread": 1,
        "unanswered_at": "2026-11-21T09:21:30.000Z", "post": null, "listing": null,
        "crm": {"behind": 0, "error": null, "retry_at": null}
    }],
    "next_cursor": null
}))]
pub struct Chats {
    pub(crate) chats: Vec<ChatView>,
    /// Where the next page begins; null on the last one. A page may hold fewer than `limit`, also none, before the last.
    pub(crate) next_cursor: Option<String>,
}

/// Whether the caller may write to the client.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"allowed": true, "claims": true, "reason": null}))]
pub struct MaySendView {
    allowed: bool,
    /// Whether he becomes responsible by it.
    claims: bool,
    /// Why he may not.
    reason: Option<Refusal>,
}

impl From<Result<Permit, sending::Refusal>> for MaySendView {
    fn from(asked: Result<Permit, sending::Refusal>) -> Self {
        Self {
            allowed: asked.is_ok(),
            claims: asked == Ok(Permit::Claim),
            reason: asked.err().map(Refusal::from),
        }
    }
}

/// A chat with its client and its listing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatWithContact {
    pub(crate) chat: ChatView,
    pub(crate) may_send: MaySendView,
    /// Null when he was erased.
    pub(crate) contact: Option<ContactView>,
    /// The listing it is about now.
    pub(crate) listing: Option<ListingView>,
}
