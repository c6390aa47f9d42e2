//! Which contact a client is (C3), and messages in groups (C8) and reactions.

use super::{PHONE, SILENCE, TELEGRAM};
use crate::world::{CHANNEL, World};
use serde_json::json;
use shared::base::ids::MessageId;
use shared::model::chat::state::ChatState;
use shared::model::contact::MergeReason;
use shared::model::event::{ChatAlias, MessageEvent};
use shared::model::message::content::{Details, Reaction};
use shared::model::message::kind::Kind;
use shared::model::messenger::Messenger;
use std::time::Duration;
use tests::wazzup;

#[tokio::test]
async fn a_group_takes_neither_name_nor_phone_from_its_contact() {
    let world = World::with_employees(&["anna"]).await;
    let group = "79990001122-1700000000";
    world.take(&[wazzup::in_group(CHANNEL, group, "Марина", "m1", &world.at(), "Кто едет?")]).await;
    let id = world.chat_of(&format!("whatsgroup:{group}"));
    let chat = world.store.chat(&world.account, &id).await.unwrap().unwrap();
    let contact = world.contact(&chat.contact).await;
    assert_eq!((chat.group, chat.name, chat.phone), (true, None, None));
    assert_eq!((contact.name, contact.phone, contact.username), (None, None, None));
    assert_eq!(world.told_to_crm().await, ["Марина: Кто едет?"]);
    // The owner of that phone writes in a chat of their own: another contact than the group.
    world.take(&[wazzup::text(CHANNEL, "79990007766", "m2", &world.at(), "Это я")]).await;
    assert_eq!(world.contacts_and_chats().await, (2, 2));
    world.assert_crm_content().await;
}

/// WhatsApp's id of a user without a phone.
const USER: &str = "10000000000000017";

/// The client of `PHONE`, as a provider reports them that also knows their user id.
pub fn by_user_id(world: &World, id: &str, text: &str, with_phone: bool) -> MessageEvent {
    let user = MessageEvent {
        chat: world.chat_of(&format!("whatsapp:{USER}")),
        ..world.said(&Messenger::Whatsapp, USER, id, text)
    };
    let phone = ChatAlias { chat: world.chat_id(PHONE), provider_chat_id: PHONE.into() };
    MessageEvent { aliases: with_phone.then_some(phone).into_iter().collect(), ..user }
}

#[tokio::test]
async fn p3_a_chat_known_by_phone_goes_on_when_it_is_told_by_user_id() {
    let world = World::with_employees(&["anna", "boris"]).await;
    let second = Duration::from_secs(1);
    world.take(&[world.whatsapp("m1", "Здравствуйте")]).await;
    world.clock.advance(second);
    world.put(by_user_id(&world, "m2", "Ещё продаёте?", true)).await;
    world.settle().await;
    world.clock.advance(second);
    assert_eq!(world.contacts_and_chats().await, (1, 1));
    // From now on both the user id alone and the phone lead to the chat.
    world.put(by_user_id(&world, "m3", "Ау?", false)).await;
    world.settle().await;
    world.clock.advance(second);
    world.take(&[world.whatsapp("m4", "Это снова я")]).await;
    assert_eq!(world.contacts_and_chats().await, (1, 1));
    let texts: Vec<_> = world.messages(PHONE).await.into_iter().filter_map(|row| row.text).collect();
    assert_eq!(texts, ["Здравствуйте", "Ещё продаёте?", "Ау?", "Это снова я"]);
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!((chat.unread(), chat.case_no, chat.aliases.len()), (4, 1, 1));
    let contact = world.contact(&chat.contact).await;
    assert_eq!(contact.identities.len(), 2);
    assert_eq!(contact.phone.unwrap().digits(), PHONE);
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.chats.len(), crm.message_count()), (1, 1, 4));
    world.assert_crm_content().await;
}

#[tokio::test]
async fn p3_telegram_and_whatsapp_become_one_contact_when_telegram_vouches_for_the_phone() {
    let world = World::with_employees(&["anna", "boris"]).await;
    world.take(&[world.telegram("t1", "Здравствуйте")]).await;
    world.take(&[world.whatsapp("w1", "Здравствуйте")]).await;
    assert_eq!(world.contacts_and_chats().await, (2, 2), "nothing proves that they are one person");
    let (telegram, whatsapp) = (world.telegram_chat(), world.chat_id(PHONE));
    assert_ne!(world.person_of(&telegram).await.contact, world.person_of(&whatsapp).await.contact);
    world.take(&[world.telegram_with_phone("t2", "Вот мой номер")]).await;
    let person = world.person_of(&telegram).await;
    assert_eq!(person, world.person_of(&whatsapp).await);
    assert_eq!(person.phone.as_ref().unwrap().digits(), PHONE);
    assert_eq!(
        person.identities.len(),
        1,
        "the alias keeps its own identities, so that the merge can be undone"
    );
    let log = world.store.merges(&world.account, &person.contact).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].reason, &log[0].from), (MergeReason::VerifiedPhone, &person.merged_from[0]));
    // A second message with the phone merges nothing again.
    world.take(&[world.telegram_with_phone("t3", "И ещё раз")]).await;
    assert_eq!(world.store.merges(&world.account, &person.contact).await.unwrap().len(), 1);
    world.assert_crm_content().await;
}

