//! Formats a message for a CRM: the stored text behind the prefix that the channel asks for, and the link of the file.
//! The stored message stays as it was written (C6, C7, C8, C12).

use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::event::{Origin, Side};
use crate::model::message::Message;
use crate::model::message::content::{ContactCard, Details, Location};
use crate::model::message::media::FileCopy;
use crate::model::outbound::call::FailureReason;
use crate::model::texts::{self, Language};

/// Formats messages for a CRM.
#[derive(Clone, Copy, Debug)]
pub struct Formatter<'a> {
    /// The language of our texts.
    pub language: Language,
    /// The channel's settings; `None` if the channel does not exist any more.
    pub channel: Option<&'a Channel>,
    /// The prefix of our stable links: the deployment's public address, without a slash at the end.
    pub base_url: &'a str,
    /// Our reason for the code of a provider's error.
    pub reasons: fn(provider: &str, code: &str) -> FailureReason,
    /// Whether words of ours stand before a text: where an echo was written, the word for a story, and the author in a
    /// group. What a channel's own settings put there does not depend on it.
    pub marks: bool,
}

impl<'a> Formatter<'a> {
    /// A formatter with our marks; a client whose CRM did not ask for them switches them off.
    pub fn new(
        language: Language,
        channel: Option<&'a Channel>,
        base_url: &'a str,
        reasons: fn(&str, &str) -> FailureReason,
    ) -> Self {
        Self { language, channel, base_url, reasons, marks: true }
    }
}

/// The path under which files are served.
pub const FILES_PATH: &str = "media";

/// The stable link of a file (C12).
pub fn file_link(base_url: &str, link: &str) -> String {
    format!("{}/{FILES_PATH}/{link}", base_url.trim_end_matches('/'))
}

impl Formatter<'_> {
    /// The text; `None` if there is none.
    pub fn text(&self, chat: &Chat, message: &Message) -> Option<String> {
        let body = self.body(message);
        let head = self.head(chat, message);
        match (head.is_empty(), body) {
            (true, body) => body,
            (false, Some(body)) => Some(format!("{head} {body}")),
            // A file alone, or a story without text.
            (false, None) => {
                let shown = self.file(message).is_some() || self.story(message).is_some();
                (message.deleted_seq.is_none() && shown).then_some(head)
            }
        }
    }

    /// Our reason for the code of an error in the chat.
    pub fn reason(&self, code: &str) -> FailureReason {
        (self.reasons)(self.channel.map_or("", |channel| &channel.provider), code)
    }

    /// The link to the file, if it can be downloaded now.
    pub fn file(&self, message: &Message) -> Option<String> {
        match &message.file {
            Some(FileCopy::Stored { link, .. }) => Some(file_link(self.base_url, link)),
            Some(FileCopy::Pending | FileCopy::Failed { .. }) => None,
            None => {
                message.media.as_ref().map(|media| media.url.clone()).filter(|url| url.starts_with("http"))
            }
        }
    }

    /// The media type of the file behind [`Self::file`], if it is known.
    pub fn mime<'m>(&self, message: &'m Message) -> Option<&'m str> {
        match &message.file {
            Some(FileCopy::Stored { mime, .. }) => Some(mime),
            _ => message.media.as_ref().and_then(|media| media.mime.as_deref()),
        }
    }

    fn body(&self, message: &Message) -> Option<String> {
        let text = message.text.as_deref().filter(|text| !text.is_empty());
        if message.deleted_seq.is_some() {
            return text.map(str::to_owned);
        }
        match (&message.file, text) {
            (Some(FileCopy::Failed { why }), text) => {
                let failed = texts::file_failed(*why, self.language);
                Some(text.map_or_else(|| failed.to_owned(), |text| format!("{text}\n{failed}")))
            }
            (Some(FileCopy::Pending), None) => {
                let word = texts::file_follows(message.kind, self.language);
                (!word.is_empty()).then(|| word.to_owned())
            }
            (_, Some(text)) => Some(text.to_owned()),
            (_, None) => message.details.as_ref().and_then(shown),
        }
    }

    /// The word for a story.
    fn story(&self, message: &Message) -> Option<&'static str> {
        texts::story(message.kind, self.language).filter(|_| self.marks)
    }

    /// The prefix of the text: the channel's name, the mark of an echo, the words for a story, and the author in a
    /// group.
    fn head(&self, chat: &Chat, message: &Message) -> String {
        let outside = message.origin.filter(|origin| message.side == Side::Company && origin.is_echo());
        let mut head = Vec::new();
        if let Some(channel) = self.channel.filter(|channel| channel.name_in_crm)
            && (message.side == Side::Client || outside.is_some())
        {
            head.push(format!("[{}]", channel.shown_name()));
        }
        head.extend(outside.and_then(|origin| self.mark(origin)));
        head.extend(self.story(message).map(str::to_owned));
        if self.marks && chat.group && message.side == Side::Client {
            let name = message.author.as_ref().and_then(|author| author.name.as_deref());
            head.extend(name.map(|name| format!("{name}:")));
        }
        head.join(" ")
    }

    fn mark(&self, origin: Origin) -> Option<String> {
        let own = self.channel.and_then(|channel| channel.echo_mark.clone());
        own.or_else(|| texts::echo_mark(origin, self.language).filter(|_| self.marks).map(str::to_owned))
            .filter(|mark| !mark.is_empty())
    }
}

