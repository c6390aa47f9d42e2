//! The sandbox's state, in the shapes that its state routes show and its client reads back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::crm::notices::{Notification, WaitingClients};
use super::crm::schema::{ChatFinished, ContactData, Stage};
use super::wazzup::state::ClientChat;
use super::words::{AnomalyKind, ChatType, MessageStatus, MessageType, Source};

/// How a CRM is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CrmSetup {
    /// The key that its webhooks must carry; `None`: they carry no `Authorization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_key: Option<String>,
    /// Whether a repeated `Idempotency-Key` is answered with the entity created before.
    #[serde(default = "yes")]
    pub honour_idempotency_key: bool,
    /// Users for whom it creates no entity: it answers that it does not know them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_users: Vec<String>,
}

fn yes() -> bool {
    true
}

impl Default for CrmSetup {
    fn default() -> Self {
        Self { crm_key: None, honour_idempotency_key: true, refused_users: Vec::new() }
    }
}

/// The state of one CRM.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrmState {
    /// Its name.
    pub name: String,
    /// Contacts in the order of creation.
    pub contacts: Vec<Contact>,
    /// Deals in the order of creation.
    pub deals: Vec<Deal>,
    /// Chats in the order first seen.
    pub chats: Vec<Chat>,
    /// Finished chats in the order received, duplicates included.
    pub finished: Vec<ChatFinished>,
    /// Notifications of rules in the order received, duplicates included.
    pub notifications: Vec<Notification>,
    /// Reports of waiting clients in the order received.
    pub waiting: Vec<WaitingClients>,
    /// Items of `channelsUpdates[]` as received.
    pub channels_updates: Vec<Value>,
    /// Deliveries that broke the contract.
    pub refused: Vec<Refusal>,
    /// Anomalies that were accepted.
    pub anomalies: Vec<Anomaly>,
    /// The number of requests to the webhook, refused and failed ones included.
    pub deliveries: u64,
}

impl CrmState {
    /// The number of distinct messages.
    #[must_use]
    pub fn message_count(&self) -> usize {
        self.chats.iter().map(|chat| chat.messages.len()).sum()
    }
}

/// A contact of a CRM.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// The id that this CRM assigned.
    pub id: String,
    /// The responsible employee.
    pub responsible_user_id: String,
    /// The name.
    pub name: String,
    /// How the client can be reached.
    pub contact_data: Vec<ContactData>,
    /// Link to the card.
    pub uri: String,
    /// What requested it.
    pub source: Source,
}

/// A deal of a CRM.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deal {
    /// The id that this CRM assigned.
    pub id: String,
    /// The responsible employee.
    pub responsible_user_id: String,
    /// The name.
    pub name: String,
    /// Its contacts' ids.
    pub contacts: Vec<String>,
    /// Link to the card.
    pub uri: String,
    /// Whether it is closed.
    pub closed: bool,
    /// What requested it.
    pub source: Source,
    /// The requested stage.
    pub stage: Option<Stage>,
}

/// A chat: one client (or group) on one channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// The channel.
    pub channel_id: String,
    /// The messenger.
    pub chat_type: ChatType,
    /// The client in it.
    pub chat_id: String,
    /// Distinct messages in the order first seen.
    pub messages: Vec<ChatMessage>,
}

/// A message as the CRM has it now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage {
    /// Its id.
    pub message_id: String,
    /// When it was written, as received.
    pub date_time: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// Whether the company sent it.
    pub is_echo: bool,
    /// The client's name.
    pub contact_name: String,
    /// The employee's name.
    pub author_name: Option<String>,
    /// The text after all edits.
    pub text: Option<String>,
    /// The file after all edits.
    pub content_uri: Option<String>,
    /// The delivery that first contained a file: later than `first_seq` where the file followed its text.
    pub file_seq: Option<u64>,
    /// What the CRM got when a test made it fetch the file.
    pub file: Option<FetchedFile>,
    /// The furthest status received.
    pub status: MessageStatus,
    /// The error of a failed message.
    pub error: Option<Value>,
    /// Whether an edit was received (as a message or as status `edited`).
    pub edited: bool,
    /// Whether a deletion was received.
    pub deleted: bool,
    /// How many times it was received as an item of `messages[]`.
    pub deliveries: u32,
    /// The delivery that first contained it.
    pub first_seq: u64,
    /// The item as received last.
    pub body: Value,
}

impl ChatMessage {
    /// Whether the file came after the message.
    #[must_use]
    pub fn file_followed(&self) -> bool {
        self.file_seq.is_some_and(|seq| seq > self.first_seq)
    }
}

/// What a CRM got when it fetched a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchedFile {
    /// HTTP status of the answer; of the second one where the first was a redirect.
    pub status: Option<u16>,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `Content-Disposition`
    pub content_disposition: Option<String>,
    /// The number of bytes received.
    pub bytes: usize,
    /// The error, if fetching failed.
    pub error: Option<String>,
}

