//! The content of a message (Bot API, Message): kind, text, file and details.

use crate::model::message::content::{Button, ContactCard, Details, Location, Story};
use crate::model::message::kind::Kind;
use crate::model::message::media::Media;
use serde_json::{Map, Value, json};
use super::{files, rich};
use super::members::{is_context, is_service};
use super::node::Node;

/// Most lines of a poll or a checklist that are kept.
const MAX_LINES: usize = 50;
/// Longest name of an unknown member that is kept as a message's kind.
const MAX_WORD: usize = 64;

/// The content of a message.
#[derive(Debug)]
pub(super) struct Content {
    pub kind: Kind,
    /// Telegram's word, where our kind is less specific.
    pub raw_kind: Option<String>,
    /// Text or caption.
    pub text: Option<String>,
    pub media: Option<Media>,
    pub details: Option<Details>,
    /// Other members, passed on as they are.
    pub extra: Map<String, Value>,
}

impl Content {
    fn of(kind: Kind) -> Self {
        Self { kind, raw_kind: None, text: None, media: None, details: None, extra: Map::new() }
    }

    fn file(kind: Kind, media: Option<Media>) -> Self {
        Self { media, ..Self::of(kind) }
    }

    fn said(text: Option<String>) -> Self {
        Self { text, ..Self::of(Kind::Text) }
    }

    fn unsupported(word: &str) -> Self {
        Self::of(Kind::Unsupported).raw(word)
    }

    fn raw(self, word: &str) -> Self {
        Self { raw_kind: Some(word.to_owned()), ..self }
    }
}

