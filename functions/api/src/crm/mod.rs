//! The account's CRM connection.

pub mod failures;
pub mod kinds;
pub mod pipelines;

use crate::app::App;
use crate::http::auth::AccountKey;
use crate::http::body::{Body, moment, present};
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use shared::base::ids::AccountId;
use shared::crm;
use shared::model::channel::{Channel, Distribution};
use shared::model::crm::connection::SUBSCRIPTION;
use shared::model::crm::{Capabilities, CrmConnection, CrmKind, CrmState};
use shared::model::field::Form;
use shared::model::sealed::Sealed;
use shared::platform::http::SendError;
use shared::store::attribute::{self, Attribute};
use shared::store::row::Write;
use shared::store::{Read, keys};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this folder.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(pipelines::put, pipelines::get))
        .routes(routes!(kinds::list))
        .routes(routes!(put, get))
        .routes(routes!(refresh))
        .routes(routes!(failures::list))
        .routes(routes!(failures::retry_all))
        .routes(routes!(failures::retry))
}

/// The settings that a request may hold; only the URL is shown.
const WEBHOOK_URL: &str = "webhook_url";
const CRM_KEY: &str = "crm_key";

/// Longest URL of a CRM, in characters.
const MAX_URL: usize = 2000;

/// A CRM connection to set; it replaces the previous one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "universal", "webhook_url": "https://crm.example.com/hooks/switchboard", "crm_key": "a-key-of-the-crm"
}))]
pub struct NewCrm {
    kind: CrmKind,
    /// The URL of the CRM's webhook: `http` or `https`, a public address. Required for `universal`.
    #[serde(default)]
    #[schema(max_length = 2000)]
    webhook_url: Option<String>,
    /// Sent there as `Authorization: Bearer …`. Never shown again. When left out, the stored key stays while the URL
    /// keeps host, port and scheme, because a key is sent to no other address. Null removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    crm_key: Option<Option<String>>,
    /// What the CRM receives, by the names that `GET /v1/crms` lists. Those that are left out stay as they are while the
    /// URL keeps host, port and scheme; a new connection has those of Wazzup's on, and ours off.
    #[serde(default)]
    subscriptions: BTreeMap<String, bool>,
}

/// What the CRM's kind can do. Settings that need more are refused with `setting_not_applicable`.
#[derive(Debug, Serialize, ToSchema)]
pub struct CapabilitiesView {
    /// It can name a client's responsible, so a channel's `distribution` may be `by_crm`.
    assigns: bool,
    /// Deals have pipeline stages, so a channel may name a `deal_stage`.
    stages: bool,
    /// It has groups, so a channel may name its `group`.
    groups: bool,
    /// It receives the status of deliveries.
    statuses: bool,
    /// It receives edits.
    edits: bool,
    /// It receives deletions.
    deletions: bool,
    /// It receives reactions as such; otherwise as texts.
    reactions: bool,
    /// It is notified when a chat is finished.
    finished: bool,
    /// It can be asked for its employees and pipelines (`POST /v1/crm/refresh`); otherwise it sends them.
    refreshes: bool,
    /// Contacts that exist already may be changed, so the account's `rewrite_leading_eight` may be switched on.
    writes_contacts: bool,
}

impl From<Capabilities> for CapabilitiesView {
    fn from(can: Capabilities) -> Self {
        Self {
            assigns: can.assigns,
            stages: can.stages,
            groups: can.groups,
            statuses: can.statuses,
            edits: can.edits,
            deletions: can.deletions,
            reactions: can.reactions,
            finished: can.finished,
            refreshes: can.refreshes,
            writes_contacts: can.writes_contacts,
        }
    }
}

/// The CRM connection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "kind": "universal", "webhook_url": "https://crm.example.com/hooks/switchboard", "has_key": true, "state": "active",
    "failures": 0, "paused_until": null, "error": null, "set_at": "2026-11-21T09:10:00.000Z",
    "subscriptions": {
        "messages_and_statuses": true, "contacts_and_deals_creation": true, "channels_updates": true,
        "template_status": true, "chat_finished": false, "waiting_clients": false, "notification": false,
        "deal_stage": false, "error_notice": false, "text_marks": false
    },
    "capabilities": {
        "assigns": true, "stages": true, "groups": false, "statuses": true, "edits": true, "deletions": true,
        "reactions": false, "finished": true, "refreshes": false, "writes_contacts": false
    }
}))]
pub struct CrmView {
    kind: CrmKind,
    webhook_url: Option<String>,
    /// Whether a key is set.
    has_key: bool,
    state: CrmState,
    /// Failures in a row.
    failures: u32,
    /// The CRM is not called before this moment.
    #[schema(format = DateTime)]
    paused_until: Option<String>,
    /// The CRM's last error.
    error: Option<String>,
    #[schema(format = DateTime)]
    set_at: Option<String>,
    /// What the CRM receives, by name.
    subscriptions: BTreeMap<&'static str, bool>,
    capabilities: CapabilitiesView,
}

