//! The account's CRM connection.

use crate::App;
use crate::auth::{Tenant, existing_account};
use crate::error::ApiError;
use crate::extract::{Body, moment};
use crate::validate;
use crate::views::{CrmKind, CrmState};
use axum::Json;
use axum::extract::State;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use shared::crm::{Capabilities, CrmConnection, CrmKind as Kind};
use shared::http::SendError;
use shared::ids::AccountId;
use shared::store::row::Write;
use shared::store::{Read, keys};
use std::sync::Arc;
use url::Url;
use utoipa::ToSchema;

/// Longest URL of a CRM, in characters.
const MAX_URL: usize = 2000;

/// A CRM connection to set. It replaces what was there, the key included.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "universal", "webhook_url": "https://crm.example.com/hooks/switchboard", "crm_key": "a-key-of-the-crm"
}))]
pub struct NewCrm {
    kind: CrmKind,
    /// Where the CRM takes our webhooks: `https`, a public address. Required for `universal`.
    #[serde(default)]
    #[schema(max_length = 2000)]
    webhook_url: Option<String>,
    /// Sent there as `Authorization: Bearer …`. Never shown again.
    #[serde(default)]
    crm_key: Option<String>,
}

/// What the CRM's kind can do: settings that need more are refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct CapabilitiesView {
    /// Deals have pipeline stages, so a channel may name one.
    stages: bool,
    /// Contacts that are there already may be changed, so phones may be rewritten.
    writes_contacts: bool,
}

/// The CRM connection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "kind": "universal", "webhook_url": "https://crm.example.com/hooks/switchboard", "has_key": true, "state": "active",
    "failures": 0, "paused_until": null, "error": null, "set_at": "2026-11-21T09:10:00.000Z",
    "capabilities": {"stages": true, "writes_contacts": false}
}))]
pub struct CrmView {
    kind: CrmKind,
    webhook_url: Option<String>,
    /// Whether a key is set.
    has_key: bool,
    state: CrmState,
    /// Failures in a row.
    failures: u32,
    /// Nobody calls the CRM before this moment.
    #[schema(format = DateTime)]
    paused_until: Option<String>,
    /// What it last said against us.
    error: Option<String>,
    #[schema(format = DateTime)]
    set_at: Option<String>,
    capabilities: CapabilitiesView,
}

impl CrmView {
    fn of(kind: Kind, row: Option<CrmConnection>) -> Self {
        let Capabilities { stages, writes_contacts, .. } = kind.capabilities();
        let capabilities = CapabilitiesView { stages, writes_contacts };
        let row = row.filter(|row| row.kind == kind);
        Self {
            kind: kind.into(),
            has_key: row.as_ref().is_some_and(|row| row.crm_key.is_some()),
            state: row.as_ref().map(|row| row.state).unwrap_or_default().into(),
            failures: row.as_ref().map_or(0, |row| row.failures),
            paused_until: moment(row.as_ref().and_then(|row| row.paused_until)),
            set_at: moment(row.as_ref().map(|row| row.created_at)),
            error: row.as_ref().and_then(|row| row.error.clone()),
            webhook_url: row.map(|row| row.webhook_url),
            capabilities,
        }
    }
}

/// Set the CRM connection
///
/// Setting it again clears failures and a pause. `{"kind":"none"}` takes the CRM away. The account's
/// `rewrite_leading_eight` is switched off where the new one does not let us change its contacts.
#[utoipa::path(
    put, path = "/v1/crm", tag = "crm", request_body = NewCrm,
    responses((status = 200, description = "As set", body = CrmView))
)]
pub async fn put(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Body(new): Body<NewCrm>,
) -> Result<Json<CrmView>, ApiError> {
    let row = match Kind::from(new.kind) {
        Kind::Universal => Some(universal(&app, &account, new).await?),
        Kind::None => {
            if new.webhook_url.is_some() {
                return Err(not_without("webhook_url"));
            }
            if new.crm_key.is_some() {
                return Err(not_without("crm_key"));
            }
            None
        }
    };
    app.settle(|| write(&app, &account, row.as_ref())).await?;
    Ok(Json(CrmView::of(row.as_ref().map_or(Kind::None, |row| row.kind), row)))
}

fn not_without(field: &str) -> ApiError {
    ApiError::invalid(field, "does not apply without a CRM")
}

/// The kind at the account and the connection go together.
async fn write(app: &App, account: &AccountId, row: Option<&CrmConnection>) -> Result<(), ApiError> {
    let before = existing_account(app, account.as_str()).await?;
    let mut after = before.clone();
    after.crm_kind = row.map_or(Kind::None, |row| row.kind);
    after.rewrite_leading_eight &= after.crm_kind.capabilities().writes_contacts;
    let kept = match row {
        Some(row) => Write::put(row)?,
        None => Write::forget(keys::crm(account)),
    };
    let writes = Write::change(&before, &after, &["rewrite_leading_eight"])?.into_iter().chain([kept]);
    Ok(app.store.commit(writes.collect()).await?)
}

async fn universal(app: &App, account: &AccountId, new: NewCrm) -> Result<CrmConnection, ApiError> {
    let webhook_url = new.webhook_url.ok_or_else(|| ApiError::missing_field("webhook_url"))?;
    check_url(app, &webhook_url)?;
    let crm_key = match new.crm_key {
        Some(key) => {
            validate::credential("crm_key", &key)?;
            Some(app.vault.seal(account, &SecretString::from(key)).await?)
        }
        None => None,
    };
    Ok(CrmConnection {
        v: 1,
        account: account.clone(),
        kind: Kind::Universal,
        webhook_url,
        crm_key,
        state: shared::crm::CrmState::Active,
        failures: 0,
        paused_until: None,
        error: None,
        created_at: app.ambient.now(),
    })
}

fn check_url(app: &App, text: &str) -> Result<(), ApiError> {
    if text.chars().count() > MAX_URL {
        return Err(ApiError::invalid("webhook_url", format!("at most {MAX_URL} characters")));
    }
    let url: Url = text.parse().map_err(|_| ApiError::invalid("webhook_url", "an absolute URL"))?;
    app.http.check(&url).map_err(|error| match error {
        SendError::NotAllowed(why) => ApiError::invalid("webhook_url", why),
        other => ApiError::invalid("webhook_url", other.to_string()),
    })
}

/// Read the CRM connection
#[utoipa::path(
    get, path = "/v1/crm", tag = "crm",
    responses((status = 200, description = "How it is; the key is never shown", body = CrmView))
)]
pub async fn get(Tenant(account): Tenant, State(app): State<Arc<App>>) -> Result<Json<CrmView>, ApiError> {
    let kind = existing_account(&app, account.as_str()).await?.crm_kind;
    let row = app.store.crm(&account, Read::Consistent).await?;
    Ok(Json(CrmView::of(kind, row)))
}
