//! A client's phone on the page: the messages received from a company's Wazzup account.

use std::fmt::{self, Write};

use super::state::{ClientChat, Received};
use crate::sandbox::page::Text;
use crate::sandbox::rfc3339;

/// Writes a chat as it looks on the client's phone, unless the client has received nothing.
pub(in crate::sandbox) fn one_phone(html: &mut String, chat: &ClientChat) -> fmt::Result {
    if chat.received.is_empty() {
        return Ok(());
    }
    write!(
        html,
        "<h3>The phone of {} {} <small>channel {}, {} messages</small></h3>",
        chat.chat_type,
        Text(chat.phone.as_ref().or(chat.username.as_ref()).unwrap_or(&chat.chat_id)),
        Text(&chat.channel_id),
        chat.received.len()
    )?;
    chat.received.iter().try_for_each(|message| one_message(html, message))
}

fn one_message(html: &mut String, m: &Received) -> fmt::Result {
    let class = if m.arrived() { "m" } else { "m bad" };
    write!(html, "<div class=\"{class}\"><small>{} · {}", Text(rfc3339(m.at)), Text(&m.kind))?;
    write!(html, " · {}", Text(m.error.as_ref().unwrap_or(&m.status)))?;
    if m.edits > 0 {
        html.write_str(" · edited")?;
    }
    html.write_str("</small>\n")?;
    if let Some(quoted) = &m.quotes {
        write!(html, "<blockquote>{}</blockquote>", Text(quoted))?;
    }
    let text = m.text.as_deref().unwrap_or_default();
    if m.deleted {
        write!(html, "<del>{}</del>", Text(text))?;
    } else {
        write!(html, "{}", Text(text))?;
    }
    if let Some(file) = &m.file {
        let link = Text(&file.stored_at);
        write!(html, " <a href=\"{link}\" rel=noreferrer>file</a> ")?;
        write!(html, "<small>{}, {} bytes</small>", Text(&file.content_type), file.bytes)?;
    }
    for button in m.buttons.iter().flatten() {
        write!(html, " <mark>{}</mark>", Text(button["text"].as_str().unwrap_or_default()))?;
    }
    html.write_str("</div>")
}
