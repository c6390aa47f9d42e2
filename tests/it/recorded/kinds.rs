//! The kind of a row, by its key: the prefixes of `shared::store::keys`.

use crate::world::World;
use futures::future::LocalBoxFuture;
use serde_json::Value;
use shared::model::access_token::TokenSecret;
use shared::model::account::Account;
use shared::model::assignment::requeue::Requeue;
use shared::model::assignment::{Ring, WaitingClient};
use shared::model::audit::AuditEntry;
use shared::model::channel::Channel;
use shared::model::chat::assignment_record::AssignmentRecord;
use shared::model::chat::{Chat, ChatAliasRow, ChatEvent};
use shared::model::connection::Connection;
use shared::model::contact::blacklist::BlockEntry;
use shared::model::contact::number_check::NumberFact;
use shared::model::contact::{Contact, ContactChat, Merge};
use shared::model::crm::CrmConnection;
use shared::model::crm::entities::{CrmContact, CrmDeal, CrmSubject, RecordOwner};
use shared::model::employee::{Employee, Membership};
use shared::model::erasure::{ErasedSubject, Erasure};
use shared::model::message::Message;
use shared::model::message::listing::ChatListing;
use shared::model::message::media::PendingFile;
use shared::model::notices::NoticeRow;
use shared::model::outbound::{OutboundJob, SendKey};
use shared::model::pipeline::Pipelines;
use shared::model::quick_reply::{QuickReply, QuickReplyCount};
use shared::model::rules::RuleSet;
use shared::model::upload::Upload;
use shared::store::keys::{
    AccountEntry, ApiKeyEntry, ApiKeyRow, ContactClaimRow, ExternalChannel, FileLinkRow, OpenChat, Pointer,
    TombstoneRow, Turn, WebhookTokenRow,
};
use shared::store::row::{Key, Row, Write};
use shared::store::{Read, StoreError};

/// Reads the row at a key, deletes it, and writes it again.
type Rewrite = for<'a> fn(&'a World, &'a Key) -> LocalBoxFuture<'a, Result<(), StoreError>>;

/// A kind of row.
pub struct RowKind {
    pub name: &'static str,
    pub rewrite: Rewrite,
}

fn kind<R: Row + 'static>() -> RowKind {
    RowKind { name: std::any::type_name::<R>(), rewrite: rewrite::<R> }
}

fn rewrite<'a, R: Row + 'static>(
    world: &'a World,
    key: &'a Key,
) -> LocalBoxFuture<'a, Result<(), StoreError>> {
    Box::pin(async move {
        let row: R = read(world, key).await?;
        replace(world, key, &row).await
    })
}

/// Rows that serve at several places: their reader says where the row stands.
fn rewrite_claim<'a>(world: &'a World, at: &'a Key) -> LocalBoxFuture<'a, Result<(), StoreError>> {
    Box::pin(async move {
        let row: ContactClaimRow = read(world, at).await?;
        replace(world, at, &ContactClaimRow { at: at.clone(), ..row }).await
    })
}

fn rewrite_tombstone<'a>(world: &'a World, at: &'a Key) -> LocalBoxFuture<'a, Result<(), StoreError>> {
    Box::pin(async move {
        let row: TombstoneRow = read(world, at).await?;
        replace(world, at, &TombstoneRow { at: at.clone(), ..row }).await
    })
}

/// Counters have no row type: their value is what adding nothing returns.
fn rewrite_counter<'a>(world: &'a World, at: &'a Key) -> LocalBoxFuture<'a, Result<(), StoreError>> {
    Box::pin(async move {
        let items = world.store.get_items(std::slice::from_ref(at), Read::Consistent).await?;
        let expires_at = items[0]["expires_at"].as_n().unwrap().parse().unwrap();
        let count = world.store.count(at, 0, expires_at).await?;
        world.store.commit(vec![Write::delete(at.clone())]).await?;
        world.store.count(at, count, expires_at).await.map(|_| ())
    })
}

async fn read<R: Row>(world: &World, key: &Key) -> Result<R, StoreError> {
    world.store.get(key, Read::Consistent).await.map(Option::unwrap)
}

async fn replace<R: Row>(world: &World, key: &Key, row: &R) -> Result<(), StoreError> {
    world.store.commit(vec![Write::delete(key.clone())]).await?;
    world.store.commit(vec![Write::put(row)?]).await
}

