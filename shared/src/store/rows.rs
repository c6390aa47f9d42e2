//! The rows: each type's key, and what of it the indexes see.

use super::due::{due_chat, due_file};
use super::keys::{
    ACCOUNTS, account, api_key, audit_partition, block, channel, chat, chat_event, chat_listing, connection,
    contact, contact_chat, crm, crm_contact, crm_deal, crm_subject, due, employee, erased_subject, erasure,
    external_channel, file_link, key, list, list_word, membership, merge, message, of_employee, outbound_job,
    pending_file, pipelines, pointer, ring, send_key, settings, token_secret, unclaimed, waiting,
    webhook_token,
};
use super::row::{Key, Row};
use crate::base::ids::{AccountId, ApiKeyId, ChatId, ConnectionId, MessageId};
use crate::model::access_token::TokenSecret;
use crate::model::account::Account;
use crate::model::api_key::ApiKey;
use crate::model::assignment::{Ring, WaitingClient};
use crate::model::audit::AuditEntry;
use crate::model::channel::Channel;
use crate::model::chat::state::{AssignmentState, ChatState};
use crate::model::chat::{Chat, ChatAliasRow, ChatEvent};
use crate::model::connection::{Connection, WebhookToken};
use crate::model::contact::blacklist::BlockEntry;
use crate::model::contact::{Contact, ContactChat, ContactClaim, Merge};
use crate::model::crm::CrmConnection;
use crate::model::crm::entities::{CrmContact, CrmDeal, CrmSubject};
use crate::model::employee::{Employee, Membership};
use crate::model::erasure::{ErasedSubject, Erasure, Tombstone};
use crate::model::message::Message;
use crate::model::message::listing::ChatListing;
use crate::model::message::media::{FileLink, PendingFile};
use crate::model::outbound::{OutboundJob, SendKey};
use crate::model::pipeline::Pipelines;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

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
    /// When both rows go, as [`ApiKey::expires_at`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl Row for ApiKeyEntry {
    fn key(&self) -> Key {
        key(settings(&self.account), format!("KEY#{}", self.key_id))
    }
}

impl Row for TokenSecret {
    fn key(&self) -> Key {
        token_secret(&self.account)
    }
}

impl Row for AuditEntry {
    fn key(&self) -> Key {
        key(audit_partition(&self.account), self.sort())
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

    fn index(&self) -> Vec<(&'static str, AttributeValue)> {
        due(self.channel.as_str(), self.check_at)
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

impl Row for CrmContact {
    fn key(&self) -> Key {
        crm_contact(&self.account, &self.id)
    }
}

impl Row for CrmSubject {
    fn key(&self) -> Key {
        crm_subject(&self.account, &self.digest)
    }
}

impl Row for CrmDeal {
    fn key(&self) -> Key {
        crm_deal(&self.account, &self.id)
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
        let mut index = due_chat(&self.chat, self.check_at);
        index.push(("list_key", AttributeValue::S(list(&self.account, &self.channel, self.state))));
        index.push(("list_at", AttributeValue::N(self.listed_at.millis().to_string())));
        let listed_by = match &self.responsible {
            Some(employee) => Some(of_employee(&self.account, employee)),
            None => (self.assignment_state == AssignmentState::Unclaimed)
                .then(|| unclaimed(&self.account, &self.channel)),
        };
        if let Some(listed_by) = listed_by {
            // Moves when the chat opens or finishes, not at each message: an employee's live chats are few.
            let since = if self.state == ChatState::General { self.finished_at } else { self.opened_at };
            let sort = format!("{}#{:013}", list_word(self.state), since.unwrap_or_default().millis());
            index.push(("employee_key", AttributeValue::S(listed_by)));
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
    /// The message, by the provider's id.
    pub message_id: MessageId,
    /// Its chat.
    pub chat: ChatId,
    /// Our own id of it, when we sent it under one: its row stands under that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_id: Option<MessageId>,
}

impl Row for Pointer {
    fn key(&self) -> Key {
        pointer(&self.account, &self.connection, &self.message_id)
    }
}

impl Row for ChatAliasRow {
    fn key(&self) -> Key {
        chat(&self.account, &self.chat)
    }
}

impl Row for OutboundJob {
    fn key(&self) -> Key {
        outbound_job(&self.account, &self.chat, self.number)
    }
}

impl Row for SendKey {
    fn key(&self) -> Key {
        send_key(&self.account, &self.key)
    }
}

impl Row for ChatListing {
    fn key(&self) -> Key {
        chat_listing(&self.account, &self.chat, &self.listing.id)
    }
}

impl Row for PendingFile {
    fn key(&self) -> Key {
        pending_file(&self.account, &self.chat, &self.message_id)
    }

    fn index(&self) -> Vec<(&'static str, AttributeValue)> {
        due_file(&self.chat, self.check_at)
    }
}

/// A stable link's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FileLinkRow {
    /// SHA-256 of the link's ending, hexadecimal.
    pub hash: String,
    /// Where it leads.
    #[serde(flatten)]
    pub link: FileLink,
}

impl Row for FileLinkRow {
    fn key(&self) -> Key {
        file_link(&self.hash)
    }
}

impl Row for ContactChat {
    fn key(&self) -> Key {
        contact_chat(&self.account, &self.contact, &self.chat)
    }
}

impl Row for Merge {
    fn key(&self) -> Key {
        merge(&self.account, &self.into, &self.from, self.merged_at)
    }
}

impl Row for BlockEntry {
    fn key(&self) -> Key {
        block(&self.account, &self.id)
    }
}

impl Row for ErasedSubject {
    fn key(&self) -> Key {
        erased_subject(&self.account, &self.digest)
    }
}

impl Row for Erasure {
    fn key(&self) -> Key {
        erasure(&self.account, &self.erasure)
    }

    fn index(&self) -> Vec<(&'static str, AttributeValue)> {
        due(&self.erasure, self.check_at)
    }
}

/// What is left of an erased row, at its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TombstoneRow {
    /// Where it stands.
    #[serde(skip, default = "no_key")]
    pub at: Key,
    /// What is left.
    #[serde(flatten)]
    pub tombstone: Tombstone,
}

impl Row for TombstoneRow {
    fn key(&self) -> Key {
        self.at.clone()
    }
}
