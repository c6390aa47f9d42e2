//! Exports all that is stored about a client, as JSON, page by page (P12).
//!
//! The first pages hold the client's chats, ten at a time, and the very first page also the client; then follow the
//! messages, chat by chat. The cursor holds a page's position, so nothing is stored between pages.

use crate::app::App;
use crate::chats::listing_view::ListingView;
use crate::chats::listings;
use crate::chats::view::ChatView;
use crate::contacts::blacklist::{self, BlockView};
use crate::contacts::history;
use crate::contacts::person::{Person, existing_person, merges_of, people_of};
use crate::contacts::view::{ContactView, MergeView, PersonView};
use crate::http::auth::AccountKey;
use crate::http::body::{Id, Ids, Params};
use crate::http::error::ApiError;
use crate::http::page;
use crate::messages::view::MessageView;
use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use shared::base::ids::{AccountId, ChatId, ContactId};
use shared::model::contact::ContactChat;
use shared::model::message::Message;
use shared::store::row::Item;
use shared::store::{Read, keys};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Chats of a page: each comes with all its listings, and an answer of Lambda has 6 MB at most.
const CHATS: i32 = 10;
/// Messages of a page.
const MESSAGES: i32 = 100;

/// A chat with its listings.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedChat {
    chat: ChatView,
    /// The client's name in the messenger, and the link to their picture, as last received.
    username: Option<String>,
    avatar_url: Option<String>,
    listings: Vec<ListingView>,
}

/// A message with its chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedMessage {
    /// The chat's id.
    chat: String,
    message: MessageView,
    /// The message it answers, as the provider sent it.
    #[schema(value_type = Option<serde_json::Value>)]
    raw_quote: Option<serde_json::Value>,
}

impl ExportedMessage {
    fn of(message: Message, base_url: &str) -> Self {
        Self {
            chat: message.chat.to_string(),
            raw_quote: message.quote.as_ref().and_then(|quote| quote.raw.clone()),
            message: MessageView::of(message, base_url),
        }
    }
}

/// A page of an export.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Export {
    /// The client; on the first page only.
    contact: Option<PersonView>,
    /// The contacts that make up the client, as stored; on the first page only.
    contacts: Vec<ContactView>,
    /// Their merges; on the first page only.
    merges: Vec<MergeView>,
    /// Entries of the blacklist that concern the client; on the first page only.
    blacklist: Vec<BlockView>,
    /// The client's chats: ten on the first page, more on the next ones.
    chats: Vec<ExportedChat>,
    /// The messages of the client's chats, chat by chat, the newest first; none on the pages with chats.
    messages: Vec<ExportedMessage>,
    /// The cursor of the next page; null on the last one. A page before the last may be empty.
    next_cursor: Option<String>,
}

/// The position at which an export continues.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    /// Whether the position is in the chat's messages, instead of behind the chat in the list of chats.
    messages: bool,
    contact: ContactId,
    chat: ChatId,
    /// The last exported message: the time it is shown under, and its key.
    shown: Option<String>,
    sk: Option<String>,
}

impl Place {
    fn of(row: &ContactChat, messages: bool) -> Self {
        Self { messages, contact: row.contact.clone(), chat: row.chat.clone(), shown: None, sk: None }
    }

    fn parse(cursor: &str) -> Result<Self, ApiError> {
        let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| ApiError::cursor())?;
        serde_json::from_slice(&json).map_err(|_| ApiError::cursor())
    }

    fn cursor(&self) -> Result<String, ApiError> {
        let json =
            serde_json::to_vec(self).map_err(|_| ApiError::internal("a place that no cursor can hold"))?;
        Ok(URL_SAFE_NO_PAD.encode(json))
    }

    /// The position behind the chat in the person's history; an error unless the contact is the person's.
    fn in_history(&self, account: &AccountId, members: &[ContactId]) -> Result<(usize, Item), ApiError> {
        let at = members.iter().position(|member| *member == self.contact).ok_or_else(ApiError::cursor)?;
        Ok((at, keys::contact_chat(account, &self.contact, &self.chat).attributes()))
    }

    /// The position behind the last exported message.
    fn in_messages(&self, account: &AccountId) -> Option<Item> {
        let text = |value: &String| aws_sdk_dynamodb::types::AttributeValue::S(value.clone());
        let (shown, sk) = (self.shown.as_ref()?, self.sk.as_ref()?);
        let pk = keys::chat_partition(account, &self.chat);
        Some(Item::from([("pk".into(), text(&pk)), ("sk".into(), text(sk)), ("shown".into(), text(shown))]))
    }
}

