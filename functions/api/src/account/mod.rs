//! Accounts: settings, keys, tokens, the audit trail, the set-up check.

pub mod accounts;
pub mod audit;
pub mod keys;
pub mod me;
pub mod settings;
pub mod setup_check;
pub mod tokens;
use crate::app::App;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this folder.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(accounts::create, accounts::list))
        .routes(routes!(accounts::get))
        .routes(routes!(keys::create))
        .routes(routes!(settings::get, settings::change))
        .routes(routes!(keys::list, keys::create_own))
        .routes(routes!(keys::revoke))
        .routes(routes!(keys::reveal))
        .routes(routes!(keys::rotate))
        .routes(routes!(tokens::create, tokens::end))
        .routes(routes!(tokens::rotate_secret))
        .routes(routes!(audit::list))
        .routes(routes!(me::get))
        .routes(routes!(setup_check::get))
}
