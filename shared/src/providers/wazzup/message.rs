//! One entry of `messages[]` (Wazzup API v3, Webhooks, "New messages").

use super::details::{self, Members};
use super::loose::says_something;
use super::reports::Failure;
use super::words::{self, Status};
use super::{NAME, advert, wire};
use crate::base::clock::Timestamp;
use crate::base::ids::{ChannelId, ChatId, MessageId, hex_digest};
use crate::model::connection::ChannelOwner;
use crate::model::event::{Author, ContactHint, Event, MessageEvent, Origin, Revision, Side};
use crate::model::message::content::{Post, Quote};
use crate::model::message::kind::{DeliveryStatus, Kind};
use crate::model::message::media::Media;
use crate::model::messenger::{ChannelRef, Messenger};
use crate::providers::inbound::Item;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use url::Url;
use wire::{Id, When, filled};

/// The longest accepted id of a chat, because ids are part of keys.
const MAX_CHAT_ID: usize = 512;
/// The most that is kept of a file's name.
const MAX_FILE_NAME: usize = 200;

/// An entry as Wazzup writes it. Absent and null are the same; members that are not listed here are ignored.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    message_id: Option<Id>,
    channel_id: Option<Id>,
    chat_type: Option<String>,
    chat_id: Option<Id>,
    date_time: Option<When>,
    r#type: Option<String>,
    is_echo: Option<bool>,
    status: Option<String>,
    error: Option<Failure>,
    text: Option<String>,
    content_uri: Option<String>,
    #[serde(deserialize_with = "wire::object")]
    contact: Option<Contact>,
    author_name: Option<Id>,
    author_id: Option<Id>,
    sent_from_app: Option<bool>,
    is_edited: Option<bool>,
    is_deleted: Option<bool>,
    #[serde(deserialize_with = "wire::object")]
    old_info: Option<OldInfo>,
    // Passed on unchanged: Wazzup documents little of their contents.
    quoted_message: Option<Value>,
    interactive: Option<Value>,
    inst_post: Option<Value>,
    advert: Option<Value>,
    avito_profile_id: Option<Value>,
    location: Option<Value>,
    geo: Option<Value>,
    latitude: Option<Value>,
    longitude: Option<Value>,
    vcard: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Contact {
    name: Option<Id>,
    avatar_uri: Option<String>,
    username: Option<Id>,
    phone: Option<Id>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OldInfo {
    old_text: Option<String>,
}

/// The chat of an entry.
struct Address {
    channel: ChannelRef,
    chat: ChatId,
    provider_chat_id: String,
    messenger: Messenger,
    group: bool,
    /// The post, if the chat is the client's comments under one.
    post: Option<Post>,
}

/// Parses an entry. Without its channel and chat it is only poison; with them, whatever else is wrong, a message
/// replaces it in its chat.
pub(super) fn read(owner: &ChannelOwner, place: &str, raw: &RawValue, accepted_at: Timestamp) -> Item {
    let digest = hex_digest(raw.get().as_bytes());
    let (entry, mut fault) = match wire::strict::<Entry>(place, raw) {
        Ok(entry) => (entry, None),
        Err(why) => (wire::salvage(raw), Some(why)),
    };
    let poison = |why, event| Item::Poison { why, raw: raw.get().to_owned(), event };
    let address = match address(owner, &entry) {
        Ok(address) => address,
        Err(missing) => return poison(fault.unwrap_or_else(|| format!("{place}.{missing}")), None),
    };
    let message_id = filled(entry.message_id.as_ref().map(|id| id.0.as_str())).unwrap_or_else(|| {
        fault.get_or_insert_with(|| format!("{place}.messageId: missing"));
        format!("raw:{digest}")
    });
    let type_word = filled(entry.r#type.as_deref()).map(|word| wire::word(&word));
    let mut message = normalise(owner, address, MessageId::new(message_id), entry, accepted_at);
    let Some(why) = fault else {
        return Item::Event { event: Event::Message(Box::new(message)), digest };
    };
    message.kind = Kind::Unsupported;
    message.raw_kind = type_word;
    poison(why, Some(Box::new(Event::Message(Box::new(message)))))
}

fn address(owner: &ChannelOwner, entry: &Entry) -> Result<Address, &'static str> {
    let id = |id: &Option<Id>| filled(id.as_ref().map(|id| id.0.trim()));
    let external = id(&entry.channel_id).ok_or("channelId: missing")?;
    if external.len() > MAX_CHAT_ID {
        return Err("channelId: no id");
    }
    let chat_type = filled(entry.chat_type.as_deref()).ok_or("chatType: missing")?;
    let (messenger, group) = Messenger::of_chat_type(&chat_type).ok_or("chatType: no type's name")?;
    let given = id(&entry.chat_id).ok_or("chatId: missing")?;
    let plain = if messenger == Messenger::Whatsapp {
        given.strip_prefix('+').unwrap_or(&given).trim()
    } else {
        &given
    };
    if plain.is_empty() || plain.len() > MAX_CHAT_ID {
        return Err("chatId: no id");
    }
    let channel = ChannelRef {
        id: ChannelId::derive(&owner.account, NAME, &external),
        provider: NAME.into(),
        external,
    };
    let mut full = messenger.chat_form(group, plain);
    // A user's comments under a post are a case of their own (C10), but Wazzup gives them the id of the user's direct
    // chat. A post that cannot be identified makes no case: the comment goes to the direct chat, where it is seen.
    let post = entry.inst_post.as_ref().filter(|_| messenger == Messenger::Instagram).and_then(details::post);
    if let Some(post) = &post {
        full = format!("{full}:post:{}", post.id);
    }
    let chat = ChatId::derive(&owner.id_salt, &channel.id, &full);
    Ok(Address { channel, chat, provider_chat_id: plain.to_owned(), messenger, group, post })
}

fn normalise(
    owner: &ChannelOwner,
    address: Address,
    message_id: MessageId,
    entry: Entry,
    accepted_at: Timestamp,
) -> MessageEvent {
    let side = side(&entry);
    let status = delivery(&entry).filter(|_| side == Side::Company);
    let (kind, raw_kind) = kind(&entry, &address.messenger);
    let revision = revision(&entry);
    let author = author(&entry, side, address.group);
    let extra = extra(&entry);
    let quote = entry.quoted_message.as_ref().and_then(details::quote);
    let details = members(&entry, address.post.as_ref(), quote.as_ref()).details(kind, side);
    // Where the author of a group's message is named apart, `contact` is the group.
    let group = address.group.then(|| side == Side::Client && filled(entry.author_name.as_ref().map(|name| name.0.as_str())).is_some());
    let contact = entry.contact.map(|contact| hint(contact, &address.messenger, group));
    MessageEvent {
        connection: owner.connection.clone(),
        channel: address.channel,
        chat: address.chat,
        provider_chat_id: address.provider_chat_id,
        // Wazzup reports only one form of an id.
        aliases: Vec::new(),
        messenger: address.messenger,
        group: address.group,
        message_id,
        side,
        origin: (side == Side::Company).then(|| written_in(entry.sent_from_app)),
        own_id: None,
        author,
        contact: contact.unwrap_or_default(),
        kind,
        raw_kind,
        text: entry.text.filter(|text| !text.is_empty()),
        media: filled(entry.content_uri).map(|url| media(url.trim())),
        details,
        quote,
        album: None,
        listing: entry.advert.as_ref().and_then(advert::listing),
        extra,
        sent_at: When::or_accepted(entry.date_time, accepted_at),
        revision,
        old_text: entry.old_info.and_then(|old| old.old_text).filter(|_| revision == Revision::Edited),
        status,
        error: entry.error.map(Failure::into_error).filter(|_| status == Some(DeliveryStatus::Failed)),
        quarantined: None,
    }
}

fn members<'a>(entry: &'a Entry, post: Option<&'a Post>, quote: Option<&'a Quote>) -> Members<'a> {
    Members {
        post,
        quote,
        places: [entry.location.as_ref(), entry.geo.as_ref()],
        flat: [entry.latitude.as_ref(), entry.longitude.as_ref()],
        vcard: entry.vcard.as_ref(),
        interactive: entry.interactive.as_ref(),
        text: entry.text.as_deref(),
    }
}

