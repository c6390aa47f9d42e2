//! Who works on a channel, and how its clients are given out.

use crate::App;
use crate::auth::Tenant;
use crate::channels::existing_channel;
use crate::employees::existing_employee;
use crate::error::ApiError;
use crate::extract::{Body, Id, Ids, moment};
use crate::views::{Distribution, Ineligible, Role};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::assignment::eligible;
use shared::employee::Membership;
use shared::ids::AccountId;
use shared::store::row::{Row, Write};
use shared::store::{Read, keys};
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most waiting clients that are counted.
const MOST_WAITING: i32 = 1000;

/// An employee's place on a channel, to set.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "manager", "receives_new_clients": true}))]
pub struct PutMember {
    role: Role,
    /// Whether new clients come to him.
    receives_new_clients: bool,
}

/// An employee on a channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "employee": "17", "role": "manager", "receives_new_clients": true, "joined_at": "2026-11-21T09:12:00.000Z"
}))]
pub struct MemberView {
    employee: String,
    role: Role,
    receives_new_clients: bool,
    /// His place in the ring: members stand in the order in which they joined.
    #[schema(format = DateTime)]
    joined_at: String,
}

impl From<Membership> for MemberView {
    fn from(member: Membership) -> Self {
        Self {
            employee: member.employee.to_string(),
            role: member.role.into(),
            receives_new_clients: member.receives_new_clients,
            joined_at: member.joined_at.rfc3339(),
        }
    }
}

/// A channel's members.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "members": [{
        "employee": "17", "role": "manager", "receives_new_clients": true, "joined_at": "2026-11-21T09:12:00.000Z"
    }]
}))]
pub struct Members {
    members: Vec<MemberView>,
}

/// Put an employee on a channel, or change his place there
///
/// His place in the ring stays. Clients that wait are given out at once.
#[utoipa::path(
    put, path = "/v1/channels/{channel}/employees/{employee}", tag = "channels", request_body = PutMember,
    params(
        ("channel" = String, Path, description = "The channel's id"),
        ("employee" = String, Path, description = "The CRM's user id")
    ),
    responses((status = 200, description = "His place as it is now", body = MemberView))
)]
pub async fn put(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
    Body(place): Body<PutMember>,
) -> Result<Json<MemberView>, ApiError> {
    let (Id(channel), Id(employee)) = ids;
    let member = app.settle(|| put_once(&app, &account, &channel, &employee, place)).await?;
    // Also when nothing changed: whoever nudged before may have died.
    app.nudge(&account, std::slice::from_ref(&member.channel)).await;
    Ok(Json(member.into()))
}

async fn put_once(
    app: &App,
    account: &AccountId,
    channel: &str,
    employee: &str,
    place: PutMember,
) -> Result<Membership, ApiError> {
    let channel = existing_channel(app, account, channel).await?;
    let employee = existing_employee(app, account, employee).await?;
    let before: Option<Membership> = {
        let key = keys::membership(account, &channel.channel, &employee.employee);
        app.store.get(&key, Read::Consistent).await?
    };
    let after = Membership {
        v: 1,
        account: account.clone(),
        channel: channel.channel.clone(),
        employee: employee.employee.clone(),
        role: place.role.into(),
        receives_new_clients: place.receives_new_clients,
        joined_at: before.as_ref().map_or_else(|| app.ambient.now(), |before| before.joined_at),
    };
    let write = match &before {
        Some(before) => Write::change(before, &after, &[])?,
        None => Some(Write::create(&after)?),
    };
    if let Some(write) = write {
        // A member without an employee or a channel would never be found again.
        app.store.commit(vec![write, Write::check(&employee, &[])?, Write::check(&channel, &[])?]).await?;
    }
    Ok(after)
}

