//! A channel with more members than one drain reads.

use crate::world::World;
use shared::model::channel::{Distribution, Fallback};
use shared::model::employee::{Membership, Role, Status};

/// A channel with this many members, named by their places in the ring.
async fn crowd(members: usize) -> World {
    let world = World::with_employees(&[]).await;
    for place in 0..members {
        world.place(&world.member(&name(place), i64::try_from(place).unwrap())).await;
    }
    world
}

fn name(place: usize) -> String {
    format!("e{place:04}")
}

async fn serve(world: &World, numbers: std::ops::Range<usize>) -> Vec<String> {
    for number in numbers.clone() {
        world.comes(number).await;
    }
    world.drain_channel().await;
    world.whose(numbers).await
}

#[tokio::test]
async fn p5_a_large_channel_goes_round_and_skips_who_is_not_there() {
    let world = crowd(60).await;
    assert_eq!(serve(&world, 0..3).await, [name(0), name(1), name(2)]);
    assert!(world.ring_row().await.large);
    let of = |place: usize| world.member(&name(place), i64::try_from(place).unwrap());
    for gone in 5..55 {
        world.place(&Membership { status: Status::Away, ..of(gone) }).await;
    }
    world.place(&Membership { cap: Some(1), ..of(3) }).await;
    let order = [3, 4, 55, 56, 57, 58, 59, 0, 1, 2, 4, 55];
    assert_eq!(serve(&world, 3..15).await, order.map(name), "round the ring, past a cap that is reached");
    let record = world.history_of(14).await.remove(0);
    assert!(record.more && record.considered.len() < 20, "{record:?}");
    assert!(!world.ring_row().await.large, "few are left in the ring: checked next time");
    // The member with the last turn goes away: the ring continues from their place.
    world.place(&Membership { status: Status::Away, ..of(55) }).await;
    assert_eq!(serve(&world, 15..16).await, [name(56)]);
    assert!(world.ring_row().await.large);
}

#[tokio::test]
async fn p5_a_copy_that_tells_of_old_gives_nobody_a_client() {
    let world = crowd(60).await;
    assert_eq!(serve(&world, 0..1).await, [name(0)]);
    // The membership row says off, while the copy in the ring is stale.
    world.write(&Membership { status: Status::Off, ..world.member(&name(1), 1) }).await;
    assert_eq!(serve(&world, 1..2).await, [name(2)]);
}

#[tokio::test]
async fn b3_in_a_large_channel_all_are_shown_a_client_while_it_comes_to_anybody() {
    let world = crowd(60).await;
    world.set_channel(|channel| channel.distribution = Distribution::FirstResponder).await;
    world.set_channel(|channel| channel.fallback = Fallback::Heads).await;
    for place in 0..60 {
        let member = world.member(&name(place), i64::try_from(place).unwrap());
        let role = if place == 30 { Role::Head } else { Role::Manager };
        let receives_new_clients = place == 40;
        world.place(&Membership { role, receives_new_clients, status: Status::Busy, ..member }).await;
    }
    assert_eq!(serve(&world, 0..1).await, ["-"]);
    assert_eq!(world.why_of(0).await, [shared::model::chat::assignment_reason::AssignmentReason::ShownToAll]);
    let member = |place: usize| world.member(&name(place), i64::try_from(place).unwrap());
    world.place(&Membership { receives_new_clients: false, ..member(40) }).await;
    world.place(&Membership { role: Role::Head, receives_new_clients: false, ..member(30) }).await;
    assert_eq!(serve(&world, 1..2).await, [name(30)]);
}
