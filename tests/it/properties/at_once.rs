//! P3: a hundred first messages of one person at the same time, on two channels.

use super::noise::{drain, post};
use super::story::{OTHER_CHANNEL, SPELLINGS};
use super::view::{chats, dump, messages, person};
use crate::world::{World, messages as webhook, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MESSAGES: usize = 100;

/// The person's message of this number; even ones on the first channel, odd ones on the other.
fn first(number: usize, second: &str, id: &str, phone: bool) -> Value {
    let name = super::story::id(number);
    if number.is_multiple_of(2) {
        return text("79011112233", &name, "Здравствуйте");
    }
    let mut message = text(id, &name, "Здравствуйте");
    message["channelId"] = json!(OTHER_CHANNEL);
    message["chatType"] = json!(second);
    if phone {
        message["contact"]["phone"] = json!(SPELLINGS[number % SPELLINGS.len()]);
    }
    message
}

/// Routes all of them concurrently, each in its own batch; messages that conflict every time come once more so, then in
/// order.
async fn all_at_once(second: &str, id: &str, phone: bool) -> World {
    let world = World::with_employees(&["anna"]).await;
    for number in 0..MESSAGES {
        post(&world, &webhook(&[first(number, second, id, phone)])).await;
    }
    world.deliver_at_once("inbound.fifo").await;
    world.deliver_at_once("inbound.fifo").await;
    drain(&world).await;
    world
}

async fn assert_one_person(world: &World) {
    let rows = dump(world).await;
    let roots = rows.iter().filter(|((_, sort), row)| sort == "CONTACT" && row.get("merged_into").is_none());
    assert_eq!(roots.count(), 1, "contacts that are no alias");
    let chats = chats(world).await;
    let channels: BTreeSet<&str> = chats.iter().map(|chat| chat.channel_external.as_str()).collect();
    assert_eq!((chats.len(), channels.len()), (2, 2), "one chat for each channel");
    let (mut stored, mut persons) = (BTreeSet::new(), BTreeSet::new());
    for chat in &chats {
        persons.insert(person(world, &chat.contact).await.0);
        let shown = messages(world, chat).await;
        assert_eq!(shown.len(), MESSAGES / 2);
        assert_eq!((chat.client_count, chat.seq), (50, 50), "each counted once");
        stored.extend(shown.into_iter().map(|message| message.message_id.as_str().to_owned()));
    }
    assert_eq!((stored.len(), persons.len()), (MESSAGES, 1));
}

#[tokio::test]
async fn p3_a_hundred_first_messages_at_once_on_two_whatsapp_channels_are_one_person() {
    assert_one_person(&all_at_once("whatsapp", "79011112233", false).await).await;
}

#[tokio::test]
async fn p3_a_hundred_first_messages_at_once_in_whatsapp_and_viber_are_one_person() {
    assert_one_person(&all_at_once("viber", "79011112233", false).await).await;
}

#[tokio::test]
async fn p3_a_hundred_first_messages_at_once_in_whatsapp_and_telegram_are_one_person() {
    assert_one_person(&all_at_once("telegram", "218485655", true).await).await;
}
