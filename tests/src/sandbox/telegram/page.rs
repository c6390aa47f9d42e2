//! A bot's chats on the page, as they look on the members' phones.

use super::Bot;
use super::state::{BotChat, BotMessage};
use crate::sandbox::page::Text;
use crate::sandbox::rfc3339;
use std::fmt::{self, Write};

/// Writes a bot with its chats. Its token is treated as a secret, even here.
pub(in crate::sandbox) fn one_bot(html: &mut String, bot: &Bot) -> fmt::Result {
    let (name, posts) = (Text(&bot.setup.username), bot.state.posts.len());
    write!(html, "<h2>Telegram bot @{name} <small>{posts} updates posted</small></h2>")?;
    let address = if bot.state.webhook.is_some() { "registered" } else { "none" };
    write!(html, "<p>Webhook address: {address}</p>")?;
    bot.state.chats.iter().filter(|chat| !chat.messages.is_empty()).try_for_each(|chat| one_chat(html, chat))
}

fn one_chat(html: &mut String, chat: &BotChat) -> fmt::Result {
    let name = chat.title.as_ref().or(chat.person.as_ref().map(|person| &person.first_name));
    write!(html, "<h3>In Telegram: {} <small>{}", Text(name.map_or("", String::as_str)), chat.id)?;
    if chat.connection.is_some() {
        html.write_str(" · business account")?;
    }
    write!(html, ", {} messages</small></h3>", chat.messages.len())?;
    chat.messages.iter().try_for_each(|message| one_message(html, message))
}

fn one_message(html: &mut String, m: &BotMessage) -> fmt::Result {
    let class = if m.by_bot { "m out" } else { "m" };
    write!(html, "<div class=\"{class}\"><small>{}", Text(rfc3339(m.at)))?;
    write!(html, " · {}", Text(m.kind.as_deref().unwrap_or("text")))?;
    if m.edits > 0 {
        html.write_str(" · edited")?;
    }
    html.write_str("</small>\n")?;
    let text = Text(m.text.as_deref().unwrap_or_default());
    if m.deleted {
        write!(html, "<del>{text}</del>")?
    } else {
        write!(html, "{text}")?
    }
    if let Some(file) = &m.file {
        let link = Text(&file.stored_at);
        write!(html, " <a href=\"{link}\" rel=noreferrer>file</a> <small>{} bytes</small>", file.bytes)?;
    }
    for button in m.buttons.iter().flatten() {
        write!(html, " <mark>{}</mark>", Text(button["text"].as_str().unwrap_or_default()))?;
    }
    html.write_str("</div>")
}
