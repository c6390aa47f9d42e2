//! `/v3/message`: accepted messages, and every documented error that can be provoked.

use super::bench::{Bench, LATE, LATE_PHONE, TRANSPORTS, uuid};
use super::table::{Case, Seen, no, ok};
use serde_json::{Value, json};
use std::time::Duration;
use tests::wazzup::with;

const SEND: (&str, &str) = ("POST", "/v3/message");
const INVALID: (u16, &str) = (400, "INVALID_MESSAGE_DATA");

/// The most time for a message's delivery; a late one is recorded as wrong, and the other cases continue.
const WITHIN: Duration = Duration::from_secs(60);

pub async fn run(bench: &Bench, seen: &mut Seen) {
    seen.run(&bench.asker, &bodies(bench)).await;
    seen.run(&bench.asker, &contents(bench)).await;
    seen.run(&bench.asker, &limits(bench)).await;
    seen.run(&bench.asker, &strangers(bench)).await;
    taken(bench, seen).await;
    repeated(bench, seen).await;
    changes(bench, seen).await;
    too_late(bench, seen).await;
    rights(bench, seen).await;
    paused(bench, seen).await;
}

fn bad(what: &str, body: Value, code: &str) -> Case {
    no(what, SEND, Some(body), (400, code), Value::Null)
}

fn invalid(what: &str, body: Value, fields: Value) -> Case {
    no(what, SEND, Some(body), INVALID, json!({ "fields": fields }))
}

fn sent(what: &str, body: Value) -> Case {
    let shape = json!({"messageId": "<uuid>", "chatId": "<text>"});
    Case { status: 201, ..ok(what, SEND, Some(body), shape) }
}

/// Fields that are invalid on any channel.
fn bodies(bench: &Bench) -> Vec<Case> {
    let to = |members: Value| bench.message("whatsapp", members);
    let text = |members: Value| with(to(json!({"text": "Добрый день!"})), members);
    vec![
        invalid("nothing", json!({}), json!(["channelId", "chatType", "chatId"])),
        invalid("no object", json!([]), json!(["channelId", "chatType", "chatId"])),
        invalid("no channel", text(json!({"channelId": null})), json!(["channelId"])),
        invalid("no chat", text(json!({"chatId": null})), json!(["chatId"])),
        invalid("a type that is none", text(json!({"chatType": "dove mail"})), json!(["chatType"])),
        invalid("a text that is none", to(json!({"text": ["Добрый день!"]})), json!(["text"])),
        invalid("no digits in a phone", text(json!({"chatId": "abc"})), json!(["chatId"])),
        invalid(
            "several",
            text(json!({"chatId": {}, "text": 1.5, "clearUnanswered": "perhaps", "templateValues": 7})),
            json!(["chatId", "clearUnanswered", "templateValues"]),
        ),
        invalid(
            "buttons that are none",
            text(json!({"buttonsObject": {"buttons": [7]}})),
            json!(["buttonsObject"]),
        ),
        invalid("a template and a text", text(json!({"templateId": "t"})), json!(["templateId"])),
    ]
}

/// Bodies that name something that does not exist, or have no content, or too much.
fn contents(bench: &Bench) -> Vec<Case> {
    let to = |members: Value| bench.message("whatsapp", members);
    let text = |members: Value| with(to(json!({"text": "Добрый день!"})), members);
    let nowhere = uuid();
    let transport =
        json!({"channelId": bench.channel("whatsapp"), "transport": "whatsapp", "chatType": "vk"});
    vec![
        no(
            "an unknown channel",
            SEND,
            Some(text(json!({"channelId": nowhere}))),
            (400, "CHANNEL_NOT_FOUND"),
            json!({"channelId": nowhere}),
        ),
        no(
            "another messenger's chat",
            SEND,
            Some(text(json!({"chatType": "vk"}))),
            (400, "WRONG_TRANSPORT"),
            transport,
        ),
        bad(
            "text and content",
            text(json!({"contentUri": "https://example.com/a.jpg"})),
            "MESSAGE_ONLY_TEXT_OR_CONTENT",
        ),
        bad("neither", to(json!({})), "MESSAGE_NOTHING_TO_SEND"),
        bad("an empty one", to(json!({"text": ""})), "MESSAGE_NOTHING_TO_SEND"),
        bad("a blank one", to(json!({"text": " \n "})), "MESSAGES_TEXT_CAN_NOT_BE_BLANK"),
        bad("a link that is none", to(json!({"contentUri": "a.jpg"})), "MESSAGE_DOWNLOAD_CONTENT_ERROR"),
        bad(
            "a link inwards",
            to(json!({"contentUri": "http://169.254.169.254/a.jpg"})),
            "MESSAGE_DOWNLOAD_CONTENT_ERROR",
        ),
        bad("an unknown quote", text(json!({"refMessageId": uuid()})), "REFERENCE_MESSAGE_NOT_FOUND"),
        // Buttons and templates on a channel without them.
        no(
            "buttons here",
            SEND,
            Some(text(json!({"buttonsObject": {"buttons": [{"text": "Да"}]}}))),
            INVALID,
            Value::Null,
        ),
        no("a template here", SEND, Some(to(json!({"templateId": "t"}))), INVALID, Value::Null),
    ]
}

