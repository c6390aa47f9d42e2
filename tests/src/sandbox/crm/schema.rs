//! The webhook bodies that a universal CRM accepts. They are closed: every field is known, present if required, and of
//! its type.

use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::notices::{Notification, WaitingClients};
use super::rules;
use crate::sandbox::words::{
    ChannelState, ChatStatus, ChatType, FinishReason, MessageStatus, MessageType, Source, StatusWord,
};

/// A violation of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, such as `messages[0].contact.name`; `.` is the body itself.
    pub path: String,
    /// The error.
    pub message: String,
}

/// A JSON object. serde's derive would also accept an array for a struct; a CRM does not.
#[derive(Clone, Debug)]
pub struct Obj<T>(pub T);

impl<T> Deref for Obj<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Obj<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = T;
            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Object(std::marker::PhantomData)).map(Self)
    }
}

/// An optional field that must not be `null`.
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// One webhook body, valid in form.
#[derive(Clone, Debug)]
pub enum Hook {
    /// `{"test":true}`
    Test,
    /// `messages[]` and/or `statuses[]`.
    Chat {
        /// Messages in the order received.
        messages: Vec<Obj<Message>>,
        /// Statuses in the order received.
        statuses: Vec<Obj<StatusItem>>,
    },
    /// `createContact`
    CreateContact(CreateContact),
    /// `createDeal`
    CreateDeal(CreateDeal),
    /// `channelsUpdates[]`
    ChannelsUpdates(Vec<Obj<ChannelUpdate>>),
    /// `templateStatus`
    TemplateStatus(TemplateStatus),
    /// `chatFinished`, Switchboard's extension.
    ChatFinished(ChatFinished),
    /// `notification`, Switchboard's extension.
    Notification(Notification),
    /// `waitingClients`, Switchboard's extension.
    WaitingClients(WaitingClients),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    #[serde(default, deserialize_with = "given")]
    test: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    messages: Option<Vec<Obj<Message>>>,
    #[serde(default, deserialize_with = "given")]
    statuses: Option<Vec<Obj<StatusItem>>>,
    #[serde(default, deserialize_with = "given")]
    create_contact: Option<Obj<CreateContact>>,
    #[serde(default, deserialize_with = "given")]
    create_deal: Option<Obj<CreateDeal>>,
    #[serde(default, deserialize_with = "given")]
    channels_updates: Option<Vec<Obj<ChannelUpdate>>>,
    #[serde(default, deserialize_with = "given")]
    template_status: Option<Obj<TemplateStatus>>,
    #[serde(default, deserialize_with = "given")]
    chat_finished: Option<Obj<ChatFinished>>,
    #[serde(default, deserialize_with = "given")]
    notification: Option<Obj<Notification>>,
    #[serde(default, deserialize_with = "given")]
    waiting_clients: Option<Obj<WaitingClients>>,
}

