//! The story's second chapter: what else a conversation contains, and how a client is erased. Every line is read back.

use super::{ARRIVAL, StoryError};
use crate::account::{Account, Plan, SetupError, random};
use crate::sandbox::client::Client;
use crate::sandbox::state::{ChatMessage, CrmState};
use crate::stack::Stack;
use crate::wazzup::{about_listing, advert, comment, echo, file, messages, missed_call, telegram, text};
use serde_json::{Value, json};
use std::time::Duration;

/// The smallest picture: one pixel.
const PICTURE: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// The client who writes on WhatsApp and on Telegram.
const PHONE: &str = "79011113301";
/// A number on the blacklist.
const BLOCKED: &str = "79011113302";

/// Plays the chapter on an account of its own.
pub(super) async fn tell(stack: &Stack, sandbox: &Client, say: &dyn Fn(&str)) -> Result<(), StoryError> {
    let name = format!("more-{}", &random()[..6]);
    say("");
    say(&format!(
        "setting up the account {name}, with the channel's name before texts and one phone on the blacklist"
    ));
    let plan = Plan {
        name: &name, channels: &[("Отдел продаж", 600)], employees: &[("anna", "Анна")]
    };
    let account = Account::set_up(stack, sandbox, &plan).await?;
    let channel = &account.channels[0];
    let settings = json!({"name": "Отдел продаж", "name_in_crm": true});
    account.api.patch(&format!("/v1/channels/{}", channel.id), &settings).await.map_err(SetupError::from)?;
    let block = json!({"phone": "8 (901) 111-33-02", "note": "спам"});
    account.api.put("/v1/blacklist", &block).await.map_err(SetupError::from)?;
    say(
        "posting a photo, a Telegram message of the same person, a comment, a question about a listing, a missed call, an echo, and spam",
    );
    let run = random();
    let id = |name: &str| format!("{}-{name}", &run[..12]);
    let picture = sandbox.put_file(&id("photo.gif"), "image/gif", PICTURE).await?;
    let bodies = bodies(&channel.external, &picture, &id);
    for body in &bodies {
        let outcome = account.post(body).await?;
        if outcome.status != Some(200) {
            return Err(SetupError::NotAccepted(format!("{outcome:?}")).into());
        }
    }
    say("waiting for them to arrive in the CRM, the photo's file too");
    let with_file =
        |state: &CrmState| state.message_count() == 6 && find(state, &id("photo")).is_some_and(has_file);
    let crm = sandbox.crm_until(&name, ARRIVAL, with_file).await?;
    let mut wrong = Vec::new();
    shown(&crm, say, &mut wrong);
    let fetched = sandbox.fetch_file(&name, &id("photo")).await?;
    say(&format!(
        "  the CRM fetched the photo by our link: HTTP {:?}, {} bytes",
        fetched.status, fetched.bytes
    ));
    if fetched.bytes != PICTURE.len() {
        wrong.push("the CRM could not fetch the photo".into());
    }
    one_person(&account, say, &mut wrong).await?;
    forgotten(&account, &bodies[0], say, &mut wrong).await?;
    if wrong.is_empty() { Ok(()) } else { Err(StoryError::Untrue(wrong)) }
}

fn bodies(channel: &str, picture: &str, id: &dyn Fn(&str) -> String) -> Vec<Value> {
    let at = |second| super::scenario::moment(second);
    let camry = advert("4111222333", "Toyota Camry, 2021", "2 950 000 ₽");
    vec![
        messages(&[file(
            channel,
            PHONE,
            &id("photo"),
            &at(1),
            ("image", picture),
            Some("Вот такая царапина"),
        )]),
        messages(&[telegram(channel, "5550013301", PHONE, &id("telegram"), &at(2), "Это я же, из Telegram")]),
        messages(&[
            comment(channel, "marina_s", "C1a2b3", &id("comment"), &at(3), "Сколько стоит?"),
            about_listing(channel, "u2i-33", &id("listing"), &at(4), "Торг уместен?", &camry),
            text(channel, BLOCKED, &id("spam"), &at(4), "Продвижение сайтов, дёшево"),
        ]),
        messages(&[missed_call(channel, "79011113303", &id("call"), &at(5))]),
        messages(&[echo(channel, PHONE, &id("echo"), &at(6), "Ничего страшного, приезжайте")]),
    ]
}