/// Each transport's own limits, exceeded by one.
fn limits(bench: &Bench) -> Vec<Case> {
    let text = |transport: &str, length: usize| bench.message(transport, json!({"text": "я".repeat(length)}));
    let file = |transport: &str, name: &str| {
        bench.message(transport, json!({"contentUri": bench.live.sandbox.file_url(name)}))
    };
    let values = json!({"templateId": uuid(), "templateValues": ["я".repeat(551)]});
    vec![
        bad("long", text("whatsapp", 10_001), "MESSAGE_TEXT_TOO_LONG"),
        bad("long", text("wapi", 1025), "MESSAGES_TOO_LONG_WABA"),
        bad("long", text("tgapi", 4097), "MESSAGES_TOO_LONG_TELEGRAM"),
        bad("long", text("telegram", 4097), "MESSAGES_TOO_LONG_TELEGRAM"),
        bad("long", text("instagram", 1001), "MESSAGES_TOO_LONG_INSTAGRAM"),
        bad("long", text("vk", 1001), "MESSAGES_TOO_LONG_VK"),
        bad("long", text("avito", 1001), "MESSAGES_TOO_LONG_AVITO"),
        bad("long", text("viber", 7000), "MESSAGES_TOO_LONG_VIBER"),
        bad("long", text("max", 4097), "MESSAGE_TEXT_TOO_LONG"),
        bad("long values", bench.message("wapi", values), "MESSAGES_TOO_LONG_WABA_TEMPLATE"),
        bad("a type that it does not show", file("wapi", "a.gif"), "MESSAGE_WRONG_CONTENT_TYPE"),
        bad(
            "a type that it does not show",
            file("instagram", "a.mp4"),
            "MESSAGES_UNSUPPORTED_CONTENT_TYPE_INSTAPI",
        ),
    ]
}

/// Which clients can be written to, and when.
fn strangers(bench: &Bench) -> Vec<Case> {
    let to = |transport: &str, members: Value| {
        with(bench.message(transport, json!({"text": "Добрый день!"})), members)
    };
    let mut cases = Vec::new();
    // A dialogue by the messenger's id may be older than our records; only the window that never opened refuses it.
    cases.push(bad("a stranger", to("instagram", json!({"chatId": "999000111"})), "MESSAGES_NOT_TEXT_FIRST"));
    for transport in ["vk", "avito", "telegram"] {
        let named = json!({"chatId": null, "username": "marina"});
        cases.push(bad("a stranger", to(transport, named), "MESSAGES_NOT_TEXT_FIRST"));
    }
    cases.extend([
        bad("who wrote long ago", to("instagram", json!({"chatId": LATE})), "7_DAYS_EXCEEDED"),
        bad("who wrote long ago", to("wapi", json!({"chatId": LATE_PHONE})), "24_HOURS_EXCEEDED"),
        bad("who never wrote", to("wapi", json!({"chatId": "79011117998"})), "24_HOURS_EXCEEDED"),
        invalid(
            "a phone that is none",
            to("tgapi", json!({"chatId": null, "phone": "12"})),
            json!(["phone"]),
        ),
    ]);
    cases
}

