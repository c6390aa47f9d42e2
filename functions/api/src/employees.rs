//! Employees, by the CRM's user ids.

use crate::App;
use crate::auth::Tenant;
use crate::error::ApiError;
use crate::extract::{Body, Id, Ids, objects};
use crate::validate;
use crate::views::Role;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::employee::{Employee, Membership};
use shared::ids::{AccountId, ChannelId, EmployeeId};
use shared::store::row::{Row, Write};
use shared::store::{MAX_WRITES, Read, keys};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use utoipa::ToSchema;

/// Most employees of an account.
const MAX_EMPLOYEES: usize = 1000;

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
    /// The CRM's user id; none of `/ \ ? # %` in it.
    #[schema(min_length = 1, max_length = 100)]
    id: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// An employee.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "17", "name": "Anna Petrova", "created_at": "2026-11-21T09:10:00.000Z"}))]
pub struct EmployeeView {
    id: String,
    name: String,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Employee> for EmployeeView {
    fn from(employee: Employee) -> Self {
        Self {
            id: employee.employee.to_string(),
            name: employee.name,
            created_at: employee.created_at.rfc3339(),
        }
    }
}

/// An account's employees.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "employees": [{"id": "17", "name": "Anna Petrova", "created_at": "2026-11-21T09:10:00.000Z"}]
}))]
pub struct Employees {
    employees: Vec<EmployeeView>,
}

/// An employee's place on a channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceView {
    channel: String,
    role: Role,
    receives_new_clients: bool,
    #[schema(format = DateTime)]
    joined_at: String,
}

/// An employee and his places on channels.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "17", "name": "Anna Petrova", "created_at": "2026-11-21T09:10:00.000Z",
    "channels": [{
        "channel": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11", "role": "manager", "receives_new_clients": true,
        "joined_at": "2026-11-21T09:12:00.000Z"
    }]
}))]
pub struct EmployeeWithPlaces {
    id: String,
    name: String,
    #[schema(format = DateTime)]
    created_at: String,
    channels: Vec<PlaceView>,
}

/// An employee of the account that must be there, as of the last write.
///
/// # Errors
/// 404 when he is not.
pub async fn existing_employee(app: &App, account: &AccountId, id: &str) -> Result<Employee, ApiError> {
    let found = app.store.employee(account, &EmployeeId::new(id)).await?;
    found.ok_or_else(|| ApiError::not_found("employee"))
}

/// Load employees
///
/// Up to 100 at once, all or none. A known id gets the new name; who is not in the list stays as he is.
#[utoipa::path(
    put, path = "/v1/employees", tag = "employees", request_body = LoadEmployees,
    responses(
        (status = 200, description = "Those of the request, as they are now", body = Employees),
        (status = 422, description = "More than 1000 employees: `too_many_employees`")
    )
)]
pub async fn put(
    Tenant(account): Tenant,
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
    let employees = app.settle(|| put_once(&app, &account, &load.employees)).await?;
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
                let after = Employee { name: name.clone(), ..before.clone() };
                writes.extend(Write::change(&before, &after, &[])?);
                after
            }
            None => {
                let (account, employee, name) = (account.clone(), EmployeeId::new(id.as_str()), name.clone());
                let new = Employee { v: 1, account, employee, name, created_at: app.ambient.now() };
                writes.push(Write::create(&new)?);
                new
            }
        };
        employees.push(employee);
    }
    app.store.commit(writes).await?;
    Ok(employees)
}

/// List employees
#[utoipa::path(
    get, path = "/v1/employees", tag = "employees",
    responses((status = 200, description = "All of them, at most 1000", body = Employees))
)]
pub async fn list(Tenant(account): Tenant, State(app): State<Arc<App>>) -> Result<Json<Employees>, ApiError> {
    let employees = app.store.employees(&account).await?;
    Ok(Json(Employees { employees: employees.into_iter().map(EmployeeView::from).collect() }))
}

/// Read an employee, with his places on channels
#[utoipa::path(
    get, path = "/v1/employees/{employee}", tag = "employees",
    params(("employee" = String, Path, description = "The CRM's user id")),
    responses((status = 200, description = "The employee", body = EmployeeWithPlaces))
)]
pub async fn get(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<EmployeeWithPlaces>, ApiError> {
    let employee = existing_employee(&app, &account, &id).await?;
    let places = memberships(&app, &account, &employee.employee).await?.into_iter().map(|place| PlaceView {
        channel: place.channel.to_string(),
        role: place.role.into(),
        receives_new_clients: place.receives_new_clients,
        joined_at: place.joined_at.rfc3339(),
    });
    let channels = places.collect();
    let EmployeeView { id, name, created_at } = employee.into();
    Ok(Json(EmployeeWithPlaces { id, name, created_at, channels }))
}

/// Remove an employee, and him from all channels
///
/// Clients that wait are given to others at once. Chats that were his stay as they are.
#[utoipa::path(
    delete, path = "/v1/employees/{employee}", tag = "employees",
    params(("employee" = String, Path, description = "The CRM's user id")),
    responses((status = 204, description = "Gone"))
)]
pub async fn delete(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<StatusCode, ApiError> {
    let employee = EmployeeId::new(id);
    let mut places = memberships(&app, &account, &employee).await?;
    let known = app.store.employee(&account, &employee).await?.is_some();
    if !known && places.is_empty() {
        return Err(ApiError::not_found("employee"));
    }
    // He goes together with his first places: from then on nobody can add one, and the second look finds the rest.
    let mut writes = vec![Write::forget(keys::employee(&account, &employee))];
    writes.extend(places.iter().map(|place| Write::forget(place.key())));
    app.store.commit_in_parts(writes).await?;
    let late = memberships(&app, &account, &employee).await?;
    app.store.commit_in_parts(late.iter().map(|place| Write::forget(place.key())).collect()).await?;
    places.extend(late);
    let channels: Vec<ChannelId> = places.into_iter().map(|place| place.channel).collect();
    app.nudge(&account, &channels).await;
    Ok(StatusCode::NO_CONTENT)
}

/// An employee's places, over all channels of the account.
async fn memberships(
    app: &App,
    account: &AccountId,
    employee: &EmployeeId,
) -> Result<Vec<Membership>, ApiError> {
    let channels = app.store.channels(account).await?;
    let wanted: Vec<_> =
        channels.iter().map(|channel| keys::membership(account, &channel.channel, employee)).collect();
    let mut places: Vec<Membership> = app.store.get_many(&wanted, Read::Consistent).await?;
    places.sort_by(|left, right| left.channel.cmp(&right.channel));
    Ok(places)
}
