//! The state as text: what a sales manager would see in a chat window, in the contact's card and in the CRM. It has
//! nothing that differs between runs: times are those of the test's clock, and people appear by their names.

use crate::world::World;
use serde_json::Value;
use shared::base::clock::Timestamp;
use shared::base::ids::{ChatId, ContactId};
use shared::model::chat::Chat;
use shared::model::contact::{Contact, Identity};
use shared::model::message::Message;
use shared::model::message::content::Details;
use shared::model::message::listing::ChatListing;
use shared::model::message::media::FileCopy;
use std::fmt::Write as _;
use tests::sandbox::state::{ChatMessage, CrmState};

/// The whole state.
pub async fn state(world: &World) -> String {
    let mut told = String::new();
    let mut chats = Vec::new();
    for id in world.ids("CHAT", "CHAT").await {
        chats.push(world.store.chat(&world.account, &ChatId::new(id)).await.unwrap().unwrap());
    }
    let of_post = |chat: &Chat| chat.post.as_ref().map(|post| post.id.clone());
    chats.sort_by_key(|chat| (chat.provider_chat_id.clone(), of_post(chat)));
    for chat in &chats {
        told.push_str(&chat_text(world, chat).await);
    }
    let mut contacts = Vec::new();
    for id in world.ids("CONTACT", "CONTACT").await {
        contacts.push(world.contact(&ContactId::new(id)).await);
    }
    contacts.sort_by_key(|contact| (contact.created_at, contact.identities.first().map(key)));
    for contact in &contacts {
        told.push_str(&contact_text(contact, &contacts));
    }
    let waiting = waiting(world, &chats).await;
    writeln!(told, "waiting: {}", or_nobody(waiting.join(", "))).unwrap();
    told.push_str(&crm_text(&world.crm().await));
    told
}

fn key(identity: &Identity) -> String {
    let kind = if identity.group { " group" } else { "" };
    format!("{}{kind} {}", identity.messenger.as_str(), identity.user)
}

fn or_nobody(text: String) -> String {
    if text.is_empty() { "nobody".into() } else { text }
}

/// The time of day, with the date where it is another day.
fn time(at: Timestamp) -> String {
    let text = at.rfc3339();
    text.strip_prefix("2026-11-21T").unwrap_or(&text).trim_end_matches(".000Z").to_owned()
}

/// The text of a serialised enumeration.
fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value).unwrap() {
        Value::String(word) => word,
        other => other.to_string(),
    }
}

fn name_of(chat: &Chat) -> String {
    let kind = if chat.group { " group" } else { "" };
    let post = chat.post.as_ref().map(|post| format!(" under post {}", post.id)).unwrap_or_default();
    format!("{}{kind} {}{post}", chat.messenger.as_str(), chat.provider_chat_id)
}

async fn waiting(world: &World, chats: &[Chat]) -> Vec<String> {
    let items = world.items().await;
    let rows = items.iter().filter_map(|item| item["sk"]["S"].as_str()?.strip_prefix("WAITING#"));
    let chat_of = |row: &str| {
        let id = row.split_once('#').unwrap().1;
        chats.iter().find(|chat| chat.chat.as_str() == id).map(name_of).unwrap()
    };
    rows.map(chat_of).collect()
}

async fn chat_text(world: &World, chat: &Chat) -> String {
    let mut told = format!("chat {}", name_of(chat));
    let name = chat.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let responsible = chat.responsible.as_ref().map(|employee| format!(" to {employee}")).unwrap_or_default();
    let unanswered =
        chat.unanswered_at.map_or("answered".into(), |at| format!("unanswered since {}", time(at)));
    let state = [
        format!("{name}: {}, case {}", word(chat.state), chat.case_no),
        format!("{}{responsible}", word(chat.assignment_state)),
        format!("unread {}", chat.unread()),
        unanswered,
    ];
    told.push_str(&state.join(", "));
    if !chat.aliases.is_empty() {
        write!(told, ", other forms of its id: {}", chat.aliases.len()).unwrap();
    }
    told.push('\n');
    let page = world.store.messages_by_time(&world.account, &chat.chat, 1000, None).await.unwrap();
    for message in page.items.iter().rev() {
        writeln!(told, "  {}", message_text(message)).unwrap();
    }
    let mut listings = world.store.chat_listings(&world.account, &chat.chat).await.unwrap();
    listings.sort_by_key(|row| (row.first_at, row.listing.id.clone()));
    for listing in &listings {
        writeln!(told, "  {}", listing_text(listing, chat)).unwrap();
    }
    told
}

fn message_text(message: &Message) -> String {
    let mut parts = vec![time(message.shown_at()), message.message_id.as_str().to_owned()];
    let origin = message.origin.map(|origin| format!(" ({})", word(origin))).unwrap_or_default();
    parts.push(format!("{}{origin}", word(message.side)));
    if let Some(author) = &message.author {
        parts.push(format!("by {}", author.name.as_deref().or(author.user.as_deref()).unwrap_or("?")));
    }
    parts.push(word(message.kind));
    parts.push(message.text.as_ref().map_or("–".into(), |text| format!("«{}»", text.replace('\n', "⏎"))));
    if let Some(quote) = &message.quote {
        let id = quote.message.as_ref().map_or("?", |id| id.as_str());
        parts.push(format!("quotes {id} «{}»", quote.text.as_deref().unwrap_or_default()));
    }
    parts.extend(message.album.as_ref().map(|album| format!("album {album}")));
    parts.extend(message.media.as_ref().map(|_| format!("file {}", file_text(message.file.as_ref()))));
    parts.extend(message.details.as_ref().map(details_text));
    parts.extend(message.listing.as_ref().map(|id| format!("about {id}")));
    parts.extend(message.provider_id.as_ref().map(|id| format!("at the provider {}", id.as_str())));
    parts.extend(message.status.map(|status| format!("[{}]", word(status))));
    if message.edited_seq.is_some() {
        let old = message.old_text.as_deref().unwrap_or_default();
        parts.push(format!("[edited, was «{old}»]"));
    }
    parts.extend(message.deleted_seq.map(|_| "[deleted]".to_owned()));
    parts.join(" ")
}

