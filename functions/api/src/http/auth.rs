//! Who calls: the operator, an account by one of its keys, or an employee by a token of his.

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
/// Longest key that is looked at.
const MAX_KEY: usize = 1024;

enum Caller {
    Operator,
    Account(AccountId, ApiKeyId),
    Employee(Box<Employee>),
}

/// Who acts for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The operator.
    Operator,
    /// Whoever has this key of the account: an admin, the CRM.
    Key(ApiKeyId),
    /// An employee, by a token that the CRM got for him.
    Employee(EmployeeId),
}

impl Actor {
    /// The employee, when it is one.
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

/// Counts the request of a caller who is who he says, and refuses it when he makes too many.
async fn admit(app: &App, context: &RequestContext, account: &AccountId, who: &str) -> Result<(), ApiError> {
    tracing::Span::current().record("account", account.as_str());
    app.rate.admit(&app.store, account, who, app.ambient.now()).await.map_err(|seconds| {
        context.comes_again_in(seconds);
        ApiError::too_many_requests()
    })
}

/// The operator; nobody else passes.
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

/// The account for which the request is: its key's, or the one that the operator names. On a settings route also an
/// employee's to whom its section is granted ([`sections`]).
#[derive(Debug)]
pub struct AccountKey(pub AccountId);

impl FromRequestParts<Arc<App>> for AccountKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let AdminOrSection(principal) = AdminOrSection::from_request_parts(parts, app).await?;
        Ok(Self(principal.account))
    }
}

/// As [`Tenant`], with who acts: for a settings route on which it matters what else he may see.
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

/// The account for which the request is, and who acts for it: also an employee, who sees and does what his roles let him.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The account.
    pub account: AccountId,
    /// Who acts.
    pub by: Actor,
    /// Settings sections that are granted to him, when he is an employee.
    sections: BTreeSet<Section>,
    /// The account's row, where it was read to see that it is there.
    row: Option<Box<Account>>,
}

impl Principal {
    /// The account's row, as of this request: it is read once.
    ///
    /// # Errors
    /// 404 when it is not there.
    pub async fn owner(&self, app: &App) -> Result<Account, ApiError> {
        match &self.row {
            Some(row) => Ok((**row).clone()),
            None => existing_account(app, self.account.as_str()).await,
        }
    }

    /// The same as one of the account's employees has it: what he sees.
    pub fn as_employee(&self, employee: &EmployeeId) -> Self {
        Self { by: Actor::Employee(employee.clone()), sections: BTreeSet::new(), ..self.clone() }
    }

    /// Whether the caller may change the settings of a section: an admin every one, an employee those granted to him.
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
