//! Employees, by the CRM's user ids.

pub mod availability;
pub mod notices;
pub mod requeues;
pub mod sections;

use crate::app::App;
use crate::channels::members::{Place, places};
use crate::channels::working_hours::HoursView;
use crate::http::auth::AccountKey;
use crate::http::body::{Body, Id, Ids, objects, present};
use crate::http::error::ApiError;
use crate::http::existing::existing_employee;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::base::ids::{AccountId, ChannelId, EmployeeId};
use shared::model::assignment::requeue::Requeue;
use shared::model::employee::{Employee, Role, Section, Status};
use shared::store::attribute;
use shared::store::row::Write;
use shared::store::settings::member_writes;
use shared::store::{MAX_WRITES, StoreError, keys};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this folder.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(put, list))
        .routes(routes!(get, change, delete))
        .routes(routes!(channels))
        .routes(routes!(sections::put))
        .routes(routes!(availability::put))
        .routes(routes!(availability::put_own))
        .routes(routes!(notices::list))
}

/// Most employees of an account.
const MAX_EMPLOYEES: usize = 1000;
/// Longest signature, in characters.
const MAX_SIGNATURE: usize = 200;

/// Employees to load.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"employees": [{"id": "17", "name": "Anna Petrova"}, {"id": "18", "name": "Boris Orlov"}]}))]
pub struct LoadEmployees {
    #[serde(deserialize_with = "objects")]
    #[schema(min_items = 1, max_items = 100)]
    employees: Vec<LoadEmployee>,
}

/// An employee to load.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadEmployee {
    /// The CRM's user id; without any of `/ \ ? # %`.
    #[schema(min_length = 1, max_length = 200)]
    id: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// An employee.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "17", "name": "Anna Petrova", "signature": "Anna, Northern Motors", "sections": [],
    "created_at": "2026-11-21T09:10:00.000Z"
}))]
pub struct EmployeeView {
    id: String,
    name: String,
    /// Added below what they send; only the client sees it.
    signature: Option<String>,
    /// Settings that they may change although they are no admin.
    sections: Vec<Section>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Employee> for EmployeeView {
    fn from(employee: Employee) -> Self {
        Self {
            id: employee.employee.to_string(),
            name: employee.name,
            signature: employee.signature,
            sections: employee.sections.into_iter().collect(),
            created_at: employee.created_at.rfc3339(),
        }
    }
}

/// An account's employees.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "employees": [{
        "id": "17", "name": "Anna Petrova", "signature": null, "sections": ["channels"],
        "created_at": "2026-11-21T09:10:00.000Z"
    }]
}))]
pub struct Employees {
    employees: Vec<EmployeeView>,
}

/// An employee's membership of a channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceView {
    /// The channel's id.
    channel: String,
    /// The channel's name.
    name: String,
    /// Its messenger; null while that is unknown.
    messenger: Option<String>,
    role: Role,
    receives_new_clients: bool,
    /// Whether they are bound to the channel; otherwise they cannot send by it.
    sends: bool,
    /// Whether it is their default among the channels of its messenger.
    is_default: bool,
    /// Most open chats on the channel before they get no new clients; null: no limit.
    cap: Option<u32>,
    /// Their working hours; null: always.
    working_hours: Option<HoursView>,
    status: Status,
    /// Whether the CRM does not know them any more, or refuses them.
    inactive: bool,
    #[schema(format = DateTime)]
    joined_at: String,
}

impl From<Place> for PlaceView {
    fn from(Place { channel, member }: Place) -> Self {
        Self {
            name: channel.shown_name().to_owned(),
            messenger: channel.messenger().map(|messenger| messenger.as_str().to_owned()),
            channel: member.channel.to_string(),
            role: member.role,
            receives_new_clients: member.receives_new_clients,
            sends: member.sends,
            is_default: member.is_default,
            cap: member.cap,
            working_hours: member.hours.map(HoursView::from),
            status: member.status,
            inactive: member.inactive,
            joined_at: member.joined_at.rfc3339(),
        }
    }
}

/// An employee's memberships of channels.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "channels": [{
        "channel": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11", "name": "Sales, WhatsApp", "messenger": "whatsapp",
        "role": "manager", "receives_new_clients": true, "sends": true, "is_default": true, "cap": null, "working_hours": null,
        "status": "available", "inactive": false, "joined_at": "2026-11-21T09:12:00.000Z"
    }]
}))]
pub struct Places {
    channels: Vec<PlaceView>,
}

