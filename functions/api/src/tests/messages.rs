//! Which parts of a message the API shows.

use super::rows::{account, chat, create, event};
use crate::testing::Bench;
use serde_json::{Value, json};
use shared::base::ids::{ChatId, MessageId};
use shared::model::event::{Author, Origin, Side};
use shared::model::message::Message;
use shared::model::message::content::{Details, Location, Quote, Reaction};
use shared::model::message::kind::Kind;
use shared::model::message::listing::Listing;
use shared::model::message::media::{CopyFailure, FileCopy, Media};
use shared::store::keys::listing_digest;

/// The message as the API shows it: stored from an event that `change` modified, as a row that `row` modified.
async fn shown(
    change: impl FnOnce(&mut shared::model::event::MessageEvent),
    row: impl FnOnce(Message) -> Message,
) -> Value {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    chat(&bench, &company, "channel", "a", 1_000_000, 0).await;
    let mut event = event("channel", "a", "m", 2_000_000);
    change(&mut event);
    let stored = Message::new(&account(&company), &ChatId::new("a"), &event, event.sent_at, 1);
    create(&bench, &[row(stored)]).await;
    let page = bench.expect(200, &company.key, "GET", "/v1/chats/a/messages", None).await;
    page["messages"][0].clone()
}

#[tokio::test]
async fn c13_a_quote_an_album_and_a_listing_are_shown() {
    let message = shown(
        |event| {
            let text = Some("We have three".to_owned());
            event.quote =
                Some(Quote { message: Some(MessageId::new("q")), text, raw: Some(json!({"x": 1})) });
            event.album = Some("album".into());
            event.listing = Some(Listing { id: "17".into(), ..Listing::default() });
            (event.side, event.origin) = (Side::Company, Some(Origin::Phone));
            let user = Some("42".to_owned());
            event.author = Some(Author { user, ..Author::default() });
        },
        |row| row,
    )
    .await;
    assert_eq!(
        message["quote"],
        json!({"message": "q", "text": "We have three"}),
        "not as the provider gave it"
    );
    assert_eq!((&message["album"], &message["origin"]), (&json!("album"), &json!("phone")));
    assert_eq!(message["listing"], json!(listing_digest("17")));
    assert_eq!(message["author"], json!({"name": null, "id": null, "user": "42"}));
}

#[tokio::test]
async fn c1_what_a_kind_calls_for_is_shown() {
    let place = Location { latitude: 55.75, longitude: 37.5, name: None, address: None };
    let reaction = Reaction { to: MessageId::new("q"), emoji: Some("👍".into()) };
    for (kind, details, expected) in [
        (
            Kind::Location,
            Details::Location(place),
            json!({"location": {"latitude": 55.75, "longitude": 37.5, "name": null, "address": null}}),
        ),
        (Kind::Reaction, Details::Reaction(reaction), json!({"reaction": {"to": "q", "emoji": "👍"}})),
    ] {
        let message = shown(|event| (event.kind, event.details) = (kind, Some(details)), |row| row).await;
        assert_eq!(message["details"], expected);
    }
}

#[tokio::test]
async fn c12_a_file_is_shown_by_our_link_and_the_providers_only_where_no_copy_is_made() {
    let media = |expires| Media { expires, ..Media::linked("https://provider.example/secret") };
    let linked = shown(|event| event.media = Some(media(false)), |row| row).await;
    assert_eq!(
        (&linked["media"]["url"], &linked["file"]),
        (&json!("https://provider.example/secret"), &Value::Null)
    );
    let no_link = shown(|event| event.media = Some(Media::linked("file-id")), |row| row).await;
    assert_eq!(no_link["media"]["url"], Value::Null);
    let stored = FileCopy::Stored {
        object: "key of the object".into(),
        link: "0123456789abcdef".into(),
        mime: "image/jpeg".into(),
        bytes: 7,
    };
    let link = "https://api.example.com/media/0123456789abcdef";
    for (file, expected) in [
        (None, json!({"state": "pending"})),
        (Some(stored), json!({"state": "stored", "url": link, "mime": "image/jpeg", "bytes": 7})),
        (
            Some(FileCopy::Failed { why: CopyFailure::TooLarge }),
            json!({"state": "failed", "why": "too_large"}),
        ),
    ] {
        let copied = |row: Message| match file {
            Some(file) => row.with_file(file, 2),
            None => row,
        };
        let message = shown(|event| event.media = Some(media(true)), copied).await;
        assert_eq!(message["file"], expected);
        assert!(
            !message.to_string().contains("secret") && !message.to_string().contains("key of the"),
            "{message}"
        );
    }
}