/// Messages that are accepted, in every messenger, and what the clients then have.
async fn taken(bench: &Bench, seen: &mut Seen) {
    let text = |transport: &str| format!("Добрый день, {transport}!");
    let mut cases: Vec<Case> = TRANSPORTS
        .map(|(transport, ..)| sent(transport, bench.message(transport, json!({"text": text(transport)}))))
        .into();
    let link = bench.live.sandbox.put_file("v3.jpg", "image/jpeg", vec![7_u8; 3000]).await.unwrap();
    let quoting = json!({"text": "В ответ", "refMessageId": bench.written("whatsapp"), "unknownField": 1});
    cases.extend([
        sent("a quote, an unknown field", bench.message("whatsapp", quoting)),
        sent("a file", bench.message("whatsapp", json!({"contentUri": link}))),
        sent(
            "a stranger by phone",
            bench.message("whatsapp", json!({"chatId": "+7 901 111-71-50", "text": "Добрый день!"})),
        ),
        sent(
            "a stranger by user name",
            bench
                .message("tgapi", json!({"chatId": null, "username": "@Stranger_1", "text": "Добрый день!"})),
        ),
    ]);
    seen.run(&bench.asker, &cases).await;
    let key = &bench.account.wazzup_key;
    let end = tokio::time::Instant::now() + WITHIN;
    for (transport, _, chat) in TRANSPORTS {
        let left = end.saturating_duration_since(tokio::time::Instant::now());
        let wanted = text(transport);
        let has = |received: &[tests::sandbox::wazzup::state::Received]| {
            received.iter().filter(|message| message.text.as_deref() == Some(&wanted)).count()
        };
        let received =
            bench.live.sandbox.received_until(key, chat, left, |received| has(received) > 0).await.unwrap();
        if has(&received) != 1 {
            seen.wrong.push(format!("{transport}: the client has {received:?}"));
        }
    }
    let whole = |received: &[tests::sandbox::wazzup::state::Received]| received.len() >= 3;
    let received = bench.live.sandbox.received_until(key, TRANSPORTS[0].2, WITHIN, whole).await.unwrap();
    let quotes = received.iter().any(|message| message.quotes.as_deref() == Some(&bench.written("whatsapp")));
    let file = received.iter().find_map(|message| message.file.as_ref()).map(|file| file.bytes);
    if !quotes || file != Some(3000) {
        seen.wrong.push(format!("no quote or no file: {received:?}"));
    }
}

/// A key belongs to one message for good, whatever a later request with it asks for.
async fn repeated(bench: &Bench, seen: &mut Seen) {
    let body = |text: &str| bench.message("viber", json!({"text": text, "crmMessageId": "m-1"}));
    let repeated = "REPEATED_CRM_MESSAGE_ID";
    seen.run(
        &bench.asker,
        &[
            sent("a key", body("Раз")),
            bad("once more", body("Раз"), repeated),
            bad("with another text", body("Два"), repeated),
            bad("in another chat", with(body("Раз"), json!({"chatId": "79011117151"})), repeated),
        ],
    )
    .await;
}

async fn changes(bench: &Bench, seen: &mut Seen) {
    let path = |id: &str| format!("/v3/message/{id}");
    let unknown = path(&uuid());
    let text = |words: &str| Some(json!({"text": words, "unknownField": 1}));
    let done = json!({"messageId": "<uuid>", "chatId": "<text>"});
    let mut cases = vec![
        no("unknown", ("PATCH", &unknown), text("Иначе"), (400, "MESSAGES_NOT_FOUND"), Value::Null),
        no("unknown", ("DELETE", &unknown), None, (400, "MESSAGES_NOT_FOUND"), Value::Null),
        no(
            "a client's",
            ("PATCH", &path(&bench.written("vk"))),
            text("Иначе"),
            (400, "MESSAGES_NOT_FOUND"),
            Value::Null,
        ),
    ];
    let vk = bench.send("vk", json!({"text": "Так"})).await;
    cases.extend([
        ok("an edit", ("PATCH", &path(&vk)), text("Иначе"), done.clone()),
        no(
            "a long one",
            ("PATCH", &path(&vk)),
            text(&"я".repeat(1001)),
            (400, "MESSAGES_TOO_LONG_VK"),
            Value::Null,
        ),
        no("nothing", ("PATCH", &path(&vk)), Some(json!({})), (400, "MESSAGE_NOTHING_TO_SEND"), Value::Null),
        no(
            "text and content",
            ("PATCH", &path(&vk)),
            Some(json!({"text": "а", "contentUri": "https://example.com/a.jpg"})),
            (400, "MESSAGE_ONLY_TEXT_OR_CONTENT"),
            Value::Null,
        ),
        no("a field", ("PATCH", &path(&vk)), Some(json!({"text": {}})), INVALID, json!({"fields": ["text"]})),
        no(
            "content inwards",
            ("PATCH", &path(&vk)),
            Some(json!({"contentUri": "http://10.0.0.1/a.jpg"})),
            (400, "MESSAGE_DOWNLOAD_CONTENT_ERROR"),
            Value::Null,
        ),
    ]);
    let whatsapp = path(&bench.send("whatsapp", json!({"text": "Так"})).await);
    cases.push(no(
        "content",
        ("PATCH", &whatsapp),
        Some(json!({"contentUri": "https://example.com/a.jpg"})),
        (400, "CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING"),
        Value::Null,
    ));
    for transport in ["instagram", "wapi"] {
        let sent = path(&bench.send(transport, json!({"text": "Так"})).await);
        let (edit, delete) =
            ("CHANNEL_INVALID_TRANSPORT_FOR_EDITING", "CHANNEL_INVALID_TRANSPORT_FOR_DELETION");
        cases.push(no("no edits here", ("PATCH", &sent), text("Иначе"), (400, edit), Value::Null));
        cases.push(no("no deletions here", ("DELETE", &sent), None, (400, delete), Value::Null));
    }
    let buttons = json!({"text": "Удобно?", "buttonsObject": {"replyMarkup": "inline", "buttons": [[{"text": "Да", "callbackData": "y"}]]}});
    let buttons = path(&bench.send("telegram", buttons).await);
    cases.push(no(
        "buttons",
        ("PATCH", &buttons),
        text("Иначе"),
        (400, "MESSAGES_CONTAIN_BUTTONS"),
        Value::Null,
    ));
    let max = bench.send("max", json!({"text": "Лишнее"})).await;
    cases.push(ok("a deletion", ("DELETE", &path(&max)), None, done));
    seen.run(&bench.asker, &cases).await;
    let sandbox = &bench.live.sandbox;
    let edited = |received: &[tests::sandbox::wazzup::state::Received]| {
        received.iter().any(|message| message.text.as_deref() == Some("Иначе") && message.edits == 1)
    };
    let received =
        sandbox.received_until(&bench.account.wazzup_key, TRANSPORTS[5].2, WITHIN, edited).await.unwrap();
    if !edited(&received) {
        seen.wrong.push(format!("not edited: {received:?}"));
    }
    let taken_back =
        |received: &[tests::sandbox::wazzup::state::Received]| received.iter().any(|message| message.deleted);
    let received =
        sandbox.received_until(&bench.account.wazzup_key, TRANSPORTS[8].2, WITHIN, taken_back).await.unwrap();
    if !taken_back(&received) {
        seen.wrong.push(format!("not deleted: {received:?}"));
    }
}

