//! States of channels: a CRM that subscribed is notified once per change, also after a lost nudge or an outage.

use crate::world::{CHANNEL, TOKEN, World};
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::crm::universal::settings::Subscriptions;
use std::time::Duration;
use tests::sandbox::faults::{Action, Fault};

const MINUTES: u64 = 60;

impl World {
    async fn report(&self, state: &str, millis: i64) {
        let update =
            json!({"channelId": CHANNEL, "state": state, "timestamp": self.clock.now().millis() + millis});
        assert_eq!(self.post(TOKEN, json!({"channelsUpdates": [update]}).to_string()).await, 200);
    }

    async fn states(&self) -> Vec<String> {
        let updates = self.crm().await.channels_updates;
        assert!(updates.iter().all(|update| update["channelId"] == CHANNEL && update["timestamp"].is_i64()));
        updates.iter().map(|update: &Value| update["state"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn subscribe(&self, subscriptions: Subscriptions) {
        let mut crm = self.crm_connection().await;
        subscriptions.set(&mut crm);
        self.write(&crm).await;
    }

    async fn is_to_be_told(&self) -> bool {
        let read = shared::store::Read::Consistent;
        let channel = self.store.channel(&self.account, &self.channel, read).await.unwrap().unwrap();
        channel.check_at.is_some()
    }
}

#[tokio::test]
async fn the_crm_is_told_of_each_change_once() {
    let world = World::with_employees(&[]).await;
    world.report("qridle", 1).await;
    world.settle().await;
    assert_eq!(world.states().await, ["qr"], "in the webhook's spelling");
    assert!(!world.is_to_be_told().await);
    // Neither a repeated report nor an older one is a change.
    world.report("qridle", 2).await;
    world.report("active", 0).await;
    world.settle().await;
    assert_eq!(world.states().await, ["qr"]);
    world.report("active", 3).await;
    world.settle().await;
    world.pass(Duration::from_secs(20 * MINUTES)).await;
    assert_eq!(world.states().await, ["qr", "active"]);
    assert!(world.crm().await.refused.is_empty(), "{:?}", world.crm().await.refused);
}

#[tokio::test]
async fn a_lost_nudge_is_found_by_the_due_index() {
    let world = World::with_employees(&[]).await;
    world.report("phoneUnavailable", 1).await;
    while world.deliver("inbound.fifo").await {}
    assert_eq!(world.queues.holds("crm.fifo").len(), 1);
    world.queues.lose("crm.fifo");
    world.pass(Duration::from_secs(5 * MINUTES)).await;
    assert!(world.states().await.is_empty() && world.is_to_be_told().await);
    world.pass(Duration::from_secs(7 * MINUTES)).await;
    assert_eq!(world.states().await, ["phoneUnavailable"]);
    assert!(!world.is_to_be_told().await);
}

#[tokio::test]
async fn a_crm_that_is_down_is_told_later() {
    let world = World::with_employees(&[]).await;
    let client = world.sandbox.client();
    let fault = client.add_fault(&Fault::crm("demo", "any", Action::status(503))).await.unwrap();
    world.report("notEnoughMoney", 1).await;
    world.settle().await;
    assert!(world.states().await.is_empty() && world.is_to_be_told().await);
    client.remove_fault(fault).await.unwrap();
    world.pass(Duration::from_secs(3 * MINUTES)).await;
    assert_eq!(world.states().await, ["notEnoughMoney"]);
}

#[tokio::test]
async fn who_does_not_want_them_is_not_told() {
    let world = World::with_employees(&[]).await;
    world.subscribe(Subscriptions { channels_updates: false, ..Subscriptions::default() }).await;
    world.report("unauthorized", 1).await;
    world.settle().await;
    assert_eq!(world.crm().await.deliveries, 0);
    assert!(!world.is_to_be_told().await, "and it is not checked again");
}

#[tokio::test]
async fn messages_that_nobody_wants_are_passed_and_contacts_are_not_asked_for() {
    use crate::world::{messages, text};
    let world = World::with_employees(&["anna"]).await;
    world.subscribe(Subscriptions { messages_and_statuses: false, ..Subscriptions::default() }).await;
    world.post(TOKEN, messages(&[text("79011112233", "m1", "x")])).await;
    world.settle().await;
    let chat = world.chat("79011112233").await.unwrap();
    assert_eq!(chat.crm_synced_seq, chat.seq);
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.message_count()), (1, 1, 0));
    world.subscribe(Subscriptions { contacts_and_deals_creation: false, ..Subscriptions::default() }).await;
    world.post(TOKEN, messages(&[text("79011112244", "m2", "y")])).await;
    world.settle().await;
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.message_count()), (1, 1, 1));
}
