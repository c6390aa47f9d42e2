//! Which echo is ours (C6): a message that an employee writes on the phone is never taken for one of our sends, and an
//! employee's change of our message there is a change of ours.

use crate::world::change_of;
use crate::world::sends::PHONE;
use crate::world::{CHANNEL, TOKEN, World};
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::model::chat::Addressee;
use shared::model::event::{MessageEvent, Origin};
use shared::model::message::kind::DeliveryStatus::{Failed, Sent, Unknown};
use shared::model::message::kind::Kind;
use shared::model::message::media::Media;
use shared::model::messenger::Messenger;
use shared::model::outbound::Action;
use std::time::Duration;
use tests::sandbox::faults::Action as Deed;
use tests::wazzup;

/// A World whose client has written, with Anna responsible.
async fn asked() -> World {
    let world = World::with_employees(&["anna"]).await;
    world.client_writes("m1", "Ещё продаёте?").await;
    world
}

impl World {
    /// Posts an echo of the client's chat with these fields set, and lets everything that follows happen.
    async fn echo_is(&self, id: &str, text: &str, more: Value) {
        let told = wazzup::echo(CHANNEL, PHONE, id, &self.clock.now().rfc3339(), text);
        let told = wazzup::with(told, more);
        assert_eq!(self.post(TOKEN, wazzup::messages(&[told]).to_string()).await, 200);
        self.settle().await;
    }

    /// Ids of the chat's messages that are shown.
    async fn shown(&self) -> Vec<String> {
        let rows = self.messages(PHONE).await;
        let shown = rows.into_iter().filter(|row| row.deleted_seq.is_none());
        shown.map(|row| row.message_id.as_str().to_owned()).collect()
    }

    /// Enqueues a picture without a text.
    async fn send_picture(&self, own: &str) {
        let media =
            Media { mime: Some("image/jpeg".into()), ..Media::linked(self.wazzup().file_url("car.jpg")) };
        let event =
            MessageEvent { kind: Kind::Image, text: None, media: Some(media), ..self.written(own, "") };
        self.wazzup().put_file("car.jpg", "image/jpeg", b"\xff\xd8\xff".to_vec()).await.unwrap();
        self.send_event(&event, None).await;
    }

    /// An employee posts another picture on the phone, also without a text.
    async fn picture_is_posted(&self, id: &str) {
        self.echo_is(id, "", picture()).await;
    }
}

fn picture() -> Value {
    json!({"type": "image", "text": null, "contentUri": "https://store.example.com/other.jpg"})
}

#[tokio::test]
async fn c6_the_same_words_written_on_the_phone_do_not_stand_for_a_send_that_was_never_called() {
    let world = asked().await;
    world.set_channel(|channel| channel.paused = true).await;
    world.clock.advance(Duration::from_secs(45));
    world.send("own-1", "Добрый день").await;
    world.settle().await;
    world.echo_is("w-phone", "Добрый день", json!({})).await;
    assert_eq!(world.shown().await, ["m1", "own-1", "w-phone"]);
    world.set_channel(|channel| channel.paused = false).await;
    world.pass_everywhere(Duration::from_secs(480)).await;
    assert_eq!((world.received().await.len(), world.own("own-1").await.status), (1, Some(Sent)));
}

#[tokio::test]
async fn c6_a_picture_posted_on_the_phone_does_not_stand_for_one_of_ours() {
    let world = asked().await;
    world.set_channel(|channel| channel.paused = true).await;
    world.clock.advance(Duration::from_secs(45));
    world.send_picture("own-1").await;
    world.settle().await;
    world.picture_is_posted("w-phone").await;
    world.set_channel(|channel| channel.paused = false).await;
    world.pass_everywhere(Duration::from_secs(480)).await;
    assert_eq!((world.received().await.len(), world.own("own-1").await.status), (1, Some(Sent)));
    assert_eq!(world.shown().await.len(), 3);
}

#[tokio::test]
async fn c6_an_echo_of_a_picture_of_ours_is_the_same_message_while_no_other_is_on_its_way() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::act_then_drop(), 1).await;
    world.send_picture("own-1").await;
    world.deliver("outbound.fifo").await;
    let id = world.received().await[0].message_id.clone();
    world.picture_is_posted(&id).await;
    assert_eq!(world.own("own-1").await.provider_id.unwrap().as_str(), id);
    world.pass_everywhere(Duration::from_secs(60)).await;
    assert_eq!((world.shown().await.len(), world.received().await.len()), (2, 1));
}