/// Edits and deletions of messages that were written on the phone long ago.
async fn too_late(bench: &Bench, seen: &mut Seen) {
    let of = |name: &str| format!("/v3/message/old-{name}-{}", bench.account.id);
    let text = Some(json!({"text": "Иначе"}));
    let (edit, delete) = ((400, "MESSAGES_EDITING_TIME_EXPIRED"), (400, "MESSAGES_DELETION_TIME_EXPIRED"));
    seen.run(
        &bench.asker,
        &[
            no("to edit", ("PATCH", &of("whatsapp")), text, edit, Value::Null),
            no("to delete", ("DELETE", &of("avito")), None, delete, Value::Null),
        ],
    )
    .await;
}

/// An author is a label, unless the account says that their rights apply.
async fn rights(bench: &Bench, seen: &mut Seen) {
    let channel = bench.own_channel("viber");
    for (who, role, sends) in
        [("qc", "quality_control", true), ("unbound", "head", false), ("other", "manager", true)]
    {
        let user = json!([{"id": who, "name": "Вера"}]);
        bench.asker.expect(200, "POST", "/v3/users", Some(&user)).await;
        let place = json!({"role": role, "receives_new_clients": false, "sends": sends});
        let path = format!("/v1/channels/{channel}/employees/{who}");
        bench.asker.expect(200, "PUT", &path, Some(&place)).await;
    }
    let by = |who: &str| bench.message("viber", json!({"text": "Добрый день!", "crmUserId": who}));
    seen.run(&bench.asker, &[sent("a label", by("somebody"))]).await;
    let apply = |on: bool| json!({ "crm_user_rights": on });
    bench.asker.expect(200, "PATCH", "/v1/account", Some(&apply(true))).await;
    // Users were loaded, so an employee who is unknown or gone has no rights.
    let refused = ["qc", "unbound", "other", "anna", "somebody"];
    let cases: Vec<Case> = refused.iter().map(|who| bad(who, by(who), "CHAT_NO_ACCESS")).collect();
    seen.run(&bench.asker, &cases).await;
    bench.asker.expect(200, "PATCH", "/v1/account", Some(&apply(false))).await;
}

async fn paused(bench: &Bench, seen: &mut Seen) {
    let path = format!("/v1/channels/{}", bench.own_channel("vk"));
    bench.asker.expect(200, "PATCH", &path, Some(&json!({"paused": true}))).await;
    let body = bench.message("vk", json!({"text": "Добрый день!"}));
    seen.run(&bench.asker, &[bad("paused", body, "MESSAGE_CHANNEL_UNAVAILABLE")]).await;
}
