//! Finding a person's chats by an exact phone or id: there is no index of names.

use crate::app::App;
use crate::chats::view::ChatView;
use crate::contacts::person::{Person, people_of, with_aliases};
use crate::contacts::{history, of_identities, of_phone, read_messenger, user_id};
use crate::http::auth::Principal;
use crate::http::body::Params;
use crate::http::chat_access::visible;
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::base::ids::{AccountId, ChatId, ContactId};
use shared::base::phone::Phone;
use shared::model::access::Operation;
use shared::model::account::Account;
use shared::model::chat::Chat;
use shared::model::contact::Identity;
use shared::store::Read;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Longest search text, in characters.
const MAX_QUERY: usize = 200;
/// Most chats of a person that are checked.
const MOST_CHATS: i32 = 500;
/// Most chats in an answer.
const MOST_SHOWN: usize = 100;

/// What to search for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchParams {
    /// A phone in any spelling, or a contact's id; with `messenger`, the messenger's id of the person or group, which
    /// is the user name where the messenger identifies people by it.
    #[param(min_length = 1, max_length = 200)]
    q: Option<String>,
    /// `whatsapp`, `telegram`, `instagram`, `viber`, `vk`, `avito`, `max`, or the provider's word.
    messenger: Option<String>,
}

/// The chats that were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundChats {
    /// The latest first, at most 100.
    chats: Vec<ChatView>,
}

/// Search a client's chats
///
/// By the client's phone, their id at a messenger, or their contact's id: only exact matches, and never by a name.
/// Returns only chats that the caller may see: an empty answer does not mean that there are none.
#[utoipa::path(
    get, path = "/v1/chats/search", tag = "chats", params(SearchParams),
    responses((status = 200, description = "The client's chats, or none", body = FoundChats))
)]
pub async fn search(
    principal: Principal,
    State(app): State<Arc<App>>,
    Params(wanted): Params<SearchParams>,
) -> Result<Json<FoundChats>, ApiError> {
    let text = wanted.q.ok_or_else(|| ApiError::missing_field("q"))?;
    validate::name("q", &text, MAX_QUERY)?;
    let owner = existing_account(&app, principal.account.as_str()).await?;
    let persons = match &wanted.messenger {
        Some(messenger) => of_messenger(&app, &owner, messenger, text.trim()).await?,
        None => of_phone_or_id(&app, &owner, text.trim()).await?,
    };
    let his = chats_of(&app, &principal.account, &persons).await?;
    let mut chats = visible(&app, &principal, Operation::Search, his).await?;
    chats.sort_by(|left, right| {
        (right.last_activity_at, &right.chat).cmp(&(left.last_activity_at, &left.chat))
    });
    chats.truncate(MOST_SHOWN);
    let people = people_of(&app, &principal.account, &chats).await?;
    let chats = chats.into_iter().map(|chat| ChatView::of(chat, &people)).collect();
    Ok(Json(FoundChats { chats }))
}

/// The persons, or the group, with this id at a messenger.
async fn of_messenger(
    app: &App,
    owner: &Account,
    messenger: &str,
    text: &str,
) -> Result<Vec<Person>, ApiError> {
    let messenger = read_messenger("messenger", messenger)?;
    // A user name may be written with or without its `@`; ids have none.
    let bare = text.strip_prefix('@').unwrap_or(text);
    let person = user_id(owner, &messenger, false, bare);
    let persons = person.map(|user| Identity { messenger: messenger.clone(), group: false, user });
    let group = Identity { messenger, group: true, user: bare.to_owned() };
    let identities: Vec<Identity> = persons.into_iter().chain([group]).collect();
    of_identities(app, owner, &identities, None).await
}

async fn of_phone_or_id(app: &App, owner: &Account, text: &str) -> Result<Vec<Person>, ApiError> {
    if let Some(phone) = Phone::parse(text, &owner.region) {
        return of_phone(app, owner, &phone).await;
    }
    match app.store.person(&owner.account, &ContactId::new(text), Read::Consistent).await? {
        Some(root) => Ok(vec![with_aliases(app, root).await?]),
        None => Ok(Vec::new()),
    }
}

/// The chats of all these persons, in no order.
async fn chats_of(app: &App, account: &AccountId, persons: &[Person]) -> Result<Vec<Chat>, ApiError> {
    let mut ids: BTreeSet<ChatId> = BTreeSet::new();
    for person in persons {
        let found = history(app, account, &person.ids(), MOST_CHATS, None).await?;
        ids.extend(found.chats.into_iter().map(|row| row.chat));
    }
    let ids: Vec<ChatId> = ids.into_iter().collect();
    Ok(if ids.is_empty() { Vec::new() } else { app.store.chats(account, &ids).await? })
}
