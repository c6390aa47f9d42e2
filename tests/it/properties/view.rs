//! The final state as text that must not depend on the delivery.

use crate::world::World;
use serde_json::Value;
use shared::base::ids::{ChatId, ContactId};
use shared::model::chat::Chat;
use shared::model::contact::Contact;
use shared::model::message::Message;
use shared::store::Read;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Every item of the table by its key.
pub async fn dump(world: &World) -> BTreeMap<(String, String), Value> {
    let part = |item: &Value, name: &str| item[name]["S"].as_str().unwrap().to_owned();
    let items = world.items().await.into_iter();
    items.map(|item| ((part(&item, "pk"), part(&item, "sk")), item)).collect()
}

/// All chats, ordered by address.
pub async fn chats(world: &World) -> Vec<Chat> {
    let mut chats = Vec::new();
    for ((_, sort), item) in dump(world).await {
        if sort == "CHAT" {
            let id = ChatId::new(item["chat"]["S"].as_str().unwrap());
            chats.extend(world.store.chat(&world.account, &id).await.unwrap());
        }
    }
    chats.sort_by_key(|chat| (chat.channel_external.clone(), address(chat)));
    chats
}

fn address(chat: &Chat) -> String {
    format!("{}:{}:{}", chat.messenger.as_str(), chat.group, chat.provider_chat_id)
}

/// The messages of a chat in the order in which they are shown.
pub async fn messages(world: &World, chat: &Chat) -> Vec<Message> {
    let page = world.store.messages_by_time(&world.account, &chat.chat, 1000, None).await.unwrap();
    page.items.into_iter().rev().collect()
}

/// The root contact of a person, and all identities of its aliases and itself, with the phone.
pub async fn person(world: &World, contact: &ContactId) -> (ContactId, String) {
    let of = |id: ContactId| async move {
        world.store.contact(&world.account, &id, Read::Consistent).await.unwrap().unwrap()
    };
    let root = world.store.person(&world.account, contact, Read::Consistent).await.unwrap().unwrap();
    let mut contacts = vec![root.clone()];
    for alias in &root.merged_from {
        contacts.push(of(alias.clone()).await);
    }
    let known = |contact: &Contact| {
        let identities = contact.identities.iter();
        identities.map(|id| format!("{}:{}:{}", id.messenger.as_str(), id.group, id.user)).collect::<Vec<_>>()
    };
    let identities: BTreeSet<String> = contacts.iter().flat_map(known).collect();
    let phone = root.phone.as_ref().map(|phone| phone.as_str().to_owned());
    (root.contact, format!("{identities:?} {phone:?}"))
}

/// All chats with their contacts and their messages in the order in which they are shown.
pub async fn render(world: &World) -> String {
    let mut text = String::new();
    for chat in chats(world).await {
        let (_, person) = person(world, &chat.contact).await;
        writeln!(text, "{} {} {:?}", chat.channel_external, address(&chat), chat.name).unwrap();
        writeln!(text, "  with {person}, {} of the client's", chat.client_count).unwrap();
        for message in messages(world, &chat).await {
            writeln!(text, "  {}", line(&message)).unwrap();
        }
    }
    text
}

fn line(message: &Message) -> String {
    // The text of a deleted message is not shown, so the edit before its deletion may be missing.
    let said = if message.deleted_seq.is_some() { None } else { message.text.as_deref() };
    let edited = message.edited_seq.is_some() && message.deleted_seq.is_none();
    format!(
        "{} {} {:?} {:?} {said:?} edited={edited} deleted={} {:?} {:?}",
        message.shown_at().rfc3339(),
        message.message_id.as_str(),
        message.side,
        message.kind,
        message.deleted_seq.is_some(),
        message.status,
        message.error.as_ref().map(|error| &error.code),
    )
}