impl CrmView {
    fn of(kind: CrmKind, row: Option<CrmConnection>) -> Self {
        let capabilities = crm::capabilities(kind).into();
        let row = row.filter(|row| row.kind == kind);
        Self {
            kind,
            has_key: row.as_ref().is_some_and(|row| row.credential.is_some()),
            state: row.as_ref().map(|row| row.state).unwrap_or_default(),
            failures: row.as_ref().map_or(0, |row| row.failures),
            paused_until: moment(row.as_ref().and_then(|row| row.paused_until)),
            set_at: moment(row.as_ref().map(|row| row.created_at)),
            error: row.as_ref().and_then(|row| row.error.clone()),
            subscriptions: crm::client(kind).subscriptions(row.as_ref()).into_iter().collect(),
            webhook_url: row.and_then(|row| row.setting(WEBHOOK_URL).map(str::to_owned)),
            capabilities,
        }
    }
}

/// Set the CRM connection
///
/// Setting it again clears failures and a pause. `{"kind":"none"}` removes the CRM. What the new CRM does not support
/// is switched off: the account's `rewrite_leading_eight` if we may not change its contacts, and a channel's `by_crm`
/// becomes `first_responder` if it names no responsible.
#[utoipa::path(
    put, path = "/v1/crm", tag = "crm", request_body = NewCrm,
    responses((status = 200, description = "The connection as set", body = CrmView))
)]
pub async fn put(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Body(new): Body<NewCrm>,
) -> Result<Json<CrmView>, ApiError> {
    let wanted = read(&app, &account, new).await?;
    let (kind, row) = app.retry_on_conflict(|| write(&app, &account, wanted.as_ref())).await?;
    if !crm::capabilities(kind).assigns {
        app.retry_on_conflict(|| leave_to_first(&app, &account)).await?;
    }
    Ok(Json(CrmView::of(kind, row)))
}

/// The attributes on which replacing a connection depends.
pub(crate) const DECIDED_ON: [Attribute<CrmConnection>; 8] = [
    attribute::crm_connection::SETTINGS,
    attribute::crm_connection::WEBHOOK_URL,
    attribute::crm_connection::CRM_KEY,
    attribute::crm_connection::KNOWN_AS,
    attribute::crm_connection::SUBSCRIPTIONS,
    attribute::crm_connection::STATE,
    attribute::crm_connection::FAILURES,
    attribute::crm_connection::PAUSED_UNTIL,
];

/// A connection as requested.
struct WantedConnection {
    kind: CrmKind,
    /// As requested, by their names.
    settings: BTreeMap<String, String>,
    /// The key, encrypted; `Some(None)` removes the stored key.
    key: Option<Option<Sealed>>,
}

/// Writes the account's kind and the connection in one transaction.
async fn write(
    app: &App,
    account: &AccountId,
    wanted: Option<&WantedConnection>,
) -> Result<(CrmKind, Option<CrmConnection>), ApiError> {
    let before = existing_account(app, account.as_str()).await?;
    let mut after = before.clone();
    after.crm_kind = wanted.map_or(CrmKind::None, |wanted| wanted.kind);
    after.rewrite_leading_eight &= crm::capabilities(after.crm_kind).writes_contacts;
    let known = app.store.crm(account, Read::Consistent).await?;
    let row = wanted.map(|wanted| connection(app, account, wanted, known.as_ref()));
    let kept = match (&known, &row) {
        // Which key stays depends on where it was sent so far; failures recorded meanwhile are cleared too.
        (Some(known), Some(row)) => Write::change(known, row, &DECIDED_ON)?,
        (None, Some(row)) => Some(Write::create(row)?),
        (_, None) => Some(Write::forget(keys::crm(account))),
    };
    let writes =
        Write::change(&before, &after, &[attribute::account::REWRITE_LEADING_EIGHT])?.into_iter().chain(kept);
    app.store.commit(writes.collect()).await?;
    Ok((after.crm_kind, row))
}

/// The row of a connection. A key in the request wins, even null; otherwise the key that goes to the same CRM stays.
fn connection(
    app: &App,
    account: &AccountId,
    wanted: &WantedConnection,
    known: Option<&CrmConnection>,
) -> CrmConnection {
    let (client, settings) = (crm::client(wanted.kind), wanted.settings.clone());
    let set = client.connection(account, settings, known, app.ambient.now());
    let credential = wanted.key.clone().unwrap_or_else(|| set.credential.clone());
    CrmConnection { credential, ..set }
}

