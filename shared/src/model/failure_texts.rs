//! What employees read in a chat when something did not reach the client (E2): which it was, and why, in plain words.

use crate::base::clock::Timestamp;
use crate::base::ids::MessageId;
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::chat::company_events::company_event;
use crate::model::event::{MessageEvent, Origin};
use crate::model::message::Message;
use crate::model::message::kind::Kind;
use crate::model::texts::Language;

/// What such a notice begins with.
pub const MARK: &str = "[SWITCHBOARD ERROR]";
/// Our code where nobody knows whether a message left.
pub const UNKNOWN_ERROR: &str = "UNKNOWN_ERROR";
/// Our code where the provider put a message off for as long as it was worth.
pub const NOT_DELIVERED_IN_TIME: &str = "NOT_DELIVERED_IN_TIME";
/// Our code for a change of a message that never left.
pub const NOT_SENT: &str = "NOT_SENT";
/// Our code where the connection that carried the channel is gone.
pub const NO_CONNECTION: &str = "NO_CONNECTION";
/// Our code for a message that holds nothing that can be sent.
pub const NOTHING_TO_SEND: &str = "NOTHING_TO_SEND";

/// What did not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// A message was not sent.
    Send,
    /// Nobody knows whether it was.
    Unknown,
    /// An edit.
    Edit,
    /// A deletion.
    Deletion,
}

/// The id of the notice about a message: a send fails for good once; `change` is the number of an edit or deletion, of
/// which there may be several.
pub fn notice_id(message: &MessageId, change: Option<u64>) -> MessageId {
    match change {
        None => MessageId::new(format!("error-{}", message.as_str())),
        Some(number) => MessageId::new(format!("error-{}-{number}", message.as_str())),
    }
}

/// Puts a notice into a chat, and gives its row. It is shown and told to the CRM, and opens, answers and raises nothing.
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

/// The notice's text. `code` is the provider's or ours; one that is not known here is shown as it is.
pub fn words(undone: Undone, code: &str, language: Language) -> String {
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
    match (reason(code), language) {
        (Some((russian, _)), Language::Ru) => format!("{MARK} {what}: {russian}."),
        (Some((_, english)), Language::En) => format!("{MARK} {what}: {english}."),
        (None, Language::Ru) => format!("{MARK} {what}: мессенджер отказал ({code})."),
        (None, Language::En) => format!("{MARK} {what}: the messenger refused it ({code})."),
    }
}

/// Plain words for a code, Russian and English. Codes are compared without underscores, because providers write them with
/// and without.
fn reason(code: &str) -> Option<(&'static str, &'static str)> {
    let plain: String = code.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect();
    let found = REASONS.iter().find(|(codes, ..)| codes.contains(&plain.as_str()));
    found.map(|(_, russian, english)| (*russian, *english))
}

type Reason = (&'static [&'static str], &'static str, &'static str);

