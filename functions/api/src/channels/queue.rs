//! A channel's assignment queue: the ring, the waiting clients, the eligible members, and why the others are not.

use crate::app::App;
use crate::channels::members::in_ring_order;
use crate::http::auth::AccountKey;
use crate::http::body::{Id, Ids, moment};
use crate::http::error::ApiError;
use crate::http::existing::existing_channel;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::base::clock::Timestamp;
use shared::base::ids::EmployeeId;
use shared::model::assignment::eligible;
use shared::model::channel::{Channel, Distribution};
use shared::model::employee::{Ineligible, Membership, Role, Status};
use shared::store::StoreError;
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most waiting clients that are counted.
const MOST_WAITING: i32 = 1000;
/// How many members' open chats are counted at once.
const AT_ONCE: usize = 16;

/// A member of the ring, and whether they get new clients now.
#[derive(Debug, Serialize, ToSchema)]
pub struct TurnView {
    employee: String,
    name: Option<String>,
    role: Role,
    receives_new_clients: bool,
    status: Status,
    /// How many open chats the member has on the channel, counted up to the cap; null without a cap.
    open_chats: Option<u32>,
    /// Most open chats before the member gets no new clients; null: no cap.
    cap: Option<u32>,
    /// Whether the member gets new clients now.
    eligible: bool,
    /// Why the member does not; null when eligible.
    reason: Option<Ineligible>,
}

impl TurnView {
    fn of(member: Membership, name: Option<String>, open_chats: Option<u32>, now: Timestamp) -> Self {
        let verdict = eligible(&member, open_chats, false, now);
        Self {
            name,
            eligible: verdict.is_ok(),
            reason: verdict.err(),
            role: member.role,
            receives_new_clients: member.receives_new_clients,
            status: member.status,
            open_chats,
            cap: member.cap,
            employee: member.employee.to_string(),
        }
    }
}

/// A channel's assignment queue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "distribution": "round_robin", "last": "17", "turns": 41, "waiting": 1, "oldest_waiting_since": "2026-11-21T09:12:00.000Z",
    "left": 1, "left_since": "2026-11-21T09:12:00.000Z", "looks_again_at": "2026-11-21T09:17:00.000Z",
    "members": [
        {"employee": "17", "name": "Anna Petrova", "role": "manager", "receives_new_clients": true, "status": "available",
         "open_chats": 20, "cap": 20, "eligible": false, "reason": "cap_reached"},
        {"employee": "18", "name": "Boris Orlov", "role": "head", "receives_new_clients": false, "status": "available",
         "open_chats": null, "cap": null, "eligible": false, "reason": "receives_no_new_clients"}
    ]
}))]
pub struct AssignmentView {
    distribution: Distribution,
    /// Who got the last client in turn.
    last: Option<String>,
    /// How many clients were assigned in turn.
    turns: u64,
    /// How many clients wait for a responsible; 1000 means 1000 or more.
    waiting: usize,
    #[schema(format = DateTime)]
    oldest_waiting_since: Option<String>,
    /// How many clients the last assignment run left waiting, because no employee could get them.
    left: u32,
    /// Since when the first of those waits.
    #[schema(format = DateTime)]
    left_since: Option<String>,
    /// When waiting clients are checked next if nothing happens before, as when working hours begin.
    #[schema(format = DateTime)]
    looks_again_at: Option<String>,
    /// In the order of the ring.
    members: Vec<TurnView>,
}

/// Get a channel's assignment queue
#[utoipa::path(
    get, path = "/v1/channels/{channel}/assignment", tag = "channels",
    params(("channel" = String, Path, description = "The channel's id")),
    responses((status = 200, description = "The ring, the waiting clients, the eligible members", body = AssignmentView))
)]
pub async fn assignment(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(channel)): Ids<Id>,
) -> Result<Json<AssignmentView>, ApiError> {
    let row = existing_channel(&app, &account, &channel).await?;
    let channel = &row.channel;
    let ring = app.store.ring(&account, channel).await?;
    let waiting = app.store.waiting(&account, channel, MOST_WAITING).await?;
    let members = in_ring_order(app.store.members(&account, channel).await?);
    let mut counts = open_chats(&app, &row, &members).await?;
    let employees = app.store.employees(&account).await?;
    let mut names: HashMap<_, _> = employees.into_iter().map(|known| (known.employee, known.name)).collect();
    let now = app.ambient.now();
    let members = members.into_iter().map(|member| {
        let (name, open) = (names.remove(&member.employee), counts.remove(&member.employee));
        TurnView::of(member, name, open, now)
    });
    let members = members.collect();
    let (last, turns) = ring.as_ref().map_or((None, 0), |ring| (ring.last.as_ref(), ring.turns));
    Ok(Json(AssignmentView {
        distribution: row.distribution,
        last: last.map(|place| place.employee.to_string()),
        turns,
        waiting: waiting.len(),
        oldest_waiting_since: moment(waiting.first().map(|first| first.arrived_at)),
        left: ring.as_ref().map_or(0, |ring| ring.left),
        left_since: moment(ring.as_ref().and_then(|ring| ring.oldest)),
        looks_again_at: moment(ring.as_ref().and_then(|ring| ring.check_at)),
        members,
    }))
}

/// Counts the open chats of the members who have a cap: the others' counts decide nothing.
async fn open_chats(
    app: &App,
    channel: &Channel,
    members: &[Membership],
) -> Result<HashMap<EmployeeId, u32>, StoreError> {
    let caps: Vec<(EmployeeId, u32)> =
        members.iter().filter_map(|member| Some((member.employee.clone(), member.cap?))).collect();
    let mut counts = HashMap::with_capacity(caps.len());
    for some in caps.chunks(AT_ONCE) {
        let counted = app.store.count_open_chats(&channel.account, &channel.channel, some).await?;
        counts.extend(some.iter().map(|(employee, _)| employee.clone()).zip(counted));
    }
    Ok(counts)
}
