//! Makes the CRM fetch a message's file, as a CRM does that shows it: it follows one redirect at most.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use reqwest::{Response, Url};
use serde_json::json;

use crate::sandbox::reply::Reply;
use crate::sandbox::state::FetchedFile;
use crate::sandbox::{App, READ_AT_MOST, read_strict};

const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Fetch {
    message_id: String,
}

/// `POST /control/crm/{crm}/fetch`: makes the CRM fetch a message's file now, and records the result on the message.
pub(crate) async fn fetch(State(app): State<App>, Path(name): Path<String>, bytes: Bytes) -> Reply {
    let Fetch { message_id } = match read_strict(&bytes) {
        Ok(asked) => asked,
        Err(reply) => return reply,
    };
    let not_found = |error: &str| Reply::json(StatusCode::NOT_FOUND, json!({ "error": error }));
    let found = app.world(|world| {
        let crm = world.crms.get_mut(&name)?;
        Some(crm.message(&message_id).map(|message| message.content_uri.clone()))
    });
    let link = match found {
        None => return not_found("noSuchCrm"),
        Some(None) => return not_found("noSuchMessage"),
        Some(Some(None)) => return Reply::json(StatusCode::CONFLICT, json!({ "error": "noFile" })),
        Some(Some(Some(link))) => link,
    };
    let fetched = have(&app.http, &link).await;
    app.world(|world| {
        let message = world.crms.get_mut(&name).and_then(|crm| crm.message(&message_id));
        if let Some(message) = message.filter(|message| message.content_uri.as_ref() == Some(&link)) {
            message.file = Some(fetched.clone());
        }
    });
    Reply::json(StatusCode::OK, json!(fetched))
}

async fn have(http: &reqwest::Client, link: &str) -> FetchedFile {
    let mut fetched = FetchedFile::default();
    if let Err(error) = follow(http, link, &mut fetched).await {
        fetched.error = Some(error);
    }
    fetched
}

async fn follow(http: &reqwest::Client, link: &str, fetched: &mut FetchedFile) -> Result<(), String> {
    let mut url = web(Url::parse(link).map_err(|error| error.to_string())?)?;
    let mut response = get(http, url.clone()).await?;
    if response.status().is_redirection() {
        fetched.redirected = true;
        let to = text(&response, header::LOCATION).ok_or("a redirect without a Location")?;
        url = web(url.join(&to).map_err(|error| error.to_string())?)?;
        response = get(http, url).await?;
        if response.status().is_redirection() {
            return Err("more than one redirect".into());
        }
    }
    fetched.status = Some(response.status().as_u16());
    fetched.content_type = text(&response, header::CONTENT_TYPE);
    fetched.content_disposition = text(&response, header::CONTENT_DISPOSITION);
    while let Some(part) = response.chunk().await.map_err(|error| error.to_string())? {
        fetched.bytes += part.len();
        if fetched.bytes > READ_AT_MOST {
            return Err("more than a CRM reads".into());
        }
    }
    Ok(())
}

async fn get(http: &reqwest::Client, url: Url) -> Result<Response, String> {
    http.get(url).timeout(TIMEOUT).send().await.map_err(|error| error.to_string())
}

fn web(url: Url) -> Result<Url, String> {
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err("no http(s) link".into()) }
}

fn text(response: &Response, name: header::HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}
