//! Contacts: get, find, and list their chats.

pub mod blacklist;
pub mod erasures;
pub mod export;
pub mod merges;
pub mod person;
pub mod view;

use crate::app::App;
use crate::chats::view::{ChatView, Chats};
use crate::contacts::person::{Person, existing_person, people_of, with_aliases};
use crate::contacts::view::{Contacts, PersonView};
use crate::http::auth::AccountKey;
use crate::http::body::{Id, Ids, Params, page_size};
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::page::{self, List, PageParams};
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::base::ids::{AccountId, ChatId, ContactId};
use shared::base::phone::Phone;
use shared::model::account::Account;
use shared::model::contact::{ContactChat, Identity};
use shared::model::messenger::Messenger;
use shared::store::row::{Item, Key};
use shared::store::{StoreError, keys};
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this folder.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(find))
        .routes(routes!(get, erasures::start))
        .routes(routes!(chats))
        .routes(routes!(merges::merge))
        .routes(routes!(merges::list))
        .routes(routes!(merges::undo))
        .routes(routes!(export::export))
        .routes(routes!(erasures::list))
        .routes(routes!(erasures::get))
        .routes(routes!(blacklist::list, blacklist::put))
        .routes(routes!(blacklist::remove))
}

/// Longest id that a messenger gives, in characters.
pub const MAX_USER: usize = 200;

/// Get a contact
///
/// For a contact that was merged, the answer is the contact that stayed, as its `id` shows.
#[utoipa::path(
    get, path = "/v1/contacts/{contact}", tag = "contacts", params(("contact" = String, Path, description = "The contact's id")),
    responses((status = 200, description = "The client, with all identities and phones", body = PersonView))
)]
pub async fn get(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<PersonView>, ApiError> {
    Ok(Json(existing_person(&app, &account, &ContactId::new(id)).await?.into()))
}

/// The phone or identity to find.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LookUp {
    /// A phone in any spelling; one without a country code is read in the account's region.
    phone: Option<String>,
    /// With `user`: the messenger.
    messenger: Option<String>,
    /// With `messenger`: the messenger's id of the person or group.
    user: Option<String>,
    /// With `user`: whether it is a group.
    group: Option<bool>,
}

/// Find contacts
///
/// By a verified phone, or by a messenger's id; only exact matches. A phone that has changed hands may find more than
/// one contact.
#[utoipa::path(
    get, path = "/v1/contacts", tag = "contacts", params(LookUp),
    responses((status = 200, description = "The contacts found, or none", body = Contacts))
)]
pub async fn find(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Params(wanted): Params<LookUp>,
) -> Result<Json<Contacts>, ApiError> {
    let owner = existing_account(&app, account.as_str()).await?;
    let found = match (wanted.phone, wanted.messenger, wanted.user) {
        (Some(_), Some(_), _) => return Err(ApiError::invalid("messenger", "either phone or messenger")),
        (Some(_), _, Some(_)) => return Err(ApiError::invalid("user", "either phone or user")),
        (Some(_), ..) if wanted.group.is_some() => {
            return Err(ApiError::invalid("group", "goes with user only"));
        }
        (Some(text), None, None) => of_phone(&app, &owner, &read_phone(&owner, "phone", &text)?).await?,
        (None, Some(messenger), Some(user)) => {
            let group = wanted.group.unwrap_or_default();
            let identity = read_identity(&owner, "", &messenger, group, &user)?;
            of_identities(&app, &owner, &[identity], None).await?
        }
        (None, Some(_), None) => return Err(ApiError::missing_field("user")),
        (None, None, Some(_)) => return Err(ApiError::missing_field("messenger")),
        (None, None, None) => return Err(ApiError::missing_field("phone")),
    };
    Ok(Json(Contacts { contacts: found.into_iter().map(PersonView::from).collect() }))
}

/// Reads a phone in the account's region.
///
/// # Errors
/// 400 naming the field, never its content.
pub fn read_phone(owner: &Account, field: &str, text: &str) -> Result<Phone, ApiError> {
    Phone::parse(text, &owner.region)
        .ok_or_else(|| ApiError::invalid(field, "no phone number, or more than one"))
}

/// Reads an identity as messages have it; `at` is the prefix of the fields' names in errors. Where the messenger's ids
/// are phones, a phone in any spelling is accepted as the id.
///
/// # Errors
/// 400 naming the field, never its content.
pub fn read_identity(
    owner: &Account,
    at: &str,
    messenger: &str,
    group: bool,
    user: &str,
) -> Result<Identity, ApiError> {
    let messenger = read_messenger(&format!("{at}messenger"), messenger)?;
    validate::name(format!("{at}user"), user, MAX_USER)?;
    let user = user_id(owner, &messenger, group, user)
        .ok_or_else(|| ApiError::invalid(format!("{at}user"), "a phone number"))?;
    Ok(Identity { messenger, group, user })
}

/// Reads a messenger's name.
///
/// # Errors
/// 400 naming the field.
pub fn read_messenger(field: &str, text: &str) -> Result<Messenger, ApiError> {
    validate::name(field, text, 50)?;
    let messenger = text.trim().to_lowercase();
    // A provider's words for groups: no contact is stored under them.
    if ["whatsgroup", "telegroup", "maxgroup"].contains(&messenger.as_str()) {
        return Err(ApiError::invalid(field, "the messenger's own name; a group is told by `group`"));
    }
    serde_json::from_value(messenger.into()).map_err(|_| ApiError::invalid(field, "a messenger's name"))
}