/// The text for contents that a message without a text shows nothing of: a place, and contact cards.
fn shown(details: &Details) -> Option<String> {
    match details {
        Details::Location(place) => Some(place_text(place)),
        Details::ContactCards(cards) => {
            let lines: Vec<String> = cards.iter().filter_map(card_text).collect();
            (!lines.is_empty()).then(|| lines.join("\n"))
        }
        _ => None,
    }
}

/// The place's name and address, its coordinates as `latitude, longitude`, and a link to a map.
fn place_text(place: &Location) -> String {
    let (latitude, longitude) = (place.latitude, place.longitude);
    let degrees = format!("{latitude}, {longitude}");
    let map = format!("https://www.google.com/maps?q={latitude},{longitude}");
    let named = place.name.iter().chain(&place.address).cloned();
    named.chain([degrees, map]).collect::<Vec<_>>().join("\n")
}

/// A card's name and phones.
fn card_text(card: &ContactCard) -> Option<String> {
    let phones = (!card.phones.is_empty()).then(|| card.phones.join(", "));
    let parts: Vec<String> = card.name.clone().into_iter().chain(phones).collect();
    (!parts.is_empty()).then(|| parts.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::base::ids::{AccountId, ChannelId, ConnectionId};
    use crate::model::chat::tests::{new_chat, text_event};
    use crate::model::event::Author;
    use crate::model::message::kind::Kind;
    use crate::model::message::media::{CopyFailure, Media};
    use crate::model::messenger::ChannelRef;

    fn channel() -> Channel {
        let reference =
            ChannelRef { id: ChannelId::new("c"), provider: "wazzup".into(), external: "x".into() };
        let mut channel =
            Channel::new(&AccountId::new("a"), &ConnectionId::new("k"), &reference, Timestamp::default());
        channel.name = "Продажи".into();
        channel
    }

    fn message(side: Side, origin: Option<Origin>) -> Message {
        let mut event = text_event("m", side);
        event.text = Some("Здравствуйте".into());
        event.origin = origin;
        new_chat().receive(&event, None, Timestamp::default()).unwrap()
    }

    fn say(channel: &Channel, chat: &Chat, message: &Message) -> Option<String> {
        formatter(Some(channel)).text(chat, message)
    }

    fn formatter(channel: Option<&Channel>) -> Formatter<'_> {
        Formatter::new(Language::Ru, channel, "https://sb.example/", |_, _| FailureReason::Other)
    }

    #[test]
    fn without_marks_only_what_the_channels_settings_say_stands_before_a_text() {
        let (mut channel, mut chat) = (channel(), new_chat());
        chat.group = true;
        let mut said = message(Side::Client, None);
        said.author = Some(Author { name: Some("Иван".into()), ..Author::default() });
        let mut story = message(Side::Client, None);
        (story.kind, story.text) = (Kind::StoryMention, None);
        let echo = message(Side::Company, Some(Origin::Phone));
        let say = |channel: &Channel, message: &Message| {
            Formatter { marks: false, ..formatter(Some(channel)) }.text(&chat, message)
        };
        assert_eq!(say(&channel, &said).as_deref(), Some("Здравствуйте"));
        assert_eq!(say(&channel, &story), None);
        assert_eq!(say(&channel, &echo).as_deref(), Some("Здравствуйте"));
        (channel.name_in_crm, channel.echo_mark) = (true, Some("(с трубки)".into()));
        assert_eq!(say(&channel, &said).as_deref(), Some("[Продажи] Здравствуйте"));
        assert_eq!(say(&channel, &echo).as_deref(), Some("[Продажи] (с трубки) Здравствуйте"));
    }

    #[test]
    fn a_place_and_cards_without_a_text_are_put_into_words() {
        let (channel, chat) = (channel(), new_chat());
        let mut said = message(Side::Client, None);
        (said.kind, said.text) = (Kind::Location, None);
        let place = Location { latitude: 55.75, longitude: 37.5, name: None, address: None };
        said.details = Some(Details::Location(place.clone()));
        let map = "55.75, 37.5\nhttps://www.google.com/maps?q=55.75,37.5";
        assert_eq!(say(&channel, &chat, &said).as_deref(), Some(map));
        let named =
            Location { name: Some("Салон".into()), address: Some("Невский, 1".into()), ..place };
        said.details = Some(Details::Location(named));
        assert_eq!(say(&channel, &chat, &said), Some(format!("Салон\nНевский, 1\n{map}")));
        said.text = Some("здесь".into());
        assert_eq!(say(&channel, &chat, &said).as_deref(), Some("здесь"), "the provider's own text");
        (said.kind, said.text) = (Kind::ContactCard, None);
        let card = |name: Option<&str>, phones: &[&str]| ContactCard {
            name: name.map(str::to_owned),
            phones: phones.iter().map(|phone| (*phone).to_owned()).collect(),
        };
        let cards = vec![card(Some("Пётр"), &["+7 999", "+7 495"]), card(None, &["102"]), card(None, &[])];
        said.details = Some(Details::ContactCards(cards));
        assert_eq!(say(&channel, &chat, &said).as_deref(), Some("Пётр: +7 999, +7 495\n102"));
    }

    #[test]
    fn an_echo_is_marked_by_origin_and_what_we_sent_is_not() {
        let (mut channel, chat) = (channel(), new_chat());
        for (origin, expected) in [
            (Some(Origin::Phone), "[Отправлено с телефона] Здравствуйте"),
            (Some(Origin::ProviderApp), "[Отправлено из приложения] Здравствуйте"),
            (Some(Origin::Outside), "[Отправлено с телефона или из приложения] Здравствуйте"),
            (Some(Origin::Crm), "Здравствуйте"),
            (Some(Origin::Bot), "Здравствуйте"),
            (None, "Здравствуйте"),
        ] {
            let message = message(Side::Company, origin);
            assert_eq!(say(&channel, &chat, &message).as_deref(), Some(expected), "{origin:?}");
        }
        channel.echo_mark = Some("(с трубки)".into());
        let echo = message(Side::Company, Some(Origin::Phone));
        assert_eq!(say(&channel, &chat, &echo).as_deref(), Some("(с трубки) Здравствуйте"));
        channel.echo_mark = Some(String::new());
        assert_eq!(say(&channel, &chat, &echo).as_deref(), Some("Здравствуйте"));
    }

    #[test]
    fn the_channels_name_stands_before_clients_and_echoes_only() {
        let (mut channel, chat) = (channel(), new_chat());
        channel.name_in_crm = true;
        let client = message(Side::Client, None);
        assert_eq!(say(&channel, &chat, &client).as_deref(), Some("[Продажи] Здравствуйте"));
        assert_eq!(client.text.as_deref(), Some("Здравствуйте"), "what is stored stays");
        channel.title = Some("Сервис".into());
        assert_eq!(
            say(&channel, &chat, &client).as_deref(),
            Some("[Сервис] Здравствуйте"),
            "the account's own"
        );
        channel.title = None;
        let echo = message(Side::Company, Some(Origin::Phone));
        assert_eq!(
            say(&channel, &chat, &echo).as_deref(),
            Some("[Продажи] [Отправлено с телефона] Здравствуйте")
        );
        let own = message(Side::Company, Some(Origin::Window));
        assert_eq!(say(&channel, &chat, &own).as_deref(), Some("Здравствуйте"));
    }

    #[test]
    fn a_story_is_named() {
        let (channel, chat) = (channel(), new_chat());
        let mut said = message(Side::Client, None);
        said.kind = Kind::StoryReply;
        assert_eq!(say(&channel, &chat, &said).as_deref(), Some("[Ответ на историю] Здравствуйте"));
        (said.kind, said.text) = (Kind::StoryMention, None);
        assert_eq!(say(&channel, &chat, &said).as_deref(), Some("[Упоминание в истории]"));
        said.file = Some(FileCopy::Pending);
        assert_eq!(say(&channel, &chat, &said).as_deref(), Some("[Упоминание в истории]"));
    }

    #[test]
    fn a_groups_message_names_its_author() {
        let (channel, mut chat) = (channel(), new_chat());
        chat.group = true;
        let mut said = message(Side::Client, None);
        said.author = Some(Author { name: Some("Иван".into()), ..Author::default() });
        assert_eq!(say(&channel, &chat, &said).as_deref(), Some("Иван: Здравствуйте"));
    }

    #[test]
    fn a_file_is_announced_then_linked_or_given_up() {
        let (channel, chat) = (channel(), new_chat());
        let mut photo = message(Side::Client, None);
        (photo.kind, photo.text) = (Kind::Image, None);
        photo.media = Some(Media { expires: true, ..Media::linked("https://provider.example/1") });
        photo.file = Some(FileCopy::Pending);
        assert_eq!(say(&channel, &chat, &photo).as_deref(), Some("[Изображение]"));
        photo.text = Some("смотрите".into());
        assert_eq!(say(&channel, &chat, &photo).as_deref(), Some("смотрите"));
        let formatter = formatter(None);
        assert_eq!(formatter.file(&photo), None, "the provider's link is nobody's business");
        let stored =
            FileCopy::Stored { object: "o".into(), link: "abc".into(), mime: "image/png".into(), bytes: 1 };
        photo.file = Some(stored);
        assert_eq!(formatter.file(&photo).as_deref(), Some("https://sb.example/media/abc"));
        photo.file = Some(FileCopy::Failed { why: CopyFailure::TooLarge });
        assert_eq!(
            say(&channel, &chat, &photo).as_deref(),
            Some("смотрите\n[Файл не получен: слишком большой]")
        );
    }
}