#[tokio::test]
async fn c6_of_two_pictures_on_their_way_no_echo_stands_for_either() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::act_then_drop(), 1).await;
    world.send_picture("own-1").await;
    world.deliver("outbound.fifo").await;
    world.send_picture("own-2").await;
    for job in world.jobs().await {
        world.write(&job.in_doubt(world.clock.now())).await;
    }
    world.picture_is_posted("w-phone").await;
    let ids = ["own-1", "own-2"];
    for id in ids {
        assert_eq!(world.own(id).await.provider_id, None);
    }
    assert!(world.shown().await.contains(&"w-phone".to_owned()));
}

#[tokio::test]
async fn c6_an_old_doubt_swallows_nothing_that_is_written_later() {
    let mut world = asked().await;
    world.delivery.call_within = Duration::from_millis(60);
    world.wazzup_fails("send", Deed::hang(), 99).await;
    world.send("own-1", "Добрый день").await;
    world.pass_everywhere(Duration::from_secs(60)).await;
    world.wazzup().clear_faults().await.unwrap();
    world.pass_everywhere(Duration::from_secs(400)).await;
    assert_eq!(world.own("own-1").await.status, Some(Unknown));
    world.pass_everywhere(Duration::from_secs(1200)).await;
    world.echo_is("w-phone", "Добрый день", json!({})).await;
    assert!(world.shown().await.contains(&"w-phone".to_owned()));
    assert_eq!(world.own("own-1").await.status, Some(Unknown), "nothing proves it");
    assert!(world.chat(PHONE).await.unwrap().pending_sends.is_empty(), "forgotten");
}