/// The query of an export.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportParams {
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// Export a contact
///
/// All that is stored about the client and the contacts merged into it, page by page. Files are given as our links.
#[utoipa::path(
    get, path = "/v1/contacts/{contact}/export", tag = "contacts",
    params(("contact" = String, Path, description = "The contact's id"), ExportParams),
    responses((status = 200, description = "A page of the export", body = Export))
)]
pub async fn export(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Params(page): Params<ExportParams>,
) -> Result<Json<Export>, ApiError> {
    let person = existing_person(&app, &account, &ContactId::new(id)).await?;
    let place = page.cursor.as_deref().map(Place::parse).transpose()?;
    let page = match place {
        None => first(&app, &account, person).await?,
        Some(place) if place.messages => messages(&app, &account, &person.ids(), &place).await?,
        Some(place) => {
            let members = person.ids();
            let from = place.in_history(&account, &members)?;
            chats(&app, &account, &members, Some(from)).await?
        }
    };
    Ok(Json(page))
}

async fn first(app: &App, account: &AccountId, person: Person) -> Result<Export, ApiError> {
    let page = chats(app, account, &person.ids(), None).await?;
    let merges = merges_of(app, &person).await?.into_iter().map(MergeView::from).collect();
    let blacklist = blacklist::of_person(app, account, &person).await?;
    let contacts = person.contacts().cloned().map(ContactView::from).collect();
    Ok(Export { contact: Some(person.into()), contacts, merges, blacklist, ..page })
}

async fn chats(
    app: &App,
    account: &AccountId,
    members: &[ContactId],
    from: Option<(usize, Item)>,
) -> Result<Export, ApiError> {
    let with_cursor = from.is_some();
    let found = history(app, account, members, CHATS, from).await;
    let found = found.map_err(|error| page::refusal(error, with_cursor))?;
    let next = match (&found.next, found.chats.last()) {
        (Some(_), Some(last)) => Some(Place::of(last, false)),
        _ => next_chat(app, account, members, None).await?,
    };
    let ids: Vec<ChatId> = found.chats.iter().map(|row| row.chat.clone()).collect();
    let rows = if ids.is_empty() { Vec::new() } else { app.store.chats(account, &ids).await? };
    let people = people_of(app, account, &rows).await?;
    let mut chats = Vec::new();
    for row in rows {
        let listings = listings::of_chat(app, account, &row.chat).await?;
        let (username, avatar_url) = (row.username.clone(), row.avatar_url.clone());
        chats.push(ExportedChat { chat: ChatView::of(row, &people), username, avatar_url, listings });
    }
    let next_cursor = next.map(|place| place.cursor()).transpose()?;
    Ok(Export { chats, next_cursor, ..Export::default() })
}

/// The first chat behind this position, or the very first one.
async fn next_chat(
    app: &App,
    account: &AccountId,
    members: &[ContactId],
    from: Option<(usize, Item)>,
) -> Result<Option<Place>, ApiError> {
    let with_cursor = from.is_some();
    let found = history(app, account, members, 1, from).await;
    let found = found.map_err(|error| page::refusal(error, with_cursor))?;
    Ok(found.chats.first().map(|row| Place::of(row, true)))
}

async fn messages(
    app: &App,
    account: &AccountId,
    members: &[ContactId],
    place: &Place,
) -> Result<Export, ApiError> {
    let here = place.in_history(account, members)?;
    // A cursor can be forged, so the chat must be the person's.
    let his: Option<ContactChat> =
        app.store.get(&keys::contact_chat(account, &place.contact, &place.chat), Read::Eventual).await?;
    his.ok_or_else(ApiError::cursor)?;
    let read = app.store.messages_by_time(account, &place.chat, MESSAGES, place.in_messages(account)).await;
    let found = page::page(read, true)?;
    let text = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let next = match &found.next {
        Some(key) => Some(Place {
            messages: true,
            contact: place.contact.clone(),
            chat: place.chat.clone(),
            shown: text(key, "shown"),
            sk: text(key, "sk"),
        }),
        None => next_chat(app, account, members, Some(here)).await?,
    };
    let base_url = &app.public_base_url;
    let messages = found.items.into_iter().map(|message| ExportedMessage::of(message, base_url)).collect();
    let next_cursor = next.map(|place| place.cursor()).transpose()?;
    Ok(Export { messages, next_cursor, ..Export::default() })
}