/// Sets channels from `by_crm` to `first_responder`, because their clients would be assigned to no employee any more.
/// Once the account is written, no channel can be set to `by_crm`, so one read finds them all.
async fn leave_to_first(app: &App, account: &AccountId) -> Result<(), ApiError> {
    let mut writes = Vec::new();
    for before in app.store.channels(account).await? {
        if before.distribution == Distribution::ByCrm {
            let after = Channel { distribution: Distribution::FirstResponder, ..before.clone() };
            writes.extend(Write::change(&before, &after, &[attribute::channel::DISTRIBUTION])?);
        }
    }
    Ok(app.store.commit_in_parts(writes).await?)
}

/// The requested connection, checked against the fields of its kind; `None`: no CRM.
async fn read(app: &App, account: &AccountId, new: NewCrm) -> Result<Option<WantedConnection>, ApiError> {
    let kind = new.kind;
    let mut given = vec![(WEBHOOK_URL, new.webhook_url.map(Some)), (CRM_KEY, new.crm_key)];
    let mut wanted = WantedConnection { kind, settings: BTreeMap::new(), key: None };
    for field in crm::client(kind).settings_fields() {
        let at = given.iter().position(|(name, _)| *name == field.name);
        let value = at.and_then(|at| given.remove(at).1);
        match (field.form, value) {
            (Form::Url, Some(Some(url))) => {
                check_url(app, field.name, &url)?;
                wanted.settings.insert(field.name.to_owned(), url);
            }
            (Form::Secret, Some(Some(key))) => {
                validate::credential(field.name, &key)?;
                wanted.key = Some(Some(app.vault.seal(account, &SecretString::from(key)).await?));
            }
            _ if field.required => return Err(ApiError::missing_field(field.name)),
            (Form::Secret, Some(None)) => wanted.key = Some(None),
            (Form::Text, Some(Some(text))) => {
                if !field.fits(&text) {
                    return Err(ApiError::invalid(field.name, field.shape));
                }
                wanted.settings.insert(field.name.to_owned(), text);
            }
            (Form::Text | Form::Url, Some(None)) | (_, None) => {}
        }
    }
    let known = crm::client(kind).subscriptions(None);
    for (name, on) in new.subscriptions {
        if !known.iter().any(|(known, _)| *known == name) {
            return Err(ApiError::invalid(
                format!("subscriptions.{name}"),
                "no subscription of this kind of CRM",
            ));
        }
        wanted.settings.insert(format!("{SUBSCRIPTION}{name}"), on.to_string());
    }
    if let Some((name, _)) = given.into_iter().find(|(_, value)| matches!(value, Some(Some(_)))) {
        return Err(ApiError::invalid(name, "does not apply without a CRM"));
    }
    Ok((kind != CrmKind::None).then_some(wanted))
}

fn check_url(app: &App, field: &str, text: &str) -> Result<(), ApiError> {
    if text.chars().count() > MAX_URL {
        return Err(ApiError::invalid(field, format!("at most {MAX_URL} characters")));
    }
    let url: Url = text.parse().map_err(|_| ApiError::invalid(field, "an absolute URL"))?;
    app.http.check_place(&url).map_err(|error| match error {
        SendError::NotAllowed(why) => ApiError::invalid(field, why),
        other => ApiError::invalid(field, other.to_string()),
    })
}

/// Get the CRM connection
#[utoipa::path(
    get, path = "/v1/crm", tag = "crm",
    responses((status = 200, description = "The connection; the key is never shown", body = CrmView))
)]
pub async fn get(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<Json<CrmView>, ApiError> {
    let kind = existing_account(&app, account.as_str()).await?.crm_kind;
    let row = app.store.crm(&account, Read::Consistent).await?;
    Ok(Json(CrmView::of(kind, row)))
}

/// Refresh the CRM's employees and pipelines
///
/// Asks the CRM for them. Only where `capabilities.refreshes` is true, which no kind is yet: a universal CRM sends
/// them, by `/v3` or by `PUT /v1/employees` and `PUT /v1/pipelines`.
#[utoipa::path(
    post, path = "/v1/crm/refresh", tag = "crm",
    responses(
        (status = 422, description = "The CRM cannot be asked: `setting_not_applicable`")
    )
)]
pub async fn refresh(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<StatusCode, ApiError> {
    let why = match existing_account(&app, account.as_str()).await?.crm_kind {
        CrmKind::None => "the account has no CRM",
        _ => "this CRM is not asked: it brings its employees and pipelines itself",
    };
    Err(ApiError::refused("setting_not_applicable", "", why))
}