#[tokio::test]
async fn c6_an_edit_and_a_deletion_made_on_the_phone_are_of_our_message() {
    let world = asked().await;
    world.send_event(&world.written("own-1", "Да, приезжайте"), Some("Анна")).await;
    world.settle().await;
    let id = world.received().await[0].message_id.clone();
    let old = json!({"isEdited": true, "oldInfo": {"oldText": "Да, приезжайте\n\nАнна"}});
    world.echo_is(&id, "Да, завтра\n\nАнна", old).await;
    let row = world.own("own-1").await;
    assert_eq!(
        (row.text.as_deref(), row.old_text.as_deref()),
        (Some("Да, завтра"), Some("Да, приезжайте")),
        "without the signature"
    );
    assert_eq!(world.crm_texts().await, ["Ещё продаёте?", "Да, завтра"]);
    world.echo_is(&id, "", json!({"isDeleted": true})).await;
    assert!(world.own("own-1").await.deleted_seq.is_some());
    assert_eq!(world.messages(PHONE).await.len(), 2, "no message of its own");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn c6_the_echo_of_our_own_edit_is_no_second_edit() {
    for before in [true, false] {
        let world = asked().await;
        world.send_event(&world.written("own-1", "Да, приезжайте"), Some("Анна")).await;
        world.settle().await;
        let id = world.received().await[0].message_id.clone();
        if before {
            // Wazzup carries it out, and its only answer is the echo.
            world.wazzup_fails("edit", Deed::act_then_drop(), 1).await;
        }
        world.change_sent("own-1", Action::EditText("Да, завтра".into())).await;
        let mut job = world.jobs().await.remove(0);
        job.signature = Some("Анна".into());
        world.write(&job).await;
        world.deliver("outbound.fifo").await;
        let old = json!({"isEdited": true, "oldInfo": {"oldText": "Да, приезжайте\n\nАнна"}});
        world.echo_is(&id, "Да, завтра\n\nАнна", old).await;
        world.pass_everywhere(Duration::from_secs(60)).await;
        let row = world.own("own-1").await;
        assert_eq!((row.text.as_deref(), row.seen_edits.len()), (Some("Да, завтра"), 1), "{before}");
        assert_eq!(row.old_text.as_deref(), Some("Да, приезжайте"), "{before}");
        assert_eq!((world.messages(PHONE).await.len(), world.jobs().await.len()), (2, 0), "{before}");
        world.assert_crm_content().await;
    }
}

#[tokio::test]
async fn d2_where_echoes_are_not_imported_our_own_bots_echo_is_no_employees_answer() {
    let world = asked().await;
    world.set_channel(|channel| channel.skip_echoes = true).await;
    world.clock.advance(Duration::from_secs(45));
    let event = MessageEvent {
        origin: Some(Origin::Bot), ..world.written("own-1", "Мы ответим завтра")
    };
    world.send_event(&event, None).await;
    world.settle().await;
    let received = world.received().await.remove(0);
    world.echo_of(&received).await;
    world.settle().await;
    assert!(world.chat(PHONE).await.unwrap().unanswered_at.is_some(), "a person has yet to answer");
    world.echo_is(&received.message_id, "", json!({"isDeleted": true})).await;
    assert!(world.own("own-1").await.deleted_seq.is_some(), "ours is ours there too");
    world.echo_is("w-phone", "Приезжайте", json!({})).await;
    assert_eq!(
        (world.chat(PHONE).await.unwrap().unanswered_at, world.messages(PHONE).await.len()),
        (None, 2)
    );
}

#[tokio::test]
async fn e2_an_echo_of_ours_with_an_error_is_told_once() {
    let world = asked().await;
    world.send("own-1", "Да, приезжайте").await;
    world.settle().await;
    let id = world.received().await[0].message_id.clone();
    for round in 0..2 {
        let error = json!({"status": "error", "error": {"error": "BAD_CONTACT", "description": "x"}});
        world.echo_is(&id, "Да, приезжайте", error).await;
        assert_eq!(
            (world.own("own-1").await.status, world.notices().await.len()),
            (Some(Failed), 1),
            "{round}"
        );
    }
    world.assert_crm_content().await;
}

/// A chat that we started by phone on Telegram: only the answer to the send says to which chat the echo belongs.
#[tokio::test]
async fn d4_an_echo_before_the_answer_that_tells_the_chat_begins_no_other() {
    let world = asked().await;
    let mut chat = world.chat(PHONE).await.unwrap();
    (chat.addressee, chat.messenger) = (Some(Addressee::Phone("79990001122".into())), Messenger::Telegram);
    world.write(&chat).await;
    let echo =
        |id: &str, user: &str| world.answered(Origin::Outside, &Messenger::Telegram, user, id, "Добрый день");
    world.put(echo("w-1", "218485655")).await;
    world.settle().await;
    let named = world.chat_of("telegram:218485655");
    assert!(world.store.chat(&world.account, &named).await.unwrap().is_none(), "it waits");
    // The answer is stored.
    let (before, mut after) = (world.chat(PHONE).await.unwrap(), world.chat(PHONE).await.unwrap());
    (after.addressee, after.seq) = (None, after.seq + 1);
    after.aliases.push(named.clone());
    let alias = shared::store::clients::alias_row(&world.account, &named, &after.chat).unwrap();
    let chat = change_of(before, after.clone(), world.clock.now());
    world.store.commit(chat.into_iter().chain([alias]).collect()).await.unwrap();
    world.pass(Duration::from_secs(30)).await;
    assert_eq!(world.shown().await, ["m1", "w-1"]);
    // An echo of a chat that was not started here becomes a chat after the wait.
    world.put(echo("w-2", "218485656")).await;
    world.pass(Duration::from_secs(30)).await;
    let other = world.store.chat(&world.account, &world.chat_of("telegram:218485656")).await.unwrap();
    assert!(other.is_some_and(|other| other.chat != after.chat));
}

/// An ordinary message costs no extra query; an echo that may be ours costs one query of the jobs.
#[tokio::test]
async fn only_an_echo_that_may_be_ours_costs_a_look_at_the_jobs() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::act_then_drop(), 1).await;
    world.send("own-1", "Да, приезжайте").await;
    world.deliver("outbound.fifo").await;
    for (text, queries) in [("Другое", 0), ("Да, приезжайте", 1)] {
        let told = wazzup::echo(CHANNEL, PHONE, text, &world.clock.now().rfc3339(), text);
        assert_eq!(world.post(TOKEN, wazzup::messages(&[told]).to_string()).await, 200);
        world.table.take_traffic();
        assert!(world.deliver("inbound.fifo").await);
        assert_eq!(world.table.take_traffic().calls("Query"), queries, "{text}");
    }
}
