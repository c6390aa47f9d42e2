//! `/v3/webhooks`: the address of the CRM's webhooks, and which webhooks to send. Setting it makes the account's CRM a
//! universal one.

use super::body::{Caller, Fields, Json as AnyJson};
use super::document::WantedWebhooks;
use super::error::V3Error;
use crate::app::App;
use crate::crm::DECIDED_ON;
use crate::http::existing::existing_account;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;
use shared::base::ids::AccountId;
use shared::crm;
use shared::crm::universal::settings::{self, Subscriptions};
use shared::model::account::Account;
use shared::model::crm::{CrmConnection, CrmKind};
use shared::model::sealed::Sealed;
use shared::platform::http::{Request, SendError};
use shared::store::Read;
use shared::store::attribute;
use shared::store::row::Write;
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use utoipa::ToSchema;

/// Longest address, in characters.
const MAX_URI: usize = 200;
/// Time limit of the probe: the function's own is 28 s.
const PROBE_WITHIN: Duration = Duration::from_secs(15);

/// Which webhooks the CRM wants. Wazzup's four are always shown, ours where they are on: a client of Wazzup's may refuse
/// members that it does not know.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct V3Subscriptions {
    messages_and_statuses: bool,
    contacts_and_deals_creation: bool,
    channels_updates: bool,
    template_status: bool,
    /// Ours: the end of a chat.
    #[serde(skip_serializing_if = "is_off")]
    #[schema(required = false)]
    chat_finished: bool,
    /// Ours: how many clients wait because no employee is eligible.
    #[serde(skip_serializing_if = "is_off")]
    #[schema(required = false)]
    waiting_clients: bool,
    /// Ours: a rule's notice to users.
    #[serde(skip_serializing_if = "is_off")]
    #[schema(required = false)]
    notification: bool,
    /// Ours: `stage` in `createDeal`.
    #[serde(skip_serializing_if = "is_off")]
    #[schema(required = false)]
    deal_stage: bool,
    /// Ours: a failed send as a message in the chat, besides its status.
    #[serde(skip_serializing_if = "is_off")]
    #[schema(required = false)]
    error_notice: bool,
    /// Ours: marks before the texts of echoes, stories and groups.
    #[serde(skip_serializing_if = "is_off")]
    #[schema(required = false)]
    text_marks: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_off(flag: &bool) -> bool {
    !flag
}

/// The webhooks' address and subscriptions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "webhooksUri": "https://crm.example.com/hooks/wazzup",
    "subscriptions": {
        "messagesAndStatuses": true, "contactsAndDealsCreation": true, "channelsUpdates": true,
        "templateStatus": false
    }
}))]
pub struct V3Webhooks {
    /// The address; empty while none is set.
    webhooks_uri: String,
    subscriptions: V3Subscriptions,
}

/// The webhooks were set.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"ok": true}))]
pub struct Set {
    ok: bool,
}

impl From<Subscriptions> for V3Subscriptions {
    fn from(on: Subscriptions) -> Self {
        Self {
            messages_and_statuses: on.messages_and_statuses,
            contacts_and_deals_creation: on.contacts_and_deals_creation,
            channels_updates: on.channels_updates,
            template_status: on.template_status,
            chat_finished: on.chat_finished,
            waiting_clients: on.waiting_clients,
            notification: on.notification,
            deal_stage: on.deal_stage,
            error_notice: on.error_notice,
            text_marks: on.text_marks,
        }
    }
}

/// Get the webhooks' address and subscriptions
#[utoipa::path(
    get, path = "/v3/webhooks", tag = "v3",
    responses((status = 200, description = "The address and the subscriptions", body = V3Webhooks))
)]
pub async fn get(Caller(account): Caller, State(app): State<Arc<App>>) -> Result<Json<V3Webhooks>, V3Error> {
    let row = connection(&app, &account).await?;
    let on = row.as_ref().map_or(Subscriptions::wazzups(false), Subscriptions::of);
    let webhooks_uri = row.as_ref().map_or("", settings::webhook_url).to_owned();
    Ok(Json(V3Webhooks { webhooks_uri, subscriptions: on.into() }))
}