fn file_text(file: Option<&FileCopy>) -> String {
    match file {
        None => "linked".into(),
        Some(FileCopy::Pending) => "on its way".into(),
        Some(FileCopy::Stored { mime, .. }) => format!("copied, {mime}"),
        Some(FileCopy::Failed { why }) => format!("failed, {}", word(why)),
    }
}

fn details_text(details: &Details) -> String {
    match details {
        Details::Comment(comment) => {
            let answers = comment.answers.as_ref().map(|id| format!(", answers {}", id.as_str()));
            let mode = comment.mode.map(|mode| format!(", {}", word(mode)));
            format!(
                "[comment under {} {}{}{}]",
                comment.post.id,
                comment.post.url.as_deref().unwrap_or("without a link"),
                answers.unwrap_or_default(),
                mode.unwrap_or_default()
            )
        }
        Details::Story(story) => format!(
            "[story {} {}]",
            story.id.as_deref().unwrap_or("?"),
            story.url.as_deref().unwrap_or("without a link")
        ),
        Details::Call(call) => format!("[call {}]", word(call.outcome)),
        other => serde_json::to_string(other).unwrap(),
    }
}

fn listing_text(row: &ChatListing, chat: &Chat) -> String {
    let listing = &row.listing;
    let now = chat.listing.as_ref().is_some_and(|mark| mark.id == listing.id);
    let price = listing.price.as_ref().map(|price| format!(", {} {}", price.amount, price.currency));
    format!(
        "listing {}{}: {}{}, {}; first {}, last {}",
        listing.id,
        if now { " (now)" } else { "" },
        listing.title.as_deref().unwrap_or("without a title"),
        price.unwrap_or_default(),
        listing.url.as_deref().unwrap_or("without a link"),
        time(row.first_at),
        time(row.last_at)
    )
}

fn contact_text(contact: &Contact, all: &[Contact]) -> String {
    let identities: Vec<String> = contact.identities.iter().map(key).collect();
    let mut told = format!(
        "contact {}: phone {}, known as {}",
        contact.name.as_deref().unwrap_or("without a name"),
        if contact.phone.is_some() { "yes" } else { "no" },
        identities.join(", ")
    );
    if let Some(username) = &contact.username {
        write!(told, ", user name {username}").unwrap();
    }
    if let Some(responsible) = &contact.responsible {
        write!(told, ", responsible {responsible}").unwrap();
    }
    if let Some(into) = &contact.merged_into {
        let root = all.iter().find(|other| other.contact == *into).unwrap();
        write!(told, ", is {}", root.identities.first().map(key).unwrap_or_default()).unwrap();
    }
    told.push('\n');
    told
}

fn crm_text(crm: &CrmState) -> String {
    let mut told = format!("CRM: contacts {}, deals {}\n", crm.contacts.len(), crm.deals.len());
    for contact in &crm.contacts {
        let known = contact.contact_data.iter().map(|data| serde_json::to_value(data).unwrap());
        let known: Vec<String> = known.map(|data| crm_data(&data)).collect();
        writeln!(told, "  contact {} of {}: {}", contact.name, contact.responsible_user_id, known.join("; "))
            .unwrap();
    }
    for chat in &crm.chats {
        writeln!(told, "  chat {} {}", chat.chat_type, chat.chat_id).unwrap();
        for message in &chat.messages {
            writeln!(told, "    {}", crm_message(message)).unwrap();
        }
    }
    for finished in &crm.finished {
        let at = Timestamp::parse_rfc3339(&finished.finished_at).unwrap();
        writeln!(told, "  finished {} {} at {}", finished.chat_type, finished.chat_id, time(at)).unwrap();
    }
    told
}

fn crm_data(data: &Value) -> String {
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    let phone = if data["phone"].is_string() { ", phone yes" } else { "" };
    format!("{} {}{phone}", text("chatType"), text("chatId"))
}

fn crm_message(message: &ChatMessage) -> String {
    let body = &message.body;
    let at = Timestamp::parse_rfc3339(&message.date_time).unwrap();
    let mut parts = vec![time(at), message.message_id.clone()];
    parts.push(if message.is_echo { "company".into() } else { format!("client ({})", message.contact_name) });
    parts.extend(message.author_name.as_ref().map(|name| format!("by {name}")));
    parts.push(word(message.kind));
    parts.push(message.text.as_ref().map_or("–".into(), |text| format!("«{}»", text.replace('\n', "⏎"))));
    if let Some(quoted) = body.get("quotedMessage") {
        let (id, text) = (quoted["messageId"].as_str(), quoted["text"].as_str());
        parts.push(format!("quotes {} «{}»", id.unwrap_or("?"), text.unwrap_or_default()));
    }
    parts.extend(body["instPost"]["id"].as_str().map(|id| format!("under post {id}")));
    parts.extend(body["advert"]["id"].as_str().map(|id| format!("about {id}")));
    if message.content_uri.is_some() {
        parts.push(if message.file_followed() { "file (came later)" } else { "file" }.into());
    }
    parts.push(format!("[{}]", word(message.status)));
    if message.edited {
        parts.push("[edited]".into());
    }
    if message.deleted {
        parts.push("[deleted]".into());
    }
    parts.join(" ")
}
