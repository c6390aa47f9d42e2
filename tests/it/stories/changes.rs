//! Messages that are edited, deleted, and quoted after their deletion.

use super::Story;
use std::time::Duration;
use tests::wazzup;

#[tokio::test]
async fn an_edit() {
    let mut story = Story::begin().await;
    let first = story.text("m1", "Сколько стоит?");
    story.post(std::slice::from_ref(&first)).await;
    story.step("A client writes").await;
    let second = wazzup::edited(first.clone(), "Сколько стоит Camry?");
    story.post(std::slice::from_ref(&second)).await;
    story.step("He edits it").await;
    let back = wazzup::edited(second.clone(), "Сколько стоит?");
    story.post(&[back]).await;
    story.step("He edits it back to what it was").await;
    // SQS deduplicates a repeated webhook for five minutes; after that, only the message's own row shows the duplicate.
    story.world.clock.advance(Duration::from_secs(310));
    story.post(&[second]).await;
    story.step("The first edit is delivered once more: nothing changes").await;
    let answer = story.echo("e1", "1 250 000");
    story.post(std::slice::from_ref(&answer)).await;
    story.step("An employee answers on the phone").await;
    let corrected = wazzup::edited(answer.clone(), "1 350 000");
    let again = wazzup::edited(corrected.clone(), "1 350 000 ₽, торг");
    story.post(&[again]).await;
    story.step("He edits the answer twice, and the second edit comes first").await;
    story.post(&[corrected]).await;
    story.step("The first edit comes too late: nothing changes").await;
    story.end("edit").await;
}

#[tokio::test]
async fn a_deletion() {
    let mut story = Story::begin().await;
    let wrong = story.text("m1", "Отдам за миллион");
    story.post(std::slice::from_ref(&wrong)).await;
    story.step("A client writes").await;
    let deleted = wazzup::deleted(wrong);
    story.post(std::slice::from_ref(&deleted)).await;
    story.step("He deletes it: it stays to be read, and marked").await;
    let answer = story.echo("e1", "Беру");
    story.post(std::slice::from_ref(&answer)).await;
    story.step("An employee answers on the phone").await;
    story.post(&[wazzup::deleted(answer)]).await;
    story.step("And deletes his answer: the client was answered all the same").await;
    story.world.clock.advance(Duration::from_secs(310));
    story.post(&[deleted]).await;
    story.step("The client's deletion is delivered once more: nothing changes").await;
    story.world.pass(Duration::from_secs(700)).await;
    story.step("Nobody writes: the chat finishes as of the last message").await;
    story.end("deletion").await;
}

#[tokio::test]
async fn a_quote_of_a_deleted_message() {
    let mut story = Story::begin().await;
    story.post(&[story.text("m1", "Торг есть?")]).await;
    story.step("A client writes").await;
    let answer = story.echo("e1", "Уступим 50 000");
    story.post(std::slice::from_ref(&answer)).await;
    story.step("An employee answers").await;
    story.post(&[wazzup::deleted(answer)]).await;
    story.step("The employee deletes his answer").await;
    let quoting = wazzup::quoting(story.text("m2", "Вы обещали!"), "e1", "Уступим 50 000");
    story.post(&[quoting]).await;
    story.step("The client quotes it: what was quoted can be read with the quote").await;
    let before_us = wazzup::quoting(story.text("m3", "И раньше тоже"), "x9", "Уступим всегда");
    story.post(&[before_us]).await;
    story.step("He quotes a message from before we were here").await;
    story.end("quote_of_a_deleted_message").await;
}
