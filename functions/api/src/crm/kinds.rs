//! The kinds of CRM that an account may work with: the settings that each needs, and what it can do.

use super::CapabilitiesView;
use crate::app::App;
use crate::http::auth::AccountKey;
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::field::FieldView;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::crm;
use shared::model::crm::CrmKind;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The kinds of CRM.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "crms": [{
        "kind": "universal",
        "settings": [{
            "name": "webhook_url", "title": "Webhook address", "secret": false, "required": true,
            "pattern": "^https?://\\S{1,1992}$", "example": "https://crm.example.com/hooks/switchboard"
        }],
        "subscriptions": {"messages_and_statuses": true, "chat_finished": false},
        "capabilities": {
            "assigns": true, "stages": true, "groups": false, "statuses": true, "edits": true, "deletions": true,
            "reactions": false, "finished": true, "refreshes": false, "writes_contacts": false
        }
    }]
}))]
pub struct CrmKinds {
    crms: Vec<CrmKindView>,
}

/// A kind of CRM.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrmKindView {
    kind: CrmKind,
    /// What `PUT /v1/crm` takes for it besides `kind`.
    settings: Vec<FieldView>,
    /// What it may receive: the names of `subscriptions`, and whether each is on in a new connection.
    subscriptions: BTreeMap<&'static str, bool>,
    capabilities: CapabilitiesView,
}

/// List kinds of CRM
///
/// For each kind, the settings of `PUT /v1/crm` and what it can do, for a form. Titles are in the account's language.
#[utoipa::path(
    get, path = "/v1/crms", tag = "crm",
    responses((status = 200, description = "All kinds, `none` first", body = CrmKinds))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<Json<CrmKinds>, ApiError> {
    let language = existing_account(&app, account.as_str()).await?.language;
    let crms = crm::CLIENTS.iter().map(|client| CrmKindView {
        kind: client.kind(),
        settings: client.settings_fields().iter().map(|field| FieldView::of(field, language)).collect(),
        subscriptions: client.subscriptions(None).into_iter().collect(),
        capabilities: client.capabilities().into(),
    });
    Ok(Json(CrmKinds { crms: crms.collect() }))
}
