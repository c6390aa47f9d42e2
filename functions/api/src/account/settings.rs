//! Reading and changing an account's own settings.

use crate::account::accounts::AccountView;
use crate::app::App;
use crate::channels::closing_options::ClosingChange;
use crate::channels::working_hours::{self, HoursView};
use crate::http::auth::AccountKey;
use crate::http::body::{Body, given, present};
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::base::ids::{AccountId, ChannelId};
use shared::model::account::Account;
use shared::model::chat::state::ChatStatus;
use shared::model::closing_options::Reopening;
use shared::model::texts::Language;
use shared::model::working_hours::WorkingHours;
use shared::store::Read;
use shared::store::attribute;
use shared::store::row::Write;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest name of a messenger.
const MAX_MESSENGER: usize = 32;
/// Most default channels in one request.
const MAX_DEFAULTS: usize = 50;

/// Settings to change; fields that are left out stay as they are.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Northern Motors", "language": "en", "region": "KZ", "send_errors_in_chat": true, "number_check": true,
    "crm_user_rights": false,
    "default_channels": {"telegram": null},
    "working_hours": {"zone": "Europe/Moscow", "spans": [{"days": ["monday", "tuesday"], "from": "09:00", "to": "18:00"}]},
    "close_after_s": 900, "client_waits": true, "timeout_status": "closed", "reopening": "reopen",
    "farewell": "Thank you for writing to us!"
}))]
pub struct AccountChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// The language of our texts that employees and clients see.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    language: Option<Language>,
    /// ISO 3166 region by which phone numbers without a country code are parsed. A change affects numbers that come
    /// from now on: stored phones stay as they were parsed.
    #[serde(default, deserialize_with = "present")]
    #[schema(pattern = "^[A-Z]{2}$", nullable = false)]
    region: Option<String>,
    /// Whether a CRM contact's phone that begins with 8 is rewritten to +7 at the client's first message. Refused where
    /// the CRM does not let us change its contacts.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    rewrite_leading_eight: Option<bool>,
    /// Whether a send that fails permanently puts a message with the reason into the chat; else only the message's
    /// status shows it.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    send_errors_in_chat: Option<bool>,
    /// Whether it is checked, and reported, which phones have WhatsApp.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    number_check: Option<bool>,
    /// Whether the author that a CRM names for a message (`crmUserId` of `/v3/message`) needs the right to send it, as in
    /// `/v1`: else the answer is `CHAT_NO_ACCESS`. When off, which is the default, the name is only shown, and every
    /// message is sent.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    crm_user_rights: Option<bool>,
    /// By messenger: the channel on which bots, and employees without a default channel of their own, start chats. A
    /// messenger that is left out keeps its channel; null removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<HashMap<String, Option<String>>>, nullable = false)]
    default_channels: Option<BTreeMap<String, Option<String>>>,
    /// The company's working hours, which rules test on channels without their own. Null: always open.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<HoursView>)]
    working_hours: Option<Option<HoursView>>,
    /// Seconds of silence after which chats finish, on channels without their own setting. Null: 600.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 10, maximum = 2_592_000)]
    close_after_s: Option<Option<u32>>,
    /// Whether a client who waits for an answer keeps the chat open there. Null: no.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>)]
    client_waits: Option<Option<bool>>,
    /// The status that a chat there gets when it finishes by silence. Null leaves the status as it is.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ChatStatus>)]
    timeout_status: Option<Option<ChatStatus>>,
    /// What a client's message does to a finished chat there. Null: it reopens the chat.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Reopening>)]
    reopening: Option<Option<Reopening>>,
    /// The text that the client gets there when the chat finishes by silence. Null or empty: none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    farewell: Option<Option<String>>,
}

impl AccountChange {
    /// Checks what can be checked without reading anything.
    fn check(&self) -> Result<(), ApiError> {
        if let Some(name) = &self.name {
            validate::name("name", name, validate::MAX_NAME)?;
        }
        if let Some(region) = &self.region {
            validate::region("region", region)?;
        }
        self.default_channels.as_ref().map_or(Ok(()), check_messengers)
    }

    /// The changes to how chats finish, checked.
    fn closing(&self) -> Result<ClosingChange, ApiError> {
        let closing = ClosingChange {
            close_after_s: self.close_after_s,
            client_waits: self.client_waits,
            timeout_status: self.timeout_status,
            reopening: self.reopening,
            farewell: self.farewell.clone(),
        };
        closing.checked()
    }
}

/// Checked settings that apply to all channels without their own.
#[derive(Clone, Debug)]
struct Defaults {
    closing: ClosingChange,
    hours: Option<Option<WorkingHours>>,
}

