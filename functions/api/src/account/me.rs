//! Who the caller is, for a window that has nothing but a token.

use crate::app::App;
use crate::channels::members::places;
use crate::http::auth::{Actor, Principal};
use crate::http::error::ApiError;
use crate::http::existing::{existing_account, existing_employee};
use crate::http::request_context::RequestContext;
use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use shared::model::audit::ChangedBy;
use shared::model::employee::{Role, Section, Status};
use std::sync::Arc;
use utoipa::ToSchema;

/// The kind of caller.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CallerKind)]
pub enum Kind {
    /// The operator.
    Operator,
    /// A caller with a key of the account.
    Key,
    /// An employee with a token.
    Employee,
}

/// The account for which the caller acts.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyAccount {
    id: String,
    name: String,
}

/// The key with which the caller authenticates.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyKey {
    id: String,
    prefix: String,
}

/// The employee to whom the token belongs.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyEmployee {
    id: String,
    name: String,
    /// The sections of the settings that the employee may change.
    sections: Vec<Section>,
    /// The employee's memberships on channels.
    channels: Vec<MyPlace>,
}

/// An employee's membership on a channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyPlace {
    channel: String,
    role: Role,
    receives_new_clients: bool,
    /// Whether the employee is bound to the channel: without that they cannot send on it.
    sends: bool,
    /// Whether it is the employee's default among the channels of its messenger.
    is_default: bool,
    /// The availability that the employee set there with `PUT /v1/me/status`.
    status: Status,
}

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "kind": "employee", "account": {"id": "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a10", "name": "Northern Motors"},
    "key": null,
    "employee": {
        "id": "17", "name": "Anna Petrova", "sections": ["quick_replies"],
        "channels": [{
            "channel": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11", "role": "manager", "receives_new_clients": true,
            "sends": true, "is_default": false, "status": "available"
        }]
    }
}))]
pub struct Me {
    kind: Kind,
    account: MyAccount,
    /// Null unless the caller has a key.
    key: Option<MyKey>,
    /// Null unless the caller is an employee.
    employee: Option<MyEmployee>,
}

/// Get the caller
///
/// The operator and callers with a key may do everything; an employee may do what their roles and sections allow.
#[utoipa::path(
    get, path = "/v1/me", tag = "account",
    responses((status = 200, description = "The caller", body = Me))
)]
pub async fn get(
    principal: Principal,
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
) -> Result<Json<Me>, ApiError> {
    let account = existing_account(&app, principal.account.as_str()).await?;
    let key = context.by().and_then(|(_, by)| match by {
        ChangedBy::Key { key_id, prefix } => Some(MyKey { id: key_id.to_string(), prefix }),
        ChangedBy::Operator | ChangedBy::Employee { .. } => None,
    });
    let (kind, employee) = match &principal.by {
        Actor::Operator => (Kind::Operator, None),
        Actor::Key(_) => (Kind::Key, None),
        Actor::Employee(id) => {
            let row = existing_employee(&app, &principal.account, id.as_str()).await?;
            let places = places(&app, &principal.account, id).await?.into_iter().map(|place| MyPlace {
                channel: place.channel.channel.to_string(),
                role: place.member.role,
                receives_new_clients: place.member.receives_new_clients,
                sends: place.member.sends,
                is_default: place.member.is_default,
                status: place.member.status,
            });
            let sections = row.sections.into_iter().collect();
            let (id, name, channels) = (id.to_string(), row.name, places.collect());
            (Kind::Employee, Some(MyEmployee { id, name, sections, channels }))
        }
    };
    let account = MyAccount { id: account.account.to_string(), name: account.name };
    Ok(Json(Me { kind, account, key, employee }))
}
