//! Who makes a request: the operator, an account with one of its keys, or an employee with a token of theirs.

use crate::app::App;
use crate::http::employee_token::employee_of;
use crate::http::error::{ACCOUNT_HEADER, ApiError};
use crate::http::existing::existing_account;
use crate::http::request_context::RequestContext;
use crate::http::route_access::check;
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use shared::base::ids::{AccountId, ApiKeyId, EmployeeId};
use shared::model::access_token;
use shared::model::account::Account;
use shared::model::api_key::ApiKey;
use shared::model::audit::ChangedBy;
use shared::model::employee::{Employee, Section};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How every account key begins.
pub const KEY_PREFIX: &str = "sb_";
/// Longest key that is checked.
const MAX_KEY: usize = 1024;

enum Caller {
    Operator,
    Account(AccountId, ApiKeyId),
    Employee(Box<Employee>),
}

/// The caller who acts for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The operator.
    Operator,
    /// The holder of this account key: an admin or the CRM.
    Key(ApiKeyId),
    /// An employee, with a token that the CRM got for them.
    Employee(EmployeeId),
}

impl Actor {
    /// The employee, if the actor is one.
    pub fn employee(&self) -> Option<&EmployeeId> {
        match self {
            Self::Employee(employee) => Some(employee),
            Self::Operator | Self::Key(_) => None,
        }
    }
}

async fn caller(parts: &Parts, app: &App) -> Result<Caller, ApiError> {
    let header = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
    let (scheme, key) = header.and_then(|value| value.split_once(' ')).ok_or_else(ApiError::unauthorized)?;
    let key = key.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || key.is_empty() || key.len() > MAX_KEY {
        return Err(ApiError::unauthorized());
    }
    let context = RequestContext::of(parts);
    let (caller, account, by) = if key.starts_with(KEY_PREFIX) {
        by_key(app, &context, key).await?
    } else if key.starts_with(access_token::PREFIX) {
        by_token(app, &context, key).await?
    } else if app.operator.is(key, app.ambient.now()).await? {
        (Caller::Operator, None, ChangedBy::Operator)
    } else {
        return Err(ApiError::unauthorized());
    };
    context.is_by(account.as_ref(), by);
    Ok(caller)
}

type Known = (Caller, Option<AccountId>, ChangedBy);

async fn by_key(app: &App, context: &RequestContext, key: &str) -> Result<Known, ApiError> {
    let now = app.ambient.now();
    let found = app.store.api_key(key).await?.filter(|found| found.key.opens(now));
    let found = found.ok_or_else(ApiError::unauthorized)?;
    let ApiKey { account, key_id, prefix, .. } = found.key.clone();
    admit(app, context, &account, &format!("key:{key_id}")).await?;
    if let Some(used) = found.key.used(now) {
        context.used(&app.store, &found, used);
    }
    let by = ChangedBy::Key { key_id: key_id.clone(), prefix };
    Ok((Caller::Account(account.clone(), key_id), Some(account), by))
}

async fn by_token(app: &App, context: &RequestContext, token: &str) -> Result<Known, ApiError> {
    let employee = employee_of(app, token).await?;
    admit(app, context, &employee.account, &format!("employee:{}", employee.employee)).await?;
    let (account, by) =
        (employee.account.clone(), ChangedBy::Employee { employee: employee.employee.clone() });
    Ok((Caller::Employee(Box::new(employee)), Some(account), by))
}

/// Counts the request of an authenticated caller, and refuses it when the caller makes too many.
async fn admit(app: &App, context: &RequestContext, account: &AccountId, who: &str) -> Result<(), ApiError> {
    tracing::Span::current().record("account", account.as_str());
    app.rate.admit(&app.store, account, who, app.ambient.now()).await.map_err(|seconds| {
        context.comes_again_in(seconds);
        ApiError::too_many_requests()
    })
}

/// The operator; other callers are refused.
#[derive(Debug)]
pub struct Operator;

impl FromRequestParts<Arc<App>> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        match caller(parts, app).await? {
            Caller::Operator => Ok(Self),
            Caller::Account(..) | Caller::Employee(..) => Err(ApiError::forbidden()),
        }
    }
}

/// The account of the request: the key's, or the account that the operator names. On a settings route also the account
/// of an employee to whom the route's section is granted ([`check`]).
#[derive(Debug)]
pub struct AccountKey(pub AccountId);

impl FromRequestParts<Arc<App>> for AccountKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let AdminOrSection(principal) = AdminOrSection::from_request_parts(parts, app).await?;
        Ok(Self(principal.account))
    }
}

/// As [`AccountKey`], with the actor, for settings routes where it matters what else the actor may see.
#[derive(Debug)]
pub struct AdminOrSection(pub Principal);

impl FromRequestParts<Arc<App>> for AdminOrSection {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let (principal, employee) = acting(parts, app).await?;
        if let Some(employee) = employee {
            let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
            check(&employee, &parts.method, route)?;
        }
        Ok(Self(principal))
    }
}

/// The account of the request, and who acts for it. An employee sees and does what their roles allow.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The account.
    pub account: AccountId,
    /// The actor.
    pub by: Actor,
    /// Settings sections granted to the employee; empty for other actors.
    sections: BTreeSet<Section>,
    /// The account's row, if it was read to check that the account exists.
    row: Option<Box<Account>>,
}

impl Principal {
    /// The account's row: the one that this request has read already, or else a new read.
    ///
    /// # Errors
    /// 404 when it does not exist.
    pub async fn owner(&self, app: &App) -> Result<Account, ApiError> {
        match &self.row {
            Some(row) => Ok((**row).clone()),
            None => existing_account(app, self.account.as_str()).await,
        }
    }

    /// The same account with one of its employees as the actor, to find what they see.
    pub fn as_employee(&self, employee: &EmployeeId) -> Self {
        Self { by: Actor::Employee(employee.clone()), sections: BTreeSet::new(), ..self.clone() }
    }

    /// Whether the caller may change a section's settings: an admin every section, an employee those granted to them.
    pub fn may_change(&self, section: Section) -> bool {
        self.by.employee().is_none() || self.sections.contains(&section)
    }
}

impl FromRequestParts<Arc<App>> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        acting(parts, app).await.map(|(principal, _)| principal)
    }
}

async fn acting(parts: &Parts, app: &App) -> Result<(Principal, Option<Box<Employee>>), ApiError> {
    let named = parts.headers.get(ACCOUNT_HEADER).map(|value| value.to_str().unwrap_or_default().trim());
    let (account, by, employee) = match caller(parts, app).await? {
        Caller::Operator => {
            let named = named.ok_or_else(ApiError::account_required)?;
            let row = Box::new(existing_account(app, named).await?);
            let account = row.account.clone();
            tracing::Span::current().record("account", account.as_str());
            RequestContext::of(parts).is_by(Some(&account), ChangedBy::Operator);
            let by = Actor::Operator;
            return Ok((Principal { account, by, sections: BTreeSet::new(), row: Some(row) }, None));
        }
        Caller::Account(account, key) => (account, Actor::Key(key), None),
        Caller::Employee(row) => (row.account.clone(), Actor::Employee(row.employee.clone()), Some(row)),
    };
    if named.is_some_and(|named| named != account.as_str()) {
        return Err(ApiError::not_found("account"));
    }
    let sections = employee.as_ref().map(|row| row.sections.clone()).unwrap_or_default();
    Ok((Principal { account, by, sections, row: None }, employee))
}
