//! What employees say of themselves: whether they take new clients now.

use crate::app::App;
use crate::channels::members::places;
use crate::http::auth::{AccountKey, Principal};
use crate::http::body::{Body, Id, Ids, present};
use crate::http::chat_access::denied;
use crate::http::enums::EmployeeStatus;
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

/// Most channels that are named at once.
const MAX_CHANNELS: usize = 100;
/// Places that change at once: each is up to three writes.
const AT_ONCE: usize = MAX_WRITES / 3;

/// A status to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PutEmployeeStatus, example = json!({"status": "away"}))]
pub struct PutStatus {
    status: EmployeeStatus,
    /// On which of his channels; left out, on all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, min_items = 1, max_items = 100)]
    channels: Option<Vec<String>>,
}

/// An employee's status on a channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelStatus {
    channel: String,
    status: EmployeeStatus,
}

/// An employee's statuses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "employee": "17", "channels": [{"channel": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11", "status": "away"}]
}))]
pub struct StatusesView {
    employee: String,
    /// On each of his channels.
    channels: Vec<ChannelStatus>,
}

/// Say whether an employee takes new clients now
///
/// On all his channels, or on some of them. Only who is `available` gets new clients; those that he has he keeps. Clients that
/// wait are given out at once when somebody becomes available.
#[utoipa::path(
    put, path = "/v1/employees/{employee}/status", tag = "employees", request_body = PutStatus,
    params(("employee" = String, Path, description = "The CRM's user id")),
    responses(
        (status = 200, description = "His statuses as they are now", body = StatusesView),
        (status = 422, description = "He has no place on a channel that is named: `unknown_channel`")
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

/// Say whether you take new clients now
///
/// For an employee with a token of his own; as for him by an admin.
#[utoipa::path(
    put, path = "/v1/me/status", tag = "employees", request_body = PutStatus,
    responses(
        (status = 200, description = "Your statuses as they are now", body = StatusesView),
        (status = 403, description = "No employee's token (`not_an_employee`), or one without a place on any channel (`no_role`)"),
        (status = 422, description = "You have no place on a channel that is named: `unknown_channel`")
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

/// Sets it where it is wanted, and lets the channels concerned be looked at, also where nothing changed.
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
        let after = app.retry_on_conflict(|| set_once(app, &keys, wanted.status.into())).await?;
        his.extend(after.into_iter().map(|member| (member.channel.clone(), member)));
    }
    app.nudge(account, &concerned).await;
    let channels = his
        .into_values()
        .map(|member| ChannelStatus { channel: member.channel.to_string(), status: member.status.into() });
    Ok(StatusesView { employee: employee.to_string(), channels: channels.collect() })
}

/// The channels that are named, on each of which he has a place; all of his where none are.
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

/// Some of his places, each with its turn in the ring: one transaction. Whoever was taken off a channel meanwhile has no place
/// there any more, and needs no status.
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
