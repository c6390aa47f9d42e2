//! Quick replies (D5): shared ones and each employee's own, and their text in a chat.

use crate::app::App;
use crate::http::auth::{Actor, Principal};
use crate::http::body::{Body, Id, Ids, Params, page_size};
use crate::http::chat_access::{require_any_channel, visible_chat};
use crate::http::error::ApiError;
use crate::http::existing::existing_employee;
use crate::http::page::{self, List};
use crate::http::validate;
use crate::messages::quick_reply_view::{
    ChangedQuickReply, NewQuickReply, QuickReplies, QuickReplyView, Rendered,
};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::base::ids::{AccountId, EmployeeId};
use shared::model::chat::Chat;
use shared::model::employee::Section;
use shared::model::quick_reply::{
    QuickReply, QuickReplyCount, Template, Values, Variable, limit_of, price_text,
};
use shared::store::attribute;
use shared::store::row::{Row, Write};
use shared::store::{Read, keys};
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::IntoParams;

/// The query that names the owner of a quick reply.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Whose {
    /// An employee, whose own quick replies are included. With an employee's token it is always its employee.
    #[param(min_length = 1, max_length = 200)]
    employee: Option<String>,
}

/// The query of a list of quick replies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Listed {
    /// An employee, whose own quick replies are listed; without one, the shared ones. A token lists no other
    /// employee's.
    #[param(min_length = 1, max_length = 200)]
    employee: Option<String>,
    /// Entries per page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// The employee that a request names. An employee may name only themselves; any other is answered 404.
fn named(principal: &Principal, employee: Option<&str>) -> Result<Option<EmployeeId>, ApiError> {
    employee.map_or(Ok(()), |employee| validate::employee_id("employee", employee))?;
    let named = employee.map(EmployeeId::new);
    match (&principal.by, named) {
        (Actor::Employee(own), Some(named)) if *own != named => Err(ApiError::not_found("employee")),
        (_, named) => Ok(named),
    }
}

/// The employee whose own quick replies a request includes: the named one, or the token's.
fn whose(principal: &Principal, employee: Option<&str>) -> Result<Option<EmployeeId>, ApiError> {
    Ok(named(principal, employee)?.or_else(|| principal.by.employee().cloned()))
}

/// Checks that the caller may change a list: an employee their own, and the shared one with the section (A8); an admin
/// every list.
fn may_change(principal: &Principal, list: Option<&EmployeeId>) -> Result<(), ApiError> {
    if list.is_some() || principal.may_change(Section::QuickReplies) {
        Ok(())
    } else {
        Err(ApiError::denied("section_not_granted", "the section \"quick_replies\" is not granted to you"))
    }
}

/// Checks that the caller may read the shared list: a member of any channel, or a caller who may change it.
async fn may_read_shared(app: &App, principal: &Principal) -> Result<(), ApiError> {
    if principal.may_change(Section::QuickReplies) {
        Ok(())
    } else {
        require_any_channel(app, principal, false).await
    }
}

/// List quick replies
///
/// The shared ones, or an employee's own; the oldest first.
#[utoipa::path(
    get, path = "/v1/quick-replies", tag = "quick-replies", params(Listed),
    responses(
        (status = 200, description = "A page of quick replies", body = QuickReplies),
        (status = 403, description = "The shared ones, for an employee who is a member of no channel: `no_role`")
    )
)]
pub async fn list(
    principal: Principal,
    State(app): State<Arc<App>>,
    Params(wanted): Params<Listed>,
) -> Result<Json<QuickReplies>, ApiError> {
    let limit = page_size(wanted.limit)?;
    let owner = named(&principal, wanted.employee.as_deref())?;
    if owner.is_none() {
        may_read_shared(&app, &principal).await?;
    }
    let from = List::quick_replies(&principal.account, owner.as_ref()).start(wanted.cursor.as_deref())?;
    let found = app.store.quick_replies(&principal.account, owner.as_ref(), limit, from).await;
    let found = page::page(found, wanted.cursor.is_some())?;
    let quick_replies = found.items.into_iter().map(QuickReplyView::from).collect();
    Ok(Json(QuickReplies { quick_replies, next_cursor: page::next(found.next.as_ref())? }))
}

