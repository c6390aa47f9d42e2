//! `GET /v3/templates/whatsapp`: the WABA templates of the account's Wazzup connections, as Wazzup returns them.

use super::body::Caller;
use super::entities::number;
use super::error::V3Error;
use crate::app::App;
use crate::connections::carrier::Carrier;
use crate::http::error::ApiError;
use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::Value;
use shared::base::ids::AccountId;
use shared::model::connection::{Connection, ConnectionState};
use shared::providers;
use shared::providers::client::{Page, ProviderError};
use std::sync::Arc;
use std::time::Duration;

/// Templates per page: the default, and the most.
const PAGE: usize = 100;
/// Most pages that are read of a connection.
const MOST_PAGES: u32 = 10;
/// Time limit for a page.
const WITHIN: Duration = Duration::from_secs(8);

/// List WABA templates
///
/// Those of all Wazzup connections, one connection after the other. Each is returned as Wazzup returned it.
#[utoipa::path(
    get, path = "/v3/templates/whatsapp", tag = "v3",
    params(
        ("limit" = Option<u32>, Query, description = "Templates per page, 1 to 100", minimum = 1, maximum = 100, example = 100),
        ("offset" = Option<u32>, Query, description = "How many to skip", example = 0)
    ),
    responses((status = 200, description = "A page of templates", body = Vec<Object>, example = json!([{
        "templateGuid": "8d255e5d-aefd-44dc-8131-c3ad6c3ab28c", "title": "Welcome", "name": "welcome", "language": "ru",
        "status": "approved", "templateCode": "@template: 8d255e5d-aefd-44dc-8131-c3ad6c3ab28c { [[name]] }",
        "components": [{"type": "BODY", "text": "{{1}}, welcome"}]
    }])))
)]
pub async fn list(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<Value>>, V3Error> {
    let limit = number(query.as_deref(), "limit", PAGE)?.clamp(1, PAGE);
    let mut skip = number(query.as_deref(), "offset", 0)?;
    let mut found = Vec::new();
    for connection in connections(&app, &account).await? {
        let mut offset = 0;
        for _ in 0..MOST_PAGES {
            if found.len() == limit {
                return Ok(Json(found));
            }
            let page = page(&app, &connection, offset).await?;
            let read = page.len();
            let left = limit - found.len();
            found.extend(page.into_iter().skip(skip).take(left));
            skip = skip.saturating_sub(read);
            offset += u32::try_from(read).unwrap_or(u32::MAX);
            if read < PAGE {
                break;
            }
        }
    }
    Ok(Json(found))
}

/// The account's connections whose provider has templates, and whose credential is valid.
async fn connections(app: &App, account: &AccountId) -> Result<Vec<Connection>, V3Error> {
    let mut all = app.store.connections(account).await?;
    let has_templates = |name: &str| {
        let provider = providers::provider(name);
        provider.is_some_and(|provider| provider.limit_table().iter().any(|row| row.template.is_some()))
    };
    all.retain(|one| has_templates(&one.provider) && one.state != ConnectionState::Unauthorized);
    Ok(all)
}

/// A page of one connection's templates.
async fn page(app: &App, connection: &Connection, offset: u32) -> Result<Vec<Value>, V3Error> {
    let carrier = Carrier::of(app, connection).await?;
    let call = carrier.call(app);
    let page = Page { limit: 100, offset };
    let late = |_| ProviderError::Unavailable("no answer in time".into());
    let asked = tokio::time::timeout(WITHIN, carrier.client.templates(&call, page)).await.map_err(late);
    match asked.and_then(|answer| answer) {
        Ok(templates) => Ok(templates.into_iter().map(|template| template.raw).collect()),
        // A key that may not list templates has none to show.
        Err(ProviderError::Unauthorized | ProviderError::Refused(_)) => Ok(Vec::new()),
        Err(error @ ProviderError::Unavailable(_)) => Err(ApiError::from(error).into()),
    }
}
