//! Employees' availability: whether they take new clients now.

use crate::app::App;
use crate::channels::members::places;
use crate::http::auth::{AccountKey, Principal};
use crate::http::body::{Body, Id, Ids, present};
use crate::http::chat_access::denied;
use crate::http::error::ApiError;
use crate::http::existing::existing_employee;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::base::ids::{AccountId, ChannelId, EmployeeId};
use shared::model::access::sending::Refusal;
use shared::model::employee::{Membership, Status};
use shared::store::attribute::RING;
use shared::store::row::Key;
use shared::store::settings::member_writes;
use shared::store::{MAX_WRITES, Read, keys};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most channels that a request names.
const MAX_CHANNELS: usize = 100;
/// Memberships that change in one transaction: each is up to three writes.
const AT_ONCE: usize = MAX_WRITES / 3;

/// A status to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PutEmployeeStatus, example = json!({"status": "away"}))]
pub struct PutStatus {
    status: Status,
    /// The channels to set it on; all of the employee's channels when left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, min_items = 1, max_items = 100)]
    channels: Option<Vec<String>>,
}

/// An employee's status on a channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelStatus {
    channel: String,
    status: Status,
}

/// An employee's statuses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "employee": "17", "channels": [{"channel": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11", "status": "away"}]
}))]
pub struct StatusesView {
    employee: String,
    /// On each of the employee's channels.
    channels: Vec<ChannelStatus>,
}

/// Set an employee's availability
///
/// On all of their channels, or on some of them. Only an `available` employee gets new clients; the clients that they
/// have stay theirs. Waiting clients are assigned at once when an employee becomes available.
#[utoipa::path(
    put, path = "/v1/employees/{employee}/status", tag = "employees", request_body = PutStatus,
    params(("employee" = String, Path, description = "The CRM's user id")),
    responses(
        (status = 200, description = "The employee's statuses as they are now", body = StatusesView),
        (status = 422, description = "The employee is no member of a named channel: `unknown_channel`")
    )
)]
pub async fn put(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(wanted): Body<PutStatus>,
) -> Result<Json<StatusesView>, ApiError> {
    let employee = existing_employee(&app, &account, &id).await?.employee;
    set(&app, &account, &employee, &wanted).await.map(Json)
}

/// Set your own availability
///
/// For an employee with a token of their own; otherwise as `PUT /v1/employees/{employee}/status`.
#[utoipa::path(
    put, path = "/v1/me/status", tag = "employees", request_body = PutStatus,
    responses(
        (status = 200, description = "Your statuses as they are now", body = StatusesView),
        (status = 403, description = "No employee's token (`not_an_employee`), or an employee who is a member of no channel (`no_role`)"),
        (status = 422, description = "You are no member of a named channel: `unknown_channel`")
    )
)]
pub async fn put_own(
    principal: Principal,
    State(app): State<Arc<App>>,
    Body(wanted): Body<PutStatus>,
) -> Result<Json<StatusesView>, ApiError> {
    let Some(employee) = principal.by.employee() else {
        return Err(ApiError::denied("not_an_employee", "only an employee's own token says who you are"));
    };
    let statuses = set(&app, &principal.account, employee, &wanted).await?;
    if statuses.channels.is_empty() {
        return Err(denied(Refusal::NoRole));
    }
    Ok(Json(statuses))
}

/// Sets the status on the requested channels, and nudges assignment to check them, also where nothing changed.
async fn set(
    app: &App,
    account: &AccountId,
    employee: &EmployeeId,
    wanted: &PutStatus,
) -> Result<StatusesView, ApiError> {
    let his = places(app, account, employee).await?.into_iter().map(|place| place.member);
    let mut his: BTreeMap<ChannelId, Membership> =
        his.map(|member| (member.channel.clone(), member)).collect();
    let concerned = concerned(&his, wanted.channels.as_deref())?;
    for some in concerned.chunks(AT_ONCE) {
        let keys: Vec<Key> = some.iter().map(|on| keys::membership(account, on, employee)).collect();
        let after = app.retry_on_conflict(|| set_once(app, &keys, wanted.status)).await?;
        his.extend(after.into_iter().map(|member| (member.channel.clone(), member)));
    }
    app.nudge(account, &concerned).await;
    let channels = his
        .into_values()
        .map(|member| ChannelStatus { channel: member.channel.to_string(), status: member.status });
    Ok(StatusesView { employee: employee.to_string(), channels: channels.collect() })
}

/// The named channels, all of which must be the employee's; all of their channels when none is named.
fn concerned(
    his: &BTreeMap<ChannelId, Membership>,
    named: Option<&[String]>,
) -> Result<Vec<ChannelId>, ApiError> {
    let Some(named) = named else { return Ok(his.keys().cloned().collect()) };
    if named.is_empty() || named.len() > MAX_CHANNELS {
        return Err(ApiError::invalid("channels", format!("1 to {MAX_CHANNELS} of them")));
    }
    let mut found = Vec::new();
    for (index, id) in named.iter().enumerate() {
        let field = format!("channels[{index}]");
        validate::crm_id(&field, id)?;
        let channel = ChannelId::new(id.as_str());
        if !his.contains_key(&channel) {
            let message = "he has no place on a channel of this id";
            return Err(ApiError::refused("unknown_channel", &field, message));
        }
        if !found.contains(&channel) {
            found.push(channel);
        }
    }
    Ok(found)
}

/// Sets the status of some memberships, each with its turn in the ring, in one transaction. An employee who was removed
/// from a channel meanwhile has no membership there, and needs no status.
async fn set_once(app: &App, places: &[Key], status: Status) -> Result<Vec<Membership>, ApiError> {
    let before: Vec<Membership> = app.store.get_many(places, Read::Consistent).await?;
    let (mut writes, mut after) = (Vec::new(), Vec::new());
    for place in before {
        let changed = Membership { status, ..place.clone() };
        writes.extend(member_writes(Some(&place), Some(&changed), &RING)?);
        after.push(changed);
    }
    app.store.commit(writes).await?;
    Ok(after)
}