/// Get your own account
#[utoipa::path(
    get, path = "/v1/account", tag = "account",
    responses((status = 200, description = "The account", body = AccountView))
)]
pub async fn get(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<Json<AccountView>, ApiError> {
    Ok(Json(existing_account(&app, account.as_str()).await?.into()))
}

/// Update your own account's settings
///
/// They take effect within 30 seconds, and on live chats within two minutes.
#[utoipa::path(
    patch, path = "/v1/account", tag = "account", request_body = AccountChange,
    responses(
        (status = 200, description = "The account as it is now", body = AccountView),
        (
            status = 422,
            description = "The CRM does not let us change its contacts (`setting_not_applicable`); there is no such channel \
                           (`unknown_channel`), or it does not carry the messenger (`wrong_messenger`)"
        )
    )
)]
pub async fn change(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Body(change): Body<AccountChange>,
) -> Result<Json<AccountView>, ApiError> {
    change.check()?;
    let defaults =
        Defaults { closing: change.closing()?, hours: working_hours::checked(change.working_hours.clone())? };
    let (before, account) = app.retry_on_conflict(|| change_once(&app, &account, &change, &defaults)).await?;
    if before.closing != account.closing {
        app.recheck(&account.account, None).await;
    }
    Ok(Json(account.into()))
}

fn check_messengers(defaults: &BTreeMap<String, Option<String>>) -> Result<(), ApiError> {
    let possible = |word: &String| {
        (1..=MAX_MESSENGER).contains(&word.len())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
    };
    if defaults.len() > MAX_DEFAULTS {
        return Err(ApiError::invalid("default_channels", format!("at most {MAX_DEFAULTS} at once")));
    }
    if !defaults.keys().all(possible) {
        return Err(ApiError::invalid("default_channels", "its names are messengers, as whatsapp"));
    }
    Ok(())
}

/// Returns the account before and after the change.
async fn change_once(
    app: &App,
    account: &AccountId,
    change: &AccountChange,
    defaults: &Defaults,
) -> Result<(Account, Account), ApiError> {
    let before = existing_account(app, account.as_str()).await?;
    let mut after = before.clone();
    if let Some(name) = &change.name {
        after.name.clone_from(name);
    }
    if let Some(language) = change.language {
        after.language = language;
    }
    if let Some(region) = &change.region {
        after.region.clone_from(region);
    }
    if let Some(rewrite) = change.rewrite_leading_eight {
        if rewrite && !shared::crm::capabilities(before.crm_kind).writes_contacts {
            let message = "the account's CRM does not let us change its contacts";
            return Err(ApiError::refused("setting_not_applicable", "rewrite_leading_eight", message));
        }
        after.rewrite_leading_eight = rewrite;
    }
    after.hide_send_errors = change.send_errors_in_chat.map_or(after.hide_send_errors, |shown| !shown);
    after.no_number_check = change.number_check.map_or(after.no_number_check, |checked| !checked);
    after.crm_user_rights = change.crm_user_rights.unwrap_or(after.crm_user_rights);
    defaults.closing.set(&mut after.closing);
    if let Some(hours) = &defaults.hours {
        after.hours.clone_from(hours);
    }
    // Whether the setting is allowed depends on the CRM. The default channels are one attribute of which each change
    // sets a part, and so are the closing options: both must still be as they were read.
    let mut depends_on = vec![attribute::account::CRM_KIND];
    let mut writes = Vec::new();
    if defaults.closing.is_given() {
        depends_on.push(attribute::account::CLOSING);
    }
    if let Some(defaults) = &change.default_channels {
        depends_on.push(attribute::account::DEFAULT_CHANNELS);
        writes = set_defaults(app, &mut after, defaults).await?;
    }
    if let Some(write) = Write::change(&before, &after, &depends_on)? {
        writes.push(write);
        app.store.commit(writes).await?;
    }
    Ok((before, after))
}

/// Sets default channels. Returns checks that the channels are still as they were read when the account is written.
async fn set_defaults(
    app: &App,
    account: &mut Account,
    defaults: &BTreeMap<String, Option<String>>,
) -> Result<Vec<Write>, ApiError> {
    let mut checks = Vec::new();
    for (messenger, channel) in defaults {
        let field = format!("default_channels.{messenger}");
        let Some(id) = channel else {
            account.default_channels.remove(messenger);
            continue;
        };
        let found = match id.chars().count() {
            1..=validate::MAX_ID => {
                app.store.channel(&account.account, &ChannelId::new(id.as_str()), Read::Consistent).await?
            }
            _ => None,
        };
        let found =
            found.ok_or_else(|| ApiError::refused("unknown_channel", &field, "there is no such channel"))?;
        if found.messenger().is_none_or(|carried| carried.as_str() != messenger) {
            let message = "the channel does not carry this messenger";
            return Err(ApiError::refused("wrong_messenger", &field, message));
        }
        checks.push(Write::check(&found, &[attribute::channel::MESSENGER, attribute::channel::TRANSPORT])?);
        account.default_channels.insert(messenger.clone(), found.channel);
    }
    Ok(checks)
}
