//! Where each kind of row stands, and what of it the indexes see. `docs/DATA-MODEL.md` lists the access patterns.

use super::row::{Key, Row};
use crate::account::{Account, ApiKey};
use crate::assignment::{Ring, WaitingClient};
use crate::channel::Channel;
use crate::chat::{Chat, ChatEvent, ChatState};
use crate::clock::Timestamp;
use crate::connection::{Connection, WebhookToken};
use crate::contact::{Contact, ContactClaim, Identity};
use crate::crm::CrmConnection;
use crate::employee::{Employee, Membership};
use crate::ids::{AccountId, ApiKeyId, ChannelId, ChatId, ConnectionId, ContactId, EmployeeId, MessageId};
use crate::message::Message;
use crate::phone::Phone;
use crate::pipeline::Pipelines;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

/// Shards of the due index: enough that a sweep's reads and a minute's writes do not meet in one partition.
pub const DUE_SHARDS: u8 = 16;

fn key(pk: String, sk: impl Into<String>) -> Key {
    Key { pk, sk: sk.into() }
}

/// Partition of an account's settings.
pub fn settings(account: &AccountId) -> String {
    format!("A#{account}")
}

/// An account's own row.
pub fn account(account: &AccountId) -> Key {
    key(settings(account), "ACCOUNT")
}

/// Partition of the list of accounts; the operator's only.
pub const ACCOUNTS: &str = "ACCOUNTS";

/// An API key, by the key's SHA-256.
pub fn api_key(hash: &str) -> Key {
    key(format!("KEY#{hash}"), "KEY")
}

/// A webhook URL's token, by its SHA-256.
pub fn webhook_token(hash: &str) -> Key {
    key(format!("TOKEN#{hash}"), "TOKEN")
}

/// Who owns a provider's channel: one account in the whole deployment.
pub fn external_channel(provider: &str, external: &str) -> Key {
    key(format!("EXTERNAL#{provider}#{external}"), "OWNER")
}

/// A connection.
pub fn connection(account: &AccountId, connection: &ConnectionId) -> Key {
    key(settings(account), format!("CONNECTION#{connection}"))
}

/// A channel.
pub fn channel(account: &AccountId, channel: &ChannelId) -> Key {
    key(settings(account), format!("CHANNEL#{channel}"))
}

/// An employee.
pub fn employee(account: &AccountId, employee: &EmployeeId) -> Key {
    key(settings(account), format!("EMPLOYEE#{employee}"))
}

/// The pipelines.
pub fn pipelines(account: &AccountId) -> Key {
    key(settings(account), "PIPELINES")
}

/// The CRM connection.
pub fn crm(account: &AccountId) -> Key {
    key(settings(account), "CRM")
}

/// Partition of a channel's assignment: members, ring, waiting clients.
pub fn ring_partition(account: &AccountId, channel: &ChannelId) -> String {
    format!("A#{account}#RING#{channel}")
}

/// A channel's ring.
pub fn ring(account: &AccountId, channel: &ChannelId) -> Key {
    key(ring_partition(account, channel), "RING")
}

/// A membership.
pub fn membership(account: &AccountId, channel: &ChannelId, employee: &EmployeeId) -> Key {
    key(ring_partition(account, channel), format!("MEMBER#{employee}"))
}

/// A waiting client: sorted by arrival.
pub fn waiting(account: &AccountId, channel: &ChannelId, arrived_at: Timestamp, chat: &ChatId) -> Key {
    key(ring_partition(account, channel), format!("WAITING#{:013}#{chat}", arrived_at.millis().max(0)))
}

/// A contact.
pub fn contact(account: &AccountId, contact: &ContactId) -> Key {
    key(format!("A#{account}#CONTACT#{contact}"), "CONTACT")
}

/// Whose identity it is.
pub fn identity(account: &AccountId, identity: &Identity) -> Key {
    let kind = if identity.group { "group" } else { "person" };
    key(format!("A#{account}#IDENTITY#{}#{kind}#{}", identity.messenger.as_str(), identity.user), "IDENTITY")
}

