//! Sending to clients: once each, in order, and never silently twice, whatever fails; checked at the sandbox.

mod answers;
mod by_api;
mod changes;
mod crashes;
mod doubts;
mod echoes;
mod order;

use crate::world::World;
use std::time::Duration;

/// A World whose client has written, with Anna responsible.
async fn asked() -> World {
    let world = World::with_employees(&["anna"]).await;
    world.client_writes("m1", "Ещё продаёте?").await;
    // The timer of a new client fires.
    world.pass_everywhere(Duration::from_secs(10)).await;
    world
}
