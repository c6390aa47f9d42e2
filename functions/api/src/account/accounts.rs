//! Creating, listing and reading accounts, for the operator.

use crate::account::keys::{NewKey, fresh_key};
use crate::app::App;
use crate::channels::closing_options::ClosingView;
use crate::channels::working_hours::HoursView;
use crate::http::auth::Operator;
use crate::http::body::{Body, Id, Ids, Params, page_size};
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::page::{self, List, PageParams};
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::base::ids::{AccountId, ChannelId, IdSalt};
use shared::model::account::Account;
use shared::model::chat::closing::Closing;
use shared::model::chat::state::ChatStatus;
use shared::model::closing_options::Reopening;
use shared::model::crm::CrmKind;
use shared::model::texts::Language;
use shared::store::keys::AccountEntry;
use shared::store::row::Write;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The settings of a new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Northern Motors", "region": "RU"}))]
pub struct NewAccount {
    /// The company's name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// ISO 3166 region by which phone numbers without a country code are parsed.
    #[serde(default = "russia")]
    #[schema(default = "RU", pattern = "^[A-Z]{2}$")]
    region: String,
}

fn russia() -> String {
    "RU".to_owned()
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a10", "name": "Northern Motors", "language": "ru", "region": "RU",
    "rewrite_leading_eight": false, "send_errors_in_chat": true, "number_check": true, "crm_user_rights": false,
    "default_channels": {"whatsapp": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11"}, "crm_kind": "universal",
    "working_hours": null, "close_after_s": null, "client_waits": true, "timeout_status": "closed", "reopening": null,
    "farewell": "Thank you for writing to us!",
    "closing": {
        "close_after_s": 600, "client_waits": true, "timeout_status": "closed", "reopening": "reopen",
        "farewell": "Thank you for writing to us!"
    },
    "created_at": "2026-11-21T09:10:00.000Z"
}))]
pub struct AccountView {
    id: String,
    name: String,
    language: Language,
    /// ISO 3166 region by which phone numbers without a country code are parsed.
    region: String,
    /// Whether a CRM contact's phone that begins with 8 is rewritten to +7 at the client's first message.
    rewrite_leading_eight: bool,
    /// Whether a send that fails permanently puts a message with the reason into the chat.
    send_errors_in_chat: bool,
    /// Whether it is checked, and reported, which phones have WhatsApp.
    number_check: bool,
    /// Whether the author that a CRM names for a message (`crmUserId` of `/v3/message`) needs the right to send it, as in
    /// `/v1`. Otherwise the name is only shown, and every message is sent.
    crm_user_rights: bool,
    /// By messenger: the channel on which bots, and employees without a default channel of their own, start chats.
    default_channels: BTreeMap<String, String>,
    /// The company's working hours, for channels without their own; null: always open.
    working_hours: Option<HoursView>,
    /// Seconds of silence after which chats finish, on channels without their own setting; null is the default.
    /// `closing` has the values that apply, for this field and the four below.
    close_after_s: Option<u32>,
    /// Whether a client who waits for an answer keeps the chat open; null is the default.
    client_waits: Option<bool>,
    /// The status that a chat gets when it finishes by silence; null leaves the status as it is.
    timeout_status: Option<ChatStatus>,
    /// What a client's message does to a finished chat; null is the default.
    reopening: Option<Reopening>,
    /// The text that the client gets when the chat finishes by silence; null or empty: none.
    farewell: Option<String>,
    closing: ClosingView,
    crm_kind: CrmKind,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        let closing = Closing::of(&account, None).into();
        Self {
            id: account.account.to_string(),
            name: account.name,
            language: account.language,
            region: account.region,
            rewrite_leading_eight: account.rewrite_leading_eight,
            send_errors_in_chat: !account.hide_send_errors,
            number_check: !account.no_number_check,
            crm_user_rights: account.crm_user_rights,
            default_channels: named(account.default_channels),
            working_hours: account.hours.map(HoursView::from),
            close_after_s: account.closing.close_after_s,
            client_waits: account.closing.client_waits,
            timeout_status: account.closing.timeout_status,
            reopening: account.closing.reopening,
            farewell: account.closing.farewell,
            closing,
            crm_kind: account.crm_kind,
            created_at: account.created_at.rfc3339(),
        }
    }
}

