//! Wazzup's webhook bodies, as its API v3 posts them.

use serde_json::{Value, json};

/// A client's text message.
#[must_use]
pub fn text(channel: &str, phone: &str, id: &str, at: &str, text: &str) -> Value {
    json!({
        "messageId": id, "channelId": channel, "chatType": "whatsapp", "chatId": phone, "dateTime": at, "type": "text",
        "isEcho": false, "status": "inbound", "text": text, "contact": {"name": format!("Клиент {}", &phone[phone.len() - 4..])},
    })
}

/// The company's message, written on the phone.
#[must_use]
pub fn echo(channel: &str, phone: &str, id: &str, at: &str, body: &str) -> Value {
    let mut message = text(channel, phone, id, at, body);
    message["isEcho"] = json!(true);
    message["status"] = json!("sent");
    message["sentFromApp"] = json!(false);
    message["authorName"] = json!("Телефон салона");
    message
}

/// The company's message, written in Wazzup's own chat by an employee.
#[must_use]
pub fn echo_from_app(channel: &str, phone: &str, id: &str, at: &str, body: &str) -> Value {
    with(
        echo(channel, phone, id, at, body),
        json!({"sentFromApp": true, "authorName": "Олег", "authorId": "17"}),
    )
}

/// An entry with `members` merged into it; a null removes the member.
#[must_use]
pub fn with(mut entry: Value, members: Value) -> Value {
    if let (Value::Object(entry), Value::Object(members)) = (&mut entry, members) {
        for (name, value) in members {
            match value {
                Value::Null => entry.remove(&name),
                value => entry.insert(name, value),
            };
        }
    }
    entry
}

/// A text in another messenger: `telegram`, `avito`, `max` …
#[must_use]
pub fn text_in(chat_type: &str, channel: &str, chat: &str, id: &str, at: &str, body: &str) -> Value {
    json!({
        "messageId": id, "channelId": channel, "chatType": chat_type, "chatId": chat, "dateTime": at, "type": "text",
        "isEcho": false, "status": "inbound", "text": body, "contact": {"name": format!("Клиент {chat}")},
    })
}

/// A text in Telegram by a client whose phone number the messenger shares.
#[must_use]
pub fn telegram(channel: &str, user: &str, phone: &str, id: &str, at: &str, body: &str) -> Value {
    let contact =
        json!({"name": format!("Клиент {user}"), "username": format!("user_{user}"), "phone": phone});
    with(text_in("telegram", channel, user, id, at, body), json!({"contact": contact}))
}

/// A client's comment under an Instagram post, which is identified by its id.
#[must_use]
pub fn comment(channel: &str, user: &str, post: &str, id: &str, at: &str, body: &str) -> Value {
    let post = json!({
        "id": post, "src": format!("https://www.instagram.com/p/{post}/"), "author": "avtosalon_primer",
        "description": format!("Публикация {post}"), "likes": 0, "comments": 1, "timestamp": 1_795_161_600_000_u64,
        "imageSrc": "https://store.wazzup24.com/post-image",
    });
    with(text_in("instagram", channel, user, id, at, body), json!({"instPost": post}))
}

/// A client's message about a listing on Avito.
#[must_use]
pub fn about_listing(channel: &str, chat: &str, id: &str, at: &str, body: &str, advert: &Value) -> Value {
    let members = json!({"advert": advert, "avitoProfileId": 90_000_017});
    with(text_in("avito", channel, chat, id, at, body), members)
}

/// A listing, as a member `advert` may describe it: Wazzup does not document its members.
#[must_use]
pub fn advert(id: &str, title: &str, price: &str) -> Value {
    json!({"id": id, "title": title, "price": price, "url": format!("https://www.avito.ru/items/{id}")})
}

/// A missed call.
#[must_use]
pub fn missed_call(channel: &str, phone: &str, id: &str, at: &str) -> Value {
    with(text(channel, phone, id, at, ""), json!({"type": "missing_call", "text": null}))
}

/// A member's message in a WhatsApp group.
#[must_use]
pub fn in_group(channel: &str, group: &str, author: &str, id: &str, at: &str, body: &str) -> Value {
    let members = json!({"contact": {"name": author, "phone": "79990007766"}});
    with(text_in("whatsgroup", channel, group, id, at, body), members)
}

/// The message as an answer to another one.
#[must_use]
pub fn quoting(message: Value, quoted: &str, words: &str) -> Value {
    with(message, json!({"quotedMessage": {"messageId": quoted, "type": "text", "text": words}}))
}

/// A client's file of a type (`image`, `audio`, `video`, `document`), with a caption or without.
#[must_use]
pub fn file(
    channel: &str,
    phone: &str,
    id: &str,
    at: &str,
    (kind, link): (&str, &str),
    caption: Option<&str>,
) -> Value {
    with(text(channel, phone, id, at, ""), json!({"type": kind, "contentUri": link, "text": caption}))
}

/// The message as Wazzup reports it after an edit of its text.
#[must_use]
pub fn edited(message: Value, body: &str) -> Value {
    let old = message["text"].clone();
    with(message, json!({"text": body, "isEdited": true, "oldInfo": {"oldText": old}}))
}