/// Create a quick reply
///
/// Shared, or an employee's own. At most 500 shared ones, and 100 of each employee. Shared ones are created by an
/// account key, or by an employee with the section `quick_replies`.
#[utoipa::path(
    post, path = "/v1/quick-replies", tag = "quick-replies", request_body = NewQuickReply,
    responses(
        (status = 201, description = "Created", body = QuickReplyView),
        (status = 403, description = "A shared one, by an employee without the section: `section_not_granted`"),
        (status = 422, description = "The list is full: `too_many`")
    )
)]
pub async fn create(
    principal: Principal,
    State(app): State<Arc<App>>,
    Body(new): Body<NewQuickReply>,
) -> Result<(StatusCode, Json<QuickReplyView>), ApiError> {
    new.check()?;
    let owner = named(&principal, new.employee.as_deref())?;
    may_change(&principal, owner.as_ref())?;
    if let Some(owner) = &owner {
        existing_employee(&app, &principal.account, owner.as_str()).await?;
    }
    let now = app.ambient.now();
    let reply = QuickReply {
        v: 1,
        account: principal.account,
        id: app.ambient.uuid().to_string(),
        employee: owner,
        title: new.title,
        text: new.text,
        created_at: now,
        changed_at: now,
    };
    app.retry_on_conflict(|| write(&app, &reply)).await?;
    Ok((StatusCode::CREATED, Json(reply.into())))
}

/// Stores a new quick reply together with the count of its list.
async fn write(app: &App, reply: &QuickReply) -> Result<(), ApiError> {
    let key = keys::quick_reply_count(&reply.account, reply.employee.as_ref());
    let known: Option<QuickReplyCount> = app.store.get(&key, Read::Consistent).await?;
    let limit = limit_of(reply.employee.as_ref());
    let count = known.as_ref().map_or(0, |known| known.count);
    if count >= limit {
        return Err(ApiError::refused(
            "too_many",
            "",
            format!("there are {limit} already, the most there may be"),
        ));
    }
    let (account, employee) = (reply.account.clone(), reply.employee.clone());
    let counted = QuickReplyCount { v: 1, account, employee, count: count + 1 };
    let counted = match &known {
        Some(known) => Write::change(known, &counted, &[attribute::quick_reply_count::COUNT])?,
        None => Some(Write::create(&counted)?),
    };
    Ok(app.store.commit(counted.into_iter().chain([Write::create(reply)?]).collect()).await?)
}

/// A quick reply that the caller may see: a shared one, or one of `owner`'s own.
async fn existing(
    app: &App,
    account: &AccountId,
    owner: Option<&EmployeeId>,
    id: &str,
) -> Result<QuickReply, ApiError> {
    // Ids are UUIDs, so other texts need no read.
    let possible = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let found = if possible { app.store.quick_reply(account, owner, id).await? } else { None };
    found.ok_or_else(|| ApiError::not_found("quick reply"))
}

/// Get a quick reply
#[utoipa::path(
    get, path = "/v1/quick-replies/{reply}", tag = "quick-replies",
    params(("reply" = String, Path, description = "The quick reply's id"), Whose),
    responses(
        (status = 200, description = "The quick reply", body = QuickReplyView),
        (status = 403, description = "A shared one, for an employee who is a member of no channel: `no_role`")
    )
)]
pub async fn get(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Params(wanted): Params<Whose>,
) -> Result<Json<QuickReplyView>, ApiError> {
    let owner = whose(&principal, wanted.employee.as_deref())?;
    let reply = existing(&app, &principal.account, owner.as_ref(), &id).await?;
    if reply.employee.is_none() {
        may_read_shared(&app, &principal).await?;
    }
    Ok(Json(reply.into()))
}

/// Replace a quick reply
#[utoipa::path(
    put, path = "/v1/quick-replies/{reply}", tag = "quick-replies", request_body = ChangedQuickReply,
    params(("reply" = String, Path, description = "The quick reply's id"), Whose),
    responses(
        (status = 200, description = "The quick reply as it is now", body = QuickReplyView),
        (status = 403, description = "A shared one, by an employee without the section: `section_not_granted`")
    )
)]
pub async fn change(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Params(wanted): Params<Whose>,
    Body(new): Body<ChangedQuickReply>,
) -> Result<Json<QuickReplyView>, ApiError> {
    new.check()?;
    let owner = whose(&principal, wanted.employee.as_deref())?;
    let reply = app.retry_on_conflict(|| async {
        let before = existing(&app, &principal.account, owner.as_ref(), &id).await?;
        may_change(&principal, before.employee.as_ref())?;
        let (title, text) = (new.title.clone(), new.text.clone());
        let after = QuickReply { title, text, changed_at: app.ambient.now(), ..before.clone() };
        app.store.commit(Write::change(&before, &after, &[])?.into_iter().collect()).await?;
        Ok::<_, ApiError>(after)
    });
    Ok(Json(reply.await?.into()))
}

