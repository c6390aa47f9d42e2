//! The account API under `/v1`: accounts and keys, connections, channels, employees, pipelines, the CRM, chats, contacts,
//! the blacklist.
//!
//! One file per resource. A handler takes who calls ([`auth`]), then path, query and body ([`extract`]), so a caller
//! without a key learns nothing of what he sent. Errors have one shape ([`error`]); lists go on by cursors that are good
//! for one list of one account ([`cursor`]). The OpenAPI document is made of the handlers ([`openapi`]).

// The examples in the OpenAPI document are read one member at a time.
#![recursion_limit = "256"]

mod access;
mod accounts;
mod addressed;
mod assign;
mod assignment_history;
mod assignment_views;
mod at_work;
mod audit;
pub mod auth;
mod blacklist;
mod changes;
mod channel_change;
mod channel_views;
mod channels;
mod chat_changes;
mod chat_lists;
mod chat_views;
mod chats;
mod closing_options;
mod connections;
mod contact_views;
mod contacts;
mod content_views;
mod crm;
pub mod cursor;
mod departures;
mod dialogues;
mod employees;
mod erasures;
pub mod error;
mod etag;
mod export;
pub mod extract;
mod files;
mod finish;
mod giving_out;
mod keys;
mod link;
mod listing_views;
mod listings;
mod marks;
mod me;
mod member_views;
mod members;
mod merges;
mod message_changes;
mod message_views;
mod notices;
mod numbers;
pub mod openapi;
mod outgoing;
mod own_account;
mod people;
mod pipelines;
mod quick_replies;
mod quick_reply_views;
pub mod rate_limit;
mod reassign;
mod recheck;
mod rules;
mod rules_dry_run;
mod rules_model;
mod rules_trial;
mod rules_views;
mod search;
mod sections;
mod send;
mod send_content;
mod setting_words;
mod setup_check;
mod statuses;
mod tags;
mod tell;
mod test_message;
mod test_message_views;
mod tokens;
mod turns;
mod uploads;
pub mod v3;
mod validate;
mod views;
mod visit;
mod waiting;
mod working_hours;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use auth::OperatorKey;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Router, http::Uri};
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use rate_limit::RateLimit;
use shared::clock::Ambient;
use shared::files::Files;
use shared::http::OutboundHttp;
use shared::ids::{AccountId, ChannelId};
use shared::nudge::AssignmentNudge;
use shared::queue::{Outgoing, Queues};
use shared::secrets::Vault;
use shared::store::Store;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tower::util::MapRequest;
use url::Url;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the function works with; built once per process.
pub struct App {
    /// The table.
    pub store: Store,
    /// Seals credentials, and opens them to register webhooks.
    pub vault: Vault,
    /// SQS.
    pub queues: Queues,
    /// `assignment.fifo`.
    pub assignment_url: String,
    /// `crm.fifo`.
    pub crm_url: String,
    /// `outbound.fifo`.
    pub outbound_url: String,
    /// `erasures`.
    pub erasures_url: String,
    /// The timers queue.
    pub timers_url: String,
    /// The media bucket.
    pub files: Files,
    /// Calls to providers; also says which URLs a tenant may set.
    pub http: OutboundHttp,
    /// How long the bucket keeps a file, in days.
    pub media_days: u64,
    /// The operator's key.
    pub operator: OperatorKey,
    /// How many requests who made.
    pub rate: RateLimit,
    /// Where providers reach us, `https://…`.
    pub public_base_url: String,
    /// Wazzup's API.
    pub wazzup_base_url: Url,
    /// Time, ids and keys.
    pub ambient: Arc<dyn Ambient>,
}

/// How often a lost race is decided again.
const ATTEMPTS: u32 = 9;

impl App {
    /// Lets `assignment` look at channels whose members changed: somebody may wait there. What was committed stays also
    /// when the queue does not take it, because the due index brings every waiting client back.
    async fn nudge(&self, account: &AccountId, channels: &[ChannelId]) {
        let nudges = channels.iter().map(|channel| AssignmentNudge::new(account, channel));
        let messages: Result<Vec<_>, _> =
            nudges.map(|nudge| Outgoing::assignment(&nudge, &*self.ambient)).collect();
        let sent = match messages {
            Ok(messages) => self.queues.send(&self.assignment_url, messages).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            tracing::warn!(error = %error, "assignment was not nudged; the due index will");
        }
    }

    /// Reads, decides and writes again while somebody else is faster.
    async fn settle<T, E, F>(&self, mut decide: impl FnMut() -> F) -> Result<T, E>
    where
        E: error::Losable,
        F: Future<Output = Result<T, E>>,
    {
        for attempt in 1..ATTEMPTS {
            match decide().await {
                Err(error) if error.is_lost() => {
                    // Several may be at one chat at once: each round lets one through.
                    let pause = Duration::from_millis(50 << attempt.min(3));
                    tokio::time::sleep(self.ambient.jitter(pause)).await;
                }
                decided => return decided,
            }
        }
        decide().await
    }

