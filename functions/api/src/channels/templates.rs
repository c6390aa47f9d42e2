//! The approved templates that a channel may send.

use crate::app::App;
use crate::connections::carrier::Carrier;
use crate::http::auth::AccountKey;
use crate::http::body::{Id, Ids, Params};
use crate::http::error::ApiError;
use crate::http::existing::existing_channel;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::providers::client::{Page, ProviderError, Template};
use std::sync::Arc;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// Time limit for the provider's answer.
const WITHIN: Duration = Duration::from_secs(8);
/// Default and largest number of templates in a page.
const PAGE: u32 = 100;

/// Which templates to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Most templates in the page.
    #[param(minimum = 1, maximum = 100, default = 100)]
    limit: Option<u32>,
    /// How many entries of the provider's list to skip.
    #[param(maximum = 100_000)]
    offset: Option<u32>,
}

/// An approved template.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelTemplateView {
    /// The id by which a message names the template.
    id: String,
    /// Its name, for people.
    title: Option<String>,
    /// Its language, as `ru`.
    language: Option<String>,
    /// The messenger's verdict: only `approved` ones can be sent.
    status: String,
    /// The text of its body, with placeholders such as `{{1}}`.
    body: Option<String>,
    /// How many values it takes.
    places: usize,
}

impl From<Template> for ChannelTemplateView {
    fn from(template: Template) -> Self {
        let Template { id, title, language, status, body, places, .. } = template;
        Self { id, title, language, status, body, places }
    }
}

/// A page of templates.
#[derive(Debug, Serialize, ToSchema)]
pub struct Templates {
    templates: Vec<ChannelTemplateView>,
}

/// List a channel's templates
///
/// As the provider has them now; empty where the messenger has no templates. A page may hold fewer than requested,
/// because the provider's list covers all channels of the connection.
#[utoipa::path(
    get, path = "/v1/channels/{channel}/templates", tag = "channels",
    params(("channel" = String, Path, description = "Its id"), Asked),
    responses(
        (status = 200, description = "A page", body = Templates),
        (status = 422, description = "The provider refused: `provider_unauthorized`, `provider_refused` with its words")
    )
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Params(asked): Params<Asked>,
) -> Result<Json<Templates>, ApiError> {
    let limit = asked.limit.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("1 to {PAGE}")));
    }
    let channel = existing_channel(&app, &account, &id).await?;
    let Some(connection) = app.store.connection(&account, &channel.connection).await? else {
        return Ok(Json(Templates { templates: Vec::new() }));
    };
    let carrier = Carrier::of(&app, &connection).await?;
    let (call, page) = (carrier.call(&app), Page { limit, offset: asked.offset.unwrap_or(0) });
    let late = |_| ProviderError::Unavailable("no answer in time".into());
    let found = tokio::time::timeout(WITHIN, carrier.client.templates(&call, page)).await.map_err(late);
    let of_channel =
        |template: &Template| template.channels.is_empty() || template.channels.contains(&channel.external);
    let templates =
        found.and_then(|found| found)?.into_iter().filter(of_channel).map(ChannelTemplateView::from);
    Ok(Json(Templates { templates: templates.collect() }))
}
