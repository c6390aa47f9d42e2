//! Employees' tokens: signed, verified, and checked against the employee's row.

use crate::app::App;
use crate::http::error::ApiError;
use crate::http::existing::may_be_account;
use secrecy::{ExposeSecret, SecretString};
use shared::base::ids::AccountId;
use shared::model::access_token::{TokenSecret, Unproved};
use shared::model::employee::Employee;
use shared::store::row::Write;

/// The account's token secret, created at first use.
pub async fn secret_of(app: &App, account: &AccountId) -> Result<TokenSecret, ApiError> {
    if let Some(known) = app.store.token_secret(account).await? {
        return Ok(known);
    }
    let fresh = fresh_secret(app, account).await?;
    // Of two concurrent requests the second conflicts, and reads the first one's secret on its retry.
    app.store.commit(vec![Write::create(&fresh)?]).await?;
    Ok(fresh)
}

/// A new secret, encrypted; the caller stores it.
pub async fn fresh_secret(app: &App, account: &AccountId) -> Result<TokenSecret, ApiError> {
    let secret = app.vault.seal(account, &SecretString::from(app.random_hex::<32>())).await?;
    Ok(TokenSecret { v: 1, account: account.clone(), secret, created_at: app.ambient.now() })
}

/// The employee of a token as stored now, with the sections that are open to them.
///
/// # Errors
/// 401, the same for every fault: forged, expired, signed with another secret, of an employee who is gone.
pub async fn employee_of(app: &App, token: &str) -> Result<Employee, ApiError> {
    let unproved = Unproved::parse(token).ok_or_else(ApiError::unauthorized)?;
    let account = unproved.account().filter(|account| may_be_account(account.as_str()));
    let account = account.ok_or_else(ApiError::unauthorized)?;
    let row = app.store.token_secret(&account).await?.ok_or_else(ApiError::unauthorized)?;
    let now = app.ambient.now();
    let secret = app.vault.open(&account, &row.secret, now).await?;
    let claims = unproved.prove(secret.expose_secret().as_bytes(), now).ok_or_else(ApiError::unauthorized)?;
    let employee = app.store.employee(&claims.account, &claims.employee).await?;
    let employee = employee.filter(|employee| claims.hold(employee)).ok_or_else(ApiError::unauthorized)?;
    Ok(as_he_may(employee))
}

/// An employee with the sections that are open to them now: an employee whom the CRM refuses changes no settings, and
/// so cannot end the refusal. The grants stay stored.
pub fn as_he_may(mut employee: Employee) -> Employee {
    if employee.refused_at.is_some() {
        employee.sections.clear();
    }
    employee
}
