//! Pipelines with their stages: replaced as a whole, read as a whole.

use crate::app::App;
use crate::http::auth::AccountKey;
use crate::http::body::{Body, objects, present_objects};
use crate::http::error::ApiError;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::model::pipeline::{Pipeline, Pipelines, Stage};
use shared::store::row::Write;
use shared::store::size_of;
use std::collections::HashSet;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most pipelines of an account.
const MAX_PIPELINES: usize = 100;
/// Longest name of a pipeline or stage, in characters.
const MAX_NAME: usize = 100;
/// Most bytes of all pipelines in the table, where a row has at most 400 KB.
pub(crate) const MAX_BYTES: usize = 350_000;

/// All pipelines of an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "pipelines": [{"id": "1", "name": "Sales", "stages": [{"id": "10", "name": "New"}, {"id": "11", "name": "Test drive"}]}]
}))]
pub struct PipelineList {
    #[serde(deserialize_with = "objects")]
    #[schema(max_items = 100)]
    pipelines: Vec<PipelineView>,
}

/// A pipeline.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineView {
    /// The CRM's id.
    #[schema(min_length = 1, max_length = 100)]
    id: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Its stages in order. Leave the field out if the CRM has none; an empty list is refused.
    #[serde(default, deserialize_with = "present_objects", skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, nullable = false)]
    stages: Option<Vec<StageView>>,
}

/// A stage.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StageView {
    /// The CRM's id.
    #[schema(min_length = 1, max_length = 100)]
    id: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

impl PipelineView {
    fn check(&self, at: &str) -> Result<(), ApiError> {
        validate::crm_id(format!("{at}.id"), &self.id)?;
        validate::name(format!("{at}.name"), &self.name, MAX_NAME)?;
        let Some(stages) = &self.stages else { return Ok(()) };
        if stages.is_empty() {
            return Err(ApiError::invalid(
                format!("{at}.stages"),
                "leave the field out when there are no stages",
            ));
        }
        let mut seen = HashSet::new();
        for (index, stage) in stages.iter().enumerate() {
            validate::crm_id(format!("{at}.stages[{index}].id"), &stage.id)?;
            validate::name(format!("{at}.stages[{index}].name"), &stage.name, MAX_NAME)?;
            if !seen.insert(&stage.id) {
                return Err(ApiError::invalid(format!("{at}.stages[{index}].id"), "the id stands twice"));
            }
        }
        Ok(())
    }
}

/// Replace the CRM's pipelines
///
/// The list is complete: a pipeline that is not in it is removed.
#[utoipa::path(
    put, path = "/v1/pipelines", tag = "pipelines", request_body = PipelineList,
    responses((status = 200, description = "The pipelines as stored", body = PipelineList))
)]
pub async fn put(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Body(list): Body<PipelineList>,
) -> Result<Json<PipelineList>, ApiError> {
    if list.pipelines.len() > MAX_PIPELINES {
        return Err(ApiError::invalid("pipelines", format!("at most {MAX_PIPELINES}")));
    }
    let mut seen = HashSet::new();
    for (index, pipeline) in list.pipelines.iter().enumerate() {
        pipeline.check(&format!("pipelines[{index}]"))?;
        if !seen.insert(&pipeline.id) {
            return Err(ApiError::invalid(format!("pipelines[{index}].id"), "the id stands twice"));
        }
    }
    let pipelines = list.pipelines.into_iter().map(|pipeline| Pipeline {
        id: pipeline.id,
        name: pipeline.name,
        stages: pipeline
            .stages
            .unwrap_or_default()
            .into_iter()
            .map(|StageView { id, name }| Stage { id, name })
            .collect(),
    });
    let row = Pipelines { v: 1, account, pipelines: pipelines.collect() };
    if size_of(&row)? > MAX_BYTES {
        return Err(ApiError::invalid(
            "pipelines",
            format!("all pipelines together weigh more than {MAX_BYTES} bytes"),
        ));
    }
    app.store.commit(vec![Write::put(&row)?]).await?;
    Ok(Json(view(row)))
}

/// List the CRM's pipelines
#[utoipa::path(
    get, path = "/v1/pipelines", tag = "pipelines",
    responses((status = 200, description = "The pipelines as last loaded; none before the first load", body = PipelineList))
)]
pub async fn get(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<Json<PipelineList>, ApiError> {
    let row = app.store.pipelines(&account).await?;
    Ok(Json(view(row.unwrap_or(Pipelines { v: 1, account, pipelines: Vec::new() }))))
}

fn view(row: Pipelines) -> PipelineList {
    let pipelines = row.pipelines.into_iter().map(|pipeline| PipelineView {
        id: pipeline.id,
        name: pipeline.name,
        stages: Some(pipeline.stages.into_iter().map(|Stage { id, name }| StageView { id, name }).collect())
            .filter(|stages: &Vec<StageView>| !stages.is_empty()),
    });
    PipelineList { pipelines: pipelines.collect() }
}
