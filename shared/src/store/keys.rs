//! The keys of each kind of row. `docs/DATA-MODEL.md` lists the access patterns; the rows themselves are in
//! [`super::rows`].

pub use super::rows::{
    AccountEntry, ApiKeyEntry, ApiKeyRow, ContactClaimRow, ExternalChannel, FileLinkRow, Pointer,
    TombstoneRow, WebhookTokenRow,
};
pub use super::rows_assignment::{OpenChat, Turn};

pub(super) use super::due::due;

use super::crm_entities::Loaded;
use super::row::Key;
use crate::base::clock::Timestamp;
use crate::base::ids::{
    AccountId, ChannelId, ChatId, ConnectionId, ContactId, EmployeeId, MessageId, in_key,
};
use crate::base::phone::Phone;
use crate::model::assignment::RingPlace;
use crate::model::assignment::requeue::RequeueScope;
use crate::model::chat::state::ChatState;
use crate::model::contact::Identity;
use crate::model::crm::entities::RecordKind;

pub(super) fn key(pk: String, sk: impl Into<String>) -> Key {
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

/// Partition of the list of accounts; only the operator reads it.
pub const ACCOUNTS: &str = "ACCOUNTS";

/// An API key, by the key's SHA-256.
pub fn api_key(hash: &str) -> Key {
    key(format!("KEY#{hash}"), "KEY")
}

/// A webhook URL's token, by its SHA-256.
pub fn webhook_token(hash: &str) -> Key {
    key(format!("TOKEN#{hash}"), "TOKEN")
}

/// The owner of a provider's channel: one account in the whole deployment.
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

/// The secret with which employees' tokens are signed.
pub fn token_secret(account: &AccountId) -> Key {
    key(settings(account), "TOKENS")
}

/// Partition of an account's audit trail of settings changes, by time.
pub fn audit_partition(account: &AccountId) -> String {
    format!("A#{account}#AUDIT")
}

/// Partition of the changes that the account's CRM did not accept and that were passed.
pub fn crm_failures(account: &AccountId) -> String {
    format!("A#{account}#CRMFAILURES")
}

/// One of them, by its id.
pub fn crm_failure(account: &AccountId, id: &str) -> Key {
    key(crm_failures(account), id)
}

/// The number of partitions for each kind of records that a CRM loads, because it may load everything at once.
pub const CRM_SHARDS: u8 = 16;

/// A partition of the records that a CRM loaded.
pub fn crm_partition(account: &AccountId, kind: Loaded, shard: u8) -> String {
    let kind = match kind {
        Loaded::Contacts => "CRMCONTACTS",
        Loaded::Deals => "CRMDEALS",
    };
    format!("A#{account}#{kind}#{shard:02}")
}

fn crm_shard(id: &str) -> u8 {
    id.bytes().fold(0u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte)) % CRM_SHARDS
}

/// A contact that the CRM loaded, by the CRM's id.
pub fn crm_contact(account: &AccountId, id: &str) -> Key {
    key(crm_partition(account, Loaded::Contacts, crm_shard(id)), id)
}

/// A deal that the CRM loaded, by the CRM's id.
pub fn crm_deal(account: &AccountId, id: &str) -> Key {
    key(crm_partition(account, Loaded::Deals, crm_shard(id)), id)
}

/// The CRM's contact with a phone or an identity, by its digest.
pub fn crm_subject(account: &AccountId, digest: &str) -> Key {
    key(format!("A#{account}#CRMSUBJECT#{digest}"), "CONTACT")
}

/// Partition of the clients of ours that a record of the CRM belongs to. The CRM's id may be of any length.
pub fn record_owners(account: &AccountId, kind: RecordKind, record: &str) -> String {
    format!("A#{account}#CRMRECORD#{}#{}", kind.as_str(), in_key(&[record.as_bytes()]))
}

