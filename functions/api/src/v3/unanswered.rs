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

/// Clients in a channel's queue whose chats are read, at most.
const MOST_READ: i32 = 100;

/// How many chats wait.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"counterV2": 7, "type": "red", "lastMsgDateTime": "2026-11-21T09:10:00.000Z"}))]
pub struct V3Unanswered {
    #[serde(rename = "counterV2")]
    counter_v2: u64,
    /// `red`: he is to answer. `grey`: he only looks on. null: nobody waits, or he has no role.
    r#type: Option<&'static str>,
    /// When the last of them began to wait.
    #[schema(format = DateTime)]
    last_msg_date_time: Option<String>,
}

/// Count unanswered chats
///
/// Those that he is to answer: of his own clients on the channels where he has a role (a thousand of them at most, where that
/// is not all), of those that are nobody's yet where they are shown to him, and, where he is head or quality control, of
/// those who wait for a responsible (a thousand a channel at most). What is another employee's counts for that one. An
/// employee without a role has none.
#[utoipa::path(
    get, path = "/v3/unanswered/{id}", tag = "v3", params(("id" = String, Path, description = "The CRM's user id")),
    responses((status = 200, description = "How many, from an index: a moment old", body = V3Unanswered))
)]
pub async fn get(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    Id(id): Id,
) -> Result<Json<V3Unanswered>, V3Error> {
    let employee = EmployeeId::new(id);
    if app.store.employee(&account, &employee).await?.is_none() {
        return Err(V3Error::not_found("user"));
    }
    let channels = app.store.channels(&account).await?;
    let places =
        places_on(&app.store, &account, channels.iter().map(|channel| &channel.channel), &employee).await?;
    // What the index says of all his chats is what he sees of them where he works on every channel.
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

/// The unanswered chats of a channel whose clients wait for a responsible. One who is kept for somebody until he is asked counts
/// for that one. Of a long queue the rows alone are counted.
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