fn named(channels: BTreeMap<String, ChannelId>) -> BTreeMap<String, String> {
    channels.into_iter().map(|(messenger, channel)| (messenger, channel.to_string())).collect()
}

/// A new account with its first key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "account": {
        "id": "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a10", "name": "Northern Motors", "language": "ru", "region": "RU",
        "rewrite_leading_eight": false, "send_errors_in_chat": true, "number_check": true, "crm_user_rights": false,
        "default_channels": {}, "crm_kind": "none", "working_hours": null, "close_after_s": null, "client_waits": null,
        "timeout_status": null, "reopening": null, "farewell": null,
        "closing": {
            "close_after_s": 600, "client_waits": false, "timeout_status": null, "reopening": "reopen", "farewell": null
        },
        "created_at": "2026-11-21T09:10:00.000Z"
    },
    "key": {
        "id": "019aa5f0-7c1f-7d20-8a11-3b6d0f9e4c22", "prefix": "sb_5f0c1a", "name": null,
        "created_at": "2026-11-21T09:10:00.000Z", "last_used_at": null, "expires_at": null,
        "key": "sb_5f0c1a0000000000000000000000000000000000000000000000000000000000"
    }
}))]
pub struct CreatedAccount {
    account: AccountView,
    key: NewKey,
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "accounts": [{
        "id": "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a10", "name": "Northern Motors", "language": "ru", "region": "RU",
        "rewrite_leading_eight": false, "send_errors_in_chat": true, "number_check": true, "crm_user_rights": false,
        "default_channels": {}, "crm_kind": "universal", "working_hours": null, "close_after_s": null, "client_waits": null,
        "timeout_status": null, "reopening": null, "farewell": null,
        "closing": {
            "close_after_s": 600, "client_waits": false, "timeout_status": null, "reopening": "reopen", "farewell": null
        },
        "created_at": "2026-11-21T09:10:00.000Z"
    }],
    "next_cursor": null
}))]
pub struct Accounts {
    accounts: Vec<AccountView>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Create an account
///
/// The answer holds the account's first API key.
#[utoipa::path(
    post, path = "/v1/accounts", tag = "operator", request_body = NewAccount,
    responses((status = 201, description = "The account and its first key", body = CreatedAccount))
)]
pub async fn create(
    _: Operator,
    State(app): State<Arc<App>>,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<CreatedAccount>), ApiError> {
    validate::name("name", &new.name, validate::MAX_NAME)?;
    validate::region("region", &new.region)?;
    let mut salt = [0; 16];
    app.ambient.fill(&mut salt);
    let id = AccountId::new(app.ambient.uuid().to_string());
    let account = Account::new(id, &new.name, IdSalt::from_bytes(salt), &new.region, app.ambient.now());
    let entry = AccountEntry { account: account.account.clone() };
    let (key, [row, listed]) = fresh_key(&app, &account.account, None).await?;
    app.store.commit(vec![Write::create(&account)?, Write::create(&entry)?, row, listed]).await?;
    Ok((StatusCode::CREATED, Json(CreatedAccount { account: account.into(), key })))
}

/// List accounts
#[utoipa::path(
    get, path = "/v1/accounts", tag = "operator", params(PageParams),
    responses((status = 200, description = "A page of accounts, the oldest first", body = Accounts))
)]
pub async fn list(
    _: Operator,
    State(app): State<Arc<App>>,
    Params(page): Params<PageParams>,
) -> Result<Json<Accounts>, ApiError> {
    let limit = page_size(page.limit)?;
    let from = List::accounts().start(page.cursor.as_deref())?;
    let found = page::page(app.store.accounts(limit, from).await, page.cursor.is_some())?;
    let accounts = found.items.into_iter().map(AccountView::from).collect();
    Ok(Json(Accounts { accounts, next_cursor: page::next(found.next.as_ref())? }))
}

/// Get an account
#[utoipa::path(
    get, path = "/v1/accounts/{account}", tag = "operator", params(("account" = String, Path, description = "Its id")),
    responses((status = 200, description = "The account", body = AccountView))
)]
pub async fn get(
    _: Operator,
    State(app): State<Arc<App>>,
    Ids(Id(account)): Ids<Id>,
) -> Result<Json<AccountView>, ApiError> {
    Ok(Json(existing_account(&app, &account).await?.into()))
}
