//! Missed calls (C9).

use super::{PHONE, Story};
use crate::world::CHANNEL;
use shared::model::texts::Language;
use std::time::Duration;
use tests::wazzup;

async fn missed_call(language: Language, name: &str) {
    let mut story = Story::begin().await;
    story.world.set_account(|account| account.language = language).await;
    story.post(&[wazzup::missed_call(CHANNEL, PHONE, "call1", &story.now())]).await;
    story.step("A client calls, and nobody takes it: a chat with the account's fixed text").await;
    story.post(&[story.echo("e1", "Перезвоню через час")]).await;
    story.step("An employee answers").await;
    story.world.pass(Duration::from_secs(700)).await;
    story.step("Nobody writes: the chat finishes").await;
    story.post(&[wazzup::missed_call(CHANNEL, PHONE, "call2", &story.now())]).await;
    story.step("The client calls again: it opens once more").await;
    story.end(name).await;
}

#[tokio::test]
async fn a_missed_call_in_russian() {
    missed_call(Language::Ru, "missed_call_ru").await;
}

#[tokio::test]
async fn a_missed_call_in_english() {
    missed_call(Language::En, "missed_call_en").await;
}
