//! The rules of an account (F6): read and replaced as a whole, because their order matters.

pub mod dry_run;
pub mod model;
pub mod trial;
pub mod view;

use crate::app::App;
use crate::http::auth::AccountKey;
use crate::http::body::{Body, objects, present};
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::rules::model::rules_of;
use crate::rules::view::RuleBody;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::base::ids::{AccountId, ChannelId, EmployeeId};
use shared::model::rules::{self, BadRule, Fault, KnownIds, Rule, RuleSet};
use shared::store::row::Key;
use shared::store::rules::rule_writes;
use shared::store::{Read, keys};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this folder.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get, put)).routes(routes!(dry_run::dry_run))
}

/// Rules that replace the saved ones.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"rules": [
    {
        "id": "missed-call", "name": "Answer a missed call",
        "when": {"type": "call"},
        "if": [{"type": "kind", "any_of": ["missed_call"]}, {"type": "working_hours", "inside": false}],
        "then": [{"type": "auto_reply", "text": "Sorry that we missed your call, {client_name}! We call back at nine."}]
    },
    {
        "id": "thanks", "name": "A thank-you ends the chat",
        "when": {"type": "message_in"}, "if": [{"type": "text", "matches": "(?i)^(thanks|thank you)[.!]*$"}],
        "then": [{"type": "finish", "status": "closed"}]
    }
]}))]
pub struct NewRules {
    /// The version of the rules that the caller read; refused if they were changed since. Without it, any saved rules
    /// are replaced.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    version: Option<u64>,
    /// All rules, in the order in which they run.
    #[serde(deserialize_with = "objects")]
    #[schema(max_items = 100)]
    rules: Vec<RuleBody>,
}

/// The rules of an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"version": 3, "rules": [{
    "id": "missed-call", "name": "Answer a missed call", "enabled": true, "when": {"type": "call"},
    "if": [{"type": "working_hours", "inside": false}], "then": [{"type": "auto_reply", "text": "We call back at nine."}]
}]}))]
pub struct RulesView {
    /// How often they were saved; 0 if never.
    version: u64,
    /// The rules, in the order in which they run.
    rules: Vec<RuleBody>,
}

impl From<&RuleSet> for RulesView {
    fn from(set: &RuleSet) -> Self {
        Self { version: set.version, rules: set.rules.iter().map(Into::into).collect() }
    }
}

/// Get the account's rules
#[utoipa::path(
    get, path = "/v1/rules", tag = "rules",
    responses((status = 200, description = "All rules, in their order", body = RulesView))
)]
pub async fn get(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<Json<RulesView>, ApiError> {
    Ok(Json((&saved(&app, &account).await?).into()))
}

/// Replace the account's rules
///
/// The list is complete, and in the order in which the rules run. It takes effect within 30 seconds; in chats that are
/// live already, a rule that waits for silence may take an hour more.
#[utoipa::path(
    put, path = "/v1/rules", tag = "rules", request_body = NewRules,
    responses(
        (status = 200, description = "The rules as they are now, with the ids that were created", body = RulesView),
        (status = 409, description = "The rules were changed since that version (`changed_meanwhile`): read them again"),
        (
            status = 422,
            description = "A rule names a channel or an employee who does not exist (`unknown_channel`, `unknown_employee`), or \
                           assigns clients to an employee who writes on no channel (`may_not_write`)"
        )
    )
)]
pub async fn put(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Body(new): Body<NewRules>,
) -> Result<Json<RulesView>, ApiError> {
    let rules = checked(&app, &account, new.rules).await?;
    let (before, after) = app.retry_on_conflict(|| put_once(&app, &account, new.version, &rules)).await?;
    if before.idle_minutes() != after.idle_minutes() {
        app.recheck(&account, None).await;
    }
    Ok(Json((&after).into()))
}

async fn put_once(
    app: &App,
    account: &AccountId,
    version: Option<u64>,
    rules: &[Rule],
) -> Result<(RuleSet, RuleSet), ApiError> {
    // The set is read first, so that the account's row is as new as the set, or a newer set conflicts by its version.
    let before = app.store.rules(account, Read::Consistent).await?;
    let owner = existing_account(app, account.as_str()).await?;
    let known = before.clone().unwrap_or_else(|| RuleSet::none(account));
    if version.is_some_and(|version| version != known.version) {
        let message = "the rules were changed since they were read: read them again, and decide again";
        return Err(ApiError::conflict("changed_meanwhile", message));
    }
    let after = RuleSet { version: known.version + 1, rules: rules.to_vec(), ..known.clone() };
    app.store.commit(rule_writes(&owner, before.as_ref(), &after)?).await?;
    Ok((known, after))
}

/// The saved rules, as of the last write.
///
/// # Errors
/// Those of the store.
pub async fn saved(app: &App, account: &AccountId) -> Result<RuleSet, ApiError> {
    let found = app.store.rules(account, Read::Consistent).await?;
    Ok(found.unwrap_or_else(|| RuleSet::none(account)))
}

/// The checked rules of a request.
///
/// # Errors
/// 400 and 422 naming the place of the first fault.
pub async fn checked(app: &App, account: &AccountId, rules: Vec<RuleBody>) -> Result<Vec<Rule>, ApiError> {
    let rules = rules_of(rules, || app.ambient.uuid().to_string())?;
    rules::check_size(&rules).map_err(refused)?;
    rules::check(&rules, &known(app, account, &rules).await?).map_err(refused)?;
    Ok(rules)
}

fn refused(bad: BadRule) -> ApiError {
    let code = match bad.fault {
        Fault::Invalid => return ApiError::invalid(bad.path, bad.why),
        Fault::UnknownChannel => "unknown_channel",
        Fault::UnknownEmployee => "unknown_employee",
        Fault::MayNotWrite => "may_not_write",
    };
    ApiError::refused(code, &bad.path, bad.why)
}

/// The account's channels and employees that rules may name.
async fn known(app: &App, account: &AccountId, rules: &[Rule]) -> Result<KnownIds, ApiError> {
    let channels = app.store.channels(account).await?.into_iter().map(|channel| channel.channel).collect();
    let named = rules::named_employees(rules);
    let wanted: Vec<Key> = named.keys().map(|id| keys::employee(account, id)).collect();
    let mut known = KnownIds { channels, employees: BTreeMap::new() };
    if wanted.is_empty() {
        return Ok(known);
    }
    let found: Vec<shared::model::employee::Employee> = app.store.get_many(&wanted, Read::Consistent).await?;
    for employee in found {
        let is_given_clients = named.get(&employee.employee).copied().unwrap_or_default();
        let writes = is_given_clients && writes(app, account, &known, &employee.employee).await?;
        known.employees.insert(employee.employee, writes);
    }
    Ok(known)
}

/// Whether an employee has a role that writes, on any channel.
async fn writes(
    app: &App,
    account: &AccountId,
    known: &KnownIds,
    employee: &EmployeeId,
) -> Result<bool, ApiError> {
    let channels: Vec<&ChannelId> = known.channels.iter().collect();
    let places = shared::service::place::places_on(&app.store, account, channels, employee).await?;
    Ok(places.values().any(|place| place.role.may_write()))
}