/// A file as it was fetched for the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedFile {
    /// The URL that it was fetched from.
    pub fetched_from: String,
    /// Its type.
    pub content_type: String,
    /// Its size.
    pub bytes: usize,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// The URL at which the provider serves it now.
    pub stored_at: String,
}

/// A file that is served or was requested.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileState {
    /// Its name.
    pub name: String,
    /// Its type; `None` if no test put this file.
    pub content_type: Option<String>,
    /// Its size.
    pub bytes: usize,
    /// The requests for it, in order.
    pub requests: Vec<FileRequest>,
}

/// A request for a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileRequest {
    /// When it was received, in milliseconds since 1970.
    pub received_at: i64,
    /// `GET` or `HEAD`
    pub method: String,
    /// Whether it carried a credential.
    pub authorization: bool,
    /// HTTP status; `None` if nothing was answered (yet).
    pub answer: Option<u16>,
    /// The fault that hit it.
    pub fault: Option<AppliedFault>,
}

/// A delivery that broke the contract.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The delivery's number.
    pub seq: u64,
    /// The status that it was answered with.
    pub status: u16,
    /// The invalid field, if there is one.
    pub path: String,
    /// The error.
    pub message: String,
    /// The body; a string if it is not JSON.
    pub body: Value,
}

/// Something that was accepted although it looks wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Anomaly {
    /// The kind of anomaly.
    pub kind: AnomalyKind,
    /// Details.
    pub detail: String,
    /// The delivery in which it was found.
    pub seq: u64,
}

/// One request to a CRM's webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Its number, from 1, in order of arrival.
    pub seq: u64,
    /// When it was received, in milliseconds since 1970.
    pub received_at: i64,
    /// Its members joined by `+` (`messages+statuses`), or `invalid`.
    pub kind: String,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// The body; a string if it is not JSON.
    pub body: Value,
    /// The answer; `None` if nothing was answered (yet).
    pub answer: Option<Answer>,
    /// The fault that hit it.
    pub fault: Option<AppliedFault>,
}

/// An answer that the sandbox gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body; a string if it is not JSON.
    pub body: Value,
}

/// A fault that hit a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AppliedFault {
    /// Its id.
    pub id: u64,
    /// Its action, as it was set.
    pub action: Value,
}

/// How a Wazzup account is set up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WazzupSetup {
    /// Its channels.
    pub channels: Vec<Channel>,
    /// The key that the CRM gave to Wazzup; Wazzup's webhooks carry it as a bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_key: Option<String>,
}

/// A channel of a Wazzup account, as `GET /v3/channels` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Channel {
    /// A UUID.
    pub channel_id: String,
    /// `whatsapp`, `wapi`, `tgapi` …
    pub transport: String,
    /// Its number or name.
    pub plain_id: String,
    /// `active`, `unauthorized` …
    pub state: String,
    /// Its name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An account's subscriptions, in the shape of a live account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscriptions {
    /// `messages[]` and `statuses[]`
    pub messages_and_statuses: bool,
    /// `createContact` and `createDeal`
    pub contacts_and_deals_creation: bool,
    /// `channelsUpdates[]`
    pub channels_updates: bool,
    /// `templateStatus`
    pub waba_templates_status: bool,
}

/// The state of one Wazzup account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WazzupState {
    /// Its channels.
    pub channels: Vec<Channel>,
    /// The address of its webhooks.
    pub webhooks_uri: Option<String>,
    /// Its subscriptions.
    pub subscriptions: Subscriptions,
    /// The clients' chats, as they look on the clients' phones.
    #[serde(default)]
    pub chats: Vec<ClientChat>,
    /// API calls in the order received.
    pub requests: Vec<ApiCall>,
    /// Webhooks in the order posted, test posts included.
    pub posts: Vec<WebhookPost>,
}

/// A call of the Wazzup API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiCall {
    /// When it was received, in milliseconds since 1970.
    pub received_at: i64,
    /// `PATCH /v3/webhooks`
    pub route: String,
    /// The body; `null` if it has none.
    pub body: Value,
    /// The answer; `None` if nothing was answered (yet).
    pub answer: Option<Answer>,
    /// The fault that hit it.
    pub fault: Option<AppliedFault>,
}

/// A webhook that the sandbox posted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookPost {
    /// When it was posted, in milliseconds since 1970.
    pub posted_at: i64,
    /// Its size in bytes.
    pub bytes: usize,
    /// The receiver's answer.
    #[serde(flatten)]
    pub outcome: SendOutcome,
}

/// The result of posting a webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendOutcome {
    /// HTTP status; `None` if no answer came.
    pub status: Option<u16>,
    /// The answer's body.
    pub body: String,
    /// How long the answer took.
    pub elapsed_ms: u64,
    /// Why no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