/// One item of `messages[]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Message {
    /// The message's id, the same in every delivery about it.
    pub message_id: String,
    /// The channel, a UUID.
    pub channel_id: String,
    /// The messenger.
    pub chat_type: ChatType,
    /// The client (or group) in that messenger.
    pub chat_id: String,
    /// When it was written, RFC 3339 with milliseconds.
    pub date_time: String,
    /// Its type; `type` on the wire.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// Its status.
    pub status: MessageStatus,
    /// Whether the company sent it.
    pub is_echo: bool,
    /// The client.
    pub contact: Obj<Person>,
    /// Its text; a text message always has one.
    #[serde(default, deserialize_with = "given")]
    pub text: Option<String>,
    /// Link to its file.
    #[serde(default, deserialize_with = "given")]
    pub content_uri: Option<String>,
    /// The error; only with status `error`.
    #[serde(default, deserialize_with = "given")]
    pub error: Option<Obj<ErrorInfo>>,
    /// The employee who wrote it.
    #[serde(default, deserialize_with = "given")]
    pub author_name: Option<String>,
    /// The employee's id in the CRM.
    #[serde(default, deserialize_with = "given")]
    pub author_id: Option<String>,
    /// The message it quotes, in a shape that is not documented.
    #[serde(default, deserialize_with = "given")]
    pub quoted_message: Option<Map<String, Value>>,
    /// The Instagram post that it comments on.
    #[serde(default, deserialize_with = "given")]
    pub inst_post: Option<Map<String, Value>>,
    /// Buttons.
    #[serde(default, deserialize_with = "given")]
    pub interactive: Option<Vec<Value>>,
    /// The advertisement that the client came from.
    #[serde(default, deserialize_with = "given")]
    pub advert: Option<Map<String, Value>>,
    /// Whether it was sent in the service's own window.
    #[serde(default, deserialize_with = "given")]
    pub sent_from_app: Option<bool>,
    /// Whether this delivery is an edit.
    #[serde(default, deserialize_with = "given")]
    pub is_edited: Option<bool>,
    /// Whether this delivery reports a deletion.
    #[serde(default, deserialize_with = "given")]
    pub is_deleted: Option<bool>,
    /// The values before an edit.
    #[serde(default, deserialize_with = "given")]
    pub old_info: Option<Obj<OldInfo>>,
    /// The Avito account.
    #[serde(default, deserialize_with = "given")]
    pub avito_profile_id: Option<String>,
}

/// `contact` of a message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Person {
    /// The name.
    pub name: String,
    /// Link to the picture.
    #[serde(default, deserialize_with = "given")]
    pub avatar_uri: Option<String>,
    /// The name in the messenger.
    #[serde(default, deserialize_with = "given")]
    pub username: Option<String>,
    /// The phone.
    #[serde(default, deserialize_with = "given")]
    pub phone: Option<String>,
}

/// `error` of a message or status.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorInfo {
    /// The code.
    pub error: String,
    /// The reason in words.
    pub description: String,
    /// More details.
    #[serde(default, deserialize_with = "given")]
    pub data: Option<Map<String, Value>>,
}

/// `oldInfo` of an edited message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OldInfo {
    /// The text before.
    #[serde(default, deserialize_with = "given")]
    pub old_text: Option<String>,
    /// The id of the author before the edit.
    #[serde(default, deserialize_with = "given")]
    pub old_author_id: Option<String>,
    /// The name of the author before the edit.
    #[serde(default, deserialize_with = "given")]
    pub old_author_name: Option<String>,
}

/// One item of `statuses[]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatusItem {
    /// The message's id, the same in every delivery about it.
    pub message_id: String,
    /// When it happened.
    pub timestamp: String,
    /// Its status.
    pub status: StatusWord,
    /// The error; only with status `error`.
    #[serde(default, deserialize_with = "given")]
    pub error: Option<Obj<ErrorInfo>>,
}

/// `createContact`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateContact {
    /// The responsible employee.
    pub responsible_user_id: String,
    /// The name.
    pub name: String,
    /// The addresses of the client; at least one.
    pub contact_data: Vec<Obj<ContactData>>,
    /// What requested it.
    pub source: Source,
}

/// One address of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ContactData {
    /// The messenger.
    pub chat_type: ChatType,
    /// The client (or group) in that messenger.
    pub chat_id: String,
    /// The name in the messenger.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The phone.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// `createDeal`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateDeal {
    /// The responsible employee.
    pub responsible_user_id: String,
    /// The contacts it belongs to, by the ids that the CRM assigned.
    pub contacts: Vec<String>,
    /// What requested it.
    pub source: Source,
    /// The stage to open it at.
    #[serde(default, deserialize_with = "given")]
    pub stage: Option<Obj<Stage>>,
}

/// The stage to open a deal at: Switchboard's extra field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Stage {
    /// The pipeline.
    pub pipeline_id: String,
    /// The stage in it.
    pub stage_id: String,
}