/// Take an employee off a channel
#[utoipa::path(
    delete, path = "/v1/channels/{channel}/employees/{employee}", tag = "channels",
    params(
        ("channel" = String, Path, description = "The channel's id"),
        ("employee" = String, Path, description = "The CRM's user id")
    ),
    responses((status = 204, description = "He is not there any more"))
)]
pub async fn remove(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
) -> Result<StatusCode, ApiError> {
    let (Id(channel), Id(employee)) = ids;
    let channel = existing_channel(&app, &account, &channel).await?.channel;
    let key = keys::membership(&account, &channel, &shared::ids::EmployeeId::new(employee));
    let found: Option<Membership> = app.store.get(&key, Read::Consistent).await?;
    let found = found.ok_or_else(|| ApiError::not_found("member of the channel"))?;
    app.store.commit(vec![Write::forget(found.key())]).await?;
    app.nudge(&account, &[channel]).await;
    Ok(StatusCode::NO_CONTENT)
}

/// List a channel's employees
#[utoipa::path(
    get, path = "/v1/channels/{channel}/employees", tag = "channels",
    params(("channel" = String, Path, description = "The channel's id")),
    responses((status = 200, description = "All of them, in the order of the ring", body = Members))
)]
pub async fn list(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(channel)): Ids<Id>,
) -> Result<Json<Members>, ApiError> {
    let channel = existing_channel(&app, &account, &channel).await?.channel;
    let members = in_ring_order(app.store.members(&account, &channel).await?);
    Ok(Json(Members { members: members.into_iter().map(MemberView::from).collect() }))
}

fn in_ring_order(mut members: Vec<Membership>) -> Vec<Membership> {
    members.sort_by(|left, right| (left.joined_at, &left.employee).cmp(&(right.joined_at, &right.employee)));
    members
}

/// A member's part in giving out clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct TurnView {
    employee: String,
    name: Option<String>,
    role: Role,
    receives_new_clients: bool,
    /// Whether new clients come to him now.
    eligible: bool,
    /// Why not.
    reason: Option<Ineligible>,
}

/// How a channel's clients are given out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "distribution": "round_robin", "last": "17", "turns": 41, "waiting": 0, "oldest_waiting_since": null,
    "members": [
        {"employee": "17", "name": "Anna Petrova", "role": "manager", "receives_new_clients": true, "eligible": true,
         "reason": null},
        {"employee": "18", "name": "Boris Orlov", "role": "head", "receives_new_clients": false, "eligible": false,
         "reason": "receives_no_new_clients"}
    ]
}))]
pub struct AssignmentView {
    distribution: Distribution,
    /// Who got the last client in turn.
    last: Option<String>,
    /// How many turns were given.
    turns: u64,
    /// How many clients wait for a responsible; 1000 means 1000 or more.
    waiting: usize,
    #[schema(format = DateTime)]
    oldest_waiting_since: Option<String>,
    /// In the order of the ring.
    members: Vec<TurnView>,
}

/// Read how a channel's clients are given out
#[utoipa::path(
    get, path = "/v1/channels/{channel}/assignment", tag = "channels",
    params(("channel" = String, Path, description = "The channel's id")),
    responses((status = 200, description = "The ring, who waits, who is eligible", body = AssignmentView))
)]
pub async fn assignment(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(channel)): Ids<Id>,
) -> Result<Json<AssignmentView>, ApiError> {
    let row = existing_channel(&app, &account, &channel).await?;
    let channel = &row.channel;
    let ring = app.store.ring(&account, channel).await?;
    let waiting = app.store.waiting(&account, channel, MOST_WAITING).await?;
    let members = in_ring_order(app.store.members(&account, channel).await?);
    let employees = app.store.employees(&account).await?;
    let names: HashMap<_, _> = employees.into_iter().map(|known| (known.employee, known.name)).collect();
    let members = members.into_iter().map(|member| {
        let verdict = eligible(&member);
        TurnView {
            name: names.get(&member.employee).cloned(),
            eligible: verdict.is_ok(),
            reason: verdict.err().map(Ineligible::from),
            role: member.role.into(),
            receives_new_clients: member.receives_new_clients,
            employee: member.employee.to_string(),
        }
    });
    let (last, turns) = ring.map_or((None, 0), |ring| (ring.last, ring.turns));
    Ok(Json(AssignmentView {
        distribution: row.distribution.into(),
        last: last.map(|place| place.employee.to_string()),
        turns,
        waiting: waiting.len(),
        oldest_waiting_since: moment(waiting.first().map(|first| first.arrived_at)),
        members: members.collect(),
    }))
}
