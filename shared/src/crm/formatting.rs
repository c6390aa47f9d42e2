//! Formats a message for a CRM: the stored text behind the prefix that the channel asks for, and the link of the file.
//! The stored message stays as it was written (C6, C7, C8, C12).

use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::event::{Origin, Side};
use crate::model::message::Message;
use crate::model::message::media::FileCopy;
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
                let shown =
                    self.file(message).is_some() || texts::story(message.kind, self.language).is_some();
                (message.deleted_seq.is_none() && shown).then_some(head)
            }
        }
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
            (_, text) => text.map(str::to_owned),
        }
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
        head.extend(texts::story(message.kind, self.language).map(str::to_owned));
        if chat.group && message.side == Side::Client {
            let name = message.author.as_ref().and_then(|author| author.name.as_deref());
            head.extend(name.map(|name| format!("{name}:")));
        }
        head.join(" ")
    }

    fn mark(&self, origin: Origin) -> Option<String> {
        let own = self.channel.and_then(|channel| channel.echo_mark.clone());
        own.or_else(|| texts::echo_mark(origin, self.language).map(str::to_owned))
            .filter(|mark| !mark.is_empty())
    }
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
        let formatter =
            Formatter { language: Language::Ru, channel: Some(channel), base_url: "https://sb.example/" };
        formatter.text(chat, message)
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
        let formatter = Formatter { language: Language::Ru, channel: None, base_url: "https://sb.example/" };
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