    /// Random bits as lower-case hexadecimal, fit for secrets.
    fn random_hex<const BYTES: usize>(&self) -> String {
        let mut bytes = [0; BYTES];
        self.ambient.fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Every route, with its operation in the OpenAPI document.
fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(openapi::serve))
        .routes(routes!(files::follow))
        .routes(routes!(accounts::create, accounts::list))
        .routes(routes!(accounts::get))
        .routes(routes!(keys::create))
        .routes(routes!(own_account::get, own_account::change))
        .routes(routes!(keys::list, keys::create_own))
        .routes(routes!(keys::revoke))
        .routes(routes!(keys::reveal))
        .routes(routes!(keys::rotate))
        .routes(routes!(tokens::create, tokens::end))
        .routes(routes!(tokens::rotate_secret))
        .routes(routes!(sections::put))
        .routes(routes!(audit::list))
        .routes(routes!(me::get))
        .routes(routes!(connections::create, connections::list))
        .routes(routes!(connections::get, connections::delete))
        .routes(routes!(connections::refresh))
        .routes(routes!(channels::list))
        .routes(routes!(channels::get, channels::change))
        .routes(routes!(turns::assignment))
        .routes(routes!(members::list))
        .routes(routes!(members::put, members::remove))
        .routes(routes!(employees::put, employees::list))
        .routes(routes!(employees::get, employees::change, employees::delete))
        .routes(routes!(employees::channels))
        .routes(routes!(statuses::put))
        .routes(routes!(statuses::put_own))
        .routes(routes!(marks::unanswered))
        .routes(routes!(pipelines::put, pipelines::get))
        .routes(routes!(crm::put, crm::get))
        .routes(routes!(crm::refresh))
        .routes(routes!(setup_check::get))
        .routes(routes!(rules::get, rules::put))
        .routes(routes!(rules_dry_run::dry_run))
        .routes(routes!(chat_lists::list, dialogues::begin))
        .routes(routes!(search::search))
        .routes(routes!(notices::list))
        .routes(routes!(waiting::list))
        .routes(routes!(chats::get))
        .routes(routes!(changes::list))
        .routes(routes!(chats::messages, outgoing::post))
        .routes(routes!(message_changes::edit, message_changes::delete))
        .routes(routes!(marks::read))
        .routes(routes!(marks::no_answer_needed))
        .routes(routes!(assign::assign))
        .routes(routes!(assignment_history::get))
        .routes(routes!(tags::put))
        .routes(routes!(finish::finish))
        .routes(routes!(finish::put_status))
        .routes(routes!(quick_replies::render))
        .routes(routes!(quick_replies::list, quick_replies::create))
        .routes(routes!(quick_replies::get, quick_replies::change, quick_replies::delete))
        .routes(routes!(uploads::create))
        .routes(routes!(numbers::check))
        .routes(routes!(test_message::send))
        .routes(routes!(test_message::get))
        .routes(routes!(listings::list))
        .routes(routes!(listings::put_car, listings::delete_car))
        .routes(routes!(contacts::find))
        .routes(routes!(contacts::get, erasures::start))
        .routes(routes!(contacts::chats))
        .routes(routes!(merges::merge))
        .routes(routes!(merges::list))
        .routes(routes!(merges::undo))
        .routes(routes!(export::export))
        .routes(routes!(erasures::list))
        .routes(routes!(erasures::get))
        .routes(routes!(blacklist::list, blacklist::put))
        .routes(routes!(blacklist::remove))
        .merge(v3::routes())
}

/// The API.
pub fn router(app: Arc<App>) -> Router {
    let (router, document) = routes().split_for_parts();
    router
        .layer(axum::Extension(openapi::Document::of(&document)))
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::no_method)
        .layer(from_fn_with_state(Arc::clone(&app), visit::around))
        .layer(from_fn(etag::tag))
        .layer(DefaultBodyLimit::max(extract::MAX_BODY))
        .layer(from_fn_with_state(Arc::clone(&app), error::finish))
        .with_state(app)
}

/// The API as Lambda serves it.
pub fn service(app: Arc<App>) -> MapRequest<Router, fn(Request) -> Request> {
    MapRequest::new(router(app), |request| without_slash(without_stage(request)))
}

/// Takes a slash off the end of a path of `/v3`: some clients of Wazzup put one there.
fn without_slash(mut request: Request) -> Request {
    let uri = request.uri();
    let Some(path) = uri.path().strip_suffix('/').filter(|path| path.starts_with("/v3/")) else {
        return request;
    };
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    if let Ok(bare) = format!("{path}{query}").parse::<Uri>() {
        *request.uri_mut() = bare;
    }
    request
}

/// Takes a named stage off the path: `lambda_http` puts it in front, and the routes do not know it.
fn without_stage(mut request: Request) -> Request {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return request };
    let stage = context.stage.clone().unwrap_or_default();
    let uri = request.uri();
    let Some(rest) = uri.path().strip_prefix(&format!("/{stage}")).filter(|rest| rest.starts_with('/'))
    else {
        return request;
    };
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    if let Ok(bare) = format!("{rest}{query}").parse::<Uri>() {
        *request.uri_mut() = bare;
    }
    request
}
