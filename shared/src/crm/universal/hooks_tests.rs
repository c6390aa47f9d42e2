//! The bodies as exact JSON.

use super::*;
use crate::base::clock::Timestamp;
use crate::base::phone::Phone;
use crate::model::chat::tests::{channel, new_chat, text_event};
use crate::model::event::{Author, MessageEvent, Revision};
use crate::model::message::content::Location;
use crate::model::message::kind::DeliveryError;
use crate::model::messenger::Messenger;
use crate::model::outbound::call::FailureReason;
use crate::model::texts::Language;
use serde_json::{Value, json};

fn formatter() -> Formatter<'static> {
    let reasons = |_: &str, code: &str| match code {
        "MESSAGES_IS_SPAM" => FailureReason::Spam,
        "CLOSED" => FailureReason::WindowClosed,
        _ => FailureReason::Other,
    };
    Formatter { marks: false, ..Formatter::new(Language::En, None, "https://sb.example", reasons) }
}

fn stored(event: &MessageEvent) -> Message {
    new_chat().receive(event, None, Timestamp::default()).unwrap()
}

fn body(chat: &Chat, message: &Message, told: As) -> Value {
    serde_json::to_value(HookMessage::new(chat, message, told, &formatter())).unwrap()
}

/// A text of the client `chat`, as a CRM receives it, with these members changed.
fn expected(changes: Value) -> Value {
    let mut whole = json!({
        "messageId": "m", "channelId": "channel", "chatType": "whatsapp", "chatId": "79011112233",
        "dateTime": "1970-01-01T00:00:00.000Z", "type": "text", "status": "inbound", "isEcho": false,
        "contact": {"name": "79011112233", "phone": "79011112233"}, "text": "text of m",
    });
    let Value::Object(changes) = changes else { panic!("an object") };
    for (name, value) in changes {
        match value {
            Value::Null => whole.as_object_mut().unwrap().remove(&name),
            value => whole.as_object_mut().unwrap().insert(name, value),
        };
    }
    whole
}

#[test]
fn a_clients_message_has_what_is_known_of_them() {
    let mut chat = new_chat();
    assert_eq!(body(&chat, &stored(&text_event("m", Side::Client)), As::New), expected(json!({})));
    let mut event = text_event("m", Side::Client);
    event.messenger = Messenger::Telegram;
    (event.contact.name, event.contact.username) = (Some("Марина".into()), Some("@marina".into()));
    event.contact.avatar_url = Some("https://store.example/1".into());
    (chat.messenger, chat.provider_chat_id) = (Messenger::Telegram, "4711".into());
    let row = chat.receive(&event, None, Timestamp::default()).unwrap();
    let contact = json!({"name": "Марина", "avatarUri": "https://store.example/1", "username": "marina"});
    let told = json!({"chatType": "telegram", "chatId": "4711", "contact": contact});
    assert_eq!(body(&chat, &row, As::New), expected(told));
    chat.avatar_url = Some("javascript:alert(1)".into());
    assert_eq!(body(&chat, &row, As::New)["contact"].get("avatarUri"), None, "no link that can be followed");
}

#[test]
fn the_account_of_an_avito_chat_is_named() {
    let mut chat = new_chat();
    (chat.messenger, chat.provider_chat_id) = (Messenger::Avito, "u2i-1".into());
    for (given, told) in [(json!("94235311"), json!("94235311")), (json!(94_235_311), json!("94235311"))] {
        let event =
            MessageEvent { extra: Some(json!({"avitoProfileId": given})), ..text_event("m", Side::Client) };
        let contact = json!({"name": "u2i-1"});
        let told =
            json!({"chatType": "avito", "chatId": "u2i-1", "avitoProfileId": told, "contact": contact});
        assert_eq!(body(&chat, &stored(&event), As::New), expected(told));
    }
}

#[test]
fn a_groups_message_has_the_groups_name_and_its_author() {
    let mut chat = new_chat();
    (chat.messenger, chat.group, chat.provider_chat_id) = (Messenger::Telegram, true, "-100".into());
    let mut event = text_event("m", Side::Client);
    (event.group, event.contact.name) = (true, Some("Чат салона".into()));
    let name = Some("Павел".to_owned());
    event.author = Some(Author { name, id: None, user: Some("4711".into()) });
    let row = chat.receive(&event, None, Timestamp::default()).unwrap();
    let told = json!({
        "chatType": "telegroup", "chatId": "-100", "contact": {"name": "Чат салона"}, "authorName": "Павел",
    });
    assert_eq!(body(&chat, &row, As::New), expected(told));
}

#[test]
fn a_place_is_told_in_the_text() {
    let mut event = text_event("m", Side::Client);
    (event.kind, event.text) = (Kind::Location, None);
    let place = Location { latitude: 55.75, longitude: 37.5, name: None, address: None };
    event.details = Some(Details::Location(place));
    let text = "55.75, 37.5\nhttps://www.google.com/maps?q=55.75,37.5";
    let told = json!({"type": "geo", "text": text});
    assert_eq!(body(&new_chat(), &stored(&event), As::New), expected(told));
}

#[test]
fn an_echo_has_no_words_of_ours() {
    for (origin, from_app) in [(Origin::Phone, false), (Origin::ProviderApp, true), (Origin::Outside, false)]
    {
        let mut event = text_event("m", Side::Company);
        (event.origin, event.status) = (Some(origin), Some(DeliveryStatus::Sent));
        let (name, id) = (Some("Олег".to_owned()), Some("17".to_owned()));
        event.author = Some(Author { name, id, user: None });
        let told = json!({
            "status": "sent", "isEcho": true, "sentFromApp": from_app, "authorName": "Олег", "authorId": "17",
        });
        assert_eq!(body(&new_chat(), &stored(&event), As::New), expected(told), "{origin:?}");
    }
}