/// One item of `channelsUpdates[]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ChannelUpdate {
    /// The channel, a UUID.
    pub channel_id: String,
    /// The channel's new state.
    pub state: ChannelState,
    /// When it happened.
    pub timestamp: u64,
    /// A QR code to show.
    #[serde(default, deserialize_with = "given")]
    pub qr: Option<String>,
    /// The WABA tier.
    #[serde(default, deserialize_with = "given")]
    pub tier: Option<String>,
}

/// `templateStatus`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TemplateStatus {
    /// The template.
    pub template_guid: String,
    /// Its name.
    #[serde(default, deserialize_with = "given")]
    pub name: Option<String>,
    /// Its state, as `approved`.
    pub status: String,
}

/// `chatFinished`: Switchboard reports that a chat left the live list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ChatFinished {
    /// The channel, a UUID.
    pub channel_id: String,
    /// The messenger.
    pub chat_type: ChatType,
    /// The client (or group) in that messenger.
    pub chat_id: String,
    /// When it was finished, RFC 3339; the same in every delivery of one finish.
    pub finished_at: String,
    /// The reason.
    pub reason: FinishReason,
    /// The chat's status.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub status: Option<ChatStatus>,
    /// The contact, by the CRM's id.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<String>,
    /// The deal, by the CRM's id.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub deal_id: Option<String>,
    /// The responsible employee.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub responsible_user_id: Option<String>,
}

/// Reads a JSON object strictly: unknown members, duplicate members, `null`s and trailing bytes are refused with their
/// path.
///
/// # Errors
/// The first violation.
pub fn strict<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Violation> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed: Obj<T> = serde_path_to_error::deserialize(&mut json)
        .map_err(|e| Violation { path: e.path().to_string(), message: e.inner().to_string() })?;
    json.end().map_err(|e| Violation { path: ".".into(), message: e.to_string() })?;
    Ok(parsed.0)
}

/// Reads and checks one webhook body.
///
/// # Errors
/// The first violation. The store checks whether the entities that it names exist.
pub fn parse(bytes: &[u8]) -> Result<Hook, Violation> {
    let body: Body = strict(bytes)?;
    let hook = body.into_hook().map_err(|message| Violation { path: ".".into(), message: message.into() })?;
    rules::check(&hook)?;
    Ok(hook)
}

impl Body {
    fn into_hook(self) -> Result<Hook, &'static str> {
        let Self { test, messages, statuses, create_contact, create_deal, channels_updates, .. } = self;
        let (finished, notice, waiting) = (self.chat_finished, self.notification, self.waiting_clients);
        let template = self.template_status;
        let chat = messages.is_some() || statuses.is_some();
        let alone = [
            test.is_some(),
            chat,
            create_contact.is_some(),
            create_deal.is_some(),
            channels_updates.is_some(),
            finished.is_some(),
            notice.is_some(),
            waiting.is_some(),
            template.is_some(),
        ];
        if alone.iter().filter(|present| **present).count() > 1 {
            return Err("these members do not come together in one webhook");
        }
        if chat {
            if messages.as_ref().is_some_and(Vec::is_empty) || statuses.as_ref().is_some_and(Vec::is_empty) {
                return Err("an empty list is not sent");
            }
            let (messages, statuses) = (messages.unwrap_or_default(), statuses.unwrap_or_default());
            return Ok(Hook::Chat { messages, statuses });
        }
        if let Some(test) = test {
            return if test { Ok(Hook::Test) } else { Err("`test` is always true") };
        }
        create_contact
            .map(|c| Hook::CreateContact(c.0))
            .or(create_deal.map(|d| Hook::CreateDeal(d.0)))
            .or(channels_updates.map(Hook::ChannelsUpdates))
            .or(template.map(|t| Hook::TemplateStatus(t.0)))
            .or(finished.map(|f| Hook::ChatFinished(f.0)))
            .or(notice.map(|n| Hook::Notification(n.0)))
            .or(waiting.map(|w| Hook::WaitingClients(w.0)))
            .ok_or("a webhook carries something")
    }
}