/// Delete a quick reply
#[utoipa::path(
    delete, path = "/v1/quick-replies/{reply}", tag = "quick-replies",
    params(("reply" = String, Path, description = "The quick reply's id"), Whose),
    responses(
        (status = 204, description = "Deleted"),
        (status = 403, description = "A shared one, by an employee without the section: `section_not_granted`")
    )
)]
pub async fn delete(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Params(wanted): Params<Whose>,
) -> Result<StatusCode, ApiError> {
    let owner = whose(&principal, wanted.employee.as_deref())?;
    let gone = app.retry_on_conflict(|| async {
        let reply = existing(&app, &principal.account, owner.as_ref(), &id).await?;
        may_change(&principal, reply.employee.as_ref())?;
        let key = keys::quick_reply_count(&reply.account, reply.employee.as_ref());
        let known: Option<QuickReplyCount> = app.store.get(&key, Read::Consistent).await?;
        let mut writes = vec![Write::delete(reply.key())];
        if let Some(known) = known {
            let counted = QuickReplyCount { count: known.count.saturating_sub(1), ..known.clone() };
            writes.extend(Write::change(&known, &counted, &[attribute::quick_reply_count::COUNT])?);
        }
        Ok::<_, ApiError>(app.store.commit(writes).await?)
    });
    gone.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Render a quick reply for a chat
///
/// The text as it would be sent; nothing is sent. The caller must be able to see the chat.
#[utoipa::path(
    post, path = "/v1/chats/{chat}/quick-replies/{reply}", tag = "chats",
    params(
        ("chat" = String, Path, description = "The chat's id"), ("reply" = String, Path, description = "The quick reply's id"),
        Whose
    ),
    responses(
        (status = 200, description = "The text with its variables filled in", body = Rendered),
        (status = 422, description = "A variable has no value in the chat, for example the car of a chat without one: `variable_missing`")
    )
)]
pub async fn render(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
    Params(wanted): Params<Whose>,
) -> Result<Json<Rendered>, ApiError> {
    let (Id(chat), Id(id)) = ids;
    let chat = visible_chat(&app, &principal, &chat).await?.chat;
    let owner = whose(&principal, wanted.employee.as_deref())?;
    Ok(Json(Rendered { text: filled_in(&app, &chat, owner.as_ref(), &id).await? }))
}

/// A quick reply's text in a chat: a shared one's, or one of the sending employee's own.
///
/// # Errors
/// 404 when it does not exist, 422 `variable_missing` naming the first variable without a value.
pub async fn filled_in(
    app: &App,
    chat: &Chat,
    employee: Option<&EmployeeId>,
    id: &str,
) -> Result<String, ApiError> {
    let reply = existing(app, &chat.account, employee, id).await?;
    let template = Template::parse(&reply.text).map_err(|error| ApiError::internal(error.to_string()))?;
    let values = values_for(app, chat, employee, &template.variables()).await?;
    let filled = template.render(&values);
    filled.map_err(|missing| ApiError::refused("variable_missing", missing.0.name(), missing.to_string()))
}

/// The values of these variables in a chat; only the rows that they need are read.
///
/// # Errors
/// Those of the store.
pub async fn values_for(
    app: &App,
    chat: &Chat,
    employee: Option<&EmployeeId>,
    needed: &BTreeSet<Variable>,
) -> Result<Values, ApiError> {
    let (mut values, account, needs) = (Values::default(), &chat.account, |wanted| needed.contains(&wanted));
    if needs(Variable::ClientName) {
        let person = app.store.person(account, &chat.contact, Read::Eventual).await?;
        let name = person.and_then(|person| person.name).or_else(|| chat.name.clone());
        values.set(Variable::ClientName, name);
    }
    if let (true, Some(employee)) = (needs(Variable::EmployeeName), employee) {
        let name = app.store.employee(account, employee).await?.map(|employee| employee.name);
        values.set(Variable::EmployeeName, name);
    }
    if needs(Variable::ChannelName) {
        let channel = app.store.channel(account, &chat.channel, Read::Eventual).await?;
        values.set(Variable::ChannelName, channel.map(|channel| channel.shown_name().to_owned()));
    }
    if needs(Variable::Company) {
        let name = app.store.account(account).await?.map(|account| account.name);
        values.set(Variable::Company, name);
    }
    if let (true, Some(mark)) = (needed.iter().any(|variable| variable.is_of_car()), &chat.listing) {
        let ids = std::slice::from_ref(&mark.id);
        if let Some(row) = app.store.chat_listings_by_id(account, &chat.chat, ids).await?.into_iter().next() {
            values.set(Variable::CarPrice, row.listing.price.as_ref().map(price_text));
            values.set(Variable::CarLink, row.listing.url);
            values.set(Variable::Car, row.listing.title);
        }
    }
    Ok(values)
}
