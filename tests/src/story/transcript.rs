//! The transcript: every line is read back from the CRM and from the API, and compared.

use super::StoryError;
use super::scenario::Posted;
use crate::account::Account;
use crate::sandbox::state::{Chat, CrmState};
use serde_json::Value;

/// Prints what the CRM and the API store, and compares the two.
pub(super) async fn tell(
    account: &Account,
    crm: &CrmState,
    posted: &Posted,
    say: &dyn Fn(&str),
) -> Result<(), StoryError> {
    let mut wrong = Vec::new();
    let mut known = Vec::new();
    for channel in &account.channels {
        let settings = account
            .api
            .get(&format!("/v1/channels/{}", channel.id))
            .await
            .map_err(crate::account::SetupError::from)?;
        say("");
        say(&format!(
            "Channel «{}», chats finish after {} s of silence",
            word(&settings["name"]),
            settings["closing"]["close_after_s"]
        ));
        for state in ["live", "general"] {
            for chat in account.chats(channel, state).await? {
                chat_lines(account, crm, &channel.external, &chat, say, &mut wrong).await?;
                known.push(chat);
            }
        }
    }
    turns(account, say).await?;
    counts(crm, posted, &known, &mut wrong);
    say("");
    say(&format!(
        "The CRM holds {} contacts, {} deals and {} messages in {} chats; {} chat(s) finished; it refused {} and wondered about {}.",
        crm.contacts.len(),
        crm.deals.len(),
        crm.message_count(),
        crm.chats.len(),
        crm.finished.len(),
        crm.refused.len(),
        crm.anomalies.len(),
    ));
    if wrong.is_empty() { Ok(()) } else { Err(StoryError::Untrue(wrong)) }
}

async fn chat_lines(
    account: &Account,
    crm: &CrmState,
    external: &str,
    chat: &Value,
    say: &dyn Fn(&str),
    wrong: &mut Vec<String>,
) -> Result<(), StoryError> {
    let (id, phone) = (word(&chat["id"]), word(&chat["provider_chat_id"]));
    let held = crm.chats.iter().find(|held| held.channel_id == external && held.chat_id == phone);
    let contact =
        crm.contacts.iter().find(|contact| contact.contact_data.iter().any(|data| data.chat_id == phone));
    let deal = contact.and_then(|contact| crm.deals.iter().find(|deal| deal.contacts.contains(&contact.id)));
    let finished = crm.finished.iter().find(|told| told.channel_id == external && told.chat_id == phone);
    say("");
    say(&format!(
        "  {} — {}, responsible: {}",
        word(&chat["name"]),
        word(&chat["state"]),
        word(&chat["responsible"])
    ));
    match (contact, deal) {
        (Some(contact), Some(deal)) => {
            let stage = deal.stage.as_ref().map_or("no stage", |stage| stage.stage_id.as_str());
            say(&format!(
                "    in the CRM: contact {} of {}, deal {} at stage «{stage}»",
                contact.id, contact.responsible_user_id, deal.id
            ));
            if chat["responsible"] != contact.responsible_user_id.as_str()
                || contact.responsible_user_id != deal.responsible_user_id
            {
                wrong.push(format!("chat {id}: the API, the contact and the deal name different employees"));
            }
        }
        _ => wrong.push(format!("chat {id}: no contact or no deal in the CRM")),
    }
    let messages = account.messages(&id).await?;
    for message in &messages {
        let status = message["status"].as_str().map(|status| format!(" ({status})")).unwrap_or_default();
        let text = message["text"].as_str().map_or_else(
            || format!("[{}: {}]", word(&message["kind"]), word(&message["raw_kind"])),
            str::to_owned,
        );
        say(&format!(
            "    {} {:7} {text}{status}",
            &word(&message["shown_at"])[11..19],
            word(&message["side"])
        ));
    }
    compare(&id, held, &messages, wrong);
    if let Some(told) = finished {
        say(&format!(
            "    finished at {}, the CRM was notified: {}",
            &told.finished_at[11..19],
            word(&chat["finish_reason"])
        ));
    }
    if finished.is_some() != (chat["state"] == "general") {
        wrong.push(format!("chat {id}: the CRM and the API disagree whether it is finished"));
    }
    Ok(())
}

/// The CRM must have exactly the messages that the API shows, in the order of their numbers, with the same texts.
fn compare(id: &str, held: Option<&Chat>, messages: &[Value], wrong: &mut Vec<String>) {
    let Some(held) = held else { return wrong.push(format!("chat {id}: not in the CRM")) };
    let mut by_number: Vec<&Value> = messages.iter().collect();
    by_number.sort_by_key(|message| message["accepted_at"].as_str().unwrap_or_default().to_owned());
    let ours: Vec<(String, Option<&str>)> =
        by_number.iter().map(|message| (word(&message["id"]), message["text"].as_str())).collect();
    let theirs: Vec<(String, Option<&str>)> =
        held.messages.iter().map(|message| (message.message_id.clone(), message.text.as_deref())).collect();
    if ours.len() != theirs.len() {
        return wrong.push(format!("chat {id}: {} messages here, {} in the CRM", ours.len(), theirs.len()));
    }
    // The CRM gets an echo with a prefix.
    let same = |(id, text): &(String, Option<&str>), (their_id, their_text): &(String, Option<&str>)| {
        id == their_id && their_text.unwrap_or_default().ends_with(text.unwrap_or_default())
    };
    for entry in &ours {
        if !theirs.iter().any(|held| same(entry, held)) {
            wrong.push(format!("chat {id}: a message is not the same in the CRM"));
        }
    }
    for message in &held.messages {
        if message.deliveries != 1 {
            wrong.push(format!("chat {id}: the CRM got a message {} times", message.deliveries));
        }
    }
}

async fn turns(account: &Account, say: &dyn Fn(&str)) -> Result<(), StoryError> {
    for channel in &account.channels {
        let path = format!("/v1/channels/{}/assignment", channel.id);
        let ring = account.api.get(&path).await.map_err(crate::account::SetupError::from)?;
        say(&format!(
            "\nTurns given on channel {}: {}, last to {}",
            channel.id,
            ring["turns"],
            word(&ring["last"])
        ));
    }
    Ok(())
}

fn counts(crm: &CrmState, posted: &Posted, chats: &[Value], wrong: &mut Vec<String>) {
    for (what, found, expected) in [
        ("chats", chats.len(), posted.clients),
        ("contacts", crm.contacts.len(), posted.clients),
        ("deals", crm.deals.len(), posted.clients),
        ("messages", crm.message_count(), posted.messages),
        ("refusals", crm.refused.len(), 0),
        ("anomalies", crm.anomalies.len(), 0),
    ] {
        if found != expected {
            wrong.push(format!("{found} {what}, not {expected}"));
        }
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "—".to_owned(),
        other => other.to_string(),
    }
}
