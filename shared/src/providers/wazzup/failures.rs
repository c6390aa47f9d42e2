//! Wazzup's error codes and our reasons for them (Wazzup API v3: "Sending messages", "Common errors", and the `error`
//! of statuses).

use crate::model::outbound::call::FailureReason;

/// Our reason for a code. Codes are compared without underscores, because Wazzup's own pages write them in both ways.
pub fn reason(code: &str) -> FailureReason {
    let plain: String = code.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect();
    let found = REASONS.iter().find(|(_, codes)| codes.contains(&plain.as_str()));
    found.map_or(FailureReason::Other, |(reason, _)| *reason)
}

const REASONS: &[(FailureReason, &[&str])] = &[
    (
        FailureReason::NoSuchRecipient,
        &["badcontact"],
    ),
    (FailureReason::WrongRecipient, &["chatidigsidmismatch", "messagesinvalidcontacttype"]),
    (
        FailureReason::WindowClosed,
        &["24hoursexceeded"],
    ),
    (
        FailureReason::WindowClosedAfterDays,
        &["7daysexceeded"],
    ),
    (
        FailureReason::TextFirst,
        &["messagesnottextfirst"],
    ),
    (
        FailureReason::Spam,
        &["messagesisspam", "spam", "messagesabnormalsend"],
    ),
    (
        FailureReason::NoMoney,
        &["balanceisempty", "channelnomoney", "notenoughmoney"],
    ),
    (
        FailureReason::TooLong,
        &["messagetexttoolong", "toolongtext", "messagestoolonginstagram", "messagestoolongtelegram", "messagestoolongwaba", "messagestoolongvk", "messagestoolongavito", "messagestoolongviber", "messagestoolongwabaheader", "messagestoolongwabatemplate"],
    ),
    (
        FailureReason::FileTooLarge,
        &["messagescontentsizeexceeded", "messagescontentsizeexceededwaba", "messagescontentsizeexceededtelegram", "toobigcontent"],
    ),
    (
        FailureReason::FileType,
        &["messagewrongcontenttype", "messagesunsupportedcontenttypeinstapi", "wrongcontent", "contentconversionerror"],
    ),
    (
        FailureReason::FileUnreachable,
        &["messagedownloadcontenterror", "badlink"],
    ),
    (
        FailureReason::ChannelBlocked,
        &["channelwapirejected", "channelrejected", "channelblocked"],
    ),
    (
        FailureReason::ChannelLimit,
        &["channellimitexceeded", "toomanyextreqs"],
    ),
    (
        FailureReason::WrongMessenger,
        &["wrongtransport"],
    ),
    (
        FailureReason::NoAccess,
        &["chatnoaccess"],
    ),
    (
        FailureReason::TemplateRefused,
        &["templaterejected"],
    ),
    (
        FailureReason::QuoteGone,
        &["referencemessagenotfound"],
    ),
    (
        FailureReason::EditTooLate,
        &["messageseditingtimeexpired"],
    ),
    (
        FailureReason::DeletionTooLate,
        &["messagesdeletiontimeexpired"],
    ),
    (
        FailureReason::MessageGone,
        &["messagesnotfound", "messagedeleted", "cannotreplytodeleted"],
    ),
    (
        FailureReason::NotSupported,
        &["channelinvalidtransportforediting", "channelinvalidtransportforcontentediting", "channelinvalidtransportfordeletion", "messagescontainbuttons"],
    ),
    (
        FailureReason::CommentGone,
        &["commentdeleted"],
    ),
    (
        FailureReason::CommentAnswered,
        &["commentalreadyprivatereplied"],
    ),
    (
        FailureReason::CommentTextOnly,
        &["commentcanbetextonly"],
    ),
    (
        FailureReason::NothingToSend,
        &["messagenothingtosend"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_in_both_spellings() {
        for code in ["BAD_CONTACT", "badContact"] {
            assert_eq!(reason(code), FailureReason::NoSuchRecipient, "{code}");
        }
        assert_eq!(reason("MESSAGES_EDITING_TIME_EXPIRED"), FailureReason::EditTooLate);
        assert_eq!(reason("SOMETHING_NEW"), FailureReason::Other);
    }
}
