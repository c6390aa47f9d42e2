//! `/v3/users`: the CRM's users, which are our employees. Roles on channels are not part of this call (Wazzup API v3):
//! they are set up here.

use super::body::{Caller, Fields, Id, Json as AnyJson, MAX_USER_ID, is_possible};
use super::document::LoadedUser;
use super::entities::{Done, MAX_NAME, read_all, read_ids};
use super::error::V3Error;
use crate::app::App;
use crate::employees;
use crate::http::auth::AccountKey;
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::{body, validate};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use shared::base::ids::{AccountId, EmployeeId};
use shared::base::phone::Phone;
use shared::model::employee::Employee;
use shared::store::attribute;
use shared::store::row::Write;
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most users of an account.
const MAX_USERS: usize = 1000;
/// Longest phone that is read, in characters.
const MAX_PHONE: usize = 100;

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "17", "name": "Anna Petrova", "phone": "79011112233"}))]
pub struct V3User {
    /// The CRM's id.
    id: String,
    name: String,
    /// Digits, with the country code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    phone: Option<String>,
}

impl From<Employee> for V3User {
    fn from(employee: Employee) -> Self {
        let phone = employee.phone.as_ref().map(|phone| phone.digits().to_owned());
        Self { id: employee.employee.to_string(), name: employee.name, phone }
    }
}

/// A user as loaded. `phone`: absent keeps the stored phone, null or an empty text removes it; what is no phone counts as
/// absent.
#[derive(Debug)]
struct LoadUser {
    id: String,
    name: String,
    phone: Option<Option<Phone>>,
}

fn read(fields: &mut Fields<'_>, region: &str) -> LoadUser {
    let id = fields.required("id", MAX_USER_ID);
    if !id.is_empty() && validate::employee_id("id", &id).is_err() {
        fields.mark("id");
    }
    let name = fields.required("name", MAX_NAME);
    if !name.is_empty() && validate::name("name", &name, MAX_NAME).is_err() {
        fields.mark("name");
    }
    LoadUser { id, name, phone: phone(fields, region) }
}

fn phone(fields: &Fields<'_>, region: &str) -> Option<Option<Phone>> {
    let text = match fields.value("phone") {
        None => return fields.has("phone").then_some(None),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    if text.trim().is_empty() {
        return Some(None);
    }
    let text = Some(text).filter(|text| text.chars().count() <= MAX_PHONE)?;
    Phone::parse(&text, region).map(Some)
}

/// Load users
///
/// At most 100 at once, all or none; a known id gets the new name and phone. A phone belongs to one user only; what is no
/// phone is ignored. A user whom the CRM refused gets new clients again.
#[utoipa::path(
    post, path = "/v3/users", tag = "v3",
    request_body(content = Vec<LoadedUser>, example = json!([{"id": "17", "name": "Anna Petrova", "phone": "79011112233"}])),
    responses(
        (status = 200, description = "Loaded", body = Done),
        (status = 400, description = "`INVALID_USERS_DATA`, `TOO_MANY_ENTITIES`, `USER_LIMIT_EXCEEDED`, `DUPLICATE_PHONE_NUMBER`")
    )
)]
pub async fn load(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    AnyJson(body): AnyJson,
) -> Result<Json<Done>, V3Error> {
    let region = existing_account(&app, account.as_str()).await?.region;
    let users = read_all(&body, "INVALID_USERS_DATA", |fields| read(fields, &region), |user| &user.id)?;
    let writes = app.retry_on_conflict(|| load_once(&app, &account, &users)).await?;
    tracing::info!(account = %account, users = users.len(), written = writes, "users loaded");
    Ok(Json(Done {}))
}

