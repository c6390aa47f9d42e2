//! The rows: each type's key, and what of it the indexes see.

use super::due::{due_chat, due_file};
use super::keys::{
    ACCOUNTS, account, api_key, audit_partition, block, channel, chat, chat_event, chat_listing, connection,
    contact, contact_chat, crm, crm_contact, crm_deal, crm_subject, due, employee, erased_subject, erasure,
    external_channel, file_link, key, list, list_word, membership, merge, message, of_employee, outbound_job,
    pending_file, pipelines, pointer, record_owner, ring, send_key, settings, token_secret, unclaimed,
    waiting, webhook_token,
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
use crate::model::crm::entities::{CrmContact, CrmDeal, CrmSubject, RecordOwner};
use crate::model::employee::{Employee, Membership};
use crate::model::erasure::{ErasedSubject, Erasure, Tombstone};
use crate::model::message::Message;
use crate::model::message::listing::ChatListing;
use crate::model::message::media::{FileLink, PendingFile};
use crate::model::outbound::{OutboundJob, SendKey};
use crate::model::pipeline::Pipelines;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

/// The rows that no index wants, each with its key.
macro_rules! rows {
    ($($row:ident: |$it:ident| $key:expr;)*) => {
        $(
            impl Row for $row {
                fn key(&self) -> Key {
                    let $it = self;
                    $key
                }
            }
        )*
    };
}

rows! {
    Account: |row| account(&row.account);
    AccountEntry: |row| key(ACCOUNTS.to_owned(), row.account.as_str());
    ApiKeyRow: |row| api_key(&row.hash);
    ApiKeyEntry: |row| key(settings(&row.account), format!("KEY#{}", row.key_id));
    TokenSecret: |row| token_secret(&row.account);
    AuditEntry: |row| key(audit_partition(&row.account), row.sort());
    WebhookTokenRow: |row| webhook_token(&row.hash);
    ExternalChannel: |row| external_channel(&row.provider, &row.external);
    Connection: |row| connection(&row.account, &row.connection);
    Employee: |row| employee(&row.account, &row.employee);
    Pipelines: |row| pipelines(&row.account);
    CrmConnection: |row| crm(&row.account);
    CrmContact: |row| crm_contact(&row.account, &row.id);
    CrmSubject: |row| crm_subject(&row.account, &row.digest);
    CrmDeal: |row| crm_deal(&row.account, &row.id);
    RecordOwner: |row| record_owner(&row.account, row.kind, &row.record, &row.contact);
    Membership: |row| membership(&row.account, &row.channel, &row.employee);
    WaitingClient: |row| waiting(&row.account, &row.channel, row.arrived_at, &row.chat);
    Contact: |row| contact(&row.account, &row.contact);
    ContactClaimRow: |row| row.at.clone();
    ChatEvent: |row| chat_event(&row.account, &row.chat, row.seq);
    Pointer: |row| pointer(&row.account, &row.connection, &row.message_id);
    ChatAliasRow: |row| chat(&row.account, &row.chat);
    OutboundJob: |row| outbound_job(&row.account, &row.chat, row.number);
    SendKey: |row| send_key(&row.account, &row.key);
    ChatListing: |row| chat_listing(&row.account, &row.chat, &row.listing.id);
    FileLinkRow: |row| file_link(&row.hash);
    ContactChat: |row| contact_chat(&row.account, &row.contact, &row.chat);
    Merge: |row| merge(&row.account, &row.into, &row.from, row.merged_at);
    BlockEntry: |row| block(&row.account, &row.id);
    ErasedSubject: |row| erased_subject(&row.account, &row.digest);
    TombstoneRow: |row| row.at.clone();
}

/// An entry in the operator's list of accounts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountEntry {
    /// The account.
    pub account: AccountId,
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

/// A webhook token's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookTokenRow {
    /// SHA-256 of the token, hexadecimal.
    pub hash: String,
    /// Whose it is.
    #[serde(flatten)]
    pub token: WebhookToken,
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

impl Row for Channel {
    fn key(&self) -> Key {
        channel(&self.account, &self.channel)
    }

    fn index(&self) -> Vec<(&'static str, AttributeValue)> {
        due(self.channel.as_str(), self.check_at)
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
