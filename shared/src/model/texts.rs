//! Switchboard's own texts that employees and clients read, in the account's language.

use crate::model::event::Origin;
use crate::model::message::kind::Kind;
use crate::model::message::media::CopyFailure;
use serde::{Deserialize, Serialize};

/// The fixed text of a call's message, which rules match like any other (C9, C11).
pub fn call(kind: Kind, language: Language) -> Option<&'static str> {
    Some(match (kind, language) {
        (Kind::MissedCall, Language::Ru) => "Пропущенный звонок",
        (Kind::MissedCall, Language::En) => "Missed call",
        (Kind::ListingCall, Language::Ru) => "Звонок по объявлению",
        (Kind::ListingCall, Language::En) => "Call about a listing",
        _ => return None,
    })
}

/// The text that precedes a message written outside, unless the channel sets another one (C6).
pub fn echo_mark(origin: Origin, language: Language) -> Option<&'static str> {
    Some(match (origin, language) {
        (Origin::Phone, Language::Ru) => "[Отправлено с телефона]",
        (Origin::Phone, Language::En) => "[Sent from the phone]",
        (Origin::ProviderApp, Language::Ru) => "[Отправлено из приложения]",
        (Origin::ProviderApp, Language::En) => "[Sent from the application]",
        (Origin::Outside, Language::Ru) => "[Отправлено с телефона или из приложения]",
        (Origin::Outside, Language::En) => "[Sent from the phone or the application]",
        _ => return None,
    })
}

/// The text that precedes an answer to a story, and a mention in one (C10).
pub fn story(kind: Kind, language: Language) -> Option<&'static str> {
    Some(match (kind, language) {
        (Kind::StoryReply, Language::Ru) => "[Ответ на историю]",
        (Kind::StoryReply, Language::En) => "[Reply to a story]",
        (Kind::StoryMention, Language::Ru) => "[Упоминание в истории]",
        (Kind::StoryMention, Language::En) => "[Mention in a story]",
        _ => return None,
    })
}

/// The placeholder text for a file that has not been copied yet.
pub fn file_follows(kind: Kind, language: Language) -> &'static str {
    match (kind, language) {
        // The story text that precedes it says it already.
        (Kind::StoryReply | Kind::StoryMention, _) => "",
        (Kind::Image, Language::Ru) => "[Изображение]",
        (Kind::Image, Language::En) => "[Image]",
        (Kind::Audio | Kind::Voice, Language::Ru) => "[Аудио]",
        (Kind::Audio | Kind::Voice, Language::En) => "[Audio]",
        (Kind::Video, Language::Ru) => "[Видео]",
        (Kind::Video, Language::En) => "[Video]",
        (Kind::Sticker, Language::Ru) => "[Стикер]",
        (Kind::Sticker, Language::En) => "[Sticker]",
        (_, Language::Ru) => "[Файл]",
        (_, Language::En) => "[File]",
    }
}

/// The text in place of a file that could not be copied.
pub fn file_failed(why: CopyFailure, language: Language) -> &'static str {
    match (why, language) {
        (CopyFailure::Gone, Language::Ru) => "[Файл не получен: его больше нет у мессенджера]",
        (CopyFailure::Gone, Language::En) => "[File not received: the messenger has it no more]",
        (CopyFailure::Refused, Language::Ru) => "[Файл не получен: мессенджер его не отдал]",
        (CopyFailure::Refused, Language::En) => "[File not received: the messenger refused it]",
        (CopyFailure::TooLarge, Language::Ru) => "[Файл не получен: слишком большой]",
        (CopyFailure::TooLarge, Language::En) => "[File not received: too large]",
        (CopyFailure::WrongType, Language::Ru) => "[Файл не получен: такой тип не принимается]",
        (CopyFailure::WrongType, Language::En) => "[File not received: its type is not accepted]",
        (CopyFailure::AddressNotAllowed, Language::Ru) => "[Файл не получен: недопустимая ссылка]",
        (CopyFailure::AddressNotAllowed, Language::En) => "[File not received: its link is not allowed]",
        (CopyFailure::Unavailable, Language::Ru) => "[Файл не получен: мессенджер не ответил]",
        (CopyFailure::Unavailable, Language::En) => "[File not received: the messenger did not answer]",
    }
}

/// The language of the texts that employees and clients read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Russian.
    #[default]
    Ru,
    /// English.
    En,
}
