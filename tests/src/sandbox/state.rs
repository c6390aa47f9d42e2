//! What the sandbox holds, in the shapes its state routes show and its client reads back.

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
    /// The key its webhooks must carry; none: they carry no `Authorization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_key: Option<String>,
    /// Whether a repeated `Idempotency-Key` answers the entity made before.
    #[serde(default = "yes")]
    pub honour_idempotency_key: bool,
    /// Users for whom it makes nothing: it answers that it does not know them.
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

/// All that one CRM holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrmState {
    /// Its name.
    pub name: String,
    /// Contacts in the order made.
    pub contacts: Vec<Contact>,
    /// Deals in the order made.
    pub deals: Vec<Deal>,
    /// Chats in the order first seen.
    pub chats: Vec<Chat>,
    /// Finished chats in the order told, doubles included.
    pub finished: Vec<ChatFinished>,
    /// Notices of rules in the order told, doubles included.
    pub notifications: Vec<Notification>,
    /// What was told of clients who wait, in that order.
    pub waiting: Vec<WaitingClients>,
    /// Items of `channelsUpdates[]` as they came.
    pub channels_updates: Vec<Value>,
    /// Deliveries that broke the contract.
    pub refused: Vec<Refusal>,
    /// What looked wrong but was taken.
    pub anomalies: Vec<Anomaly>,
    /// How many requests came to the webhook, refused and failed ones included.
    pub deliveries: u64,
}

impl CrmState {
    /// How many distinct messages it holds.
    #[must_use]
    pub fn message_count(&self) -> usize {
        self.chats.iter().map(|chat| chat.messages.len()).sum()
    }
}

/// A contact of a CRM.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// The id this CRM gave.
    pub id: String,
    /// The responsible employee.
    pub responsible_user_id: String,
    /// The name.
    pub name: String,
    /// How the client can be reached.
    pub contact_data: Vec<ContactData>,
    /// Link to the card.
    pub uri: String,
    /// Who asked for it.
    pub source: Source,
}

/// A deal of a CRM.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deal {
    /// The id this CRM gave.
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
    /// Who asked for it.
    pub source: Source,
    /// The stage it was to be opened at.
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

/// A message as the CRM now has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage {
    /// Its id.
    pub message_id: String,
    /// When it was written, as told.
    pub date_time: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// Whether it went out.
    pub is_echo: bool,
    /// The client's name.
    pub contact_name: String,
    /// The employee's name.
    pub author_name: Option<String>,
    /// The text after all edits.
    pub text: Option<String>,
    /// The file after all edits.
    pub content_uri: Option<String>,
    /// The delivery that first brought a file: later than `first_seq` where the file followed its text.
    pub file_seq: Option<u64>,
    /// What the CRM got when it was told to fetch the file.
    pub file: Option<FetchedFile>,
    /// The furthest status told.
    pub status: MessageStatus,
    /// The error of a failed one.
    pub error: Option<Value>,
    /// Whether an edit came (as a message or as status `edited`).
    pub edited: bool,
    /// Whether a deletion came.
    pub deleted: bool,
    /// How many times it came as an item of `messages[]`.
    pub deliveries: u32,
    /// The delivery it first came in.
    pub first_seq: u64,
    /// The item as it came last.
    pub body: Value,
}

impl ChatMessage {
    /// Whether the file came after the message.
    #[must_use]
    pub fn file_followed(&self) -> bool {
        self.file_seq.is_some_and(|seq| seq > self.first_seq)
    }
}

/// What a CRM got that fetched a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchedFile {
    /// HTTP status of the answer, of the second one where the first was a redirect.
    pub status: Option<u16>,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `Content-Disposition`
    pub content_disposition: Option<String>,
    /// How many bytes came.
    pub bytes: usize,
    /// What went wrong.
    pub error: Option<String>,
}

/// A file as it was fetched for the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedFile {
    /// Where it was fetched.
    pub fetched_from: String,
    /// Its type.
    pub content_type: String,
    /// Its size.
    pub bytes: usize,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Where the provider serves it now.
    pub stored_at: String,
}