/// An employee and their memberships of channels.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "17", "name": "Anna Petrova", "signature": null, "sections": [], "created_at": "2026-11-21T09:10:00.000Z",
    "channels": [{
        "channel": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11", "name": "Sales, WhatsApp", "messenger": "whatsapp",
        "role": "manager", "receives_new_clients": true, "sends": true, "is_default": true, "cap": null, "working_hours": null,
        "status": "available", "inactive": false, "joined_at": "2026-11-21T09:12:00.000Z"
    }]
}))]
pub struct EmployeeWithPlaces {
    #[serde(flatten)]
    employee: EmployeeView,
    channels: Vec<PlaceView>,
}

/// What to change of an employee; what is left out stays unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Anna Petrova", "signature": "Anna Petrova\nNorthern Motors"}))]
pub struct EmployeeChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Added below what they send; only the client sees it. It may have several lines. Null removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    signature: Option<Option<String>>,
}

/// Load employees
///
/// Up to 100 at once, all or none. A known id gets the new name; employees who are not in the list stay unchanged. An
/// employee whom the CRM refused gets new clients again.
#[utoipa::path(
    put, path = "/v1/employees", tag = "employees", request_body = LoadEmployees,
    responses(
        (status = 200, description = "The loaded employees, as they are now", body = Employees),
        (status = 422, description = "More than 1000 employees: `too_many_employees`")
    )
)]
pub async fn put(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Body(load): Body<LoadEmployees>,
) -> Result<Json<Employees>, ApiError> {
    if load.employees.is_empty() || load.employees.len() > MAX_WRITES {
        return Err(ApiError::invalid("employees", format!("1 to {MAX_WRITES} at once")));
    }
    let mut seen = HashSet::new();
    for (index, employee) in load.employees.iter().enumerate() {
        let id = format!("employees[{index}].id");
        validate::employee_id(&id, &employee.id)?;
        validate::name(format!("employees[{index}].name"), &employee.name, validate::MAX_NAME)?;
        if !seen.insert(&employee.id) {
            return Err(ApiError::invalid(id, "the id stands twice"));
        }
    }
    let employees = app.retry_on_conflict(|| put_once(&app, &account, &load.employees)).await?;
    Ok(Json(Employees { employees: employees.into_iter().map(EmployeeView::from).collect() }))
}

async fn put_once(app: &App, account: &AccountId, load: &[LoadEmployee]) -> Result<Vec<Employee>, ApiError> {
    let known = app.store.employees(account).await?;
    let mut known: HashMap<String, Employee> =
        known.into_iter().map(|employee| (employee.employee.to_string(), employee)).collect();
    let fresh = load.iter().filter(|employee| !known.contains_key(&employee.id)).count();
    if known.len() + fresh > MAX_EMPLOYEES {
        let message = format!("an account has at most {MAX_EMPLOYEES} employees");
        return Err(ApiError::refused("too_many_employees", "employees", message));
    }
    let (mut writes, mut employees) = (Vec::new(), Vec::new());
    for LoadEmployee { id, name } in load {
        let employee = match known.remove(id) {
            Some(before) => {
                let after = Employee { name: name.clone(), refused_at: None, ..before.clone() };
                writes.extend(Write::change(&before, &after, &[attribute::employee::REFUSED_AT])?);
                after
            }
            None => {
                let (account, employee, name) = (account.clone(), EmployeeId::new(id.as_str()), name.clone());
                let new = Employee::new(&account, &employee, &name, app.ambient.now());
                writes.push(Write::create(&new)?);
                new
            }
        };
        employees.push(employee);
    }
    app.store.commit(writes).await?;
    app.reactivate(account, &employees).await?;
    Ok(employees)
}

/// List employees
#[utoipa::path(
    get, path = "/v1/employees", tag = "employees",
    responses((status = 200, description = "All employees, at most 1000", body = Employees))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<Json<Employees>, ApiError> {
    let employees = app.store.employees(&account).await?;
    Ok(Json(Employees { employees: employees.into_iter().map(EmployeeView::from).collect() }))
}

