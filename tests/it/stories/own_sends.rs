//! Our own sends and their echoes (C6), as the delivery that is to come will write them.

use super::{PHONE, Story};
use crate::world::CHANNEL;
use serde_json::json;
use shared::chat::Chat;
use shared::clock::Ambient;
use shared::crm::CrmKind;
use shared::event::{MessageEvent, Messenger, Origin};
use shared::ids::{ConnectionId, MessageId};
use shared::message::{DeliveryStatus, Message};
use shared::nudge;
use shared::queue::Outgoing;
use shared::store::keys::Pointer;
use shared::store::row::Write;
use tests::wazzup;

impl Story {
    async fn chat(&self) -> Chat {
        self.world.chat(PHONE).await.unwrap()
    }

    /// An employee writes in our window: the rows are there before the provider is asked.
    async fn send(&self, own: &str, text: &str) {
        let event = MessageEvent {
            status: Some(DeliveryStatus::Queued),
            ..self.world.answered(Origin::Window, &Messenger::Whatsapp, PHONE, own, text)
        };
        let before = self.chat().await;
        let mut after = before.clone();
        let message = after.send(&event, self.world.clock.now()).unwrap();
        let chat = Write::change(&before, &after, &["last_seq"]).unwrap();
        self.commit(chat, vec![Write::create(&message).unwrap()]).await;
        self.nudge(&after).await;
    }

    /// The provider's answer to the send tells its id, unless the echo has told it already.
    async fn answer(&self, own: &str, provider: &str) {
        let before = self.chat().await;
        let ids = [MessageId::new(own)];
        let row = self.world.store.messages(&self.world.account, &before.chat, &ids).await.unwrap().remove(0);
        if row.provider_id.is_some() {
            return;
        }
        let (mut after, mut sent): (Chat, Message) = (before.clone(), row.clone());
        after.confirm_send(&row.message_id);
        after.seq += 1;
        sent.provider_id = Some(MessageId::new(provider));
        sent.report(DeliveryStatus::Sent, None, self.world.clock.now(), after.seq);
        let pointer = Pointer {
            account: row.account.clone(),
            connection: ConnectionId::new("connection"),
            message_id: MessageId::new(provider),
            chat: row.chat.clone(),
            own_id: Some(row.message_id.clone()),
        };
        let message = Write::change(&row, &sent, &["seq"]).unwrap();
        let writes = message.into_iter().chain([Write::create(&pointer).unwrap()]).collect();
        self.commit(Write::change(&before, &after, &["last_seq"]).unwrap(), writes).await;
        self.nudge(&after).await;
    }

    async fn commit(&self, chat: Option<Write>, mut writes: Vec<Write>) {
        writes.extend(chat);
        self.world.store.commit(writes).await.unwrap();
    }

    async fn nudge(&self, chat: &Chat) {
        let now = self.world.clock.now();
        if let Some(nudge) = nudge::nudges(chat, CrmKind::Universal, now).crm {
            let outgoing = Outgoing::crm(&nudge, 1, &*self.world.clock).unwrap();
            self.world.context.queues.send("https://sqs.test/crm.fifo", vec![outgoing]).await.unwrap();
        }
    }

    /// What the provider tells of what we sent: it does not say that it was ours.
    fn echo_of_ours(&self, id: &str, text: &str) -> serde_json::Value {
        let echo = wazzup::echo(CHANNEL, PHONE, id, &self.now(), text);
        wazzup::with(echo, json!({"sentFromApp": null, "authorName": null}))
    }
}

#[tokio::test]
async fn an_echo_before_the_sends_answer() {
    let mut story = Story::begin().await;
    story.post(&[story.text("m1", "Ещё продаёте?")]).await;
    story.step("A client writes").await;
    story.send("own-1", "Да, приезжайте").await;
    story.step("Anna answers in our window: on its way to the provider").await;
    let echo = story.echo_of_ours("w-1", "Да, приезжайте");
    story.post(std::slice::from_ref(&echo)).await;
    story.step("The echo comes before the provider's answer: it is the same message, and no other").await;
    story.answer("own-1", "w-1").await;
    story.step("The provider's answer comes: nothing changes").await;
    story.status("w-1", "delivered").await;
    story.step("A status by the provider's id finds it").await;
    story.end("echo_before_the_answer").await;
}

#[tokio::test]
async fn an_echo_after_the_sends_answer() {
    let mut story = Story::begin().await;
    story.post(&[story.text("m1", "Ещё продаёте?")]).await;
    story.step("A client writes").await;
    story.send("own-1", "Да, приезжайте").await;
    story.answer("own-1", "w-1").await;
    story.step("Anna answers in our window, and the provider takes it").await;
    let echo = story.echo_of_ours("w-1", "Да, приезжайте");
    story.post(std::slice::from_ref(&echo)).await;
    story.step("The echo comes: nothing changes").await;
    story.post(&[story.echo_of_ours("w-2", "Да, приезжайте")]).await;
    story.step("Somebody writes the same words on the phone: that is another message").await;
    story.status("w-1", "read").await;
    story.step("A status by the provider's id finds ours").await;
    story.end("echo_after_the_answer").await;
}

#[tokio::test]
async fn p1_two_sends_of_the_same_words_and_both_their_echoes_at_once_are_two_messages() {
    let story = Story::begin().await;
    story.post(&[story.text("m1", "Ещё продаёте?")]).await;
    story.world.settle().await;
    story.send("own-1", "Да").await;
    story.send("own-2", "Да").await;
    story.post(&[story.echo_of_ours("w-1", "Да"), story.echo_of_ours("w-2", "Да")]).await;
    story.world.settle().await;
    let mut ids: Vec<String> =
        story.world.messages(PHONE).await.iter().map(|row| row.message_id.as_str().to_owned()).collect();
    ids.sort();
    assert_eq!(ids, ["m1", "own-1", "own-2"]);
    assert!(story.chat().await.pending_sends.is_empty());
}
