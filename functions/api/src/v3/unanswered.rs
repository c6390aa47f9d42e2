//! `GET /v3/unanswered/{userId}`: how many chats wait for an employee's answer.

use super::body::{Caller, Id};
use super::error::V3Error;
use crate::app::App;
use crate::chats::read_state::unanswered_on;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::base::clock::Timestamp;
use shared::base::ids::{ChatId, EmployeeId};
use shared::model::access::sending::Sender;
use shared::model::access::{self, Operation};
use shared::model::employee::{Membership, Role};
use shared::service::place::places_on;
use shared::store::unanswered::Waiting;
use shared::store::{StoreError, keys};
use std::sync::Arc;
use utoipa::ToSchema;

/// Most clients of a channel's queue whose chats are read.
const MOST_READ: i32 = 100;

/// The number of unanswered chats.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"counterV2": 7, "type": "red", "lastMsgDateTime": "2026-11-21T09:10:00.000Z"}))]
pub struct V3Unanswered {
    #[serde(rename = "counterV2")]
    counter_v2: u64,
    /// `red`: the employee is to answer. `grey`: the employee only supervises. Null: no client waits, or the employee
    /// has no role, or is unknown.
    r#type: Option<&'static str>,
    /// When the latest of them began to wait.
    #[schema(format = DateTime)]
    last_msg_date_time: Option<String>,
}

/// Count unanswered chats
///
/// The chats that the employee is to answer: of their own clients on the channels where they have a role (a thousand of
/// them at most, if that is not every channel), of unclaimed clients who are shown to them, and, if they are head or
/// quality control, of clients who wait for a responsible (a thousand per channel at most). A chat of another employee
/// counts for that employee only. An employee without a role has none, and neither has an unknown one.
#[utoipa::path(
    get, path = "/v3/unanswered/{id}", tag = "v3", params(("id" = String, Path, description = "The CRM's user id")),
    responses((status = 200, description = "The number, from an index that may be a moment old", body = V3Unanswered))
)]
pub async fn get(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    Id(id): Id,
) -> Result<Json<V3Unanswered>, V3Error> {
    let employee = EmployeeId::new(id);
    let channels = app.store.channels(&account).await?;
    let places =
        places_on(&app.store, &account, channels.iter().map(|channel| &channel.channel), &employee).await?;
    // The index counts all of the employee's chats, which is right only if they have a role on every channel.
    let mut found = if !places.is_empty() && places.len() == channels.len() {
        app.store.unanswered_in(&keys::of_employee(&account, &employee)).await?
    } else {
        let own = unanswered_on(&app, &account, &employee, &places).await?;
        Waiting { count: own.count, latest_at: own.latest_at }
    };
    for place in places.values() {
        if access::sees_unclaimed(place) {
            add(&mut found, app.store.unanswered_in(&keys::unclaimed(&account, &place.channel)).await?);
        }
        if access::sees_all(place) {
            add(&mut found, waiting_on(&app, place).await?);
        }
    }
    let supervises = places.values().all(|place| place.role == Role::QualityControl);
    let r#type = (found.count > 0).then_some(if supervises { "grey" } else { "red" });
    let last_msg_date_time = found.latest_at.map(Timestamp::rfc3339);
    Ok(Json(V3Unanswered { counter_v2: found.count, r#type, last_msg_date_time }))
}

fn add(found: &mut Waiting, more: Waiting) {
    found.count += more.count;
    found.latest_at = found.latest_at.max(more.latest_at);
}

/// The unanswered chats of a channel whose clients wait for a responsible. A client who is reserved for an employee
/// counts for that employee. Of a long queue only the rows are counted.
async fn waiting_on(app: &App, place: &Membership) -> Result<Waiting, StoreError> {
    let (account, channel) = (&place.account, &place.channel);
    let rows = app.store.waiting(account, channel, MOST_READ + 1).await?;
    if i32::try_from(rows.len()).is_ok_and(|many| many > MOST_READ) {
        let (count, latest_at) = tokio::try_join!(
            app.store.count_waiting(account, channel, None),
            app.store.last_waiting(account, channel),
        )?;
        return Ok(Waiting { count: count.into(), latest_at });
    }
    let ids: Vec<ChatId> = rows.into_iter().map(|row| row.chat).collect();
    let mut found = Waiting::default();
    for chat in app.store.chats(account, &ids).await? {
        let counts = chat.responsible.is_none()
            && access::may(Operation::Count, Sender::Employee(Some(place)), &chat).is_ok();
        if let Some(at) = chat.unanswered_at.filter(|_| counts) {
            add(&mut found, Waiting { count: 1, latest_at: Some(at) });
        }
    }
    Ok(found)
}