/// `sentFromApp` distinguishes Wazzup's own chat window from all other origins; if it is absent, the origin is unknown.
fn written_in(sent_from_app: Option<bool>) -> Origin {
    match sent_from_app {
        Some(true) => Origin::ProviderApp,
        Some(false) => Origin::Phone,
        None => Origin::Outside,
    }
}

/// A file. Wazzup does not state how long its links live, so every link counts as one that expires.
fn media(link: &str) -> Media {
    Media { name: file_name(link), expires: true, ..Media::linked(link) }
}

/// The link's `filename`, without folders and control characters.
fn file_name(link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    let (_, name) = url.query_pairs().find(|(name, _)| name == "filename")?;
    let name = name.rsplit(['/', '\\']).next()?;
    filled(Some(name.chars().filter(|c| !c.is_control()).take(MAX_FILE_NAME).collect::<String>()))
}

/// `isEcho` decides, then the status `inbound`. An entry with neither counts as the client's, so that no client is
/// missed.
fn side(entry: &Entry) -> Side {
    let echo = entry.is_echo.unwrap_or_else(|| match filled(entry.status.as_deref()) {
        Some(word) => words::status(&word) != Some(Status::Inbound),
        None => false,
    });
    if echo { Side::Company } else { Side::Client }
}

fn delivery(entry: &Entry) -> Option<DeliveryStatus> {
    match words::status(entry.status.as_deref()?)? {
        Status::Delivery(status) => Some(status),
        Status::Edited | Status::Inbound => None,
    }
}