/// Whose phone it is.
pub fn phone(account: &AccountId, phone: &Phone) -> Key {
    key(format!("A#{account}#PHONE#{}", phone.as_str()), "PHONE")
}

/// Partition of a chat: its row and its messages.
pub fn chat_partition(account: &AccountId, chat: &ChatId) -> String {
    format!("A#{account}#CHAT#{chat}")
}

/// A chat.
pub fn chat(account: &AccountId, chat: &ChatId) -> Key {
    key(chat_partition(account, chat), "CHAT")
}

/// A message.
pub fn message(account: &AccountId, chat: &ChatId, message: &MessageId) -> Key {
    key(chat_partition(account, chat), format!("M#{}", message.in_key()))
}

/// An event of a chat, by its number.
pub fn chat_event(account: &AccountId, chat: &ChatId, seq: u64) -> Key {
    key(chat_partition(account, chat), format!("E#{seq:020}"))
}

/// In which chat a message stands, by its id inside a connection.
pub fn pointer(account: &AccountId, connection: &ConnectionId, message: &MessageId) -> Key {
    key(format!("A#{account}#POINTER#{connection}#{}", message.in_key()), "POINTER")
}

/// What the due index points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// A chat.
    Chat(AccountId, ChatId),
    /// A channel with waiting clients.
    Ring(AccountId, ChannelId),
}

impl Due {
    /// Reads a key that the due index gave; `None` for one that this version does not know.
    pub fn parse(key: &Key) -> Option<Self> {
        let mut parts = key.pk.split('#');
        let (a, account, kind, id) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        match (a, kind) {
            ("A", "CHAT") => Some(Self::Chat(AccountId::new(account), ChatId::new(id))),
            ("A", "RING") => Some(Self::Ring(AccountId::new(account), ChannelId::new(id))),
            _ => None,
        }
    }
}

/// The shard's name.
pub fn due_shard(shard: u8) -> String {
    format!("{shard:02}")
}

fn due(id: &str, check_at: Option<Timestamp>) -> Vec<(&'static str, AttributeValue)> {
    let Some(_) = check_at else { return Vec::new() };
    let hash = id.bytes().fold(0u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte));
    vec![("due_shard", AttributeValue::S(due_shard(hash % DUE_SHARDS)))]
}

/// Partition of the list index: an account's channel, live or general.
pub fn list(account: &AccountId, channel: &ChannelId, state: ChatState) -> String {
    format!("{account}#{channel}#{}", list_word(state))
}

fn list_word(state: ChatState) -> &'static str {
    match state {
        ChatState::Live => "live",
        ChatState::General => "general",
    }
}

impl Row for Account {
    fn key(&self) -> Key {
        account(&self.account)
    }
}

/// An entry in the operator's list of accounts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountEntry {
    /// The account.
    pub account: AccountId,
}

impl Row for AccountEntry {
    fn key(&self) -> Key {
        key(ACCOUNTS.to_owned(), self.account.as_str())
    }
}

/// An API key's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiKeyRow {
    /// SHA-256 of the key, hexadecimal.
    pub hash: String,
    /// What it opens.
    #[serde(flatten)]
    pub key: ApiKey,
}

impl Row for ApiKeyRow {
    fn key(&self) -> Key {
        api_key(&self.hash)
    }
}

/// An API key in its account's list: by id, without the hash's secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiKeyEntry {
    /// The account.
    pub account: AccountId,
    /// The key's id.
    pub key_id: ApiKeyId,
    /// Where its row stands.
    pub hash: String,
}

impl Row for ApiKeyEntry {
    fn key(&self) -> Key {
        key(settings(&self.account), format!("KEY#{}", self.key_id))
    }
}

/// A webhook token's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookTokenRow {
    /// SHA-256 of the token, hexadecimal.
    pub hash: String,
    /// Whose it is.
    #[serde(flatten)]
    pub token: WebhookToken,
}

