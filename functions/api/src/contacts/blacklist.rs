//! The blacklist: senders whose messages are dropped before anything of them is stored (C5).

use crate::app::App;
use crate::contacts::person::Person;
use crate::contacts::view::IdentityView;
use crate::contacts::{of_phone, read_identity, read_phone};
use crate::http::auth::AccountKey;
use crate::http::body::{Body, Id, Ids, Params, moment, object, page_size};
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::page::{self, List, PageParams};
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::base::clock::Timestamp;
use shared::base::ids::AccountId;
use shared::model::account::Account;
use shared::model::contact::blacklist::{BlockEntry, Subject};
use shared::store::row::{Key, Write};
use shared::store::{Read, StoreError, keys};
use std::sync::Arc;
use utoipa::ToSchema;

/// A phone or an identity to block.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"phone": "8 901 111-22-33", "expires_at": "2099-01-01T00:00:00Z", "note": "Advertises"}))]
pub struct NewBlock {
    /// A phone in any spelling; one without a country code is read in the account's region. Either this or `identity`.
    #[serde(default)]
    phone: Option<String>,
    /// A person or group of one messenger. Where the messenger's ids are phones, the phone is blocked.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<IdentityView>)]
    identity: Option<IdentityView>,
    /// When the block ends, in the future; null for never.
    #[serde(default)]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The reason, for people.
    #[serde(default)]
    #[schema(max_length = 200)]
    note: Option<String>,
}

/// An entry of the blacklist.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "5b8c1f0e2d3a4b5c6d7e8f9001122334", "phone": "+79011112233", "identity": null, "follows": null,
    "note": "Advertises", "created_at": "2026-11-21T09:10:00.000Z", "expires_at": "2099-01-01T00:00:00.000Z"
}))]
pub struct BlockView {
    id: String,
    /// E.164. Null, like `identity`, after the client was erased: the block stays without their data.
    phone: Option<String>,
    identity: Option<IdentityView>,
    /// The id of the phone's entry that this entry follows from, and is deleted with.
    follows: Option<String>,
    note: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl From<BlockEntry> for BlockView {
    fn from(entry: BlockEntry) -> Self {
        let (phone, identity) = match entry.subject {
            Some(Subject::Phone(phone)) => (Some(phone.as_str().to_owned()), None),
            Some(Subject::Identity(identity)) => (None, Some(identity.into())),
            None => (None, None),
        };
        let end = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
        Self {
            id: entry.id,
            phone,
            identity,
            follows: entry.follows,
            note: entry.note,
            created_at: entry.created_at.rfc3339(),
            expires_at: moment(entry.expires_at.map(end)),
        }
    }
}

/// A page of the blacklist.
#[derive(Debug, Serialize, ToSchema)]
pub struct Blacklist {
    blacklist: Vec<BlockView>,
    /// The cursor of the next page; null on the last one. A page before the last may hold fewer entries than `limit`,
    /// or none.
    next_cursor: Option<String>,
}

/// List blacklist entries
#[utoipa::path(
    get, path = "/v1/blacklist", tag = "blacklist", params(PageParams),
    responses((status = 200, description = "A page of entries, in no particular order", body = Blacklist))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Params(page): Params<PageParams>,
) -> Result<Json<Blacklist>, ApiError> {
    let limit = page_size(page.limit)?;
    let from = List::blacklist(&account).start(page.cursor.as_deref())?;
    let mut found = page::page(app.store.blacklist(&account, limit, from).await, page.cursor.is_some())?;
    // DynamoDB deletes an expired row late, within days.
    found.items.retain(|entry| entry.blocks(app.ambient.now()));
    let blacklist = found.items.into_iter().map(BlockView::from).collect();
    Ok(Json(Blacklist { blacklist, next_cursor: page::next(found.next.as_ref())? }))
}

/// Add a phone or an identity to the blacklist
///
/// New messages are dropped and counted before anything of them is stored; this takes effect within 30 seconds.
/// Blocking a phone also blocks the known identities of its holders, with entries that follow this one. Blocking again
/// replaces end and note.
#[utoipa::path(
    put, path = "/v1/blacklist", tag = "blacklist", request_body = NewBlock,
    responses((status = 200, description = "The entry", body = BlockView))
)]
pub async fn put(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Body(new): Body<NewBlock>,
) -> Result<Json<BlockView>, ApiError> {
    let expires_at = end_of(&new, app.ambient.now())?;
    if let Some(note) = &new.note {
        validate::name("note", note, 200)?;
    }
    let entry = app.retry_on_conflict(|| put_once(&app, &account, &new, expires_at)).await?;
    Ok(Json(entry.into()))
}

/// The end in seconds since the epoch, rounded up, so that no message passes too early.
fn end_of(new: &NewBlock, now: Timestamp) -> Result<Option<i64>, ApiError> {
    let Some(text) = &new.expires_at else { return Ok(None) };
    let end = Timestamp::parse_rfc3339(text);
    let end = end.filter(|end| *end > now && end.millis() < LAST_MS);
    let end = end.ok_or_else(|| ApiError::invalid("expires_at", "a moment in the future, as RFC 3339"))?;
    Ok(Some(end.millis().div_euclid(1000) + i64::from(end.millis() % 1000 != 0)))
}

/// 1 January 3000: a later end is a mistake.
const LAST_MS: i64 = 32_503_680_000_000;

