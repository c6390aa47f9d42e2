//! Erasing a client (P12): no data of theirs remains, nothing in flight brings it back, and they may write again.

mod loaded;
mod numbers;
mod others;
mod story;

use crate::world::{TOKEN, World, messages, text};
use serde_json::Value;
use shared::base::clock::Ambient;
use shared::model::erasure::{Erasure, ErasureState};
use std::time::Duration;
use story::{HIS, PHONE, Story, anew, id};

#[tokio::test]
async fn p12_an_erased_client_is_nowhere_and_a_redelivery_does_not_bring_him_back() {
    let story = Story::begin().await;
    let dump = story.dump().await;
    for his in HIS {
        assert!(dump.contains(his), "{his} is missing before the erasure, so this test could not find it");
    }
    let person = story.person().await;
    story.ask().await;
    // Every run is cut short, and continues where the one before stopped.
    story.world.pass(Duration::from_secs(900)).await;
    story.assert_gone().await;
    story.assert_others_stay().await;
    let job = story.job().await;
    assert_eq!(job.chats, 2);
    assert!(job.messages >= 6 && job.objects >= 4 && job.dead_letters >= 3, "{job:?}");

    // A redelivery brings nothing back.
    story.redeliver().await;
    story.assert_gone().await;
    assert!(story.world.chat(PHONE).await.is_none() && story.telegram().await.is_none());

    story.world.post(TOKEN, anew(&story.world, 20, "Это снова я")).await;
    story.world.settle().await;
    let chat = story.world.chat(PHONE).await.unwrap();
    assert_ne!(chat.contact, person.contact, "a new contact");
    let texts: Vec<_> = story.world.messages(PHONE).await.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, [Some("Это снова я".to_owned())]);
    // Older messages do not come into the new chat either.
    story.redeliver().await;
    assert_eq!(story.world.messages(PHONE).await.len(), 1);
}

#[tokio::test]
async fn p12_without_the_tombstones_a_redelivery_would_bring_him_back() {
    let story = Story::begin().await;
    story.ask().await;
    story.world.pass(Duration::from_secs(900)).await;
    story.assert_gone().await;
    // Messages that were never stored are recognised by the client's digests alone; stored ones by their tombstones,
    // too.
    story.lose_tombstones("#ERASED#").await;
    story.redeliver().await;
    let texts: Vec<_> = story.world.messages(PHONE).await.into_iter().filter_map(|row| row.text).collect();
    assert!(texts.iter().any(|text| text == "в отказах"), "{texts:?}");
    assert!(texts.iter().all(|text| text != "Здравствуйте"), "{texts:?}");
    story.lose_tombstones("").await;
    story.redeliver().await;
    let texts: Vec<_> = story.world.messages(PHONE).await.into_iter().filter_map(|row| row.text).collect();
    assert!(texts.iter().any(|text| text == "Здравствуйте"), "{texts:?}");
}

#[tokio::test]
async fn p12_an_erasure_that_is_killed_anywhere_goes_on() {
    let story = Story::begin().await;
    story.ask().await;
    story.world.queues.lose("erasures");
    let mut runs = 0;
    while story.job().await.state == ErasureState::Running {
        runs += 1;
        assert!(runs < 600, "it comes to no end: {:?}", story.job().await);
        // Each run gets a little further.
        story.world.table.cut_off(Some(runs));
        story.world.s3.cut_off(Some(runs / 4));
        story.world.sqs.cut_off(Some(runs / 3));
        story.invoke().await;
        story.world.table.cut_off(None);
        story.world.s3.cut_off(None);
        story.world.sqs.cut_off(None);
        // After this time the dead run's lease of the job is over.
        story.world.clock.advance(Duration::from_secs(601));
    }
    assert!(runs > 20, "{runs}");
    story.world.pass(Duration::from_secs(900)).await;
    story.assert_gone().await;
    story.assert_others_stay().await;
    story.redeliver().await;
    story.assert_gone().await;
}

