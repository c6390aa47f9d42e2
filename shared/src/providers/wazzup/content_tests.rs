//! The contents of a message besides text and file, and its chat.

use super::tests::message;
use crate::base::ids::{AccountId, ChannelId, ChatId, IdSalt, MessageId};
use crate::model::event::{MessageEvent, Origin};
use crate::model::message::content::{CallOutcome, CommentMode, Details};
use crate::model::message::kind::Kind;
use serde_json::{Value, json};

fn comment(changes: Value) -> MessageEvent {
    let mut entry = json!({ "chatType": "instagram", "chatId": "marina", "instPost": { "id": "1" } });
    entry.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    message(entry)
}

#[test]
fn comments_of_a_user_under_a_post_are_a_chat_of_their_own() {
    let chat = |changes| comment(changes).chat;
    let one = comment(json!({}));
    let channel = ChannelId::derive(&AccountId::new("a"), "wazzup", "ch1");
    assert_eq!(one.chat, ChatId::derive(&IdSalt::from_bytes([7; 16]), &channel, "instagram:marina:post:1"));
    assert_eq!(one.provider_chat_id, "marina");
    let others = [
        chat(json!({ "instPost": { "id": "2" } })),
        chat(json!({ "chatId": "oleg" })),
        chat(json!({ "instPost": null })),
        one.chat.clone(),
    ];
    for (at, chat) in others.iter().enumerate() {
        assert!(others[at + 1..].iter().all(|other| other != chat), "{at}");
    }
    assert_eq!(
        chat(json!({ "messageId": "m2", "text": "Ещё", "instPost": { "id": 1, "likes": 5 } })),
        one.chat
    );
    assert_eq!(chat(json!({ "isEcho": true, "status": "sent" })), one.chat);
}

#[test]
fn a_comment_without_a_post_to_gather_under_goes_to_the_direct_chat() {
    let direct = comment(json!({ "instPost": null }));
    let lost = comment(json!({ "instPost": { "description": "Без номера" } }));
    assert_eq!((&lost.chat, lost.kind, &lost.details), (&direct.chat, Kind::Comment, &None));
    let linked = comment(json!({ "instPost": { "src": "https://www.instagram.com/p/CG7/" } }));
    let again = comment(json!({ "instPost": { "src": "http://instagram.com/p/CG7?x=1" } }));
    assert_ne!(linked.chat, direct.chat);
    assert_eq!(linked.chat, again.chat);
    let vk = message(json!({ "chatType": "vk", "instPost": { "id": "1" } }));
    assert_eq!((vk.chat, vk.details), (message(json!({ "chatType": "vk" })).chat, None));
}

#[test]
fn a_comment_names_its_post_and_what_it_answers() {
    let post = json!({ "id": "1", "src": "https://www.instagram.com/p/CG7/", "description": "Красота",
        "previewSrc": "https://store.example/preview", "imageSrc": "https://store.example/image" });
    let client = comment(json!({ "instPost": post, "quotedMessage": { "messageId": "m0" } }));
    let Some(Details::Comment(told)) = client.details else { panic!("{:?}", client.details) };
    assert_eq!((told.post.id.as_str(), told.post.text.as_deref()), ("1", Some("Красота")));
    assert_eq!(told.post.url.as_deref(), Some("https://www.instagram.com/p/CG7/"));
    assert_eq!(told.post.picture.as_deref(), Some("https://store.example/image"));
    assert_eq!((told.answers, told.mode), (Some(MessageId::new("m0")), None));
    assert_eq!(client.extra, Some(json!({ "post": post })));
    let echo = comment(json!({ "isEcho": true, "status": "sent" }));
    let Some(Details::Comment(told)) = echo.details else { panic!("{:?}", echo.details) };
    assert_eq!((told.answers, told.mode), (None, Some(CommentMode::Reply)));
}

#[test]
fn a_quote_is_no_extra() {
    let given = json!({ "messageId": "m0", "text": "Белая?" });
    let told = message(json!({ "quotedMessage": given }));
    let quote = told.quote.unwrap();
    assert_eq!(
        (quote.message.as_ref().map(MessageId::as_str), quote.text.as_deref()),
        (Some("m0"), Some("Белая?"))
    );
    assert_eq!((quote.raw, told.extra), (Some(given), None));
    assert_eq!(message(json!({ "quotedMessage": {} })).quote, None);
}

#[test]
fn extra_holds_only_what_is_there() {
    let full = message(json!({
        "quotedMessage": { "messageId": "m0" }, "interactive": [{ "text": "Да" }], "instPost": { "id": "1" },
        "advert": { "title": "Авто" }, "avitoProfileId": 9, "geo": { "lat": 1 }, "vcard": "BEGIN:VCARD",
    }));
    assert_eq!(
        full.extra.unwrap(),
        json!({
            "interactive": [{ "text": "Да" }], "post": { "id": "1" }, "advert": { "title": "Авто" }, "avitoProfileId": 9,
            "location": { "lat": 1 }, "vcard": "BEGIN:VCARD",
        })
    );
    assert_eq!(message(json!({ "interactive": [], "advert": {}, "avitoProfileId": "" })).extra, None);
}