/// Get an employee with their channels
#[utoipa::path(
    get, path = "/v1/employees/{employee}", tag = "employees",
    params(("employee" = String, Path, description = "The CRM's user id")),
    responses((status = 200, description = "The employee", body = EmployeeWithPlaces))
)]
pub async fn get(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<EmployeeWithPlaces>, ApiError> {
    let employee = existing_employee(&app, &account, &id).await?;
    let channels = places(&app, &account, &employee.employee).await?;
    let channels = channels.into_iter().map(PlaceView::from).collect();
    Ok(Json(EmployeeWithPlaces { employee: employee.into(), channels }))
}

/// List an employee's channels
///
/// For each: the role, whether they receive new clients, whether they can send by it, and whether it is their default
/// of its messenger.
#[utoipa::path(
    get, path = "/v1/employees/{employee}/channels", tag = "employees",
    params(("employee" = String, Path, description = "The CRM's user id")),
    responses((status = 200, description = "All memberships", body = Places))
)]
pub async fn channels(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<Places>, ApiError> {
    let employee = existing_employee(&app, &account, &id).await?;
    let channels = places(&app, &account, &employee.employee).await?;
    Ok(Json(Places { channels: channels.into_iter().map(PlaceView::from).collect() }))
}

/// Change an employee's name or signature
///
/// Loading employees again overwrites the name, and leaves the signature unchanged.
#[utoipa::path(
    patch, path = "/v1/employees/{employee}", tag = "employees", request_body = EmployeeChange,
    params(("employee" = String, Path, description = "The CRM's user id")),
    responses((status = 200, description = "The employee as they are now", body = EmployeeView))
)]
pub async fn change(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(change): Body<EmployeeChange>,
) -> Result<Json<EmployeeView>, ApiError> {
    if let Some(name) = &change.name {
        validate::name("name", name, validate::MAX_NAME)?;
    }
    let signature = match change.signature {
        Some(Some(text)) => Some(Some(validate::lines("signature", &text, MAX_SIGNATURE)?)),
        other => other,
    };
    let change = EmployeeChange { signature, ..change };
    let employee = app.retry_on_conflict(|| change_once(&app, &account, &id, &change)).await?;
    Ok(Json(employee.into()))
}

async fn change_once(
    app: &App,
    account: &AccountId,
    id: &str,
    change: &EmployeeChange,
) -> Result<Employee, ApiError> {
    let before = existing_employee(app, account, id).await?;
    let mut after = before.clone();
    if let Some(name) = &change.name {
        after.name.clone_from(name);
    }
    if let Some(signature) = &change.signature {
        after.signature.clone_from(signature);
    }
    app.store.commit(Write::change(&before, &after, &[])?.into_iter().collect()).await?;
    Ok(after)
}

/// Delete an employee
///
/// Also removes them from all channels. Their clients in live chats or without an answer are requeued, each at their
/// previous place, and assigned to others at once. A chat that is finished and answered stays unchanged, and its client
/// is reassigned when they write again.
#[utoipa::path(
    delete, path = "/v1/employees/{employee}", tag = "employees",
    params(("employee" = String, Path, description = "The CRM's user id")),
    responses((status = 204, description = "Deleted"))
)]
pub async fn delete(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<StatusCode, ApiError> {
    let employee = EmployeeId::new(id);
    let mut of = places(&app, &account, &employee).await?;
    let known = app.store.employee(&account, &employee).await?.is_some();
    if !known && of.is_empty() {
        return Err(ApiError::not_found("employee"));
    }
    // The employee is deleted together with the first memberships and with a stored requeue of their clients. From then
    // on no membership can be added, and the second read finds the rest.
    let requeue = Requeue::of(&account, &employee, None, &*app.ambient);
    let mut writes = vec![Write::put(&requeue)?, Write::forget(keys::employee(&account, &employee))];
    let mut requeues = vec![requeue];
    writes.extend(leaves(&app, &of, &mut requeues)?);
    app.store.commit_in_parts(writes).await?;
    let late = places(&app, &account, &employee).await?;
    app.store.commit_in_parts(leaves(&app, &late, &mut requeues)?).await?;
    of.extend(late);
    app.store.forget_quick_replies(&account, &employee).await?;
    let channels: Vec<ChannelId> = of.into_iter().map(|place| place.member.channel).collect();
    app.nudge(&account, &channels).await;
    for requeue in &requeues {
        app.nudge_requeue(requeue).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The writes that end these memberships, with a requeue where the channel's unclaimed clients must be checked again.
fn leaves(app: &App, of: &[Place], requeues: &mut Vec<Requeue>) -> Result<Vec<Write>, StoreError> {
    let mut writes = Vec::new();
    for Place { channel, member } in of {
        writes.extend(member_writes(Some(member), None, &[])?);
        let left = Requeue::gather_left(channel, Some(member), None, &*app.ambient);
        writes.extend(left.as_ref().map(Write::put).transpose()?);
        requeues.extend(left);
    }
    Ok(writes)
}
