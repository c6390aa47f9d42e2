//! The providers that can be connected: what a connection to each needs, and what its channels can do. Pages build
//! their forms from this.

use crate::app::App;
use crate::channels::view::LimitsView;
use crate::http::auth::AccountKey;
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::field::FieldView;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::model::limits::{By, Limits};
use shared::model::texts::Language;
use shared::providers;
use shared::providers::provider::{ChannelCapabilities, Provider};
use std::sync::Arc;
use utoipa::ToSchema;

/// What a channel can do.
#[derive(Debug, Serialize, ToSchema)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of a page")]
pub struct ChannelCapabilitiesView {
    /// Whether a person who has never written can be addressed by phone.
    write_first_by_phone: bool,
    /// Whether a person who has never written can be addressed by user name.
    write_first_by_username: bool,
    /// Whether the text of a sent message can be edited.
    edit_text: bool,
    /// Whether the file of a sent message can be replaced.
    edit_file: bool,
    /// Whether a sent message can be deleted.
    delete: bool,
    /// Whether a message may quote another one.
    quote: bool,
    /// Whether a text may have buttons below it.
    buttons: bool,
    /// Whether approved templates can be sent.
    templates: bool,
    /// Whether comments arrive through it.
    comments: bool,
    /// Whether the provider can check if a number has the messenger.
    check_number: bool,
}

impl From<ChannelCapabilities> for ChannelCapabilitiesView {
    fn from(able: ChannelCapabilities) -> Self {
        Self {
            write_first_by_phone: able.write_first.contains(&By::Phone),
            write_first_by_username: able.write_first.contains(&By::Username),
            edit_text: able.edit_text,
            edit_file: able.edit_file,
            delete: able.delete,
            quote: able.quote,
            buttons: able.buttons,
            templates: able.templates,
            comments: able.comments,
            check_number: able.check_number,
        }
    }
}

/// A kind of channel of a provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelKindView {
    /// The provider's name for it.
    transport: &'static str,
    /// The messenger that it carries.
    messenger: Option<String>,
    limits: LimitsView,
    capabilities: ChannelCapabilitiesView,
}

/// A provider that can be connected.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderView {
    /// Its name in requests and in webhook URLs.
    name: &'static str,
    /// Its name for people.
    title: &'static str,
    /// The fields of `credential` in a new connection.
    credential: Vec<FieldView>,
    /// The kinds of its channels.
    channels: Vec<ChannelKindView>,
}

impl ProviderView {
    fn of(provider: &dyn Provider, language: Language) -> Self {
        let fields = provider.credential_fields().iter();
        let kind = |limits: &'static Limits| ChannelKindView {
            transport: limits.transport,
            messenger: limits.messenger.as_ref().map(|messenger| messenger.as_str().to_owned()),
            capabilities: ChannelCapabilities::of(limits, provider.checks_numbers()).into(),
            limits: limits.into(),
        };
        Self {
            name: provider.name(),
            title: provider.title(language),
            credential: fields.map(|field| FieldView::of(field, language)).collect(),
            channels: provider.limit_table().iter().map(kind).collect(),
        }
    }
}

/// The providers that can be connected.
#[derive(Debug, Serialize, ToSchema)]
pub struct Providers {
    providers: Vec<ProviderView>,
}

/// List providers
///
/// For each: what a connection needs, and what its channels accept and can do. Titles are in the account's language.
#[utoipa::path(
    get, path = "/v1/providers", tag = "connections",
    responses((status = 200, description = "All providers that can be connected, by name", body = Providers))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<Json<Providers>, ApiError> {
    let owner = existing_account(&app, account.as_str()).await?;
    let all = providers::built().map(|provider| ProviderView::of(provider, owner.language));
    Ok(Json(Providers { providers: all.collect() }))
}
