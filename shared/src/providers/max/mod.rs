//! MAX: not built yet.

use super::client::Client;
use super::inbound::Inbound;
use super::provider::Provider;

/// None yet.
pub const PROVIDER: Option<&'static dyn Provider> = None;
/// None yet.
pub const INBOUND: Option<&'static dyn Inbound> = None;
/// None yet.
pub const CLIENT: Option<&'static dyn Client> = None;
