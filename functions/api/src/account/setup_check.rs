//! The set-up check (B7): what of an account's settings does not work yet.

use crate::app::App;
use crate::http::auth::AccountKey;
use crate::http::enums::Level;
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::base::ids::AccountId;
use shared::model::setup_check::{Finding, Setup, check};
use shared::store::Read;
use std::sync::Arc;
use utoipa::ToSchema;

/// Something that keeps messages from coming, clients from being given out, or employees from answering.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "code": "employee_not_bound", "level": "error", "connection": null, "channel": null, "employee": "17",
    "messenger": "telegram",
    "message": "Employee Anna Petrova: cannot write in Telegram, bound to none of its channels."
}))]
pub struct FindingView {
    /// For programs; stable.
    code: &'static str,
    level: Level,
    /// On which connection.
    connection: Option<String>,
    /// On which channel.
    channel: Option<String>,
    /// At which employee.
    employee: Option<String>,
    /// For which messenger.
    messenger: Option<String>,
    /// For people, in the account's language.
    message: String,
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        Self {
            code: finding.code.as_str(),
            level: finding.code.level().into(),
            connection: finding.connection.map(|id| id.to_string()),
            channel: finding.channel.map(|id| id.to_string()),
            employee: finding.employee.map(|id| id.to_string()),
            messenger: finding.messenger,
            message: finding.message,
        }
    }
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupView {
    /// Errors first; empty when all is set up.
    findings: Vec<FindingView>,
}

/// Check the set-up
///
/// Names connections and channels that do not work, channels on which nobody answers or gets new clients, employees and heads
/// who lack a role, a channel to write by or a default one, and what is missing towards the CRM.
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
    // One after another: an account has few channels, and this is asked rarely.
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