/// The kind, and Wazzup's word if ours is less specific. WhatsApp's stickers come as an image with a `.was` link; a
/// message with a post is a comment under it.
fn kind(entry: &Entry, messenger: &Messenger) -> (Kind, Option<String>) {
    let Some(word) = filled(entry.r#type.as_deref()) else {
        let only_text = entry.text.is_some() && entry.content_uri.is_none();
        return (if only_text { Kind::Text } else { Kind::Unsupported }, None);
    };
    let (kind, raw_kind) = words::kind(&word);
    if *messenger == Messenger::Instagram && entry.inst_post.as_ref().is_some_and(says_something) {
        return (Kind::Comment, (kind != Kind::Text).then(|| wire::word(&word)));
    }
    if kind == Kind::Image && entry.content_uri.as_deref().is_some_and(is_sticker) {
        return (Kind::Sticker, None);
    }
    (kind, raw_kind)
}

/// Whether the link's path or its `filename` ends in `.was`.
fn is_sticker(link: &str) -> bool {
    let was = |name: &str| name.to_ascii_lowercase().ends_with(".was");
    Url::parse(link.trim()).is_ok_and(|url| {
        was(url.path()) || url.query_pairs().any(|(name, value)| name == "filename" && was(&value))
    })
}

fn revision(entry: &Entry) -> Revision {
    match (entry.is_deleted, entry.is_edited) {
        (Some(true), _) => Revision::Deleted,
        (_, Some(true)) => Revision::Edited,
        _ => Revision::New,
    }
}

/// The company's author, or the author in a group, of whom Wazzup sends the name and no id.
fn author(entry: &Entry, side: Side, group: bool) -> Option<Author> {
    let text = |id: &Option<Id>| filled(id.as_ref().map(|id| id.0.as_str()));
    let author = match side {
        Side::Company => Author { name: text(&entry.author_name), id: text(&entry.author_id), user: None },
        Side::Client if group => {
            let contact = || entry.contact.as_ref().and_then(|contact| text(&contact.name));
            Author { name: text(&entry.author_name).or_else(contact), id: None, user: None }
        }
        Side::Client => return None,
    };
    (author != Author::default()).then_some(author)
}

/// A person's `contact`. In Telegram and MAX the messenger itself reports the phone; in WhatsApp and Viber it is the
/// chat's id already, and elsewhere any user may have entered it. In a group (`group`: whether `contact` is the group
/// itself) `contact` may be the message's author: then name and picture say nothing about the group; phone and user name
/// never do.
fn hint(contact: Contact, messenger: &Messenger, group: Option<bool>) -> ContactHint {
    let phone = filled(contact.phone).filter(|_| group.is_none());
    let is_of_chat = group != Some(false);
    ContactHint {
        name: filled(contact.name).filter(|_| is_of_chat),
        username: filled(contact.username).filter(|_| group.is_none()),
        phone_verified: phone.is_some() && matches!(messenger, Messenger::Telegram | Messenger::Max),
        phone,
        avatar_url: filled(contact.avatar_uri).filter(|_| is_of_chat),
    }
}

fn extra(entry: &Entry) -> Option<Value> {
    let members = [
        ("interactive", &entry.interactive),
        ("post", &entry.inst_post),
        ("advert", &entry.advert),
        ("avitoProfileId", &entry.avito_profile_id),
        ("location", if entry.location.is_some() { &entry.location } else { &entry.geo }),
        ("vcard", &entry.vcard),
    ];
    let present: Map<String, Value> = members
        .into_iter()
        .filter_map(|(name, value)| {
            value.as_ref().filter(|value| says_something(value)).map(|value| (name, value))
        })
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    (!present.is_empty()).then_some(Value::Object(present))
}

#[cfg(test)]
mod tests {
    use super::{file_name, is_sticker};

    #[test]
    fn a_sticker_is_known_by_its_link() {
        assert!(is_sticker("https://store.example/e511/?filename=f9eb.was"));
        assert!(is_sticker("https://store.example/e511/f9eb.WAS?size=1"));
        for link in ["https://store.example/1.webp", "https://was.example/?filename=a.was.jpg", "a.was", ""] {
            assert!(!is_sticker(link), "{link}");
        }
    }

    #[test]
    fn a_file_has_the_name_that_its_link_tells() {
        let name = |link: &str| file_name(link);
        let encoded = "https://store.example/1/?filename=%D0%94%D0%9A%D0%9F%202.pdf&v=1";
        assert_eq!(name(encoded).as_deref(), Some("ДКП 2.pdf"));
        assert_eq!(name("https://store.example/?filename=..%2F..%5Ca%0D%0A.jpg").as_deref(), Some("a.jpg"));
        let long = name(&format!("https://store.example/?filename={}", "x".repeat(900)));
        assert_eq!(long.map(|name| name.len()), Some(200));
        for link in ["https://store.example/a.jpg", "https://store.example/?filename=", "no link", ""] {
            assert_eq!(name(link), None, "{link}");
        }
    }
}
