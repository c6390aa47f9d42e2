//! The set-up check (B7): which of an account's settings do not work yet.

use crate::app::App;
use crate::http::auth::AccountKey;
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::base::ids::AccountId;
use shared::model::setup_check::{Finding, Level, Setup, check};
use shared::store::Read;
use std::sync::Arc;
use utoipa::ToSchema;

/// A problem that keeps messages from arriving, clients from being assigned, or employees from answering.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "code": "employee_not_bound", "level": "error", "connection": null, "channel": null, "employee": "17",
    "messenger": "telegram",
    "message": "Employee Anna Petrova: cannot write in Telegram, bound to none of its channels."
}))]
pub struct FindingView {
    /// A stable code, for programs.
    code: &'static str,
    level: Level,
    /// The connection that it concerns.
    connection: Option<String>,
    /// The channel that it concerns.
    channel: Option<String>,
    /// The employee whom it concerns.
    employee: Option<String>,
    /// The messenger that it concerns.
    messenger: Option<String>,
    /// A description for people, in the account's language.
    message: String,
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        Self {
            code: finding.code.as_str(),
            level: finding.code.level(),
            connection: finding.connection.map(|id| id.to_string()),
            channel: finding.channel.map(|id| id.to_string()),
            employee: finding.employee.map(|id| id.to_string()),
            messenger: finding.messenger,
            message: finding.message,
        }
    }
}

/// All findings of the check.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupView {
    /// Errors first; empty when all is set up.
    findings: Vec<FindingView>,
}

/// Check the set-up
///
/// Reports connections and channels that do not work, channels on which no employee answers or gets new clients,
/// employees and heads who lack a role, a channel to write on or a default channel, and what the CRM connection lacks.
#[utoipa::path(
    get, path = "/v1/setup-check", tag = "account",
    responses((status = 200, description = "All findings", body = SetupView))
)]
pub async fn get(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<Json<SetupView>, ApiError> {
    let findings = findings(&app, &account).await?;
    Ok(Json(SetupView { findings: findings.into_iter().map(FindingView::from).collect() }))
}

async fn findings(app: &App, account: &AccountId) -> Result<Vec<Finding>, ApiError> {
    let owner = existing_account(app, account.as_str()).await?;
    let store = &app.store;
    let (connections, channels, employees, crm, pipelines) = tokio::try_join!(
        store.connections(account),
        store.channels(account),
        store.employees(account),
        store.crm(account, Read::Consistent),
        store.pipelines(account),
    )?;
    // One channel after another, because an account has few channels and the check is rarely requested.
    let mut members = Vec::new();
    for channel in &channels {
        members.extend(store.members(account, &channel.channel).await?);
    }
    let setup = Setup {
        account: &owner,
        connections: &connections,
        channels: &channels,
        employees: &employees,
        members: &members,
        crm: crm.as_ref(),
        crm_can: shared::crm::capabilities(owner.crm_kind),
        pipelines: pipelines.as_ref(),
    };
    Ok(check(&setup, app.ambient.now()))
}