/// A file that is served, or was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileState {
    /// Its name.
    pub name: String,
    /// Its type; none when no such file was put.
    pub content_type: Option<String>,
    /// Its size.
    pub bytes: usize,
    /// Who asked for it, in order.
    pub requests: Vec<FileRequest>,
}

/// A request for a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileRequest {
    /// When it came, in milliseconds since 1970.
    pub received_at: i64,
    /// `GET` or `HEAD`
    pub method: String,
    /// Whether it carried a credential.
    pub authorization: bool,
    /// HTTP status; none while (or because) nothing was answered.
    pub answer: Option<u16>,
    /// The fault that was applied to it.
    pub fault: Option<AppliedFault>,
}

/// A delivery that broke the contract.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The delivery.
    pub seq: u64,
    /// The status it was answered.
    pub status: u16,
    /// The field at fault, where there is one.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// The body, as JSON where it is JSON.
    pub body: Value,
}

/// Something that was taken though it looked wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Anomaly {
    /// What kind of thing.
    pub kind: AnomalyKind,
    /// Which, in words.
    pub detail: String,
    /// The delivery that showed it.
    pub seq: u64,
}

/// One request to a CRM's webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Its number, from 1, in order of arrival.
    pub seq: u64,
    /// When it came, in milliseconds since 1970.
    pub received_at: i64,
    /// Its members joined by `+` (`messages+statuses`), or `invalid`.
    pub kind: String,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// The body; a string where it is not JSON.
    pub body: Value,
    /// What was answered; none while (or because) nothing was.
    pub answer: Option<Answer>,
    /// The fault that was applied to it.
    pub fault: Option<AppliedFault>,
}

/// An answer given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body; a string where it is not JSON.
    pub body: Value,
}

/// A fault that hit a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AppliedFault {
    /// Its id.
    pub id: u64,
    /// What it does, as it was set.
    pub action: Value,
}

/// How a Wazzup account is set up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WazzupSetup {
    /// Its channels.
    pub channels: Vec<Channel>,
    /// The key Wazzup has from the CRM; its webhooks then carry it as a bearer key.
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
    /// The number or name it is known by.
    pub plain_id: String,
    /// `active`, `unauthorized` …
    pub state: String,
    /// Its name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What an account has subscribed to, as a live account shows it.
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

/// All that one Wazzup account holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WazzupState {
    /// Its channels.
    pub channels: Vec<Channel>,
    /// Where its webhooks go.
    pub webhooks_uri: Option<String>,
    /// What it has subscribed to.
    pub subscriptions: Subscriptions,
    /// The clients' chats, as they look on the clients' phones.
    #[serde(default)]
    pub chats: Vec<ClientChat>,
    /// API calls in the order they came.
    pub requests: Vec<ApiCall>,
    /// Webhooks in the order posted, test posts included.
    pub posts: Vec<WebhookPost>,
}

/// A call of the Wazzup API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiCall {
    /// When it came, in milliseconds since 1970.
    pub received_at: i64,
    /// `PATCH /v3/webhooks`
    pub route: String,
    /// Its body; `null` for none.
    pub body: Value,
    /// What was answered; none while (or because) nothing was.
    pub answer: Option<Answer>,
    /// The fault that was applied to it.
    pub fault: Option<AppliedFault>,
}

/// A webhook that the sandbox posted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookPost {
    /// When it was posted, in milliseconds since 1970.
    pub posted_at: i64,
    /// How large it was, in bytes.
    pub bytes: usize,
    /// What the receiver answered.
    #[serde(flatten)]
    pub outcome: SendOutcome,
}

/// What a receiver made of a webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendOutcome {
    /// HTTP status; none when no answer came.
    pub status: Option<u16>,
    /// The answer's body.
    pub body: String,
    /// How long it took.
    pub elapsed_ms: u64,
    /// Why no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
