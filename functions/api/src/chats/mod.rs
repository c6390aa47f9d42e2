//! Reading and changing chats, and reading their messages.

pub mod assign;
pub mod assignment_history;
pub mod assignment_view;
pub mod changes;
pub mod finish;
pub mod list;
pub mod listing_view;
pub mod listings;
pub mod read_state;
pub mod search;
pub mod tags;
pub mod update;
pub mod view;

use crate::app::App;
use crate::chats::listing_view::ListingView;
use crate::chats::view::{ChatView, ChatWithContact};
use crate::contacts::person::people_of;
use crate::contacts::view::ContactView;
use crate::http::auth::Principal;
use crate::http::body::{Id, Ids, Params, page_size};
use crate::http::chat_access::visible_chat;
use crate::http::error::ApiError;
use crate::http::page::{self, List, PageParams};
use crate::messages::view::{MessageView, Messages};
use axum::Json;
use axum::extract::State;
use shared::model::access::sending::{self, Sender};
use shared::model::message::listing::ChatListing;
use shared::service::place::VisibleChat;
use shared::store::{Read, keys};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this folder.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list, super::messages::start_chat::begin))
        .routes(routes!(search::search))
        .routes(routes!(get))
        .routes(routes!(changes::list))
        .routes(routes!(messages, super::messages::send::post))
        .routes(routes!(read_state::unanswered))
        .routes(routes!(read_state::read))
        .routes(routes!(read_state::no_answer_needed))
        .routes(routes!(assign::assign))
        .routes(routes!(assignment_history::get))
        .routes(routes!(tags::put))
        .routes(routes!(finish::finish))
        .routes(routes!(finish::put_status))
        .routes(routes!(listings::list))
        .routes(routes!(listings::put_car, listings::delete_car))
}

/// Get a chat, with its client, the CRM's data about the client, and its listing
#[utoipa::path(
    get, path = "/v1/chats/{chat}", tag = "chats", params(("chat" = String, Path, description = "Its id")),
    responses((status = 200, description = "The chat", body = ChatWithContact))
)]
pub async fn get(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<ChatWithContact>, ApiError> {
    let account = &principal.account;
    let VisibleChat { chat, place } = visible_chat(&app, &principal, &id).await?;
    let channel = app.store.channel(account, &chat.channel, Read::Consistent).await?;
    let sender = match principal.by.employee() {
        Some(_) => Sender::Employee(place.as_ref()),
        None => Sender::Account,
    };
    let may_send = channel.map_or(Err(sending::Refusal::ChannelUnavailable), |channel| {
        sending::may_send(sender, &chat, &channel)
    });
    let people = people_of(&app, account, std::slice::from_ref(&chat)).await?;
    let contact = people.get(&chat.contact).cloned().map(ContactView::from);
    let listing = match &chat.listing {
        Some(mark) => {
            app.store.get(&keys::chat_listing(account, &chat.chat, &mark.id), Read::Consistent).await?
        }
        None => None,
    };
    Ok(Json(ChatWithContact {
        chat: ChatView::of(chat, &people),
        may_send: may_send.into(),
        contact,
        listing: listing.map(|row: ChatListing| ListingView::from(row)),
    }))
}

/// List a chat's messages
#[utoipa::path(
    get, path = "/v1/chats/{chat}/messages", tag = "chats",
    params(("chat" = String, Path, description = "The chat's id"), PageParams),
    responses((status = 200, description = "A page of messages, the newest first", body = Messages))
)]
pub async fn messages(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Params(page): Params<PageParams>,
) -> Result<Json<Messages>, ApiError> {
    let limit = page_size(page.limit)?;
    let account = &principal.account;
    let chat = visible_chat(&app, &principal, &id).await?.chat.chat;
    let from = List::messages(account, &chat).start(page.cursor.as_deref())?;
    let read = app.store.messages_by_time(account, &chat, limit, from).await;
    let found = page::page(read, page.cursor.is_some())?;
    let base_url = &app.public_base_url;
    let messages = found.items.into_iter().map(|message| MessageView::of(message, base_url)).collect();
    Ok(Json(Messages { messages, next_cursor: page::next(found.next.as_ref())? }))
}
