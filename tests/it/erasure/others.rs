//! What an erasure must keep: another account's data, other clients of the same account, and what came after it.

use super::story::{OTHER, PHONE, Story, TELEGRAM, id, telegram};
use crate::world::{TOKEN, messages, text};
use serde_json::json;
use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::{AccountId, ChatId};
use shared::model::erasure::ErasureState;
use shared::model::event::{Envelope, Event, MessageEvent};
use shared::model::messenger::Messenger;
use shared::platform::queue::Outgoing;
use std::time::Duration;

const LETTERS: &str = "inbound-dead-letters.fifo";

impl Story {
    /// Puts a message's event into the dead-letter queue of the inbound queue.
    async fn give_up_on(&self, account: &AccountId, accepted_at: Timestamp, event: MessageEvent) {
        let digest = event.message_id.in_key();
        let envelope = Envelope::new(account.clone(), accepted_at, Event::Message(Box::new(event)));
        let outgoing = vec![Outgoing::inbound(&envelope, digest).unwrap()];
        let url = format!("https://sqs.test/{LETTERS}");
        self.world.eraser.queues.send(&url, outgoing).await.unwrap();
    }

    fn letters_with(&self, text: &str) -> usize {
        self.world.queues.holds(LETTERS).iter().filter(|letter| letter.body.contains(text)).count()
    }

    async fn texts_of(&self, chat: &ChatId) -> Vec<String> {
        let page = self.world.store.messages_by_time(&self.world.account, chat, 100, None).await.unwrap();
        page.items.into_iter().filter_map(|message| message.text).collect()
    }
}

#[tokio::test]
async fn p12_dead_letters_of_another_account_and_of_another_client_stay() {
    let story = Story::begin().await;
    let (world, now) = (&story.world, story.world.clock.now());
    let (whatsapp, another) = (Messenger::Whatsapp, AccountId::new("another"));
    // The same phone writes to another company.
    let theirs = world.said(&whatsapp, PHONE, "another-0000-0000-1", "чужое письмо");
    let theirs = MessageEvent { chat: ChatId::new("chat-of-another-account"), ..theirs };
    story.give_up_on(&another, now, theirs).await;
    // Another client of ours mentions this one's phone and id.
    let named =
        world.said(&whatsapp, OTHER, "33333333-dddd-1", &format!("письмо о нём: {PHONE}, {TELEGRAM}"));
    story.give_up_on(&world.account, now, named).await;
    // The client writes while the queues are being searched.
    let after = world.said(&whatsapp, PHONE, "44444444-dddd-1", "письмо после стирания");
    story.give_up_on(&world.account, now + Duration::from_secs(3600), after).await;
    let before = world.said(&whatsapp, PHONE, "44444444-dddd-2", "письмо до стирания");
    story.give_up_on(&world.account, now, before).await;
    story.ask().await;
    story.world.pass(Duration::from_secs(900)).await;
    assert_eq!(story.job().await.state, ErasureState::Done);
    assert_eq!(story.letters_with("письмо до стирания"), 0);
    assert_eq!(story.letters_with("в отказах"), 0);
    assert_eq!(story.letters_with("чужое письмо"), 1, "an accepted message of another account");
    assert_eq!(story.letters_with("письмо о нём"), 1, "an accepted message of another client");
    assert_eq!(story.letters_with("письмо после стирания"), 1, "an accepted message of a new client");
}

#[tokio::test]
async fn p12_of_records_that_may_be_another_accounts_only_those_with_a_long_string_of_his_go() {
    let story = Story::begin().await;
    let keep = |key: &str, body: String| {
        story.world.bucket.objects.lock().unwrap().insert(key.into(), body.into_bytes());
    };
    keep("unknown/2026-11-21/short", format!("an order of {TELEGRAM} roubles"));
    keep(&format!("{}/2026-11-21/short", story.world.account), format!("no JSON of {TELEGRAM}"));
    story.ask().await;
    story.world.pass(Duration::from_secs(900)).await;
    assert_eq!(story.job().await.state, ErasureState::Done);
    let records: Vec<String> = story.world.bucket.objects.lock().unwrap().keys().cloned().collect();
    let short: Vec<&String> = records.iter().filter(|key| key.ends_with("/short")).collect();
    assert_eq!(
        short,
        ["unknown/2026-11-21/short"],
        "nine digits may be any number; in the account's own record they are the client's"
    );
    assert!(!records.contains(&"unknown/2026-11-21/his".to_owned()), "eleven digits are the client's");
}

#[tokio::test]
async fn p12_what_he_writes_in_his_second_chat_while_the_first_is_emptied_stays() {
    let mut story = Story::begin().await;
    let (first, second) = (story.world.chat_id(PHONE), story.telegram_id());
    // The chat of the contact that is erased first has many messages.
    for hundred in [1, 2] {
        let entries: Vec<_> =
            (0..100).map(|n| text(PHONE, &id('c', hundred * 100 + n), "Здравствуйте")).collect();
        story.post(messages(&entries)).await;
    }
    story.world.settle().await;
    story.world.clock.advance(Duration::from_secs(1));
    story.ask().await;
    story.world.queues.lose("erasures");
    // The erasure is killed while it deletes the first chat's messages.
    let mut calls = 1;
    while story.world.store.erased_messages(&story.world.account, &first).await.unwrap().is_empty() {
        story.world.table.cut_off(Some(calls));
        story.invoke().await;
        story.world.table.cut_off(None);
        story.world.clock.advance(Duration::from_secs(601));
        calls += 1;
    }
    assert!(story.is_marked(&first).await, "it is not empty yet");
    let mut anew = telegram(400, "Пишу во второй", false);
    anew["dateTime"] = json!(story.world.clock.now().rfc3339());
    assert_eq!(story.world.post(TOKEN, messages(&[anew])).await, 200);
    story.world.settle().await;
    story.nudge().await;
    story.world.pass(Duration::from_secs(1200)).await;
    assert_eq!(story.job().await.state, ErasureState::Done);
    assert_eq!(story.texts_of(&second).await, ["Пишу во второй"]);
    let chat = story.world.store.chat(&story.world.account, &second).await.unwrap().unwrap();
    assert!(!story.job().await.contacts.contains(&chat.contact), "the chat belongs to a new contact");
    assert_eq!(story.job().await.chats, 2);
    assert_eq!(story.texts_of(&first).await, Vec::<String>::new());
}