/// A messenger's id of a person or group, as messages have it. `None` for what cannot be one: where ids are phones, a
/// phone in any spelling is accepted as the id.
pub fn user_id(owner: &Account, messenger: &Messenger, group: bool, user: &str) -> Option<String> {
    let user = user.trim();
    if messenger.id_is_phone() && !group { phone_id(owner, user) } else { Some(user.to_owned()) }
}

/// The id at a messenger whose ids are phones. A text that is spelled as such an id stays unchanged, because where a
/// country has changed its numbering the messenger's id is older than the number of today.
fn phone_id(owner: &Account, user: &str) -> Option<String> {
    let id = Phone::from_international_digits(user);
    match (Phone::parse(user, &owner.region), id) {
        (Some(phone), Some(id)) if phone == id => Some(user.to_owned()),
        (Some(phone), _) => Some(phone.digits().to_owned()),
        (None, id) => id.map(|_| user.to_owned()),
    }
}

/// The persons who have a phone: by the phone's claim, and by identities that are phones.
///
/// # Errors
/// Those of the store; the same for the function below.
pub async fn of_phone(app: &App, owner: &Account, phone: &Phone) -> Result<Vec<Person>, ApiError> {
    let identities = [Messenger::Whatsapp, Messenger::Viber];
    let identities =
        identities.map(|messenger| Identity { messenger, group: false, user: phone.digits().to_owned() });
    of_identities(app, owner, &identities, Some(phone)).await
}

/// The persons who have any of the identities, or the phone.
pub async fn of_identities(
    app: &App,
    owner: &Account,
    identities: &[Identity],
    phone: Option<&Phone>,
) -> Result<Vec<Person>, ApiError> {
    let who = app.store.who(owner, identities, phone).await?;
    let ids: Vec<ContactId> = who.identities.into_values().chain(who.phone).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = app.store.persons(&owner.account, &ids).await?;
    let mut roots: Vec<_> = found.into_values().collect();
    roots.sort_by(|left, right| left.contact.cmp(&right.contact));
    roots.dedup_by(|left, right| left.contact == right.contact);
    let mut people = Vec::new();
    for root in roots {
        people.push(with_aliases(app, root).await?);
    }
    Ok(people)
}

/// List a contact's chats
///
/// The contact's chats, and those of contacts merged into it, in no particular order.
#[utoipa::path(
    get, path = "/v1/contacts/{contact}/chats", tag = "contacts",
    params(("contact" = String, Path, description = "The contact's id"), PageParams),
    responses((status = 200, description = "A page of chats", body = Chats))
)]
pub async fn chats(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Params(page): Params<PageParams>,
) -> Result<Json<Chats>, ApiError> {
    let limit = page_size(page.limit)?;
    let members = existing_person(&app, &account, &ContactId::new(id)).await?.ids();
    let from = page.cursor.as_deref().map(|cursor| place(&account, &members, cursor)).transpose()?;
    let read = history(&app, &account, &members, limit, from).await;
    let found = read.map_err(|error| page::refusal(error, page.cursor.is_some()))?;
    let ids: Vec<ChatId> = found.chats.iter().map(|row| row.chat.clone()).collect();
    let mut chats = if ids.is_empty() { Vec::new() } else { app.store.chats(&account, &ids).await? };
    chats.sort_by(|left, right| {
        (right.last_activity_at, &right.chat).cmp(&(left.last_activity_at, &left.chat))
    });
    let people = people_of(&app, &account, &chats).await?;
    let chats = chats.into_iter().map(|chat| ChatView::of(chat, &people)).collect();
    Ok(Json(Chats { chats, next_cursor: page::next(found.next.as_ref())? }))
}

/// In which of a person's contacts a cursor continues, and where in its chats.
fn place(account: &AccountId, members: &[ContactId], cursor: &str) -> Result<(usize, Item), ApiError> {
    let read = |(at, member)| Some((at, List::contact_chats(account, member).start(Some(cursor)).ok()??));
    members.iter().enumerate().find_map(read).ok_or_else(ApiError::cursor)
}

/// A part of a person's history.
#[derive(Debug)]
pub struct History {
    /// The person's chats.
    pub chats: Vec<ContactChat>,
    /// The key of the last chat, if there may be more.
    pub next: Option<Item>,
}

/// Reads a person's chats, contact by contact: up to `limit`, starting behind a row of one of them.
///
/// # Errors
/// Those of the store.
pub async fn history(
    app: &App,
    account: &AccountId,
    members: &[ContactId],
    limit: i32,
    from: Option<(usize, Item)>,
) -> Result<History, StoreError> {
    let (first, mut start) = from.map_or((0, None), |(at, item)| (at, Some(item)));
    let mut found = History { chats: Vec::new(), next: None };
    for (at, member) in members.iter().enumerate().skip(first) {
        loop {
            let left = limit - i32::try_from(found.chats.len()).unwrap_or(limit);
            let page = app.store.contact_chats(account, member, left, start.take()).await?;
            found.chats.extend(page.items);
            start = page.next;
            let full = found.chats.len() >= usize::try_from(limit).unwrap_or_default();
            if full && (start.is_some() || at + 1 < members.len()) {
                found.next = found.chats.last().map(|row| key_of(row).attributes());
                return Ok(found);
            }
            if start.is_none() {
                break;
            }
        }
    }
    Ok(found)
}

/// A chat's key in its contact's history.
fn key_of(row: &ContactChat) -> Key {
    keys::contact_chat(&row.account, &row.contact, &row.chat)
}
