//! The number check (E3): whether a number has WhatsApp, as far as it is known.

use crate::app::App;
use crate::contacts::{history, of_phone, read_phone};
use crate::http::auth::Principal;
use crate::http::body::{Id, Ids, Params, moment};
use crate::http::chat_access::require_any_channel;
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::base::clock::Timestamp;
use shared::base::ids::ChatId;
use shared::base::phone::Phone;
use shared::model::account::Account;
use shared::model::contact::Identity;
use shared::model::contact::number_check::{LearnedFrom, NumberFact, learn};
use shared::model::messenger::Messenger;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Most chats of a person that are checked.
const LOOKED_AT: i32 = 100;

/// The query of a number check.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The messenger: `whatsapp`, and nothing else yet.
    messenger: Option<String>,
}

/// What is known of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// Nothing yet.
    Unknown,
    /// The number has it.
    Has,
    /// The number does not have it.
    None,
}

/// The source of what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The result of a send.
    Delivery,
    /// The provider's answer to a check.
    Provider,
    /// A message that a client wrote from the number.
    Message,
}

impl From<LearnedFrom> for Source {
    fn from(from: LearnedFrom) -> Self {
        match from {
            LearnedFrom::Delivery => Self::Delivery,
            LearnedFrom::Provider => Self::Provider,
            LearnedFrom::Message => Self::Message,
        }
    }
}

/// The result of a number check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "phone": "+79011112233", "whatsapp": "has", "learned_at": "2026-11-21T09:10:00.000Z", "from": "delivery"
}))]
pub struct NumberView {
    /// E.164.
    phone: String,
    /// Whether it has WhatsApp.
    whatsapp: Known,
    /// When that was so. Null for employees, like `from`.
    #[schema(format = DateTime)]
    learned_at: Option<String>,
    /// The source.
    from: Option<Source>,
}

/// Check a number
///
/// Whether it has WhatsApp, as far as it is known from clients who wrote and from the results of sends. Wazzup cannot
/// be asked, so a number without messages from or to it is `unknown`.
#[utoipa::path(
    get, path = "/v1/numbers/{phone}", tag = "numbers",
    params(
        ("phone" = String, Path, description = "A phone in any spelling; one without a country code is read in the account's region"),
        Asked
    ),
    responses(
        (status = 200, description = "What is known of the number", body = NumberView),
        (status = 403, description = "An employee who writes on no channel: `no_role`"),
        (status = 422, description = "The account switched the check off: `number_check_off`")
    )
)]
pub async fn check(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(phone)): Ids<Id>,
    Params(asked): Params<Asked>,
) -> Result<Json<NumberView>, ApiError> {
    require_any_channel(&app, &principal, true).await?;
    if asked.messenger.is_some_and(|messenger| messenger != Messenger::Whatsapp.as_str()) {
        return Err(ApiError::invalid(
            "messenger",
            "whatsapp is the only messenger whose numbers are checked",
        ));
    }
    let owner = existing_account(&app, principal.account.as_str()).await?;
    if owner.no_number_check {
        return Err(ApiError::refused("number_check_off", "", "the account switched the number check off"));
    }
    let phone = read_phone(&owner, "phone", &phone)?;
    let known = known(&app, &owner, &phone).await?;
    let whatsapp = match &known {
        None => Known::Unknown,
        Some(fact) if fact.has => Known::Has,
        Some(_) => Known::None,
    };
    // Employees check a number before they write. When clients wrote, they may see only in the chats that are visible
    // to them.
    let told = known.filter(|_| principal.by.employee().is_none());
    let from = told.as_ref().map(|fact| fact.from.into());
    let learned_at = moment(told.map(|fact| fact.learned_at));
    Ok(Json(NumberView { phone: phone.as_str().to_owned(), whatsapp, learned_at, from }))
}

/// What is known of a number, when and from which source: the latest report, or that a client wrote from it later.
async fn known(app: &App, owner: &Account, phone: &Phone) -> Result<Option<NumberFact>, ApiError> {
    let fact = app.store.number_fact(owner, &Messenger::Whatsapp, phone).await?;
    let Some(wrote_at) = last_written_from(app, owner, phone).await? else { return Ok(fact) };
    let wrote = NumberFact {
        v: 1,
        account: owner.account.clone(),
        digest: String::new(),
        messenger: Messenger::Whatsapp,
        has: true,
        learned_at: wrote_at,
        from: LearnedFrom::Message,
    };
    Ok(learn(fact.as_ref(), wrote).or(fact))
}

/// When a client last wrote from a number. An identity with that number does not prove it, because a dialogue that we
/// began creates one too.
async fn last_written_from(app: &App, owner: &Account, phone: &Phone) -> Result<Option<Timestamp>, ApiError> {
    let mut members = Vec::new();
    for person in of_phone(app, owner, phone).await? {
        members.extend(person.ids());
    }
    if members.is_empty() {
        return Ok(None);
    }
    let found = history(app, &owner.account, &members, LOOKED_AT, None).await?;
    let ids: Vec<ChatId> = found.chats.into_iter().map(|row| row.chat).collect();
    let chats = if ids.is_empty() { Vec::new() } else { app.store.chats(&owner.account, &ids).await? };
    let his = chats.iter().filter(|chat| {
        let (messenger, user) = (chat.messenger.clone(), chat.provider_chat_id.clone());
        let identity = Identity { messenger, group: chat.group, user };
        chat.messenger == Messenger::Whatsapp && identity.phone().as_ref() == Some(phone)
    });
    Ok(his.filter_map(|chat| chat.client_wrote_at).max())
}