/// The message as Wazzup reports it after its deletion.
#[must_use]
pub fn deleted(message: Value) -> Value {
    with(message, json!({"isDeleted": true}))
}

/// A message of an unknown type.
#[must_use]
pub fn unknown_type(channel: &str, phone: &str, id: &str, at: &str) -> Value {
    let mut message = text(channel, phone, id, at, "");
    message["type"] = json!("hologram");
    message["text"] = Value::Null;
    message
}

/// A webhook body with messages.
#[must_use]
pub fn messages(entries: &[Value]) -> Value {
    json!({"messages": entries})
}

/// A webhook body with one status.
#[must_use]
pub fn status(id: &str, word: &str, at: &str) -> Value {
    json!({"statuses": [{"messageId": id, "status": word, "timestamp": at}]})
}

/// A webhook body that reports that a message of ours failed, with Wazzup's code.
#[must_use]
pub fn failed(id: &str, code: &str, at: &str) -> Value {
    let mut body = status(id, "error", at);
    body["statuses"][0]["error"] = json!({"error": code, "description": "The message was not delivered"});
    body
}

/// The company's message that Wazzup accepted but could not deliver, as it reports it.
#[must_use]
pub fn failed_echo(channel: &str, phone: &str, id: &str, at: &str, body: &str, code: &str) -> Value {
    let error = json!({"error": code, "description": "The message was not delivered"});
    with(echo(channel, phone, id, at, body), json!({"status": "error", "error": error}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook;
    use shared::base::clock::Timestamp;
    use shared::model::event::{Event, MessageEvent, Origin, Revision, Side};
    use shared::model::message::content::Details;
    use shared::model::message::kind::Kind;
    use shared::providers::inbound::{Item, Parsed};

    const AT: &str = "2026-11-21T09:00:00.000Z";
    const CHANNEL: &str = "0bba75b0-8855-41a0-b2ee-4d51f596b350";
    const PHONE: &str = "79990001122";

    fn read(entry: Value) -> MessageEvent {
        let body = messages(&[entry]).to_string();
        let read = webhook::read("wazzup", webhook::owner(), body.as_bytes(), Timestamp::default());
        let Parsed::Items(mut items) = read else { panic!() };
        match items.remove(0) {
            Item::Event { event: Event::Message(message), .. } => *message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_bridge_reads_what_the_builders_write() {
        let say = |id: &str| text(CHANNEL, PHONE, id, AT, "Белая?");
        assert_eq!(read(echo(CHANNEL, PHONE, "m", AT, "Да")).origin, Some(Origin::Phone));
        assert_eq!(read(echo_from_app(CHANNEL, PHONE, "m", AT, "Да")).origin, Some(Origin::ProviderApp));
        assert!(read(telegram(CHANNEL, "5550001122", PHONE, "m", AT, "Привет")).contact.phone_verified);
        let under = |post| read(comment(CHANNEL, "marina", post, "m", AT, "Сколько?"));
        assert_eq!(under("p1").kind, Kind::Comment);
        assert_ne!(under("p1").chat, under("p2").chat);
        let asked = about_listing(CHANNEL, "u2i-1", "m", AT, "Торг?", &advert("17", "Авто", "300 000 ₽"));
        let listing = read(asked).listing.unwrap();
        assert_eq!((listing.id.as_str(), listing.price.map(|price| price.amount)), ("17", Some(300_000)));
        let call = read(missed_call(CHANNEL, PHONE, "m", AT));
        assert!(matches!(call.details, Some(Details::Call(_))) && call.text.is_none());
        let group = read(in_group(CHANNEL, "79990001122-1", "Марина", "m", AT, "Кто?"));
        assert_eq!((group.group, group.author.unwrap().name.as_deref()), (true, Some("Марина")));
        let quote = read(quoting(say("m2"), "m1", "Какая?")).quote.unwrap();
        assert_eq!((quote.message.unwrap().as_str(), quote.text.as_deref()), ("m1", Some("Какая?")));
        let picture = ("image", "https://store.example/1/?filename=a.jpg");
        let picture = read(file(CHANNEL, PHONE, "m", AT, picture, None));
        assert_eq!((picture.kind, picture.media.unwrap().name.as_deref()), (Kind::Image, Some("a.jpg")));
        let changed = read(edited(say("m"), "Чёрная?"));
        assert_eq!((changed.revision, changed.old_text.as_deref()), (Revision::Edited, Some("Белая?")));
        assert_eq!(read(deleted(say("m"))).revision, Revision::Deleted);
        let failed = read(failed_echo(CHANNEL, PHONE, "m", AT, "Да", "BAD_CONTACT"));
        assert_eq!((failed.side, failed.error.unwrap().code.as_str()), (Side::Company, "BAD_CONTACT"));
        assert_eq!(read(unknown_type(CHANNEL, PHONE, "m", AT)).raw_kind.as_deref(), Some("hologram"));
    }
}
