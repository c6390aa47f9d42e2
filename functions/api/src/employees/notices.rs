//! Notices from rules to employees (F6): an employee reads those for them, and those for the heads of channels where
//! they are head.

use crate::app::App;
use crate::http::auth::{Actor, Principal};
use crate::http::body::{Params, page_size};
use crate::http::chat_access::visible;
use crate::http::error::ApiError;
use crate::http::existing::existing_employee;
use crate::http::page::List;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::base::ids::{AccountId, ChatId, EmployeeId};
use shared::model::access::Operation;
use shared::model::chat::{ChatEvent, NoticeTo, RuleNotice};
use shared::model::employee::Role;
use shared::model::notices::NoticeRow;
use shared::service::place::places_on;
use shared::store::keys;
use shared::store::row::{Key, Row};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The employee whose notices are read, and the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NoticeParams {
    /// The employee's id. Required with a key; with a token only the token's own employee may be named.
    employee: Option<String>,
    /// Notices per page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// The addressee of a rule's notice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NoticeToView {
    /// The responsible; the heads while there is none.
    Responsible,
    /// The heads of the channel.
    Heads,
    /// This employee.
    Employee {
        /// The employee's id.
        employee: String,
    },
}

impl From<&NoticeTo> for NoticeToView {
    fn from(to: &NoticeTo) -> Self {
        match to {
            NoticeTo::Responsible => Self::Responsible,
            NoticeTo::Heads => Self::Heads,
            NoticeTo::Employee(employee) => Self::Employee { employee: employee.to_string() },
        }
    }
}

/// A rule's notice in a chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"at": "2026-11-21T09:30:00.000Z", "to": {"type": "heads"}, "text": "Nobody has answered for an hour"}))]
pub struct RuleNoticeView {
    #[schema(format = DateTime)]
    at: String,
    to: NoticeToView,
    text: String,
}

impl RuleNoticeView {
    /// The notice of an event, if it has one.
    pub fn of(event: &ChatEvent) -> Option<Self> {
        let RuleNotice { to, text, .. } = event.notice.as_ref()?;
        Some(Self { at: event.at.rfc3339(), to: to.into(), text: text.clone() })
    }
}

/// A notice in an employee's list.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeView {
    /// The chat's id.
    chat: String,
    /// Its number in the chat.
    seq: u64,
    /// The channel's id.
    channel: String,
    #[serde(flatten)]
    notice: RuleNoticeView,
}

/// A page of notices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "notices": [{
        "chat": "0f7c3d1a-6d52-8c0e-8b27-51f0a2f4d9aa", "seq": 7, "channel": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11",
        "at": "2026-11-21T09:30:00.000Z", "to": {"type": "heads"}, "text": "Nobody has answered for an hour"
    }],
    "next_cursor": null
}))]
pub struct Notices {
    notices: Vec<NoticeView>,
    /// The cursor of the next page; null on the last one. A page before the last may hold fewer notices than `limit`,
    /// or none.
    next_cursor: Option<String>,
}

/// List an employee's notices
///
/// Notices to the employee, to the responsible in chats that were theirs then, and to the heads of channels where they
/// are head; the latest first, for 30 days. Notices of chats that the employee does not see, any more or at all, are
/// left out, even if a rule names them.
#[utoipa::path(
    get, path = "/v1/notices", tag = "chats", params(NoticeParams),
    responses(
        (status = 200, description = "A page of notices", body = Notices),
        (status = 403, description = "Another employee's notices, with an employee's token (`not_yours`)")
    )
)]
pub async fn list(
    principal: Principal,
    State(app): State<Arc<App>>,
    Params(wanted): Params<NoticeParams>,
) -> Result<Json<Notices>, ApiError> {
    let limit = page_size(wanted.limit)?;
    let account = &principal.account;
    let employee = reader(&app, &principal, wanted.employee).await?;
    let list = List::notices(account, &employee);
    let start = list.start(wanted.cursor.as_deref())?;
    let before = start.as_ref().and_then(|start| start.get("sk")?.as_s().ok()).cloned();
    let lists = lists_of(&app, account, &employee).await?;
    let (found, more) = app.store.notices(&lists, before.as_deref(), limit).await?;
    let last = found
        .last()
        .filter(|_| more)
        .map(|row| Key { pk: keys::notices_of_employee(account, &employee), sk: row.key().sk });
    let next_cursor = list.next(last.map(|key| key.attributes()).as_ref())?;
    let as_him = principal.as_employee(&employee);
    Ok(Json(Notices { notices: told(&app, &as_him, found).await?, next_cursor }))
}

/// The employee whose notices are read.
async fn reader(app: &App, principal: &Principal, named: Option<String>) -> Result<EmployeeId, ApiError> {
    match (&principal.by, named) {
        (Actor::Employee(own), None) => Ok(own.clone()),
        (Actor::Employee(own), Some(named)) if own.as_str() == named => Ok(own.clone()),
        (Actor::Employee(_), Some(_)) => {
            Err(ApiError::denied("not_yours", "an employee reads the notices that are for him"))
        }
        (_, Some(named)) => {
            validate::employee_id("employee", &named)?;
            Ok(existing_employee(app, &principal.account, &named).await?.employee)
        }
        (_, None) => Err(ApiError::missing_field("employee")),
    }
}

/// The employee's own list, and the heads' lists of the channels where they are head.
async fn lists_of(app: &App, account: &AccountId, employee: &EmployeeId) -> Result<Vec<String>, ApiError> {
    let channels = app.store.channels(account).await?;
    let places =
        places_on(&app.store, account, channels.iter().map(|channel| &channel.channel), employee).await?;
    let heads = places.into_values().filter(|place| place.role == Role::Head);
    let heads = heads.map(|place| keys::notices_of_heads(account, &place.channel));
    Ok(std::iter::once(keys::notices_of_employee(account, employee)).chain(heads).collect())
}

/// The notices whose chat the employee sees, with their texts.
async fn told(app: &App, as_him: &Principal, rows: Vec<NoticeRow>) -> Result<Vec<NoticeView>, ApiError> {
    let account = &as_him.account;
    let ids: BTreeSet<ChatId> = rows.iter().map(|row| row.chat.clone()).collect();
    let ids: Vec<ChatId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (chats, events) =
        tokio::try_join!(app.store.chats(account, &ids), app.store.events_of_notices(account, &rows))?;
    let visible: Vec<ChatId> =
        visible(app, as_him, Operation::Notify, chats).await?.into_iter().map(|chat| chat.chat).collect();
    let events: HashMap<(ChatId, u64), ChatEvent> =
        events.into_iter().map(|event| ((event.chat.clone(), event.seq), event)).collect();
    let now = app.ambient.now().seconds();
    // DynamoDB deletes expired rows late.
    let rows = rows.into_iter().filter(|row| now < row.expires_at && visible.contains(&row.chat));
    let views = rows.filter_map(|row| {
        let notice = RuleNoticeView::of(events.get(&(row.chat.clone(), row.seq))?)?;
        let (chat, channel) = (row.chat.to_string(), row.channel.to_string());
        Some(NoticeView { chat, seq: row.seq, channel, notice })
    });
    Ok(views.collect())
}