async fn connection(app: &App, account: &AccountId) -> Result<Option<CrmConnection>, V3Error> {
    let row = app.store.crm(account, Read::Consistent).await?;
    Ok(row.filter(|row| row.kind == CrmKind::Universal))
}

/// The requested address and subscriptions.
struct WantedHooks {
    uri: Option<(String, Url)>,
    subscriptions: Option<Subscriptions>,
}

/// Change the webhooks' address and subscriptions
///
/// The address first receives a `POST` with `{"test":true}`, and must answer 200. Members of `subscriptions` that are
/// left out stay unchanged. A first request that names some has the others off; without `subscriptions`, Wazzup's four
/// are on. Those of ours that Wazzup does not have are `chatFinished`, `waitingClients`, `notification`, `dealStage`,
/// `errorNotice` and `textMarks`. The CRM's key stays while the address keeps host, port and scheme.
#[utoipa::path(
    patch, path = "/v3/webhooks", tag = "v3",
    request_body(content = WantedWebhooks, example = json!({
        "webhooksUri": "https://crm.example.com/hooks/wazzup",
        "subscriptions": {"messagesAndStatuses": true, "contactsAndDealsCreation": true, "channelsUpdates": true}
    })),
    responses(
        (status = 200, description = "The webhooks are set", body = Set),
        (status = 400, description = "`uriNotValid`, `testPostNotPassed`, `VALIDATION_ERROR`")
    )
)]
pub async fn change(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    AnyJson(body): AnyJson,
) -> Result<Json<Set>, V3Error> {
    let before = connection(&app, &account).await?;
    let wanted = read(&app, &body, before.as_ref())?;
    if let Some((_, url)) = &wanted.uri {
        let same = before.as_ref().filter(|before| settings::same_origin(before, url));
        let key = same.and_then(|row| row.credential.as_ref());
        probe(&app, &account, url, key).await?;
    }
    app.retry_on_conflict(|| write(&app, &account, &wanted)).await?;
    tracing::info!(account = %account, "webhooks set");
    Ok(Json(Set { ok: true }))
}

fn read(app: &App, body: &serde_json::Value, before: Option<&CrmConnection>) -> Result<WantedHooks, V3Error> {
    let mut fields = Fields::of(body);
    let uri = match fields.any_of(&["webhooksUri", "webhooksUrl"]) {
        None => None,
        Some(uri) => Some(address(app, uri.as_str().unwrap_or_default())?),
    };
    let subscriptions = fields.value("subscriptions").map(|given| {
        let mut flags = Fields::of(given);
        let mut on = before.map_or(Subscriptions::wazzups(false), Subscriptions::of);
        for (names, member) in members(&mut on) {
            for name in names {
                *member = flags.flag(name).unwrap_or(*member);
            }
        }
        if !given.is_object() {
            fields.mark("subscriptions");
        }
        if let Err(bad) = flags.finish() {
            bad.iter().for_each(|name| fields.mark(format!("subscriptions.{name}")));
        }
        on
    });
    if uri.is_none() && before.is_none() {
        fields.mark("webhooksUri");
    }
    let invalid = |bad: Vec<String>| V3Error::malformed("Some fields are invalid").with_fields(&bad);
    fields.finish().map_err(invalid)?;
    Ok(WantedHooks { uri, subscriptions })
}

/// Each subscription with its names in a request: Wazzup's own, and their other spellings; ours.
fn members(on: &mut Subscriptions) -> [(&'static [&'static str], &mut bool); 10] {
    [
        (&["messagesAndStatuses", "messages"], &mut on.messages_and_statuses),
        (&["contactsAndDealsCreation", "contactsAndDeals"], &mut on.contacts_and_deals_creation),
        (&["channelsUpdates", "channels"], &mut on.channels_updates),
        (&["templateStatus", "wabaTemplatesStatus"], &mut on.template_status),
        (&["chatFinished"], &mut on.chat_finished),
        (&["waitingClients"], &mut on.waiting_clients),
        (&["notification"], &mut on.notification),
        (&["dealStage"], &mut on.deal_stage),
        (&["errorNotice"], &mut on.error_notice),
        (&["textMarks"], &mut on.text_marks),
    ]
}

