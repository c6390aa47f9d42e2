//! Chats, in answers.

use crate::chats::listing_view::ListingView;
use crate::contacts::person::People;
use crate::contacts::view::ContactView;
use crate::http::body::moment;
use serde::Serialize;
use shared::model::access::sending::{Permit, Refusal};
use shared::model::chat::state::{AssignmentState, ChatState, ChatStatus, FinishReason};
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
    /// The client's name, as first received.
    name: Option<String>,
    /// The client's verified phone that was last known here, E.164.
    phone: Option<String>,
    /// The contact's id; where contacts were merged, that of the contact that remains.
    contact: String,
    state: ChatState,
    /// How many times the chat was opened.
    case_no: u32,
    client: AssignmentState,
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
    /// The status last set: how far the conversation has come. Independent of whether the chat is finished.
    status: Option<ChatStatus>,
    /// The tags that employees and rules have set.
    tags: BTreeSet<String>,
    /// When we last accepted a message from either side.
    #[schema(format = DateTime)]
    last_activity_at: String,
    /// How many of the client's messages are unread.
    unread: u32,
    /// Since when the client waits for an employee's answer; null when the client does not wait.
    #[schema(format = DateTime)]
    unanswered_at: Option<String>,
    /// The post whose comments make up this chat.
    post: Option<PostRefView>,
    /// The listing that the chat is about now: its id in the chat's listings.
    listing: Option<String>,
    crm: ChatCrmView,
}

/// How far the CRM is behind a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatCrmView {
    /// How many changes the CRM does not have yet.
    behind: u64,
    /// The error of the last attempt.
    error: Option<String>,
    #[schema(format = DateTime)]
    retry_at: Option<String>,
}

/// The post of a comment case.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostRefView {
    /// The provider's id of the post.
    id: String,
    url: Option<String>,
}

impl From<PostRef> for PostRefView {
    fn from(post: PostRef) -> Self {
        Self { id: post.id, url: post.url }
    }
}

impl ChatView {
    /// The view of a chat, its contact resolved where `people` has it.
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
            state: chat.state,
            case_no: chat.case_no,
            client: chat.assignment_state,
            waiting_since: moment(chat.waiting_since),
            responsible: chat.responsible.map(|employee| employee.to_string()),
            opened_at: moment(chat.opened_at),
            finished_at: moment(chat.finished_at),
            finish_reason: chat.finish_reason,
            status: chat.status,
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
    /// Where the next page begins; null on the last one. A page before the last may hold fewer than `limit` chats, or
    /// none.
    pub(crate) next_cursor: Option<String>,
}

/// Whether the caller may write to the client.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"allowed": true, "claims": true, "reason": null}))]
pub struct MaySendView {
    allowed: bool,
    /// Whether the caller becomes responsible by writing.
    claims: bool,
    /// Why the caller may not write.
    reason: Option<Refusal>,
}

impl From<Result<Permit, Refusal>> for MaySendView {
    fn from(asked: Result<Permit, Refusal>) -> Self {
        Self { allowed: asked.is_ok(), claims: asked == Ok(Permit::Claim), reason: asked.err() }
    }
}

/// A chat with its client and its listing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatWithContact {
    pub(crate) chat: ChatView,
    pub(crate) may_send: MaySendView,
    /// Null when the contact was erased.
    pub(crate) contact: Option<ContactView>,
    /// The listing that the chat is about now.
    pub(crate) listing: Option<ListingView>,
}
