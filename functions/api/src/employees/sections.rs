//! Which settings sections are granted to which employee (A8).

use crate::app::App;
use crate::http::auth::AccountKey;
use crate::http::body::{Body, Id, Ids};
use crate::http::error::ApiError;
use crate::http::existing::existing_employee;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::base::ids::AccountId;
use shared::model::employee::{Employee, Section};
use shared::store::row::Write;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;

/// Sections to grant; all others are revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sections": ["channels", "quick_replies"]}))]
pub struct Grant {
    sections: Vec<Section>,
}

/// The sections that an employee may change although they are no admin.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"employee": "17", "sections": ["channels", "quick_replies"]}))]
pub struct Granted {
    employee: String,
    sections: Vec<Section>,
}

/// Replace an employee's settings sections
///
/// With a token the employee reads and changes the settings in them. Keys, tokens, grants, the audit trail and erasures
/// are only for admins. It takes effect with the employee's next request.
#[utoipa::path(
    put, path = "/v1/employees/{employee}/sections", tag = "employees", request_body = Grant,
    params(("employee" = String, Path, description = "The CRM's user id")),
    responses((status = 200, description = "All sections that are granted now", body = Granted))
)]
pub async fn put(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(grant): Body<Grant>,
) -> Result<Json<Granted>, ApiError> {
    let sections: BTreeSet<Section> = grant.sections.into_iter().collect();
    app.retry_on_conflict(|| put_once(&app, &account, &id, &sections)).await?;
    Ok(Json(Granted { employee: id, sections: sections.into_iter().collect() }))
}

async fn put_once(
    app: &App,
    account: &AccountId,
    id: &str,
    sections: &BTreeSet<Section>,
) -> Result<(), ApiError> {
    let before = existing_employee(app, account, id).await?;
    let after = Employee { sections: sections.clone(), ..before.clone() };
    let write = Write::change(&before, &after, &[])?;
    Ok(app.store.commit(write.into_iter().collect()).await?)
}