#[test]
fn an_edit_and_a_deletion_name_the_message_again() {
    let mut chat = new_chat();
    let row = chat.receive(&text_event("m", Side::Client), None, Timestamp::default()).unwrap();
    let edit = MessageEvent {
        revision: Revision::Edited,
        text: Some("other".into()),
        sent_at: Timestamp::from_millis(5),
        ..text_event("m", Side::Client)
    };
    let row = chat.receive(&edit, Some(&row), Timestamp::default()).unwrap();
    let told = json!({"text": "other", "isEdited": true, "oldInfo": {"oldText": "text of m"}});
    assert_eq!(body(&chat, &row, As::Edited), expected(told));
    let deletion = MessageEvent { revision: Revision::Deleted, text: None, ..text_event("m", Side::Client) };
    let row = chat.receive(&deletion, Some(&row), Timestamp::default()).unwrap();
    assert_eq!(body(&chat, &row, As::Deleted), expected(json!({"text": "other", "isDeleted": true})));
}

#[test]
fn an_edit_of_unknown_content_is_a_status_and_marks_what_is_sent_later() {
    let row = stored(&text_event("m", Side::Company)).edit_noted(Timestamp::from_millis(7), 2).unwrap();
    let status = serde_json::to_value(HookStatus::edited(&row)).unwrap();
    let at = "1970-01-01T00:00:00.007Z";
    assert_eq!(status, json!({"messageId": "m", "timestamp": at, "status": "edited"}));
    assert_eq!(body(&new_chat(), &row, As::New)["isEdited"], true, "of one that the CRM did not know");
}

#[test]
fn a_status_has_wazzups_word_for_the_error() {
    let told = |status: DeliveryStatus, error: Option<(&str, Option<&str>)>| {
        let mut row = stored(&text_event("m", Side::Company));
        let error =
            error.map(|(code, why)| DeliveryError { code: code.into(), description: why.map(str::to_owned) });
        row.report(status, error.as_ref(), Timestamp::from_millis(7), 2);
        let (status, message) =
            (HookStatus::new(&row, &formatter()), body(&new_chat(), &row, As::New)["error"].clone());
        (serde_json::to_value(status).unwrap(), message)
    };
    let at = "1970-01-01T00:00:00.007Z";
    for (status, word) in [
        (DeliveryStatus::Sent, "sent"),
        (DeliveryStatus::Delivered, "delivered"),
        (DeliveryStatus::Read, "read"),
    ] {
        let expected = json!({"messageId": "m", "timestamp": at, "status": word});
        assert_eq!(told(status, None), (expected, Value::Null));
    }
    for (given, word, description) in [
        (Some(("BAD_CONTACT", Some("No such number."))), "BAD_CONTACT", "No such number."),
        (Some(("MESSAGES_IS_SPAM", None)), "SPAM", "the messenger took it for spam"),
        (Some(("SOMETHING_NEW", None)), "GENERAL_ERROR", "SOMETHING_NEW"),
        (None, "UNKNOWN_ERROR", "UNKNOWN_ERROR"),
    ] {
        let error = json!({"error": word, "description": description});
        let expected = json!({"messageId": "m", "timestamp": at, "status": "error", "error": error});
        assert_eq!(told(DeliveryStatus::Failed, given), (expected, error));
    }
    let unknown = told(DeliveryStatus::Unknown, Some(("UNKNOWN_ERROR", None))).0;
    assert_eq!((&unknown["status"], &unknown["error"]["error"]), (&json!("error"), &json!("UNKNOWN_ERROR")));
}

#[test]
fn a_templates_state_is_told_as_wazzup_does() {
    let template =
        TemplateState { id: "8d255e5d".into(), name: Some("Test".into()), status: "approved".into() };
    let told = serde_json::to_value(TemplateStatusHook { template_status: (&template).into() }).unwrap();
    let expected = json!({"templateGuid": "8d255e5d", "name": "Test", "status": "approved"});
    assert_eq!(told, json!({"templateStatus": expected}));
}

#[test]
fn a_channels_state_is_told_as_wazzup_does() {
    let channel = channel();
    let hook = ChannelsHook { channels_updates: [ChannelUpdate::new(&channel)] };
    let expected = json!([{"channelId": "channel", "state": "active", "timestamp": 0}]);
    assert_eq!(serde_json::to_value(hook).unwrap(), json!({"channelsUpdates": expected}));
}

#[test]
fn the_clients_phone_is_their_id_or_what_was_verified() {
    let verified = Phone::parse("+79012223344", "RU");
    for (messenger, id, group, known, expected) in [
        (Messenger::Whatsapp, "79011112233", false, None, Some("79011112233")),
        (Messenger::Telegram, "79011112233", false, None, None),
        (Messenger::Telegram, "4711", false, verified.clone(), Some("79012223344")),
        (Messenger::Whatsapp, "79011112233", true, verified, None),
    ] {
        let mut chat = new_chat();
        (chat.messenger, chat.group, chat.phone) = (messenger, group, known);
        id.clone_into(&mut chat.provider_chat_id);
        let contact = &body(&chat, &stored(&text_event("m", Side::Client)), As::New)["contact"];
        assert_eq!(contact.get("phone").and_then(Value::as_str), expected, "{contact}");
    }
}
