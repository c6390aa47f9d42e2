//! Notices in a chat that tell employees that something did not reach the client (E2): what it was, and why, in plain
//! words.

use crate::base::clock::Timestamp;
use crate::base::ids::MessageId;
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::chat::company_events::company_event;
use crate::model::event::{MessageEvent, Origin};
use crate::model::message::Message;
use crate::model::message::kind::Kind;
use crate::model::outbound::call::FailureReason;
use crate::model::texts::Language;

/// The prefix of such a notice.
pub const MARK: &str = "[SWITCHBOARD ERROR]";
/// Our code when it is unknown whether a message was sent.
pub const UNKNOWN_ERROR: &str = "UNKNOWN_ERROR";
/// Our code when the provider postponed a message until it was given up.
pub const NOT_DELIVERED_IN_TIME: &str = "NOT_DELIVERED_IN_TIME";
/// Our code for a change of a message that was never sent.
pub const NOT_SENT: &str = "NOT_SENT";
/// Our code when the channel's connection no longer exists.
pub const NO_CONNECTION: &str = "NO_CONNECTION";
/// Our code for a message without anything that can be sent.
pub const NOTHING_TO_SEND: &str = "NOTHING_TO_SEND";

/// What was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// A message was not sent.
    Send,
    /// It is unknown whether a message was sent.
    Unknown,
    /// An edit was not done.
    Edit,
    /// A deletion was not done.
    Deletion,
}

/// The id of the notice about a message. A send fails for good only once; `change` is the number of an edit or
/// deletion, of which there may be several.
pub fn notice_id(message: &MessageId, change: Option<u64>) -> MessageId {
    match change {
        None => MessageId::new(format!("error-{}", message.as_str())),
        Some(number) => MessageId::new(format!("error-{}-{number}", message.as_str())),
    }
}

/// Adds a notice to a chat, and returns its row. It is shown and reported to the CRM, but opens no chat, answers no
/// client, and does not count as unread.
pub fn notice(
    chat: &mut Chat,
    channel: &Channel,
    id: MessageId,
    text: String,
    at: Timestamp,
) -> Option<Message> {
    let event = MessageEvent {
        kind: Kind::System,
        text: Some(text),
        ..company_event(chat, channel, id, Origin::Notice, at)
    };
    chat.receive(&event, None, at)
}

/// The notice's text. `code` is the provider's or ours; it is shown where the reason alone explains nothing.
pub fn words(undone: Undone, reason: FailureReason, code: &str, language: Language) -> String {
    let what = match (undone, language) {
        (Undone::Send, Language::Ru) => "Сообщение не отправлено",
        (Undone::Send, Language::En) => "The message was not sent",
        (Undone::Edit, Language::Ru) => "Сообщение не изменено",
        (Undone::Edit, Language::En) => "The message was not edited",
        (Undone::Deletion, Language::Ru) => "Сообщение не удалено",
        (Undone::Deletion, Language::En) => "The message was not deleted",
        (Undone::Unknown, Language::Ru) => {
            return format!(
                "{MARK} Неизвестно, дошло ли сообщение: мессенджер не подтвердил отправку. Проверьте, прежде чем отправлять ещё раз."
            );
        }
        (Undone::Unknown, Language::En) => {
            return format!(
                "{MARK} Nobody knows whether the message arrived: the messenger did not confirm it. Check before you send it again."
            );
        }
    };
    match (plain(reason), language) {
        (Some((russian, _)), Language::Ru) => format!("{MARK} {what}: {russian}."),
        (Some((_, english)), Language::En) => format!("{MARK} {what}: {english}."),
        (None, Language::Ru) => format!("{MARK} {what}: мессенджер отказал ({code})."),
        (None, Language::En) => format!("{MARK} {what}: the messenger refused it ({code})."),
    }
}

/// A reason in plain words; `None` when only the provider's code explains it.
pub fn why(reason: FailureReason, language: Language) -> Option<&'static str> {
    plain(reason).map(|(russian, english)| match language {
        Language::Ru => russian,
        Language::En => english,
    })
}