#[test]
fn details_follow_the_kind() {
    let details = |changes| message(changes).details;
    let geo = json!({ "latitude": 55.75, "longitude": 37.5 });
    assert!(matches!(details(json!({ "type": "geo", "location": geo })), Some(Details::Location(_))));
    assert!(matches!(
        details(json!({ "type": "geo", "latitude": 55.75, "longitude": "37.5" })),
        Some(Details::Location(_))
    ));
    assert_eq!(details(json!({ "type": "geo" })), None);
    assert_eq!(details(json!({ "type": "text", "location": geo })), None);
    let card = "BEGIN:VCARD\nFN:Пётр\nTEL:+7999\nEND:VCARD";
    for changes in [json!({ "type": "vcard", "vcard": card }), json!({ "type": "vcard", "text": card })] {
        let Some(Details::ContactCards(cards)) = details(changes) else { panic!() };
        assert_eq!(
            (cards[0].name.as_deref(), cards[0].phones.as_slice()),
            (Some("Пётр"), ["+7999".to_owned()].as_slice())
        );
    }
    let buttons = json!([{ "type": "text", "text": "Да" }]);
    assert!(
        matches!(details(json!({ "interactive": buttons })), Some(Details::Buttons(list)) if list[0].title == "Да")
    );
    let template = details(
        json!({ "type": "wapi_template", "interactive": buttons, "text": "@template: g1 { [[А]] }" }),
    );
    let Some(Details::Template(template)) = template else { panic!() };
    assert_eq!(
        (template.id.as_deref(), template.values.as_slice()),
        (Some("g1"), ["А".to_owned()].as_slice())
    );
    assert_eq!(template.buttons.len(), 1);
    assert_eq!(details(json!({})), None);
}

#[test]
fn a_missed_call_keeps_its_text_as_given() {
    let silent = message(json!({ "type": "missing_call", "text": null }));
    let worded = message(json!({ "type": "missing_call", "text": "Пропущенный видеозвонок" }));
    for call in [&silent, &worded] {
        assert_eq!(call.kind, Kind::MissedCall);
        assert!(matches!(&call.details, Some(Details::Call(call)) if call.outcome == CallOutcome::Missed));
    }
    assert_eq!((silent.text, worded.text.as_deref()), (None, Some("Пропущенный видеозвонок")));
}

#[test]
fn an_advert_is_a_listing_and_stays_in_extra() {
    let advert = json!({ "id": 17, "title": "Авто", "price": "300 000 ₽", "odd": [1] });
    let told = message(json!({ "chatType": "avito", "advert": advert }));
    let listing = told.listing.unwrap();
    assert_eq!((listing.id.as_str(), listing.price.map(|price| price.amount)), ("17", Some(300_000)));
    assert_eq!(told.extra, Some(json!({ "advert": advert })));
    let unknown = message(json!({ "advert": { "odd": [1] } }));
    assert_eq!((unknown.listing, unknown.extra), (None, Some(json!({ "advert": { "odd": [1] } }))));
}

#[test]
fn c3_a_phone_is_vouched_for_by_telegram_and_max_alone() {
    let contact = json!({ "name": "Марина", "username": "marina", "phone": "79990001122" });
    let hint = |chat_type: &str| message(json!({ "chatType": chat_type, "contact": contact })).contact;
    for (chat_type, verified) in [
        ("telegram", true),
        ("max", true),
        ("whatsapp", false),
        ("viber", false),
        ("vk", false),
        ("avito", false),
        ("signal", false),
    ] {
        let hint = hint(chat_type);
        assert_eq!(
            (hint.phone.as_deref(), hint.phone_verified),
            (Some("79990001122"), verified),
            "{chat_type}"
        );
    }
    let silent =
        message(json!({ "chatType": "telegram", "contact": { "name": "Марина", "phone": " " } })).contact;
    assert_eq!((silent.phone, silent.phone_verified), (None, false));
}

#[test]
fn c8_a_groups_contact_is_nobodys_phone() {
    let contact = json!({ "name": "Марина", "username": "marina", "phone": "79990001122" });
    for chat_type in ["whatsgroup", "telegroup", "maxgroup"] {
        let told = message(json!({ "chatType": chat_type, "contact": contact, "authorName": "Павел" }));
        assert_eq!(
            (told.contact.phone, told.contact.username, told.contact.phone_verified),
            (None, None, false)
        );
        let author = told.author.unwrap();
        assert_eq!((author.name.as_deref(), author.user), (Some("Павел"), None), "{chat_type}");
    }
}

#[test]
fn c6_an_echo_tells_where_it_was_written() {
    let origin = |changes| message(changes).origin;
    let echo =
        |sent_from_app: Value| json!({ "isEcho": true, "status": "sent", "sentFromApp": sent_from_app });
    assert_eq!(origin(echo(json!(true))), Some(Origin::ProviderApp));
    assert_eq!(origin(echo(json!(false))), Some(Origin::Phone));
    assert_eq!(origin(echo(json!(null))), Some(Origin::Outside));
    assert_eq!(origin(json!({ "sentFromApp": true })), None);
}

#[test]
fn c12_every_file_is_taken_for_one_that_expires() {
    let file =
        message(json!({ "type": "document", "contentUri": " https://store.example/1/?filename=a.pdf " }))
            .media
            .unwrap();
    assert_eq!(
        (file.url.as_str(), file.name.as_deref()),
        ("https://store.example/1/?filename=a.pdf", Some("a.pdf"))
    );
    assert!(file.expires);
    assert_eq!(message(json!({ "contentUri": "" })).media, None);
}