const REASONS: &[Reason] = &[
    (
        &["badcontact", "chatidigsidmismatch", "messagesinvalidcontacttype"],
        "у клиента нет такого аккаунта в мессенджере",
        "the client has no such account in the messenger",
    ),
    (
        &["24hoursexceeded"],
        "прошло больше 24 часов с последнего сообщения клиента, можно отправить только шаблон",
        "more than 24 hours have passed since the client wrote; only a template may be sent",
    ),
    (
        &["7daysexceeded"],
        "прошло больше 7 дней с последнего сообщения клиента",
        "more than 7 days have passed since the client wrote",
    ),
    (
        &["messagesnottextfirst"],
        "первым сообщением можно отправить только текст",
        "a dialogue may begin with a text only",
    ),
    (
        &["messagesisspam", "spam", "messagesabnormalsend"],
        "мессенджер принял сообщение за спам",
        "the messenger took it for spam",
    ),
    (
        &["balanceisempty", "channelnomoney", "notenoughmoney"],
        "на счёте канала нет денег",
        "the channel's balance is empty",
    ),
    (
        &[
            "messagetexttoolong",
            "toolongtext",
            "messagestoolonginstagram",
            "messagestoolongtelegram",
            "messagestoolongwaba",
            "messagestoolongvk",
            "messagestoolongavito",
            "messagestoolongviber",
            "messagestoolongwabaheader",
            "messagestoolongwabatemplate",
        ],
        "текст слишком длинный",
        "the text is too long",
    ),
    (
        &[
            "messagescontentsizeexceeded",
            "messagescontentsizeexceededwaba",
            "messagescontentsizeexceededtelegram",
            "toobigcontent",
        ],
        "файл слишком большой",
        "the file is too large",
    ),
    (
        &[
            "messagewrongcontenttype",
            "messagesunsupportedcontenttypeinstapi",
            "wrongcontent",
            "contentconversionerror",
        ],
        "мессенджер не принимает файлы такого типа",
        "the messenger does not take files of this type",
    ),
    (
        &["messagedownloadcontenterror", "badlink"],
        "мессенджер не смог получить файл",
        "the messenger could not fetch the file",
    ),
    (
        &["channelwapirejected", "channelrejected", "channelblocked"],
        "канал заблокирован мессенджером",
        "the channel is blocked by the messenger",
    ),
    (
        &["channellimitexceeded", "toomanyextreqs"],
        "исчерпан лимит сообщений канала",
        "the channel's limit of messages is used up",
    ),
    (
        &["wrongtransport"],
        "этот канал не работает с таким мессенджером",
        "the channel does not carry this messenger",
    ),
    (&["chatnoaccess"], "нет доступа к чату", "there is no access to the chat"),
    (&["templaterejected"], "шаблон отклонён", "the template was rejected"),
    (&["referencemessagenotfound"], "цитируемое сообщение не найдено", "the quoted message is not there"),
    (
        &["messageseditingtimeexpired"],
        "время, в которое можно изменить сообщение, прошло",
        "it is too late to edit it",
    ),
    (
        &["messagesdeletiontimeexpired"],
        "время, в которое можно удалить сообщение, прошло",
        "it is too late to delete it",
    ),
    (
        &["messagesnotfound", "messagedeleted", "cannotreplytodeleted"],
        "этого сообщения больше нет в мессенджере",
        "the message is not in the messenger any more",
    ),
    (
        &[
            "channelinvalidtransportforediting",
            "channelinvalidtransportforcontentediting",
            "channelinvalidtransportfordeletion",
            "messagescontainbuttons",
        ],
        "мессенджер этого не умеет",
        "the messenger cannot do that",
    ),
    (&["commentdeleted"], "комментарий удалён", "the comment was deleted"),
    (
        &["commentalreadyprivatereplied"],
        "на этот комментарий уже ответили личным сообщением",
        "this comment was answered privately already",
    ),
    (
        &["commentcanbetextonly"],
        "на комментарий можно ответить только текстом",
        "a comment can be answered with a text only",
    ),
    (
        &["notdeliveredintime"],
        "мессенджер не принимал его целые сутки",
        "the messenger did not take it for a whole day",
    ),
    (&["notsent"], "оно не было отправлено", "it was not sent"),
    (&["noconnection"], "канал отключён", "the channel is disconnected"),
    (&["nothingtosend", "messagenothingtosend"], "в нём нечего отправлять", "there is nothing in it to send"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::chat::state::ChatState;
    use crate::model::chat::tests::{channel, new_chat, text_event};
    use crate::model::event::Side;

    #[test]
    fn a_known_code_has_plain_words_in_both_languages_and_an_unknown_one_is_shown() {
        for code in ["BAD_CONTACT", "badContact"] {
            let russian = words(Undone::Send, code, Language::Ru);
            assert_eq!(
                russian,
                "[SWITCHBOARD ERROR] Сообщение не отправлено: у клиента нет такого аккаунта в мессенджере."
            );
        }
        let english = words(Undone::Edit, "MESSAGES_EDITING_TIME_EXPIRED", Language::En);
        assert_eq!(english, "[SWITCHBOARD ERROR] The message was not edited: it is too late to edit it.");
        assert!(words(Undone::Deletion, "SOMETHING_NEW", Language::En).ends_with("(SOMETHING_NEW)."));
        for own in [NOT_DELIVERED_IN_TIME, NOT_SENT, NO_CONNECTION, NOTHING_TO_SEND] {
            assert!(reason(own).is_some(), "{own}");
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