/// The same in Russian and English.
fn plain(reason: FailureReason) -> Option<(&'static str, &'static str)> {
    Some(match reason {
        FailureReason::NoSuchRecipient | FailureReason::WrongRecipient => {
            ("у клиента нет такого аккаунта в мессенджере", "the client has no such account in the messenger")
        }
        FailureReason::WindowClosed => (
            "прошло больше 24 часов с последнего сообщения клиента, можно отправить только шаблон",
            "more than 24 hours have passed since the client wrote; only a template may be sent",
        ),
        FailureReason::WindowClosedAfterDays => (
            "прошло больше 7 дней с последнего сообщения клиента",
            "more than 7 days have passed since the client wrote",
        ),
        FailureReason::TextFirst => {
            ("первым сообщением можно отправить только текст", "a dialogue may begin with a text only")
        }
        FailureReason::Spam => ("мессенджер принял сообщение за спам", "the messenger took it for spam"),
        FailureReason::NoMoney => ("на счёте канала нет денег", "the channel's balance is empty"),
        FailureReason::TooLong => ("текст слишком длинный", "the text is too long"),
        FailureReason::FileTooLarge => ("файл слишком большой", "the file is too large"),
        FailureReason::FileType => {
            ("мессенджер не принимает файлы такого типа", "the messenger does not take files of this type")
        }
        FailureReason::FileUnreachable => {
            ("мессенджер не смог получить файл", "the messenger could not fetch the file")
        }
        FailureReason::ChannelBlocked => {
            ("канал заблокирован мессенджером", "the channel is blocked by the messenger")
        }
        FailureReason::ChannelLimit => {
            ("исчерпан лимит сообщений канала", "the channel's limit of messages is used up")
        }
        FailureReason::WrongMessenger => {
            ("этот канал не работает с таким мессенджером", "the channel does not carry this messenger")
        }
        FailureReason::NoAccess => ("нет доступа к чату", "there is no access to the chat"),
        FailureReason::TemplateRefused => ("шаблон отклонён", "the template was rejected"),
        FailureReason::QuoteGone => ("цитируемое сообщение не найдено", "the quoted message is not there"),
        FailureReason::EditTooLate => {
            ("время, в которое можно изменить сообщение, прошло", "it is too late to edit it")
        }
        FailureReason::DeletionTooLate => {
            ("время, в которое можно удалить сообщение, прошло", "it is too late to delete it")
        }
        FailureReason::MessageGone => {
            ("этого сообщения больше нет в мессенджере", "the message is not in the messenger any more")
        }
        FailureReason::NotSupported => ("мессенджер этого не умеет", "the messenger cannot do that"),
        FailureReason::CommentGone => ("комментарий удалён", "the comment was deleted"),
        FailureReason::CommentAnswered => (
            "на этот комментарий уже ответили личным сообщением",
            "this comment was answered privately already",
        ),
        FailureReason::CommentTextOnly => {
            ("на комментарий можно ответить только текстом", "a comment can be answered with a text only")
        }
        FailureReason::NotDeliveredInTime => {
            ("мессенджер не принимал его целые сутки", "the messenger did not take it for a whole day")
        }
        FailureReason::NotSent => ("оно не было отправлено", "it was not sent"),
        FailureReason::NotConnected => ("канал отключён", "the channel is disconnected"),
        FailureReason::NothingToSend => ("в нём нечего отправлять", "there is nothing in it to send"),
        FailureReason::Blocked => ("клиент заблокировал канал", "the client has blocked the channel"),
        FailureReason::Other => return None,
    })
}

/// The reason for one of our own codes.
pub fn own_reason(code: &str) -> Option<FailureReason> {
    Some(match code {
        NOT_DELIVERED_IN_TIME => FailureReason::NotDeliveredInTime,
        NOT_SENT => FailureReason::NotSent,
        NO_CONNECTION => FailureReason::NotConnected,
        NOTHING_TO_SEND => FailureReason::NothingToSend,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::chat::state::ChatState;
    use crate::model::chat::tests::{channel, new_chat, text_event};
    use crate::model::event::Side;

    #[test]
    fn a_known_code_has_plain_words_in_both_languages_and_an_unknown_one_is_shown() {
        let russian = words(Undone::Send, FailureReason::NoSuchRecipient, "BAD_CONTACT", Language::Ru);
        assert_eq!(
            russian,
            "[SWITCHBOARD ERROR] Сообщение не отправлено: у клиента нет такого аккаунта в мессенджере."
        );
        let english =
            words(Undone::Edit, FailureReason::EditTooLate, "MESSAGES_EDITING_TIME_EXPIRED", Language::En);
        assert_eq!(english, "[SWITCHBOARD ERROR] The message was not edited: it is too late to edit it.");
        assert!(
            words(Undone::Deletion, FailureReason::Other, "SOMETHING_NEW", Language::En)
                .ends_with("(SOMETHING_NEW).")
        );
        for own in [NOT_DELIVERED_IN_TIME, NOT_SENT, NO_CONNECTION, NOTHING_TO_SEND] {
            assert!(own_reason(own).and_then(plain).is_some(), "{own}");
        }
    }

    #[test]
    fn e2_a_notice_opens_answers_and_raises_nothing() {
        let mut chat = new_chat();
        let at = Timestamp::from_millis(5);
        chat.receive(&text_event("m1", Side::Client), None, at);
        chat.finish(crate::model::chat::state::FinishReason::Inactivity, at);
        let before = chat.clone();
        let row =
            notice(&mut chat, &channel(), notice_id(&MessageId::new("own"), None), "x".into(), at).unwrap();
        assert_eq!(
            (row.message_id.as_str(), row.kind, row.origin),
            ("error-own", Kind::System, Some(Origin::Notice))
        );
        assert_eq!(
            (chat.state, chat.unread(), chat.unanswered_at),
            (ChatState::General, before.unread(), before.unanswered_at)
        );
        assert_eq!((chat.seq, row.seq), (before.seq + 1, before.seq + 1), "the CRM is told");
        assert_eq!(chat.last_activity_at, before.last_activity_at);
    }
}
