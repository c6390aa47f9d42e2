//! `/v3/pipelines`: the CRM's pipelines, the same that `/v1/pipelines` replaces.

use super::body::{Caller, Fields, Json as AnyJson, MAX_ID};
use super::document::LoadedPipeline;
use super::entities::{Done, read_all};
use super::error::V3Error;
use crate::app::App;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::model::pipeline::{Pipeline, Pipelines, Stage};
use shared::store::row::Write;
use shared::store::size_of;
use std::collections::HashSet;
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest name of a pipeline or stage, in characters.
const MAX_NAME: usize = 100;
const INVALID: &str = "INVALID_PIPELINES_DATA";

/// A pipeline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "1", "name": "Sales", "stages": [{"id": "10", "name": "New"}]}))]
pub struct V3Pipeline {
    /// The CRM's id.
    id: String,
    name: String,
    /// Its stages in order; left out if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stages: Vec<V3Stage>,
}

/// A stage.
#[derive(Debug, Serialize, ToSchema)]
pub struct V3Stage {
    /// The CRM's id.
    id: String,
    name: String,
}

fn read(fields: &mut Fields<'_>) -> Pipeline {
    let (id, name) = (fields.required("id", MAX_ID), fields.required("name", MAX_NAME));
    let stages = fields.list("stages");
    // As at Wazzup, the field must be left out if there are no stages.
    if fields.value("stages").is_some() && stages.is_empty() {
        fields.mark("stages");
    }
    let (mut read, mut seen) = (Vec::new(), HashSet::new());
    for (index, entry) in stages.iter().enumerate() {
        let mut stage = Fields::of(entry);
        let (id, name) = (stage.required("id", MAX_ID), stage.required("name", MAX_NAME));
        if !id.is_empty() && !seen.insert(id.clone()) {
            stage.mark("id");
        }
        if let Err(bad) = stage.finish() {
            bad.iter().for_each(|name| fields.mark(format!("stages[{index}].{name}")));
        }
        read.push(Stage { id, name });
    }
    Pipeline { id, name, stages: read }
}

/// Replace the CRM's pipelines
///
/// The list is complete: a pipeline that is not in it is removed. Deals are created only if there are pipelines.
#[utoipa::path(
    post, path = "/v3/pipelines", tag = "v3",
    request_body(content = Vec<LoadedPipeline>, example = json!([{"id": "1", "name": "Sales", "stages": [{"id": "10", "name": "New"}]}])),
    responses(
        (status = 200, description = "Loaded", body = Done),
        (status = 400, description = "`INVALID_PIPELINES_DATA`, also for an empty list of stages; `TOO_MANY_ENTITIES`")
    )
)]
pub async fn load(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    AnyJson(body): AnyJson,
) -> Result<Json<Done>, V3Error> {
    let pipelines = read_all(&body, INVALID, read, |pipeline| &pipeline.id)?;
    let row = Pipelines { v: 1, account, pipelines };
    if size_of(&row)? > crate::crm::pipelines::MAX_BYTES {
        return Err(V3Error::bad(INVALID, "All pipelines together are too large"));
    }
    app.store.commit(vec![Write::put(&row)?]).await?;
    Ok(Json(Done {}))
}

/// List pipelines
#[utoipa::path(
    get, path = "/v3/pipelines", tag = "v3",
    responses((status = 200, description = "The pipelines as last loaded", body = Vec<V3Pipeline>))
)]
pub async fn list(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
) -> Result<Json<Vec<V3Pipeline>>, V3Error> {
    let row = app.store.pipelines(&account).await?;
    let pipelines = row.map(|row| row.pipelines).unwrap_or_default().into_iter();
    let view = |pipeline: Pipeline| V3Pipeline {
        id: pipeline.id,
        name: pipeline.name,
        stages: pipeline.stages.into_iter().map(|Stage { id, name }| V3Stage { id, name }).collect(),
    };
    Ok(Json(pipelines.map(view).collect()))
}