/// The kind of a row; `None` for one that is not known here.
pub fn row_kind(key: &Key, item: &Value) -> Option<RowKind> {
    if item.get("erased_at").is_some() && item.get("v").is_none() {
        return Some(RowKind { name: "TombstoneRow", rewrite: rewrite_tombstone });
    }
    let parts: Vec<&str> = key.pk.split('#').collect();
    match parts.as_slice() {
        ["ACCOUNTS"] => Some(kind::<AccountEntry>()),
        ["KEY", _] => Some(kind::<ApiKeyRow>()),
        ["TOKEN", _] => Some(kind::<WebhookTokenRow>()),
        ["EXTERNAL", ..] => Some(kind::<ExternalChannel>()),
        ["FILE", _] => Some(kind::<FileLinkRow>()),
        ["A", _] => settings_kind(prefix(&key.sk)),
        ["A", _, "CHAT", ..] => chat_kind(prefix(&key.sk), item),
        ["A", _, "RING", ..] => ring_kind(prefix(&key.sk)),
        ["A", _, "CONTACT", ..] => contact_kind(prefix(&key.sk)),
        ["A", _, partition, ..] => partition_kind(partition, prefix(&key.sk)),
        _ => None,
    }
}

fn prefix(sk: &str) -> &str {
    sk.split('#').next().unwrap_or_default()
}

fn settings_kind(prefix: &str) -> Option<RowKind> {
    Some(match prefix {
        "ACCOUNT" => kind::<Account>(),
        "CONNECTION" => kind::<Connection>(),
        "CHANNEL" => kind::<Channel>(),
        "EMPLOYEE" => kind::<Employee>(),
        "PIPELINES" => kind::<Pipelines>(),
        "CRM" => kind::<CrmConnection>(),
        "TOKENS" => kind::<TokenSecret>(),
        "KEY" => kind::<ApiKeyEntry>(),
        "RULES" => kind::<RuleSet>(),
        _ => return None,
    })
}

fn chat_kind(prefix: &str, item: &Value) -> Option<RowKind> {
    Some(match prefix {
        "CHAT" if item.get("alias_of").is_some() => kind::<ChatAliasRow>(),
        "CHAT" => kind::<Chat>(),
        "M" => kind::<Message>(),
        "E" => kind::<ChatEvent>(),
        "A" => kind::<AssignmentRecord>(),
        "L" => kind::<ChatListing>(),
        "F" => kind::<PendingFile>(),
        "O" => kind::<OutboundJob>(),
        _ => return None,
    })
}

fn ring_kind(prefix: &str) -> Option<RowKind> {
    Some(match prefix {
        "RING" => kind::<Ring>(),
        "MEMBER" => kind::<Membership>(),
        "TURN" | "REST" => kind::<Turn>(),
        "WAITING" => kind::<WaitingClient>(),
        _ => return None,
    })
}

fn contact_kind(prefix: &str) -> Option<RowKind> {
    Some(match prefix {
        "CONTACT" => kind::<Contact>(),
        "CHAT" => kind::<ContactChat>(),
        "MERGE" => kind::<Merge>(),
        _ => return None,
    })
}

fn partition_kind(partition: &str, prefix: &str) -> Option<RowKind> {
    Some(match (partition, prefix) {
        ("AUDIT", _) => kind::<AuditEntry>(),
        ("CRMCONTACTS", _) => kind::<CrmContact>(),
        ("CRMDEALS", _) => kind::<CrmDeal>(),
        ("CRMSUBJECT", _) => kind::<CrmSubject>(),
        ("CRMRECORD", _) => kind::<RecordOwner>(),
        ("OPEN", _) => kind::<OpenChat>(),
        ("LEAVING" | "GATHER", _) => kind::<Requeue>(),
        ("IDENTITY" | "PHONE", _) => RowKind { name: "ContactClaimRow", rewrite: rewrite_claim },
        ("POINTER", _) => kind::<Pointer>(),
        ("NOTICES", _) => kind::<NoticeRow>(),
        ("QUICKREPLIES", "REPLY") => kind::<QuickReply>(),
        ("QUICKREPLIES", "COUNT") => kind::<QuickReplyCount>(),
        ("UPLOAD", _) => kind::<Upload>(),
        ("NUMBER", _) => kind::<NumberFact>(),
        ("SEND", _) => kind::<SendKey>(),
        ("RATE", _) => RowKind { name: "a counter", rewrite: rewrite_counter },
        ("BLACKLIST", _) => kind::<BlockEntry>(),
        ("ERASED", _) => kind::<ErasedSubject>(),
        ("ERASURES", _) => kind::<Erasure>(),
        _ => return None,
    })
}
