//! The content of messages, where it depends on more than one member.

use super::tests::message;
use crate::model::message::content::Details;
use crate::model::message::kind::Kind;
use serde_json::{Value, json};

fn kind(content: Value) -> (Kind, Option<String>) {
    let mut changes = json!({ "text": null });
    changes.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
    let message = message(changes);
    (message.kind, message.raw_kind)
}

#[test]
fn a_member_that_nobody_told_us_of_is_the_kinds_word() {
    assert_eq!(kind(json!({ "hologram": {} })), (Kind::Unsupported, Some("hologram".into())));
    assert_eq!(kind(json!({ "79990001122 ": {} })), (Kind::Unsupported, None));
    assert_eq!(kind(json!({ "x".repeat(100): 1 })), (Kind::Unsupported, None));
    assert_eq!(kind(json!({})), (Kind::Unsupported, None));
    assert_eq!(kind(json!({ "hologram": {}, "dice": { "emoji": "🎲", "value": 1 } })).0, Kind::Text);
}

#[test]
fn notices_of_the_messenger_are_no_content() {
    for (name, value) in [
        ("pinned_message", json!({ "message_id": 1 })),
        ("checklist_tasks_done", json!({})),
        ("suggested_post_paid", json!({})),
        ("chat_owner_changed", json!({})),
        ("community_joined", json!({})),
        ("poll_option_added", json!({})),
        ("video_chat_started", json!({})),
        ("message_auto_delete_timer_changed", json!({ "message_auto_delete_time": 0 })),
    ] {
        assert_eq!(kind(json!({ name: value })), (Kind::System, Some(name.into())), "{name}");
    }
    // These members describe a message and are not content.
    assert_eq!(
        kind(json!({ "sender_tag": "a", "paid_star_count": 5, "receiver_user": {} })),
        (Kind::Unsupported, None)
    );
}

#[test]
fn the_more_telling_member_counts() {
    let file = json!({ "file_id": "a1", "mime_type": "video/mp4" });
    assert_eq!(kind(json!({ "animation": file, "document": file })), (Kind::Video, Some("animation".into())));
    let size = json!([{ "file_id": "p1", "width": 1, "height": 1 }]);
    assert_eq!(kind(json!({ "live_photo": {}, "photo": size })), (Kind::Image, Some("live_photo".into())));
    assert_eq!(kind(json!({ "live_photo": {} })), (Kind::Unsupported, Some("live_photo".into())));
    let place = json!({ "latitude": 1.5, "longitude": 2 });
    let venue =
        message(json!({ "text": null, "location": place, "venue": { "location": place, "title": "Салон" } }));
    assert!(
        matches!(venue.details, Some(Details::Location(place)) if place.name.as_deref() == Some("Салон"))
    );
}

#[test]
fn of_a_photo_the_largest_size_is_taken() {
    let sizes = json!([
        { "file_id": "s", "width": 90, "height": 60 },
        { "file_id": "l", "width": 1280, "height": 960 },
        { "file_id": "m", "width": 320, "height": 240 },
    ]);
    let media = message(json!({ "text": null, "photo": sizes })).media.unwrap();
    assert_eq!(
        (media.url.as_str(), media.mime.as_deref(), media.expires),
        ("telegram:l", Some("image/jpeg"), true)
    );
}

#[test]
fn what_is_said_to_a_story_answers_it_whatever_it_is() {
    let story = json!({ "chat": { "id": 7 }, "id": 31 });
    let said = message(json!({ "reply_to_story": story }));
    assert_eq!((said.kind, said.raw_kind), (Kind::StoryReply, None));
    assert!(matches!(said.details, Some(Details::Story(story)) if story.id.as_deref() == Some("7:31")));
    let voice = json!({ "voice": { "file_id": "v" }, "reply_to_story": story });
    assert_eq!(kind(voice), (Kind::StoryReply, Some("voice".into())));
    let place = json!({ "location": { "latitude": 1, "longitude": 2 }, "reply_to_story": story });
    assert_eq!(kind(place), (Kind::Location, None), "what has details of its own keeps them");
}

#[test]
fn the_first_message_of_a_topic_is_no_quote() {
    let opened = json!({ "message_id": 5, "forum_topic_created": { "name": "Общее" } });
    assert_eq!(message(json!({ "reply_to_message": opened })).quote, None);
    let answered = json!({ "message_id": 5, "chat": { "id": 55 }, "caption": "Белая" });
    let quote = message(json!({ "reply_to_message": answered })).quote.unwrap();
    assert_eq!(quote.message.unwrap().as_str(), "55:5");
    assert_eq!(quote.text.as_deref(), Some("Белая"));
}

#[test]
fn forwarded_words_keep_their_author() {
    let from = |origin: Value| message(json!({ "forward_origin": origin })).extra;
    let person = json!({ "type": "user", "sender_user": { "id": 1, "first_name": "Павел" } });
    assert_eq!(from(person), Some(json!({ "forwardedFrom": "Павел" })));
    let hidden = json!({ "type": "hidden_user", "sender_user_name": "Кто-то" });
    assert_eq!(from(hidden), Some(json!({ "forwardedFrom": "Кто-то" })));
    assert_eq!(from(json!({ "type": "new" })), None);
}

#[test]
fn odd_files_lose_what_is_odd() {
    let document = |file: Value| message(json!({ "text": null, "document": file })).media.unwrap();
    let odd = document(json!({
        "file_id": "d1", "file_name": "../../a\u{0}b.pdf", "mime_type": "no type", "file_size": -1,
    }));
    assert_eq!((odd.name.as_deref(), odd.mime, odd.bytes), (Some("ab.pdf"), None, None));
    assert_eq!(document(json!({ "file_id": "d1", "file_name": "/" })).name, None);
}