type Read = fn(&Node<'_>) -> Content;

/// Members that are content, the more specific ones first: an animation comes with a document, a venue with a location,
/// a live photo with a photo.
const CONTENT: &[(&str, Read)] = &[
    ("text", text),
    ("rich_message", rich_message),
    ("animation", |m| Content::file(Kind::Video, file(m, "animation", "video/mp4")).raw("animation")),
    ("live_photo", live_photo),
    ("photo", |m| Content::file(Kind::Image, files::photo(m, "photo"))),
    ("video", |m| Content::file(Kind::Video, file(m, "video", "video/mp4"))),
    ("video_note", |m| Content::file(Kind::Video, file(m, "video_note", "video/mp4")).raw("video_note")),
    ("audio", |m| Content::file(Kind::Audio, file(m, "audio", "audio/mpeg"))),
    ("voice", |m| Content::file(Kind::Voice, file(m, "voice", "audio/ogg"))),
    ("sticker", sticker),
    ("document", |m| Content::file(Kind::Document, file(m, "document", ""))),
    ("paid_media", paid_media),
    ("venue", venue),
    ("location", location),
    ("contact", contact),
    ("poll", poll),
    ("checklist", checklist),
    ("dice", dice),
    ("web_app_data", web_app_data),
    ("game", |m| titled(m, "game")),
    ("invoice", |m| titled(m, "invoice")),
    ("gift", |m| Content { text: in_member(m, "gift", "text"), ..Content::unsupported("gift") }),
    ("unique_gift", |_| Content::unsupported("unique_gift")),
    ("story", |_| Content::unsupported("story")),
];

/// Reads the content. If this version does not know the member, the member's name becomes the message's kind.
pub(super) fn read(message: &Node<'_>) -> Content {
    let known = CONTENT.iter().find(|(name, _)| message.has(name));
    let mut content = match known {
        Some((_, read)) => read(message),
        None => other(message),
    };
    content.text =
        content.text.or_else(|| message.text("caption").map(str::to_owned)).filter(|text| !text.is_empty());
    if let Some(from) = message.object("forward_origin").and_then(|origin| forwarded_from(&origin)) {
        content.extra.insert("forwardedFrom".into(), json!(from));
    }
    answer_to_story(message, &mut content);
    content
}

/// Telegram's word for a message's content, even where other members could not be read.
pub(super) fn word(message: &Node<'_>) -> Option<String> {
    let known = CONTENT.iter().map(|(name, _)| *name).find(|name| message.has(name));
    known.map(str::to_owned).or_else(|| message.names().find(|name| !is_context(name)).and_then(as_word))
}

/// A member's name, if it looks like a name in an API.
fn as_word(name: &str) -> Option<String> {
    let fits =
        name.len() <= MAX_WORD && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (fits && !name.is_empty()).then(|| name.to_owned())
}

/// A service message, or content that this version does not know.
fn other(message: &Node<'_>) -> Content {
    if let Some(name) = message.names().find(|name| is_service(name)) {
        return Content { text: notice(message), ..Content::of(Kind::System) }.raw(name);
    }
    let unknown = message.names().filter(|name| !is_context(name)).find_map(as_word);
    Content { raw_kind: unknown, ..Content::of(Kind::Unsupported) }
}

/// The subject of a service message, without words of ours.
fn notice(message: &Node<'_>) -> Option<String> {
    let come = message.objects("new_chat_members");
    let names: Vec<String> = come.iter().take(MAX_LINES).filter_map(person).collect();
    let come = (!names.is_empty()).then(|| names.join(", "));
    let gone = || message.object("left_chat_member").as_ref().and_then(person);
    message.name("new_chat_title").or(come).or_else(gone)
}

/// A person's name, as their messenger shows it.
pub(super) fn person(user: &Node<'_>) -> Option<String> {
    let names: Vec<String> =
        [user.name("first_name"), user.name("last_name")].into_iter().flatten().collect();
    (!names.is_empty()).then(|| names.join(" "))
}

fn file(message: &Node<'_>, name: &str, mime: &str) -> Option<Media> {
    files::media(&message.object(name)?, mime)
}

fn in_member(message: &Node<'_>, member: &str, name: &str) -> Option<String> {
    message.object(member)?.text(name).map(str::to_owned)
}

fn text(message: &Node<'_>) -> Content {
    Content::said(message.text("text").map(str::to_owned))
}

fn rich_message(message: &Node<'_>) -> Content {
    let rich = message.value("rich_message").and_then(Value::as_object);
    if rich.is_none() {
        message.fault("rich_message", "wrong type");
    }
    match rich.and_then(rich::plain) {
        Some(text) => Content::said(Some(text)).raw("rich_message"),
        None => Content::unsupported("rich_message"),
    }
}

/// A photo that moves: the still photo comes beside it.
fn live_photo(message: &Node<'_>) -> Content {
    let media = if message.has("photo") { files::photo(message, "photo") } else { None };
    match media {
        Some(media) => Content::file(Kind::Image, Some(media)).raw("live_photo"),
        None => Content::unsupported("live_photo"),
    }
}

fn sticker(message: &Node<'_>) -> Content {
    let Some(sticker) = message.object("sticker") else { return Content::of(Kind::Sticker) };
    let mime = match (sticker.flag("is_animated"), sticker.flag("is_video")) {
        (true, _) => "application/x-tgsticker",
        (_, true) => "video/webm",
        _ => "image/webp",
    };
    let mut content = Content::file(Kind::Sticker, files::media(&sticker, mime));
    if let Some(emoji) = sticker.name("emoji") {
        content.extra.insert("emoji".into(), json!(emoji));
    }
    content
}

/// The first file of paid media that can be downloaded. Items that are not paid for are only previews.
fn paid_media(message: &Node<'_>) -> Content {
    let Some(paid) = message.object("paid_media") else { return Content::unsupported("paid_media") };
    let file = paid.objects("paid_media").into_iter().find_map(|item| {
        if item.has("video") {
            return Some((Kind::Video, file(&item, "video", "video/mp4")?));
        }
        let is_photo = item.has("photo");
        is_photo.then(|| files::photo(&item, "photo")).flatten().map(|media| (Kind::Image, media))
    });
    match file {
        Some((kind, media)) => Content::file(kind, Some(media)).raw("paid_media"),
        None => Content::unsupported("paid_media"),
    }
}

/// A location, if its coordinates are valid.
fn located(place: &Node<'_>) -> Option<Location> {
    let latitude = place.float("latitude").filter(|degrees| degrees.abs() <= 90.0);
    let longitude = place.float("longitude").filter(|degrees| degrees.abs() <= 180.0);
    if latitude.is_none() || longitude.is_none() {
        place.fault("latitude", "no place");
    }
    Some(Location { latitude: latitude?, longitude: longitude?, name: None, address: None })
}

fn location(message: &Node<'_>) -> Content {
    let place = message.object("location");
    let details = place.as_ref().and_then(located).map(Details::Location);
    let content = Content { details, ..Content::of(Kind::Location) };
    let is_live = place.is_some_and(|place| place.has("live_period"));
    if is_live { content.raw("live_location") } else { content }
}

fn venue(message: &Node<'_>) -> Content {
    let place = message.object("venue").and_then(|venue| {
        let place = located(&venue.object("location")?)?;
        Some(Location { name: venue.name("title"), address: venue.name("address"), ..place })
    });
    Content { details: place.map(Details::Location), ..Content::of(Kind::Location) }
}

fn contact(message: &Node<'_>) -> Content {
    let card = message.object("contact").map(|contact| ContactCard {
        name: person(&contact),
        phones: contact.name("phone_number").into_iter().collect(),
    });
    let details = card.map(|card| Details::ContactCards(vec![card]));
    Content { details, ..Content::of(Kind::ContactCard) }
}

/// The phone number of a contact card that its sender shared of themself: Telegram says whose number it is.
pub(super) fn own_phone(message: &Node<'_>) -> Option<String> {
    let contact = message.object("contact")?;
    let sender = message.object("from")?.number("id")?;
    let is_own = contact.number("user_id") == Some(sender);
    // Telegram writes the number in international form, with or without a plus.
    let phone = contact.text("phone_number")?.trim();
    let digits = phone.strip_prefix('+').unwrap_or(phone);
    let is_phone = (5..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_own && is_phone).then(|| format!("+{digits}"))
}

/// A title, and lines below it.
fn listed(title: Option<&str>, lines: Vec<Node<'_>>) -> Option<String> {
    let lines =
        lines.into_iter().take(MAX_LINES).filter_map(|line| Some(format!("- {}", line.text("text")?)));
    let all: Vec<String> = title.map(str::to_owned).into_iter().chain(lines).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

fn poll(message: &Node<'_>) -> Content {
    let poll = message.object("poll");
    let text = poll.and_then(|poll| listed(poll.text("question"), poll.objects("options")));
    Content::said(text).raw("poll")
}

fn checklist(message: &Node<'_>) -> Content {
    let list = message.object("checklist");
    let text = list.and_then(|list| listed(list.text("title"), list.objects("tasks")));
    Content::said(text).raw("checklist")
}

fn dice(message: &Node<'_>) -> Content {
    let dice = message.object("dice");
    let text = dice.and_then(|dice| {
        let value = dice.number("value").map(|value| value.to_string());
        let words: Vec<String> = dice.name("emoji").into_iter().chain(value).collect();
        (!words.is_empty()).then(|| words.join(" "))
    });
    Content::said(text).raw("dice")
}

/// Data that a web page opened by the bot sends in the client's name.
fn web_app_data(message: &Node<'_>) -> Content {
    let Some(data) = message.object("web_app_data") else { return Content::of(Kind::Interactive) };
    let title = data.name("button_text").unwrap_or_default();
    let payload = data.text("data").map(str::to_owned);
    let text = Some(title.clone()).filter(|title| !title.is_empty());
    let details = Some(Details::Answer(Button { title, payload }));
    Content { text, details, ..Content::of(Kind::Interactive) }.raw("web_app_data")
}

/// Content of which only the title can be shown.
fn titled(message: &Node<'_>, member: &str) -> Content {
    Content { text: in_member(message, member, "title"), ..Content::unsupported(member) }
}

/// The name of the original author of a forwarded message (Bot API, MessageOrigin).
fn forwarded_from(origin: &Node<'_>) -> Option<String> {
    match origin.text("type")? {
        "user" => person(&origin.object("sender_user")?),
        "hidden_user" => origin.name("sender_user_name"),
        "chat" => origin.object("sender_chat")?.name("title"),
        "channel" => origin.object("chat")?.name("title"),
        _ => None,
    }
}

/// Turns a message that answers a story into an answer to it, of whatever kind the message is.
fn answer_to_story(message: &Node<'_>, content: &mut Content) {
    let Some(story) = message.object("reply_to_story") else { return };
    if !content.kind.is_said() || content.kind == Kind::Unsupported || content.details.is_some() {
        return;
    }
    let chat = story.object("chat").and_then(|chat| chat.number("id"));
    let id = story.number("id").map(|id| match chat {
        Some(chat) => format!("{chat}:{id}"),
        None => id.to_string(),
    });
    content.details = Some(Details::Story(Story { id, url: None }));
    if content.kind != Kind::Text {
        let word = content.raw_kind.take().or_else(|| word(message));
        content.raw_kind = word;
    }
    content.kind = Kind::StoryReply;
}
