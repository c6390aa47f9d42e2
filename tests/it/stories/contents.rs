//! Albums, stories, groups, listings.

use super::{PHONE, Story};
use crate::world::CHANNEL;
use serde_json::json;
use shared::model::event::MessageEvent;
use shared::model::message::content::{Details, Story as Told};
use shared::model::message::kind::Kind;
use shared::model::message::media::Media;
use shared::model::messenger::Messenger;
use std::time::Duration;
use tests::wazzup;

/// The beginning of a JPEG.
const PICTURE: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F'];

impl Story {
    /// A picture at a provider whose links expire.
    async fn picture(&self, name: &str) -> Option<Media> {
        let link = self.world.sandbox.client().put_file(name, "image/jpeg", PICTURE).await.unwrap();
        Some(Media { expires: true, ..Media::linked(link) })
    }

    async fn of_album(&self, id: &str, caption: Option<&str>) -> MessageEvent {
        MessageEvent {
            kind: Kind::Image,
            text: caption.map(str::to_owned),
            media: self.picture(id).await,
            album: Some("a1".into()),
            ..self.world.said(&Messenger::Whatsapp, PHONE, id, "")
        }
    }
}

#[tokio::test]
async fn an_album() {
    let mut story = Story::begin().await;
    let first = story.of_album("p1", Some("Вот мой автомобиль")).await;
    story.world.clock.advance(Duration::from_secs(1));
    let second = story.of_album("p2", None).await;
    story.world.put(first.clone()).await;
    story.world.put(second).await;
    // The messages are stored before any file is copied.
    story.world.deliver("inbound.fifo").await;
    story.world.deliver("assignment.fifo").await;
    while story.world.deliver("crm.fifo").await {}
    story.write_down("A client sends an album: two of its pictures are announced").await;
    story.step("And copied: the CRM gets the files").await;
    let third = story.of_album("p3", None).await;
    story.world.put(third).await;
    story.world.put(first).await;
    story.step("The third one comes, and the first one again: one chat, three messages of one album").await;
    story.post(&[story.echo("e1", "Красивая!")]).await;
    story.step("An employee answers").await;
    story.end("album").await;
}

#[tokio::test]
async fn a_story_reply() {
    let mut story = Story::begin().await;
    let told = |id: &str| {
        Some(Details::Story(Told {
            id: Some(id.into()),
            url: Some(format!("https://www.instagram.com/stories/avtosalon/{id}")),
        }))
    };
    let reply = MessageEvent {
        kind: Kind::StoryReply,
        details: told("s1"),
        media: story.picture("s1").await,
        ..story.world.said(&Messenger::Instagram, "marina", "m1", "Ещё в продаже?")
    };
    story.world.put(reply).await;
    story.step("A client answers a story: a live chat with the story's picture").await;
    let mention = MessageEvent {
        kind: Kind::StoryMention,
        text: None,
        details: told("s2"),
        media: story.picture("s2").await,
        ..story.world.said(&Messenger::Instagram, "marina", "m2", "")
    };
    story.world.put(mention).await;
    story.step("She mentions the company in a story of hers").await;
    let gone = MessageEvent {
        kind: Kind::StoryReply,
        details: told("s3"),
        media: Some(Media { expires: true, ..Media::linked(story.world.sandbox.client().file_url("gone")) }),
        ..story.world.said(&Messenger::Instagram, "marina", "m3", "А эта?")
    };
    story.world.put(gone).await;
    story.step("She answers a story that is over: her words are here, its picture is asked for again").await;
    story.world.pass(Duration::from_secs(3600)).await;
    story.step("An hour later its picture is given up, and the CRM is told why").await;
    story.end("story_reply").await;
}

#[tokio::test]
async fn a_group_with_two_authors() {
    const GROUP: &str = "79990001122-1700000000";
    let mut story = Story::begin().await;
    let say = |story: &Story, author: &str, id: &str, text: &str| {
        wazzup::in_group(CHANNEL, GROUP, author, id, &story.now(), text)
    };
    story.post(&[say(&story, "Марина", "m1", "Кто едет смотреть?")]).await;
    story.step("A member of a group writes").await;
    story.post(&[say(&story, "Пётр", "m2", "Я"), say(&story, "Марина", "m3", "И я")]).await;
    story
        .step("Another one answers, and the first one again: one chat, one contact, which is the group")
        .await;
    let echo = wazzup::echo(CHANNEL, GROUP, "e1", &story.now(), "Ждём в 12");
    story.post(&[wazzup::with(echo, json!({"chatType": "whatsgroup"}))]).await;
    story.step("An employee answers on the phone").await;
    story.post(&[wazzup::text(CHANNEL, "79990007766", "m4", &story.now(), "А мне лично можно?")]).await;
    story.step("A member writes by himself: another chat and another contact").await;
    story.end("group_with_two_authors").await;
}

#[tokio::test]
async fn a_changed_listing() {
    let mut story = Story::begin().await;
    let ask = |story: &Story, id: &str, text: &str, (listing, title, price): (&str, &str, &str)| {
        let advert = wazzup::advert(listing, title, price);
        wazzup::about_listing(CHANNEL, "u2i-1", id, &story.now(), text, &advert)
    };
    let mazda = ("17", "Mazda 3, 2008", "300 000 ₽");
    story.post(&[ask(&story, "m1", "Ещё продаёте?", mazda)]).await;
    story.step("A client asks about a car").await;
    story.post(&[ask(&story, "m2", "Где смотреть?", mazda)]).await;
    story.step("And once more about the same one").await;
    story.post(&[ask(&story, "m3", "Вижу, подешевела", ("17", "Mazda 3, 2008", "280 000 ₽"))]).await;
    story.step("Its price has changed").await;
    story.post(&[ask(&story, "m4", "А эта?", ("18", "Toyota Camry, 2012", "1 250 000 ₽"))]).await;
    story.step("He asks about another car: the first one stays in the history").await;
    story.post(&[ask(&story, "m5", "Всё же Mazda", ("17", "Mazda 3, 2008", "280 000 ₽"))]).await;
    story.step("And about the first one again").await;
    let plain = wazzup::text_in("avito", CHANNEL, "u2i-1", "m6", &story.now(), "Приеду завтра");
    story.post(&[plain]).await;
    story.step("A message that names no car: the chat is about what it was about").await;
    story.end("changed_listing").await;
}