/// A client of ours that a record of the CRM belongs to.
pub fn record_owner(account: &AccountId, kind: RecordKind, record: &str, contact: &ContactId) -> Key {
    key(record_owners(account, kind, record), contact.as_str())
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

/// Prefix of the turns of available members who receive new clients, in the order of the ring.
pub const IN_TURN: &str = "TURN#";

/// The same for members who are not available.
pub const RESTING: &str = "REST#";

/// A member's turn: the place in the ring, while the member receives new clients.
pub fn turn(account: &AccountId, channel: &ChannelId, place: &RingPlace, is_there: bool) -> Key {
    let list = if is_there { IN_TURN } else { RESTING };
    key(ring_partition(account, channel), format!("{list}{}", turn_place(place)))
}

/// A place in the ring, in the form in which turns are sorted.
pub fn turn_place(place: &RingPlace) -> String {
    format!("{:013}#{}", place.joined_at.millis().max(0), place.employee)
}

/// Partition of an employee's open chats on a channel.
pub fn open_chats(account: &AccountId, channel: &ChannelId, employee: &EmployeeId) -> String {
    format!("A#{account}#OPEN#{channel}#{employee}")
}

/// An entry in the history of a chat's responsible, by its number.
pub fn assignment_record(account: &AccountId, chat: &ChatId, seq: u64) -> Key {
    key(chat_partition(account, chat), format!("A#{seq:020}"))
}

/// The rules of an account.
pub fn rules(account: &AccountId) -> Key {
    key(settings(account), "RULES")
}

/// A requeue of an employee's clients, who are still to be assigned to others.
pub fn requeue(account: &AccountId, employee: &EmployeeId, channel: Option<&ChannelId>) -> Key {
    let channel = channel.map_or("*", ChannelId::as_str);
    key(format!("A#{account}#LEAVING#{channel}"), employee.as_str())
}

/// A requeue of a channel's unclaimed clients.
pub fn gather(account: &AccountId, channel: &ChannelId) -> Key {
    key(format!("A#{account}#GATHER#{channel}"), "GATHER")
}

/// A waiting client: sorted by arrival.
pub fn waiting(account: &AccountId, channel: &ChannelId, arrived_at: Timestamp, chat: &ChatId) -> Key {
    key(ring_partition(account, channel), format!("WAITING#{:013}#{chat}", arrived_at.millis().max(0)))
}

/// A contact.
pub fn contact(account: &AccountId, contact: &ContactId) -> Key {
    key(contact_partition(account, contact), "CONTACT")
}

/// The owner of an identity.
pub fn identity(account: &AccountId, identity: &Identity) -> Key {
    let kind = if identity.group { "group" } else { "person" };
    key(format!("A#{account}#IDENTITY#{}#{kind}#{}", identity.messenger.as_str(), identity.user), "IDENTITY")
}

/// The owner of a phone.
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

/// The pointer to a message's chat, by the message's id inside a connection.
pub fn pointer(account: &AccountId, connection: &ConnectionId, message: &MessageId) -> Key {
    key(format!("A#{account}#POINTER#{connection}#{}", message.in_key()), "POINTER")
}

/// A listing of a chat.
pub fn chat_listing(account: &AccountId, chat: &ChatId, listing: &str) -> Key {
    chat_listing_by_digest(account, chat, &listing_digest(listing))
}

/// A listing's id as it is used in keys and paths, because the site's id may contain anything.
pub fn listing_digest(listing: &str) -> String {
    in_key(&[b"listing", listing.as_bytes()])
}

/// A listing of a chat, by that digest.
pub fn chat_listing_by_digest(account: &AccountId, chat: &ChatId, digest: &str) -> Key {
    key(chat_partition(account, chat), format!("L#{digest}"))
}

/// A file of a chat that is still to be copied.
pub fn pending_file(account: &AccountId, chat: &ChatId, message: &MessageId) -> Key {
    key(chat_partition(account, chat), format!("F#{}", message.in_key()))
}

/// A job for the provider in a chat, in the order of its numbers.
pub fn outbound_job(account: &AccountId, chat: &ChatId, number: u64) -> Key {
    key(chat_partition(account, chat), format!("O#{number:020}"))
}

/// Partition of an employee's notices. Ids of employees contain no `#`, so it is never another list's.
pub fn notices_of_employee(account: &AccountId, employee: &EmployeeId) -> String {
    format!("A#{account}#NOTICES#{employee}")
}

/// Partition of the notices for the heads of a channel.
pub fn notices_of_heads(account: &AccountId, channel: &ChannelId) -> String {
    format!("A#{account}#NOTICES#heads#{channel}")
}

/// A notice in one of these partitions, by its time.
pub fn notice(partition: String, at: Timestamp, chat: &ChatId, seq: u64) -> Key {
    key(partition, format!("{:013}#{chat}#{seq:020}", at.millis().max(0)))
}

/// The prefix of a quick reply's sort key.
pub const QUICK_REPLY: &str = "REPLY#";

/// Partition of the shared quick replies, or of an employee's own.
pub fn quick_reply_partition(account: &AccountId, employee: Option<&EmployeeId>) -> String {
    let own = employee.map(|employee| format!("#{employee}")).unwrap_or_default();
    format!("A#{account}#QUICKREPLIES{own}")
}

/// A quick reply.
pub fn quick_reply(account: &AccountId, employee: Option<&EmployeeId>, id: &str) -> Key {
    key(quick_reply_partition(account, employee), format!("{QUICK_REPLY}{id}"))
}

/// The number of quick replies in the same partition.
pub fn quick_reply_count(account: &AccountId, employee: Option<&EmployeeId>) -> Key {
    key(quick_reply_partition(account, employee), "COUNT")
}

/// A file that is being uploaded.
pub fn upload(account: &AccountId, upload: &str) -> Key {
    key(format!("A#{account}#UPLOAD#{upload}"), "UPLOAD")
}

/// A test message.
pub fn test_message(account: &AccountId, test: &str) -> Key {
    key(format!("A#{account}#TEST#{test}"), "TEST")
}

/// The known facts about a number, by [`crate::model::contact::number_check::digest`].
pub fn number(account: &AccountId, digest: &str) -> Key {
    key(format!("A#{account}#NUMBER#{digest}"), "NUMBER")
}

/// A send under a caller's idempotency key, by [`crate::model::outbound::SendKey::digest`].
pub fn send_key(account: &AccountId, digest: &str) -> Key {
    key(format!("A#{account}#SEND#{digest}"), "SEND")
}

/// An account's use of a rate's window: `what` names the counter (without `#`), `window` is the window's number.
pub fn rate(account: &AccountId, what: &str, window: i64) -> Key {
    key(format!("A#{account}#RATE#{what}#{window}"), "RATE")
}

/// The target of a stable link, by the SHA-256 of the link's last part.
pub fn file_link(hash: &str) -> Key {
    key(format!("FILE#{hash}"), "FILE")
}

/// Partition of a contact: its row, its chats, its merges.
pub fn contact_partition(account: &AccountId, contact: &ContactId) -> String {
    format!("A#{account}#CONTACT#{contact}")
}

/// A chat in its contact's history.
pub fn contact_chat(account: &AccountId, contact: &ContactId, chat: &ChatId) -> Key {
    key(contact_partition(account, contact), format!("CHAT#{chat}"))
}

/// A merge, in the log of the contact that stayed.
pub fn merge(account: &AccountId, into: &ContactId, from: &ContactId, at: Timestamp) -> Key {
    key(contact_partition(account, into), format!("MERGE#{:013}#{from}", at.millis().max(0)))
}

/// Partition of an account's blacklist.
pub fn blacklist_partition(account: &AccountId) -> String {
    format!("A#{account}#BLACKLIST")
}

/// An entry of the blacklist, by the subject's digest.
pub fn block(account: &AccountId, digest: &str) -> Key {
    key(blacklist_partition(account), digest)
}

/// The remains of an erased identity or phone, by its digest.
pub fn erased_subject(account: &AccountId, digest: &str) -> Key {
    key(format!("A#{account}#ERASED#{digest}"), "ERASED")
}

/// Partition of an account's erasures.
pub fn erasure_partition(account: &AccountId) -> String {
    format!("A#{account}#ERASURES")
}

/// An erasure.
pub fn erasure(account: &AccountId, erasure: &str) -> Key {
    key(erasure_partition(account), erasure)
}

/// An item of the due index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// A chat.
    Chat(AccountId, ChatId),
    /// A channel with waiting clients.
    Ring(AccountId, ChannelId),
    /// A chat with a file that is still to be copied.
    File(AccountId, ChatId),
    /// An erasure that is not finished.
    Erasure(AccountId, String),
    /// A channel whose state is still to be reported to the CRM.
    Channel(AccountId, ChannelId),
    /// Clients who are still to be requeued.
    Requeue(AccountId, RequeueScope),
}