fn find<'a>(crm: &'a CrmState, id: &str) -> Option<&'a ChatMessage> {
    crm.chats.iter().flat_map(|chat| &chat.messages).find(|message| message.message_id == id)
}

fn has_file(message: &ChatMessage) -> bool {
    message.content_uri.is_some()
}

fn shown(crm: &CrmState, say: &dyn Fn(&str), wrong: &mut Vec<String>) {
    for chat in &crm.chats {
        for message in &chat.messages {
            let file = if has_file(message) { " + file" } else { "" };
            say(&format!(
                "  in the CRM, {:?}: {}{file}",
                chat.chat_type,
                message.text.as_deref().unwrap_or("—")
            ));
        }
    }
    let texts: Vec<&str> = crm
        .chats
        .iter()
        .flat_map(|chat| &chat.messages)
        .filter_map(|message| message.text.as_deref())
        .collect();
    for expected in [
        "[Отдел продаж] Пропущенный звонок",
        "[Отдел продаж] [Отправлено с телефона] Ничего страшного, приезжайте",
    ] {
        if !texts.contains(&expected) {
            wrong.push(format!("the CRM has no «{expected}»"));
        }
    }
    if texts.iter().any(|text| text.contains("Продвижение")) {
        wrong.push("the blocked client came through".into());
    }
    for (what, count) in [("refusals", crm.refused.len()), ("anomalies", crm.anomalies.len())] {
        if count != 0 {
            wrong.push(format!("{count} {what} in the CRM"));
        }
    }
}

/// WhatsApp and Telegram are one contact; the listing is known; one of four clients was answered.
async fn one_person(
    account: &Account,
    say: &dyn Fn(&str),
    wrong: &mut Vec<String>,
) -> Result<(), StoryError> {
    let found = get(account, &format!("/v1/contacts?phone={PHONE}")).await?;
    let contact = found["contacts"][0].clone();
    let id = contact["id"].as_str().unwrap_or_default();
    let chats = get(account, &format!("/v1/contacts/{id}/chats")).await?;
    let of_him = chats["chats"].as_array().map_or(0, Vec::len);
    say(&format!("  WhatsApp and Telegram are one contact with {of_him} chats"));
    if of_him != 2 {
        wrong.push(format!("one person has {of_him} chats, not 2"));
    }
    let waiting = get(account, "/v1/employees/anna/unanswered").await?;
    say(&format!("  Anna has {} unanswered chats", waiting["count"]));
    if waiting["count"] != 4 {
        wrong.push(format!("{} unanswered chats, not 4", waiting["count"]));
    }
    Ok(())
}

/// The client is erased, and the same webhook does not bring them back.
async fn forgotten(
    account: &Account,
    webhook: &Value,
    say: &dyn Fn(&str),
    wrong: &mut Vec<String>,
) -> Result<(), StoryError> {
    let by_phone = format!("/v1/contacts?phone={PHONE}");
    let found = get(account, &by_phone).await?;
    let id = found["contacts"][0]["id"].as_str().unwrap_or_default().to_owned();
    let asked = account.api.delete(&format!("/v1/contacts/{id}")).await.map_err(SetupError::from)?;
    let erasure = asked["erasure"]["id"].as_str().unwrap_or_default().to_owned();
    let mut state = Value::Null;
    for _ in 0..600 {
        state = get(account, &format!("/v1/erasures/{erasure}")).await?;
        if state["state"] == "done" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    say(&format!(
        "  erased: {} chats, {} messages, {} files and records",
        state["chats"], state["messages"], state["objects"]
    ));
    if state["state"] != "done" {
        wrong.push("the erasure did not come to its end".into());
    }
    account.post(webhook).await?;
    // This message is in another queue but was sent later: when it is there, the webhook of the erased client was
    // handled.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let left = get(account, &by_phone).await?;
    let left = left["contacts"].as_array().map_or(0, Vec::len);
    say(&format!("  the same webhook again: {left} contacts with that phone"));
    if left != 0 {
        wrong.push("an erased client is back".into());
    }
    Ok(())
}

async fn get(account: &Account, path: &str) -> Result<Value, StoryError> {
    Ok(account.api.get(path).await.map_err(SetupError::from)?)
}
