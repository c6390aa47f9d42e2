//! Comments under posts (C10).

use super::Story;
use crate::world::CHANNEL;
use serde_json::json;
use std::time::Duration;
use tests::wazzup;

const USER: &str = "marina";

#[tokio::test]
async fn a_comment_thread() {
    let mut story = Story::begin().await;
    let comment = |story: &Story, post: &str, id: &str, text: &str| {
        wazzup::comment(CHANNEL, USER, post, id, &story.now(), text)
    };
    story.post(&[comment(&story, "camry", "c1", "Сколько стоит?")]).await;
    story.step("A user comments on a post: a case with a link to it, and not live").await;
    story
        .post(&[comment(&story, "mazda", "c2", "А эта?"), comment(&story, "camry", "c3", "И пробег?")])
        .await;
    story.step("She comments on another post, and once more on the first one: one case for each post").await;
    let direct = wazzup::text_in("instagram", CHANNEL, USER, "d1", &story.now(), "Напишите мне в директ");
    story.post(&[direct]).await;
    story.step("She writes directly: a live chat beside the cases, one contact").await;
    let answer = wazzup::quoting(comment(&story, "camry", "e1", "1 250 000 ₽"), "c1", "Сколько стоит?");
    let answer = wazzup::with(answer, json!({"isEcho": true, "status": "sent", "sentFromApp": true}));
    story.post(&[answer]).await;
    story.step("The company answers under the first post: it names the comment and its mode").await;
    story.world.pass(Duration::from_secs(700)).await;
    story.step("Nobody writes: the live chat finishes, the cases stay").await;
    story.post(&[comment(&story, "camry", "c4", "Спасибо")]).await;
    story.step("A comment in an open case").await;
    story.end("comment_thread").await;
}
