//! The bodies of notices for a universal CRM's users: our addition, Wazzup has none (`docs/UNIVERSAL-CRM.md`).

use crate::base::clock::Timestamp;
use crate::base::ids::EmployeeId;
use crate::crm::client::Waiting;
use crate::model::channel::Channel;
use crate::model::chat::{Chat, ChatEvent, NoticeTo, RuleNotice};
use crate::wazzup_v3::channel_id;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WaitingClientsHook<'a> {
    pub waiting_clients: WaitingClients<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WaitingClients<'a> {
    channel_id: &'a str,
    count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_at: Option<String>,
    heads: Vec<&'a str>,
}

impl<'a> WaitingClients<'a> {
    pub(super) fn new(channel: &'a Channel, waiting: &'a Waiting) -> Self {
        Self {
            channel_id: channel_id(&channel.external, &channel.channel),
            count: waiting.count,
            oldest_at: waiting.oldest.filter(|_| waiting.count > 0).map(Timestamp::rfc3339),
            heads: waiting.heads.iter().map(EmployeeId::as_str).collect(),
        }
    }
}

/// A rule's notice to employees.
#[derive(Serialize)]
pub(super) struct NotificationHook<'a> {
    pub notification: Notification<'a>,
}

/// The addressee, the chat and the text.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notification<'a> {
    pub channel_id: &'a str,
    pub chat_type: String,
    pub chat_id: &'a str,
    pub at: String,
    /// `responsible`, `heads` or `user`.
    pub to: &'static str,
    /// The user, if the addressee is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<&'a str>,
    pub text: &'a str,
}

impl<'a> Notification<'a> {
    pub(super) fn new(chat: &'a Chat, event: &ChatEvent, notice: &'a RuleNotice) -> Self {
        let (to, user) = match &notice.to {
            NoticeTo::Responsible => ("responsible", notice.reader.as_ref()),
            NoticeTo::Heads => ("heads", None),
            NoticeTo::Employee(employee) => ("user", Some(employee)),
        };
        Self {
            channel_id: channel_id(&chat.channel_external, &chat.channel),
            chat_type: chat.messenger.chat_type(chat.group),
            chat_id: &chat.provider_chat_id,
            at: event.at.rfc3339(),
            to,
            user_id: user.map(EmployeeId::as_str),
            text: &notice.text,
        }
    }
}