#[tokio::test]
async fn p12_a_long_chat_is_erased_page_by_page() {
    let mut story = Story { world: World::with_employees(&["anna"]).await, posted: Vec::new() };
    for part in 0..3 {
        let entries: Vec<Value> =
            (0..100).map(|n| text(PHONE, &id('c', part * 100 + n), "Здравствуйте")).collect();
        story.post(messages(&entries)).await;
    }
    story.world.settle().await;
    story.world.clock.advance(Duration::from_secs(1));
    story.ask().await;
    story.world.pass(Duration::from_secs(600)).await;
    story.assert_gone().await;
    assert_eq!(story.job().await.messages, 300);
    story.redeliver().await;
    story.assert_gone().await;
}

#[tokio::test]
async fn p12_the_due_index_brings_back_an_erasure_whose_nudge_is_lost() {
    let story = Story::begin().await;
    story.ask().await;
    story.world.queues.lose("erasures");
    story.world.pass(Duration::from_secs(900)).await;
    story.assert_gone().await;
}

#[tokio::test]
async fn p12_what_he_writes_while_he_is_being_erased_begins_a_new_chat_and_stays() {
    let story = Story::begin().await;
    let (account, chat) = (story.world.account.clone(), story.world.chat_id(PHONE));
    story.ask().await;
    story.world.queues.lose("erasures");
    // The erasure is killed when the chat is replaced by its mark and its messages still exist.
    let mut calls = 1;
    while !story.is_marked(&chat).await {
        story.world.table.cut_off(Some(calls));
        story.invoke().await;
        story.world.table.cut_off(None);
        story.world.clock.advance(Duration::from_secs(601));
        calls += 1;
    }
    assert!(!story.found().await.is_empty(), "not all of it is gone yet");
    story.world.post(TOKEN, anew(&story.world, 20, "Пока меня стирают")).await;
    story.world.settle().await;
    assert!(story.is_marked(&chat).await, "the client's message waits");
    story.nudge().await;
    story.world.pass(Duration::from_secs(900)).await;
    let texts: Vec<_> = story.world.messages(PHONE).await.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, [Some("Пока меня стирают".to_owned())]);
    let new = story.world.chat(PHONE).await.unwrap();
    // An erasure that runs again from the beginning changes nothing of the new chat.
    let again = Erasure {
        finished_at: None,
        ..Erasure::new(&account, "0198-erasure", story.job().await.contacts, story.world.clock.now())
    };
    story.world.write(&again).await;
    assert!(story.invoke().await);
    assert_eq!(story.job().await.state, ErasureState::Done);
    assert_eq!(story.world.chat(PHONE).await.unwrap().seq, new.seq);
    assert_eq!(story.world.messages(PHONE).await.len(), 1);
    assert!(story.contact(&new).await.is_some_and(|contact| contact.identities.len() == 1));
}

#[tokio::test]
async fn p12_who_turns_out_to_be_the_same_person_meanwhile_is_erased_too() {
    let story = Story::begin().await;
    // The erasure is requested before both contacts are known to be one person.
    let second = story.telegram().await.unwrap().contact;
    story.ask_for(vec![second]).await;
    story.world.pass(Duration::from_secs(900)).await;
    story.assert_gone().await;
    assert_eq!((story.job().await.contacts.len(), story.job().await.chats), (2, 2));
}

#[tokio::test]
async fn p12_dead_letters_that_somebody_else_holds_are_waited_for() {
    let story = Story::begin().await;
    // A person is inspecting the dead letters, which therefore are hidden from the erasure.
    let hidden = story.world.eraser.dead_letters.receive("https://sqs.test/inbound-dead-letters.fifo").await;
    assert!(!hidden.unwrap().is_empty());
    story.ask().await;
    story.world.settle().await;
    assert_eq!(story.job().await.state, ErasureState::Running);
    assert!(story.world.queues.dump().contains("в отказах"));
    story.world.pass(Duration::from_secs(600)).await;
    story.assert_gone().await;
}

#[tokio::test]
async fn p12_an_erased_live_chat_leaves_nothing_under_its_employees_cap() {
    let mut story = Story { world: World::with_employees(&["anna"]).await, posted: Vec::new() };
    story.post(messages(&[text(PHONE, &id('c', 1), "Здравствуйте")])).await;
    story.world.settle().await;
    assert_eq!(story.world.open_with("anna").await, 1);
    story.ask().await;
    story.world.pass(Duration::from_secs(900)).await;
    story.assert_gone().await;
    assert_eq!(story.world.open_with("anna").await, 0);
}
