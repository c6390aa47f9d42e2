//! An account's own settings.

use crate::App;
use crate::accounts::AccountView;
use crate::auth::{Tenant, existing_account};
use crate::error::ApiError;
use crate::extract::{Body, present};
use crate::validate;
use crate::views::Language;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::account::Account;
use shared::ids::AccountId;
use shared::store::row::Write;
use std::sync::Arc;
use utoipa::ToSchema;

/// Settings to change; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Northern Motors", "language": "en", "region": "KZ"}))]
pub struct AccountChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Of texts of ours that employees and clients see.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    language: Option<Language>,
    /// ISO 3166 region that phone numbers without a country code are read in. A change concerns numbers that come from
    /// now on: phones that are known already stay as they were read.
    #[serde(default, deserialize_with = "present")]
    #[schema(pattern = "^[A-Z]{2}$", nullable = false)]
    region: Option<String>,
    /// Whether a phone of the CRM's contact that begins with 8 is rewritten to +7 at his first message. Refused where the
    /// CRM does not let us change its contacts.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    rewrite_leading_eight: Option<bool>,
}

/// Read your own account
#[utoipa::path(
    get, path = "/v1/account", tag = "account",
    responses((status = 200, description = "The account", body = AccountView))
)]
pub async fn get(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
) -> Result<Json<AccountView>, ApiError> {
    Ok(Json(existing_account(&app, account.as_str()).await?.into()))
}

/// Change your own account's settings
///
/// They take effect within 30 seconds.
#[utoipa::path(
    patch, path = "/v1/account", tag = "account", request_body = AccountChange,
    responses(
        (status = 200, description = "The account as it is now", body = AccountView),
        (status = 422, description = "The CRM does not let us change its contacts (`setting_not_applicable`)")
    )
)]
pub async fn change(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Body(change): Body<AccountChange>,
) -> Result<Json<AccountView>, ApiError> {
    if let Some(name) = &change.name {
        validate::name("name", name, validate::MAX_NAME)?;
    }
    if let Some(region) = &change.region {
        validate::region("region", region)?;
    }
    let account = app.settle(|| change_once(&app, &account, &change)).await?;
    Ok(Json(account.into()))
}

async fn change_once(app: &App, account: &AccountId, change: &AccountChange) -> Result<Account, ApiError> {
    let before = existing_account(app, account.as_str()).await?;
    let mut after = before.clone();
    if let Some(name) = &change.name {
        after.name.clone_from(name);
    }
    if let Some(language) = change.language {
        after.language = language.into();
    }
    if let Some(region) = &change.region {
        after.region.clone_from(region);
    }
    if let Some(rewrite) = change.rewrite_leading_eight {
        if rewrite && !before.crm_kind.capabilities().writes_contacts {
            let message = "the account's CRM does not let us change its contacts";
            return Err(ApiError::refused("setting_not_applicable", "rewrite_leading_eight", message));
        }
        after.rewrite_leading_eight = rewrite;
    }
    // What applies depends on the CRM.
    let write = Write::change(&before, &after, &["crm_kind"])?;
    app.store.commit(write.into_iter().collect()).await?;
    Ok(after)
}
