//! Regressions: messages that once passed the filter, or were stored for the wrong contact or in the wrong order.

use super::blacklist::blocking;
use super::people::by_user_id;
use super::{NOTHING, PHONE, SETTINGS_ARE_OLD, phone};
use crate::world::World;
use shared::model::event::{ChatAlias, MessageEvent};
use shared::model::messenger::Messenger;
use tests::wazzup;

#[tokio::test]
async fn nothing_is_written_of_who_is_blocked_on_a_channel_that_was_never_listed() {
    let (world, before) = blocking(phone()).await;
    let channel = "b96a353b-0000-4cac-8413-ba0000000982";
    world.take(&[wazzup::text(channel, PHONE, "m1", &world.at(), "Купите рекламу")]).await;
    assert_eq!(world.written_since(&before).await, NOTHING);
}

#[tokio::test]
async fn nothing_is_written_of_who_is_told_by_user_id_and_whose_phone_is_another_form_of_it() {
    let (world, before) = blocking(phone()).await;
    let alias = ChatAlias { chat: world.chat_id(PHONE), provider_chat_id: PHONE.into() };
    let said = world.said(&Messenger::Whatsapp, "10000000000000017", "m1", "Купите рекламу");
    world.put(MessageEvent { aliases: vec![alias], ..said }).await;
    world.settle().await;
    assert_eq!(world.written_since(&before).await, NOTHING);
}

#[tokio::test]
async fn p11_the_form_of_an_id_that_is_a_phone_is_a_verified_one() {
    let world = World::with_employees(&["anna"]).await;
    world.put(by_user_id(&world, "m1", "Это мой номер", true)).await;
    world.settle().await;
    let contact = world.person_of(&world.chat_id(PHONE)).await;
    assert_eq!(contact.phone.as_ref().map(|phone| phone.digits()), Some(PHONE));
    world.take(&[world.telegram_with_phone("t1", "И в телеграме я")]).await;
    assert_eq!(world.contacts_and_chats().await, (1, 2), "the phone joins both contacts");
}

#[tokio::test]
async fn who_turns_out_to_have_a_blocked_phone_is_heard_no_more() {
    let world = World::with_employees(&["anna"]).await;
    world.take(&[world.telegram("m1", "Здравствуйте")]).await;
    world.block(phone(), None).await;
    world.clock.advance(SETTINGS_ARE_OLD);
    let before = world.items().await;
    world.take(&[world.telegram_with_phone("m2", "Купите рекламу")]).await;
    assert_eq!(world.written_since(&before).await, NOTHING);
}

#[tokio::test]
async fn p7_messages_of_one_moment_are_shown_in_the_order_of_their_ids() {
    let world = World::with_employees(&["anna"]).await;
    let entries = [1, 2, 3, 4].map(|n| world.whatsapp(&format!("m{n}"), &format!("{n}")));
    world.take(&entries).await;
    let shown: Vec<_> = world.messages(PHONE).await.into_iter().filter_map(|row| row.text).collect();
    assert_eq!(shown, ["1", "2", "3", "4"]);
}