#[tokio::test]
async fn p3_a_phone_that_anybody_may_have_written_joins_nobody() {
    let world = World::with_employees(&["anna"]).await;
    world.take(&[world.whatsapp("w1", "Здравствуйте")]).await;
    let contact = json!({"contact": {"name": "Марина", "phone": PHONE, "username": "marina"}});
    let vk = wazzup::text_in("vk", CHANNEL, "501", "v1", &world.at(), "Здравствуйте");
    let instagram = wazzup::text_in("instagram", CHANNEL, "marina", "i1", &world.at(), "Здравствуйте");
    world.take(&[wazzup::with(vk, contact.clone()), wazzup::with(instagram, contact)]).await;
    assert_eq!(world.contacts_and_chats().await, (3, 3));
    world.assert_crm_content().await;
}

#[tokio::test]
async fn a_clients_reaction_reopens_nothing() {
    let world = World::with_employees(&["anna"]).await;
    world.take(&[world.whatsapp("m1", "Спасибо"), world.on_the_phone("e1", "До встречи")]).await;
    world.pass(SILENCE).await;
    let before = world.chat(PHONE).await.unwrap();
    assert_eq!(before.state, ChatState::General);
    let reaction = |emoji: Option<&str>, id: &str| MessageEvent {
        kind: Kind::Reaction,
        text: emoji.map(str::to_owned),
        details: Some(Details::Reaction(Reaction {
            to: MessageId::new("e1"),
            emoji: emoji.map(str::to_owned),
        })),
        ..world.said(&Messenger::Whatsapp, PHONE, id, "")
    };
    world.put(reaction(Some("👍"), "r1")).await;
    world.settle().await;
    world.put(reaction(None, "r2")).await;
    world.settle().await;
    world.pass(SILENCE).await;
    let after = world.chat(PHONE).await.unwrap();
    assert_eq!((after.state, after.case_no, after.unanswered_at), (ChatState::General, 1, None));
    assert_eq!((after.unread(), after.last_activity_at), (before.unread(), before.last_activity_at));
    assert_eq!(world.messages(PHONE).await.len(), 4, "reactions are stored");
    assert_eq!(after.crm_synced_seq, after.seq, "and the CRM cursor moves past them");
    assert_eq!(world.crm().await.finished.len(), 1);
    // A reaction makes no client of a contact who never wrote.
    let stranger = MessageEvent {
        chat: world.telegram_chat(),
        messenger: Messenger::Telegram,
        provider_chat_id: TELEGRAM.into(),
        ..reaction(Some("👍"), "r3")
    };
    world.put(stranger).await;
    world.settle().await;
    let chat = world.store.chat(&world.account, &world.telegram_chat()).await.unwrap().unwrap();
    assert_eq!((chat.state, chat.responsible), (ChatState::General, None));
    world.assert_crm_content().await;
}

#[tokio::test]
async fn p3_a_chat_known_by_user_id_goes_on_when_its_phone_is_told() {
    let world = World::with_employees(&["anna", "boris"]).await;
    world.put(by_user_id(&world, "m1", "Здравствуйте", false)).await;
    world.settle().await;
    world.clock.advance(Duration::from_secs(1));
    world.put(by_user_id(&world, "m2", "Это мой номер", true)).await;
    world.settle().await;
    world.clock.advance(Duration::from_secs(1));
    world.take(&[world.whatsapp("m3", "Ау?")]).await;
    assert_eq!(world.contacts_and_chats().await, (1, 1));
    let chat = world.store.chat(&world.account, &world.chat_id(PHONE)).await.unwrap().unwrap();
    assert_eq!(
        (&chat.chat, chat.unread()),
        (&world.chat_of(&format!("whatsapp:{USER}")), 3),
        "the phone leads to this chat"
    );
    let contact = world.contact(&chat.contact).await;
    assert_eq!(contact.identities.len(), 2);
    assert_eq!(contact.phone.as_ref().map(|phone| phone.digits()), Some(PHONE));
    world.take(&[world.telegram_with_phone("t1", "И в телеграме я")]).await;
    assert_eq!(world.contacts_and_chats().await, (1, 2), "the phone joins both contacts");
    world.assert_crm_content().await;
}
