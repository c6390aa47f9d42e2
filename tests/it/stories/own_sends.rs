//! Our own sends and their echoes (C6): an employee writes in our window, delivery sends it, and the provider sends its
//! echo.

use super::Story;
use crate::world::sends::KEY;
use shared::base::clock::Ambient;
use tests::sandbox::faults::Action;
use tests::sandbox::wazzup::state::Received;

impl Story {
    async fn received(&self) -> Received {
        self.world.received().await.remove(0)
    }
}

#[tokio::test]
async fn an_echo_before_the_sends_answer() {
    let mut story = Story::begin().await;
    story.post(&[story.text("m1", "Ещё продаёте?")]).await;
    story.step("A client writes").await;
    story.world.wazzup_fails("send", Action::act_then_drop(), 1).await;
    story.world.send("own-1", "Да, приезжайте").await;
    story.step("Anna answers in our window: the provider takes it, and its answer is lost").await;
    let received = story.received().await;
    story.world.echo_of(&received).await;
    story.step("The echo comes: it is the same message, and no other").await;
    story.step("Delivery looks again: it is proved, and not sent twice").await;
    story.world.status_of(&received.message_id, "delivered").await;
    story.step("A status by the provider's id finds it").await;
    assert_eq!(story.world.calls("POST").await.len(), 1);
    story.told = story.told.replace(&received.message_id, "w-1");
    story.end("echo_before_the_answer").await;
}

#[tokio::test]
async fn an_echo_after_the_sends_answer() {
    let mut story = Story::begin().await;
    story.post(&[story.text("m1", "Ещё продаёте?")]).await;
    story.step("A client writes").await;
    story.world.send("own-1", "Да, приезжайте").await;
    story.step("Anna answers in our window, and the provider takes it").await;
    let received = story.received().await;
    story.world.echo_of(&received).await;
    story.step("The echo comes: nothing changes").await;
    let other = Received { message_id: "w-2".into(), ..received.clone() };
    story.world.echo_of(&other).await;
    story.step("Somebody writes the same words on the phone: that is another message").await;
    story.world.status_of(&received.message_id, "read").await;
    story.step("A status by the provider's id finds ours").await;
    story.told = story.told.replace(&received.message_id, "w-1");
    story.end("echo_after_the_answer").await;
}

#[tokio::test]
async fn p1_two_sends_of_the_same_words_and_both_their_echoes_at_once_are_two_messages() {
    let story = Story::begin().await;
    story.post(&[story.text("m1", "Ещё продаёте?")]).await;
    story.world.settle().await;
    // Wazzup accepts both, and its only answers are their echoes: both calls are begun.
    story.world.wazzup_fails("send", Action::act_then_drop(), 1).await;
    story.world.send("own-1", "Да").await;
    story.world.deliver("outbound.fifo").await;
    let first = story.received().await;
    story.world.send("own-2", "Да").await;
    let called = story.world.jobs().await.remove(1).begun(story.world.clock.now());
    story.world.write(&called).await;
    let second = Received { message_id: "w-2".into(), ..first.clone() };
    let echoes = [&first, &second].map(|received| story.echo_of_ours(received));
    story.post(&echoes).await;
    story.world.deliver("inbound.fifo").await;
    let mut ids: Vec<String> = story
        .world
        .messages(super::PHONE)
        .await
        .iter()
        .map(|row| row.message_id.as_str().to_owned())
        .collect();
    ids.sort();
    assert_eq!(ids, ["m1", "own-1", "own-2"]);
    assert!(story.world.chat(super::PHONE).await.unwrap().pending_sends.is_empty());
    assert_eq!(story.world.wazzup().received(KEY, super::PHONE).await.unwrap().len(), 1);
}

impl Story {
    /// The provider's echo of a message of ours; it does not say that it was ours.
    fn echo_of_ours(&self, received: &Received) -> serde_json::Value {
        let text = received.text.as_deref().unwrap_or_default();
        let echo =
            tests::wazzup::echo(crate::world::CHANNEL, super::PHONE, &received.message_id, &self.now(), text);
        tests::wazzup::with(echo, serde_json::json!({"sentFromApp": null, "authorName": null}))
    }
}
