//! The sandbox: Wazzup v3 accounts and Telegram bots with the clients' phones, the files they link to, and universal
//! CRMs, all on loopback. It is as strict as the real services, fails on demand, and shows what it stores. None of it
//! is deployed.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use tests::sandbox::{Sandbox, state::CrmSetup};
//!
//! let sandbox = Sandbox::start("127.0.0.1:0".parse()?).await?;
//! let client = sandbox.client();
//! client.put_crm("garage", &CrmSetup::default()).await?;
//! // … the product posts to `{sandbox.url()}/crm/garage/webhook` …
//! let crm = client.crm("garage").await?;
//! assert!(crm.refused.is_empty());
//! sandbox.stop().await;
//! # Ok(()) }
//! ```

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{any, delete, get, post, put};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub mod client;
mod control;
pub mod crm;
mod fault_builders;
pub mod faults;
#[cfg(test)]
mod file_tests;
mod files;
mod net;
mod outgoing;
mod page;
mod reply;
pub mod state;
pub mod telegram;
#[cfg(test)]
mod tests;
pub mod wazzup;
pub mod words;

use control::World;
use reply::Reply;

/// More than any limit that the sandbox plays, so that a caller over the limit gets its answer and not a broken
/// connection.
const READ_AT_MOST: usize = 32 * 1024 * 1024;
const TIME_TO_STOP: Duration = Duration::from_secs(2);

/// A running sandbox. It stops accepting connections when dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    app: App,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a sandbox at a loopback address; port 0 chooses a free one.
    ///
    /// # Errors
    /// The address is not a loopback address, or is in use.
    pub async fn start(address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{address} is not on loopback")));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let app = App::new(format!("http://{address}"))?;
        let service = router(app.clone()).into_make_service_with_connect_info::<net::Connection>();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let until = async {
                // An error means that the sandbox was dropped, which stops it too.
                stopped.await.ok();
            };
            axum::serve(net::Closable(listener), service).with_graceful_shutdown(until).await.ok();
        });
        Ok(Self { address, app, stop: Some(stop), task })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        self.app.base.to_string()
    }

    /// A client of its control and state routes.
    #[must_use]
    pub fn client(&self) -> client::Client {
        client::Client::over(self.app.http.clone(), self.url())
    }

    /// Stops accepting connections, releases hanging requests, waits a little for running ones, and stops.
    pub async fn stop(mut self) {
        self.app.world(|world| world.faults.clear());
        self.stop.take();
        if tokio::time::timeout(TIME_TO_STOP, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// The state that every handler gets.
#[derive(Clone, Debug)]
pub(crate) struct App {
    world: Arc<Mutex<World>>,
    http: reqwest::Client,
    base: Arc<str>,
}

impl App {
    fn new(base: String) -> io::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_idle_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { world: Arc::default(), http, base: base.into() })
    }

    /// Runs a closure on the sandbox's state. The closure cannot await.
    fn world<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        work(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn router(app: App) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/wazzup/{*path}", any(wazzup::api))
        .route("/telegram/{*path}", any(telegram::api))
        .route("/crm/{crm}/webhook", post(crm::webhook))
        .route("/files/{name}", get(files::get).put(files::put))
        .route("/control/wazzup/{key}", put(control::put_wazzup))
        .route("/control/wazzup/{key}/send", post(wazzup::send))
        .route("/control/wazzup/{key}/behaviour", put(wazzup::control::behaviour))
        .route("/control/wazzup/{key}/templates", put(wazzup::control::templates))
        .route("/control/wazzup/{key}/remember", post(wazzup::control::remember))
        .route("/control/wazzup/{key}/advance", post(wazzup::control::advance))
        .route("/control/wazzup/{key}/echo", post(wazzup::control::echo))
        .route("/control/wazzup/{key}/status", post(wazzup::control::status))
        .route("/control/telegram/{token}", put(telegram::control::put))
        .route("/control/telegram/{token}/act", post(telegram::control::act))
        .route("/control/telegram/{token}/advance", post(telegram::control::advance))
        .route("/control/crm/{crm}", put(control::put_crm))
        .route("/control/crm/{crm}/alter", post(crm::alter))
        .route("/control/crm/{crm}/fetch", post(crm::files::fetch))
        .route("/control/faults", get(control::faults).post(control::add_fault).delete(control::clear_faults))
        .route("/control/faults/{id}", delete(control::remove_fault))
        .route("/control/reset", post(control::reset))
        .route("/state/crm/{crm}", get(crm::show))
        .route("/state/crm/{crm}/deliveries", get(crm::deliveries))
        .route("/state/files", get(files::show))
        .route("/state/telegram/{token}", get(telegram::control::show))
        .route("/state/wazzup/{key}", get(control::show_wazzup))
        .layer(DefaultBodyLimit::max(READ_AT_MOST))
        .with_state(app)
}

/// A body as JSON, or as a string if it is not JSON.
fn read_json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

/// The body of a control call.
fn read_strict<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Reply> {
    crm::schema::strict(bytes).map_err(|wrong| bad_request(&format!("{}: {}", wrong.path, wrong.message)))
}

fn bad_request(description: &str) -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, json!({ "error": "badRequest", "description": description }))
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the sandbox stands for systems outside: it has its own clock")]
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A time in RFC 3339, with milliseconds.
fn rfc3339(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}