fn subject_of(new: &NewBlock, owner: &Account) -> Result<Subject, ApiError> {
    match (&new.phone, &new.identity) {
        (Some(text), None) => read_phone(owner, "phone", text).map(Subject::Phone),
        (None, Some(identity)) => {
            let IdentityView { messenger, group, user } = identity;
            let identity = read_identity(owner, "identity.", messenger, *group, user)?;
            Ok(Subject::of(&identity))
        }
        (Some(_), Some(_)) => Err(ApiError::invalid("identity", "either phone or identity")),
        (None, None) => Err(ApiError::missing_field("phone")),
    }
}

async fn put_once(
    app: &App,
    account: &AccountId,
    new: &NewBlock,
    expires_at: Option<i64>,
) -> Result<BlockEntry, ApiError> {
    let owner = existing_account(app, account.as_str()).await?;
    let subject = subject_of(new, &owner)?;
    let followers = followers(app, &owner, &subject).await?;
    let digest = |subject: &Subject| keys::block(account, &subject.digest(&owner.id_salt));
    let keys: Vec<Key> = std::iter::once(&subject).chain(&followers).map(digest).collect();
    let known: Vec<BlockEntry> = app.store.get_many(&keys, Read::Consistent).await?;
    let now = app.ambient.now();
    let entry = |subject: &Subject, follows: Option<String>| {
        let id = subject.digest(&owner.id_salt);
        let before = known.iter().find(|entry| entry.id == id);
        BlockEntry {
            v: 1,
            account: account.clone(),
            created_at: before.map_or(now, |entry| entry.created_at),
            id,
            subject: Some(subject.clone()),
            follows,
            note: new.note.clone(),
            expires_at,
        }
    };
    let own = entry(&subject, None);
    // Look-ups read the blacklist only if the account says that it has one. The flag is never cleared, because an entry
    // may be created at the moment when the last one is deleted; it costs one read per message of a chat.
    let mut writes = vec![Write::put(&own)?];
    writes.extend(Write::change(&owner, &Account { has_blacklist: true, ..owner.clone() }, &[])?);
    app.store.commit(writes).await?;
    // The entries that follow may exceed one transaction. Repeating the request writes those that a failure left out.
    let mut writes = Vec::new();
    for follower in &followers {
        let follower = entry(follower, Some(own.id.clone()));
        // An entry that was made for itself is not deleted with the phone's, so it does not become a follower.
        let stands = |known: &&BlockEntry| known.id == follower.id && known.blocks(now);
        if known.iter().find(stands).is_none_or(|known| known.follows.is_some()) {
            writes.push(Write::put(&follower)?);
        }
    }
    app.store.commit_in_parts(writes).await?;
    Ok(own)
}

/// The known identities of the phone's holders, except those that are phones themselves.
async fn followers(app: &App, owner: &Account, subject: &Subject) -> Result<Vec<Subject>, ApiError> {
    let Subject::Phone(phone) = subject else { return Ok(Vec::new()) };
    let people = of_phone(app, owner, phone).await?;
    let identities = people.iter().flat_map(|person| person.identities()).filter(|identity| !identity.group);
    let mut found: Vec<Subject> = Vec::new();
    for subject in identities.map(Subject::of) {
        if matches!(subject, Subject::Identity(_)) && !found.contains(&subject) {
            found.push(subject);
        }
    }
    Ok(found)
}

/// The entries that concern a person.
///
/// # Errors
/// Those of the store.
pub async fn of_person(app: &App, account: &AccountId, person: &Person) -> Result<Vec<BlockView>, ApiError> {
    let owner = existing_account(app, account.as_str()).await?;
    let phones = person.phones().cloned().map(Subject::Phone);
    let subjects = phones.chain(person.identities().map(Subject::of));
    let mut digests: Vec<String> = subjects.map(|subject| subject.digest(&owner.id_salt)).collect();
    digests.sort();
    digests.dedup();
    let keys: Vec<Key> = digests.iter().map(|digest| keys::block(account, digest)).collect();
    let found: Vec<BlockEntry> =
        if keys.is_empty() { Vec::new() } else { app.store.get_many(&keys, Read::Consistent).await? };
    Ok(found.into_iter().map(BlockView::from).collect())
}

/// Delete a blacklist entry
///
/// Entries that follow from it are deleted too.
#[utoipa::path(
    delete, path = "/v1/blacklist/{block}", tag = "blacklist",
    params(("block" = String, Path, description = "The entry's id")),
    responses((status = 204, description = "Deleted"))
)]
pub async fn remove(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<StatusCode, ApiError> {
    let key = keys::block(&account, &id);
    let found: Option<BlockEntry> = app.store.get(&key, Read::Consistent).await?;
    let found = found.ok_or_else(|| ApiError::not_found("entry of the blacklist"))?;
    // Its followers are deleted first, because repeating the request then deletes what a failure left over.
    let mut writes = Vec::new();
    if found.follows.is_none() {
        writes = followers_of(&app, &account, &id).await?;
    }
    writes.push(Write::forget(key));
    app.store.commit_in_parts(writes).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn followers_of(app: &App, account: &AccountId, id: &str) -> Result<Vec<Write>, StoreError> {
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let page = app.store.blacklist(account, 1000, from).await?;
        let follows = |entry: &&BlockEntry| entry.follows.as_deref() == Some(id);
        found.extend(
            page.items.iter().filter(follows).map(|entry| Write::forget(keys::block(account, &entry.id))),
        );
        from = page.next;
        if from.is_none() {
            return Ok(found);
        }
    }
}
