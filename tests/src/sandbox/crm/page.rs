//! One message on the page, as a CRM's window would show it: with its quote, its subject, and its file.

use std::fmt::{self, Write};

use serde_json::Value;

use crate::sandbox::page::Text;
use crate::sandbox::state::ChatMessage;

/// Writes a message.
pub(in crate::sandbox) fn one_message(html: &mut String, m: &ChatMessage) -> fmt::Result {
    let side = if m.is_echo { "m out" } else { "m" };
    write!(html, "<div class=\"{side}\">")?;
    head(html, m)?;
    quote(html, &m.body["quotedMessage"])?;
    post(html, &m.body["instPost"])?;
    listing(html, &m.body["advert"])?;
    text(html, m)?;
    file(html, m)?;
    html.write_str("</div>")
}

fn head(html: &mut String, m: &ChatMessage) -> fmt::Result {
    let author = if m.is_echo { m.author_name.as_deref().unwrap_or("—") } else { &m.contact_name };
    write!(html, "<small>{} · {}", Text(author), Text(&m.date_time))?;
    write!(html, " · {} · {}", m.kind, m.status)?;
    if m.edited {
        html.write_str(" · edited")?;
    }
    if m.deliveries > 1 {
        write!(html, " · came {} times", m.deliveries)?;
    }
    if let Some(seq) = m.file_seq.filter(|_| m.file_followed()) {
        write!(html, " · text in delivery {}, file in delivery {seq}", m.first_seq)?;
    }
    html.write_str("</small>\n")
}

/// The text; the prefix in brackets that the bridge adds to an echo (a channel's name, or where it was written) is
/// shown apart.
fn text(html: &mut String, m: &ChatMessage) -> fmt::Result {
    let mut text = m.text.as_deref().unwrap_or_default();
    if m.deleted {
        return write!(html, "<del>{}</del>", Text(text));
    }
    while let Some((mark, rest)) = text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        write!(html, "<mark>[{}]</mark>", Text(mark))?;
        text = rest.trim_start_matches(' ');
        if text.len() < rest.len() {
            html.write_char(' ')?;
        }
    }
    write!(html, "{}", Text(text))
}

fn quote(html: &mut String, quoted: &Value) -> fmt::Result {
    if quoted.is_null() {
        return Ok(());
    }
    let words = first(quoted, &["text", "messageId", "id"]).unwrap_or_else(|| "…".into());
    write!(html, "<blockquote>{}</blockquote>", Text(words))
}

fn post(html: &mut String, post: &Value) -> fmt::Result {
    if post.is_null() {
        return Ok(());
    }
    let name = first(post, &["description", "id"]).unwrap_or_else(|| "post".into());
    html.write_str("<div class=ad>comment under ")?;
    link(html, post["src"].as_str(), &name)?;
    html.write_str("</div>")
}

fn listing(html: &mut String, advert: &Value) -> fmt::Result {
    if advert.is_null() {
        return Ok(());
    }
    let name = first(advert, &["title", "name", "id"]).unwrap_or_else(|| "listing".into());
    html.write_str("<div class=ad>about ")?;
    link(html, first(advert, &["url", "link", "uri"]).as_deref(), &name)?;
    if let Some(price) = first(advert, &["price", "priceString", "price_string"]) {
        write!(html, ", {}", Text(price))?;
    }
    html.write_str("</div>")
}

fn file(html: &mut String, m: &ChatMessage) -> fmt::Result {
    let Some(uri) = &m.content_uri else { return Ok(()) };
    html.write_char(' ')?;
    link(html, Some(uri), "file")?;
    let Some(got) = &m.file else { return Ok(()) };
    let kind = got.content_type.as_deref().unwrap_or("no type");
    write!(html, " <small>fetched: {}, {} bytes", Text(kind), got.bytes)?;
    match (&got.error, got.status) {
        (Some(error), _) => write!(html, ", {}", Text(error))?,
        (None, Some(status)) => write!(html, ", {status}")?,
        (None, None) => {}
    }
    html.write_str("</small>")
}

/// A link if a browser can open it, otherwise its name alone.
fn link(html: &mut String, uri: Option<&str>, name: &str) -> fmt::Result {
    match uri.filter(|uri| uri.starts_with("https://") || uri.starts_with("http://")) {
        Some(uri) => write!(html, "<a href=\"{}\" rel=noreferrer>{}</a>", Text(uri), Text(name)),
        None => write!(html, "{}", Text(name)),
    }
}

/// The first of these members that is a text or a number.
fn first(of: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match &of[*name] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}
