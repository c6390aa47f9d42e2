//! `GET /v3/unanswered/{userId}`: how many chats wait for an employee's answer.

use super::body::{Caller, Id};
use super::error::V3Error;
use crate::App;
use crate::access::places_on;
use crate::marks::unanswered_on;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::clock::Timestamp;
use shared::employee::Role;
use shared::ids::EmployeeId;
use shared::store::keys;
use std::sync::Arc;
use utoipa::ToSchema;

/// How many chats wait.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"counterV2": 7, "type": "red", "lastMsgDateTime": "2026-11-21T09:10:00.000Z"}))]
pub struct V3Unanswered {
    #[serde(rename = "counterV2")]
    counter_v2: u64,
    /// `red`: his own clients, and those that are nobody's and shown to him. `grey`: he only looks on. null: nobody waits, or he
    /// has no role.
    r#type: Option<&'static str>,
    /// When the last of them began to wait.
    #[schema(format = DateTime)]
    last_msg_date_time: Option<String>,
}

/// Count unanswered chats
///
/// Those of his own clients on the channels where he has a role (a thousand of them at most, where that is not all), and on channels where he sees clients that are nobody's yet also those. An employee without a role
/// has none.
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
        places_on(&app, &account, channels.iter().map(|channel| &channel.channel), &employee).await?;
    // What the index says of all his chats is what he sees of them where he works on every channel.
    let (mut count, mut last) = if !places.is_empty() && places.len() == channels.len() {
        let found = app.store.unanswered_in(&keys::of_employee(&account, &employee)).await?;
        (found.count, found.latest_at)
    } else {
        let found = unanswered_on(&app, &account, &employee, &places).await?;
        (found.count, found.latest_at)
    };
    for place in places.values().filter(|place| shared::visibility::sees_unclaimed(place)) {
        let found = app.store.unanswered_in(&keys::unclaimed(&account, &place.channel)).await?;
        count += found.count;
        last = last.max(found.latest_at);
    }
    let supervises = places.values().all(|place| place.role == Role::QualityControl);
    let r#type = (count > 0).then_some(if supervises { "grey" } else { "red" });
    Ok(Json(V3Unanswered { counter_v2: count, r#type, last_msg_date_time: last.map(Timestamp::rfc3339) }))
}