async fn load_once(app: &App, account: &AccountId, users: &[LoadUser]) -> Result<usize, V3Error> {
    let known = app.store.employees(account).await?;
    let mut after: HashMap<&str, Employee> =
        known.iter().map(|employee| (employee.employee.as_str(), employee.clone())).collect();
    for user in users {
        let new =
            || Employee::new(account, &EmployeeId::new(user.id.as_str()), &user.name, app.ambient.now());
        let employee = after.entry(&user.id).or_insert_with(new);
        employee.name.clone_from(&user.name);
        employee.refused_at = None;
        if let Some(phone) = &user.phone {
            employee.phone.clone_from(phone);
        }
    }
    if after.len() > MAX_USERS {
        return Err(V3Error::bad("USER_LIMIT_EXCEEDED", format!("An account has at most {MAX_USERS} users")));
    }
    phones_are_unique(&after)?;
    let before: HashMap<&str, &Employee> =
        known.iter().map(|employee| (employee.employee.as_str(), employee)).collect();
    let mut writes = Vec::new();
    for user in users {
        let Some(next) = after.get(user.id.as_str()) else { continue };
        match before.get(user.id.as_str()) {
            Some(known) => writes.extend(Write::change(*known, next, &[attribute::employee::REFUSED_AT])?),
            None => writes.push(Write::create(next)?),
        }
    }
    let count = writes.len();
    app.store.commit(writes).await?;
    let loaded: Vec<Employee> =
        users.iter().filter_map(|user| after.get(user.id.as_str()).cloned()).collect();
    app.reactivate(account, &loaded).await?;
    Ok(count)
}

/// Two concurrent loads may each set the same phone; only this error depends on it.
fn phones_are_unique(after: &HashMap<&str, Employee>) -> Result<(), V3Error> {
    let mut seen = std::collections::HashSet::new();
    let twice =
        after.values().filter_map(|employee| employee.phone.as_ref()).any(|phone| !seen.insert(phone));
    if twice { Err(V3Error::bad("DUPLICATE_PHONE_NUMBER", "A phone belongs to one user")) } else { Ok(()) }
}

/// List users
///
/// Sorted by name.
#[utoipa::path(
    get, path = "/v3/users", tag = "v3",
    responses((status = 200, description = "All users, at most 1000", body = Vec<V3User>))
)]
pub async fn list(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
) -> Result<Json<Vec<V3User>>, V3Error> {
    let mut employees = app.store.employees(&account).await?;
    employees.sort_by(|one, other| (&one.name, &one.employee).cmp(&(&other.name, &other.employee)));
    Ok(Json(employees.into_iter().map(V3User::from).collect()))
}

/// Get a user
#[utoipa::path(
    get, path = "/v3/users/{id}", tag = "v3", params(("id" = String, Path, description = "The CRM's user id")),
    responses((status = 200, description = "The user", body = V3User))
)]
pub async fn get(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    Id(id): Id,
) -> Result<Json<V3User>, V3Error> {
    let employee = app.store.employee(&account, &EmployeeId::new(id)).await?;
    employee.map(|employee| Json(employee.into())).ok_or_else(|| V3Error::not_found("user"))
}

/// Delete a user
///
/// Also removes them from all channels. Their clients in live chats or without an answer are requeued, each at their
/// previous place, and assigned to others at once. A chat that is finished and answered stays unchanged, and its client
/// is reassigned when they write again.
#[utoipa::path(
    delete, path = "/v3/users/{id}", tag = "v3", params(("id" = String, Path, description = "The CRM's user id")),
    responses((status = 200, description = "Deleted", body = Done))
)]
pub async fn delete(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    Id(id): Id,
) -> Result<Json<Done>, V3Error> {
    remove(&app, &account, id).await.map_err(|error| match error.status() {
        StatusCode::NOT_FOUND => V3Error::not_found("user"),
        _ => error.into(),
    })?;
    Ok(Json(Done {}))
}

/// Delete users
///
/// Answers the ids that do not exist; the others are deleted.
#[utoipa::path(
    patch, path = "/v3/users/bulk_delete", tag = "v3",
    request_body(content = Vec<String>, example = json!(["17"])),
    responses(
        (status = 200, description = "The ids that do not exist", body = Vec<String>, example = json!(["18"])),
        (status = 400, description = "`TOO_MANY_ENTITIES`, `VALIDATION_ERROR`")
    )
)]
pub async fn bulk_delete(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    AnyJson(body): AnyJson,
) -> Result<Json<Vec<String>>, V3Error> {
    let mut unknown = Vec::new();
    for id in read_ids(&body)? {
        if !is_possible(&id) {
            unknown.push(id);
            continue;
        }
        match remove(&app, &account, id.clone()).await {
            Err(error) if error.status() == StatusCode::NOT_FOUND => unknown.push(id),
            removed => removed?,
        }
    }
    Ok(Json(unknown))
}

async fn remove(app: &Arc<App>, account: &AccountId, id: String) -> Result<(), ApiError> {
    let tenant = AccountKey(account.clone());
    employees::delete(tenant, State(Arc::clone(app)), body::Ids(body::Id(id))).await.map(|_| ())
}