/// Checks the address: at most 200 characters, `http` or `https`, public (SSRF).
fn address(app: &App, text: &str) -> Result<(String, Url), V3Error> {
    let not_valid = |why: &str| V3Error::bad("uriNotValid", format!("The URI is not valid: {why}"));
    if text.chars().count() > MAX_URI {
        return Err(not_valid("at most 200 characters"));
    }
    let url: Url = text.parse().map_err(|_| not_valid("an absolute URL"))?;
    match app.http.check_place(&url) {
        Ok(()) => Ok((text.to_owned(), url)),
        Err(SendError::NotAllowed(why)) => Err(not_valid(why)),
        Err(_) => Err(not_valid("it cannot be called")),
    }
}

/// Checks that the address answers a test request, so that it is the CRM's.
async fn probe(app: &App, account: &AccountId, url: &Url, key: Option<&Sealed>) -> Result<(), V3Error> {
    let now = app.ambient.now();
    let key: Option<SecretString> = match key {
        Some(sealed) => Some(app.vault.open(account, sealed, now).await?),
        None => None,
    };
    let request = Request {
        method: Method::POST,
        url,
        bearer: key.as_ref(),
        headers: Vec::new(),
        body: Some(json!({"test": true}).to_string().into_bytes()),
        timeout: PROBE_WITHIN,
    };
    let not_passed =
        |data| V3Error::bad("testPostNotPassed", "URI does not return 200 OK on test request").with(data);
    match app.http.send(request, now).await {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(not_passed(json!({"code": answer.status}))),
        Err(error) => Err(not_passed(json!({"code": null, "reason": error.to_string()}))),
    }
}

/// Writes the account's kind and the connection in one transaction.
async fn write(app: &App, account: &AccountId, wanted: &WantedHooks) -> Result<(), V3Error> {
    let owner = existing_account(app, account.as_str()).await?;
    let row = app.store.crm(account, Read::Consistent).await?;
    let before = row.clone().filter(|row| row.kind == CrmKind::Universal);
    let Some(mut after) = connected(account, before.as_ref(), wanted, app.ambient.now()) else {
        return Err(V3Error::malformed("webhooksUri is missing").with_fields(&["webhooksUri".to_owned()]));
    };
    if let Some(subscriptions) = wanted.subscriptions {
        subscriptions.set(&mut after);
    }
    let mut writes = vec![match &row {
        // The change depends on what was read, because a concurrent request may have set another address.
        Some(row) if row.kind == CrmKind::Universal => match Write::change(row, &after, &DECIDED_ON)? {
            Some(change) => change,
            None => return Ok(()),
        },
        Some(_) => Write::put(&after)?,
        None => Write::create(&after)?,
    }];
    let mut its = Account { crm_kind: CrmKind::Universal, ..owner.clone() };
    its.rewrite_leading_eight &= crm::capabilities(CrmKind::Universal).writes_contacts;
    writes.extend(Write::change(
        &owner,
        &its,
        &[attribute::account::CRM_KIND, attribute::account::REWRITE_LEADING_EIGHT],
    )?);
    Ok(app.store.commit(writes).await?)
}

/// The connection as it becomes. Subscriptions that the request leaves out stay as they were, also at another host.
fn connected(
    account: &AccountId,
    before: Option<&CrmConnection>,
    wanted: &WantedHooks,
    now: shared::base::clock::Timestamp,
) -> Option<CrmConnection> {
    let Some((uri, _)) = &wanted.uri else { return before.cloned() };
    let mut after = settings::moved_to(uri, before, account, now);
    if let Some(before) = before {
        Subscriptions::of(before).set(&mut after);
    }
    Some(after)
}