impl Row for WebhookTokenRow {
    fn key(&self) -> Key {
        webhook_token(&self.hash)
    }
}

/// Who owns a provider's channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExternalChannel {
    /// The provider.
    pub provider: String,
    /// The provider's channel id.
    pub external: String,
    /// The owner.
    pub account: AccountId,
}

impl Row for ExternalChannel {
    fn key(&self) -> Key {
        external_channel(&self.provider, &self.external)
    }
}

impl Row for Connection {
    fn key(&self) -> Key {
        connection(&self.account, &self.connection)
    }
}

impl Row for Channel {
    fn key(&self) -> Key {
        channel(&self.account, &self.channel)
    }
}

impl Row for Employee {
    fn key(&self) -> Key {
        employee(&self.account, &self.employee)
    }
}

impl Row for Pipelines {
    fn key(&self) -> Key {
        pipelines(&self.account)
    }
}

impl Row for CrmConnection {
    fn key(&self) -> Key {
        crm(&self.account)
    }
}

impl Row for Membership {
    fn key(&self) -> Key {
        membership(&self.account, &self.channel, &self.employee)
    }
}

impl Row for Ring {
    fn key(&self) -> Key {
        ring(&self.account, &self.channel)
    }

    fn index(&self) -> Vec<(&'static str, AttributeValue)> {
        due(self.channel.as_str(), self.check_at)
    }
}

impl Row for WaitingClient {
    fn key(&self) -> Key {
        waiting(&self.account, &self.channel, self.arrived_at, &self.chat)
    }
}

impl Row for Contact {
    fn key(&self) -> Key {
        contact(&self.account, &self.contact)
    }
}

/// An identity or a phone, with the contact that owns it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ContactClaimRow {
    /// Where it stands.
    #[serde(skip, default = "no_key")]
    pub at: Key,
    /// Whose it is.
    #[serde(flatten)]
    pub claim: ContactClaim,
}

fn no_key() -> Key {
    key(String::new(), "")
}

impl Row for ContactClaimRow {
    fn key(&self) -> Key {
        self.at.clone()
    }
}

impl Row for Chat {
    fn key(&self) -> Key {
        chat(&self.account, &self.chat)
    }

    fn index(&self) -> Vec<(&'static str, AttributeValue)> {
        let mut index = due(self.chat.as_str(), self.check_at);
        index.push(("list_key", AttributeValue::S(list(&self.account, &self.channel, self.state))));
        index.push(("list_at", AttributeValue::N(self.listed_at.millis().to_string())));
        if let Some(employee) = &self.responsible {
            // Moves when the chat opens or finishes, not at each message: an employee's live chats are few.
            let since = if self.state == ChatState::Live { self.opened_at } else { self.finished_at };
            let sort = format!("{}#{:013}", list_word(self.state), since.unwrap_or_default().millis());
            index.push(("employee_key", AttributeValue::S(format!("{}#{employee}", self.account))));
            index.push(("employee_sort", AttributeValue::S(sort)));
        }
        index
    }
}

impl Row for Message {
    fn key(&self) -> Key {
        message(&self.account, &self.chat, &self.message_id)
    }

    fn index(&self) -> Vec<(&'static str, AttributeValue)> {
        vec![("shown", AttributeValue::S(self.shown_key()))]
    }
}

impl Row for ChatEvent {
    fn key(&self) -> Key {
        chat_event(&self.account, &self.chat, self.seq)
    }
}

/// In which chat a message stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pointer {
    /// The account.
    pub account: AccountId,
    /// The connection that the id belongs to.
    pub connection: ConnectionId,
    /// The message.
    pub message_id: MessageId,
    /// Its chat.
    pub chat: ChatId,
}

impl Row for Pointer {
    fn key(&self) -> Key {
        pointer(&self.account, &self.connection, &self.message_id)
    }
}
