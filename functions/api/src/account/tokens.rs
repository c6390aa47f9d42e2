//! Tokens by which employees act: the CRM creates one for an employee with its key, and the employee's window calls
//! with it.

use crate::app::App;
use crate::http::auth::AccountKey;
use crate::http::body::{Body, Id, Ids};
use crate::http::employee_token::{fresh_secret, secret_of};
use crate::http::error::ApiError;
use crate::http::existing::existing_employee;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use shared::base::clock::Timestamp;
use shared::base::ids::AccountId;
use shared::model::access_token::{Claims, end_all};
use shared::store::attribute;
use shared::store::row::Write;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// Shortest and longest validity of a token, in seconds.
const LASTS_S: std::ops::RangeInclusive<u64> = 60..=43_200;

/// The settings of a new token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"expires_in_s": 3600}))]
pub struct NewToken {
    /// How long the token is valid, in seconds.
    #[serde(default = "an_hour")]
    #[schema(minimum = 60, maximum = 43200, default = 3600)]
    expires_in_s: u64,
}

fn an_hour() -> u64 {
    3600
}

/// A new token; it is not stored.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "token": "sbe_eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhY2NvdW50IjoiMDE5YWE1ZjAi….4CVP-mB92K27uhbUJU1p1r",
    "expires_at": "2026-11-21T10:10:00.000Z"
}))]
pub struct Token {
    token: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token(… until {})", self.expires_at)
    }
}

/// Create a token for an employee
///
/// With it the employee acts for themselves: they see and do what their roles allow, and change settings in the
/// sections that are granted to them. It ends when its time is up, when the employee is removed, or with `DELETE` of
/// their tokens.
#[utoipa::path(
    post, path = "/v1/employees/{employee}/tokens", tag = "employees", request_body = NewToken,
    params(("employee" = String, Path, description = "The CRM's user id")),
    responses((status = 201, description = "The token", body = Token))
)]
pub async fn create(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<Token>), ApiError> {
    if !LASTS_S.contains(&new.expires_in_s) {
        let message = format!("{} to {} seconds", LASTS_S.start(), LASTS_S.end());
        return Err(ApiError::invalid("expires_in_s", message));
    }
    let employee = existing_employee(&app, &account, &id).await?;
    let row = app.retry_on_conflict(|| secret_of(&app, &account)).await?;
    let now = app.ambient.now();
    let secret = app.vault.open(&account, &row.secret, now).await?;
    let claims = Claims::new(&employee, now, Duration::from_secs(new.expires_in_s));
    let token = claims.sign(secret.expose_secret().as_bytes());
    let token = token.map_err(|error| ApiError::internal(error.to_string()))?;
    let expires_at = Timestamp::from_millis(claims.exp * 1000).rfc3339();
    Ok((StatusCode::CREATED, Json(Token { token, expires_at })))
}

/// End all tokens of an employee
///
/// Tokens that were created until now open nothing from the next request on.
#[utoipa::path(
    delete, path = "/v1/employees/{employee}/tokens", tag = "employees",
    params(("employee" = String, Path, description = "The CRM's user id")),
    responses((status = 204, description = "Ended"))
)]
pub async fn end(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<StatusCode, ApiError> {
    app.retry_on_conflict(|| end_once(&app, &account, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn end_once(app: &App, account: &AccountId, id: &str) -> Result<(), ApiError> {
    let before = existing_employee(app, account, id).await?;
    let after = end_all(&before, app.ambient.now());
    let write = Write::change(&before, &after, &[attribute::employee::TOKENS_ENDED_AT])?;
    Ok(app.store.commit(write.into_iter().collect()).await?)
}

/// End all tokens of the account
///
/// New tokens are signed with a new secret; tokens that were created before open nothing from the next request on.
#[utoipa::path(
    post, path = "/v1/tokens/rotate-secret", tag = "account",
    responses((status = 204, description = "Ended"))
)]
pub async fn rotate_secret(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<StatusCode, ApiError> {
    let fresh = fresh_secret(&app, &account).await?;
    app.store.commit(vec![Write::put(&fresh)?]).await?;
    Ok(StatusCode::NO_CONTENT)
}