impl Due {
    /// Parses a key from the due index; `None` for one that this version does not know.
    pub fn parse(key: &Key) -> Option<Self> {
        let mut parts = key.pk.split('#');
        let (a, account) = (parts.next()?, parts.next()?);
        let Some(kind) = parts.next() else {
            let channel = key.sk.strip_prefix("CHANNEL#").filter(|_| a == "A")?;
            return Some(Self::Channel(AccountId::new(account), ChannelId::new(channel)));
        };
        if (a, kind) == ("A", "ERASURES") {
            return Some(Self::Erasure(AccountId::new(account), key.sk.clone()));
        }
        let id = parts.next()?;
        match (a, kind) {
            ("A", "CHAT") if key.sk.starts_with("F#") => {
                Some(Self::File(AccountId::new(account), ChatId::new(id)))
            }
            ("A", "CHAT") => Some(Self::Chat(AccountId::new(account), ChatId::new(id))),
            ("A", "RING") => Some(Self::Ring(AccountId::new(account), ChannelId::new(id))),
            ("A", "LEAVING") => {
                let channel = (id != "*").then(|| ChannelId::new(id));
                let employee = EmployeeId::new(key.sk.as_str());
                Some(Self::Requeue(AccountId::new(account), RequeueScope::Employee { employee, channel }))
            }
            ("A", "GATHER") => Some(Self::Requeue(
                AccountId::new(account),
                RequeueScope::Unclaimed { channel: ChannelId::new(id) },
            )),
            _ => None,
        }
    }
}

/// Partition of the indexes by employee.
pub fn of_employee(account: &AccountId, employee: &EmployeeId) -> String {
    format!("{account}#{employee}")
}

/// Partition of the indexes by employee for a channel's unclaimed chats (B3): they have no employee, and leave it in
/// the write that assigns one.
pub fn unclaimed(account: &AccountId, channel: &ChannelId) -> String {
    format!("{account}#{channel}#unclaimed")
}

/// Partition of the list index: an account's channel, live or general.
pub fn list(account: &AccountId, channel: &ChannelId, state: ChatState) -> String {
    format!("{account}#{channel}#{}", list_word(state))
}

pub(super) fn list_word(state: ChatState) -> &'static str {
    match state {
        ChatState::Live => "live",
        ChatState::General => "general",
        ChatState::Case => "case",
    }
}
