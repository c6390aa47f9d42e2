//! What one message costs: counted on the wire, over the whole way (design: at most 10 write units, 4 read units, 3 SQS
//! sends and one invocation each of ingest, routing and crm-push).

use crate::world::{TOKEN, World, messages, text};
use std::time::Duration;

#[tokio::test]
async fn one_message_in_a_live_assigned_chat_stays_in_the_budget() {
    let world = World::with_employees(&["anna", "boris", "vera"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m0", "Здравствуйте")])).await;
    world.settle().await;
    for (case, wait) in [("at once", 1), ("when the lists' time moves", 45)] {
        world.clock.advance(Duration::from_secs(wait));
        // Settings are read once in thirty seconds: that read is not the message's.
        world.post(TOKEN, messages(&[text("79011112244", &format!("warm{wait}"), "x")])).await;
        world.settle().await;
        world.table.take_traffic();
        world.sqs.take_traffic();
        let body = "Скажите, пожалуйста, машина ещё в продаже? ".repeat(8);
        world.post(TOKEN, messages(&[text("79011112233", &format!("m{wait}"), &body)])).await;
        let mut invocations = 1;
        for queue in ["inbound.fifo", "assignment.fifo", "crm.fifo", "statuses", "timers"] {
            while world.deliver(queue).await {
                invocations += 1;
            }
        }
        let (table, sqs) = (world.table.take_traffic(), world.sqs.take_traffic());
        println!("{case}: {table:?}, SQS {sqs:?}, {invocations} invocations");
        assert!(table.write_units > 0.0 && table.write_units <= 10.0, "{case}: {table:?}");
        assert!(table.read_units > 0.0 && table.read_units <= 4.0, "{case}: {table:?}");
        assert!(sqs.calls("SendMessageBatch") <= 3, "{case}: {sqs:?}");
        assert_eq!(invocations, 3, "{case}: ingest, routing, crm-push");
    }
}

/// A new client is made once: his price is known too, and kept.
#[tokio::test]
async fn the_first_message_of_a_new_client_has_its_price_too() {
    let world = World::with_employees(&["anna", "boris", "vera"]).await;
    world.post(TOKEN, messages(&[text("79011112244", "warm", "x")])).await;
    world.settle().await;
    world.table.take_traffic();
    world.sqs.take_traffic();
    world.post(TOKEN, messages(&[text("79011112233", "m1", "Здравствуйте")])).await;
    let mut invocations = 1;
    for queue in ["inbound.fifo", "assignment.fifo", "crm.fifo", "timers"] {
        while world.deliver(queue).await {
            invocations += 1;
        }
    }
    let (table, sqs) = (world.table.take_traffic(), world.sqs.take_traffic());
    println!("a new client: {table:?}, SQS {sqs:?}, {invocations} invocations");
    assert!(table.write_units > 0.0 && table.write_units <= 32.0, "{table:?}");
    assert!(table.read_units > 0.0 && table.read_units <= 20.0, "{table:?}");
    assert_eq!((sqs.calls("SendMessageBatch"), invocations), (3, 4));
}
