//! Why a message was not delivered, in Wazzup's words: `error.error` of messages and statuses (Wazzup API v3,
//! "Webhooks").

use crate::model::outbound::call::FailureReason;

/// The words of Wazzup's documents, and two that it was seen to send (`NOT_ENOUGH_MONEY`, `CHANNEL_BLOCKED`).
const WORDS: [&str; 24] = [
    "BAD_CONTACT",
    "CHATID_IGSID_MISMATCH",
    "TOO_LONG_TEXT",
    "BAD_LINK",
    "TOO_BIG_CONTENT",
    "SPAM",
    "TOO_MANY_EXT_REQS",
    "WRONG_CONTENT",
    "MESSAGE_CANCELLED",
    "24_HOURS_EXCEEDED",
    "COMMENT_DELETED",
    "MENTION_FORBIDDEN",
    "CONTENT_CONVERSION_ERROR",
    "MESSAGE_DELETED",
    "CHANNEL_REJECTED",
    "7_DAYS_EXCEEDED",
    "COMMENT_ALREADY_PRIVATE_REPLIED",
    "COMMENT_INVALID_FOR_PRIVATE_REPLY",
    "COMMENT_CAN_BE_TEXT_ONLY",
    "CANNOT_REPLY_TO_DELETED",
    "GENERAL_ERROR",
    UNKNOWN,
    "NOT_ENOUGH_MONEY",
    "CHANNEL_BLOCKED",
];

/// The word where nothing is known of the cause.
pub const UNKNOWN: &str = "UNKNOWN_ERROR";

/// Wazzup's word for a failure: the code itself if it is one of them, in whatever spelling, otherwise the nearest to
/// the reason.
pub fn told(code: &str, reason: FailureReason) -> &'static str {
    let plain = |word: &str| -> String { word.chars().filter(|c| *c != '_').collect() };
    let code = plain(code);
    let known = WORDS.iter().find(|word| plain(word).eq_ignore_ascii_case(&code));
    known.copied().unwrap_or_else(|| nearest(reason))
}

fn nearest(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::NoSuchRecipient | FailureReason::WrongRecipient => "BAD_CONTACT",
        FailureReason::WindowClosed => "24_HOURS_EXCEEDED",
        FailureReason::WindowClosedAfterDays => "7_DAYS_EXCEEDED",
        FailureReason::Spam => "SPAM",
        FailureReason::NoMoney => "NOT_ENOUGH_MONEY",
        FailureReason::TooLong => "TOO_LONG_TEXT",
        FailureReason::FileTooLarge => "TOO_BIG_CONTENT",
        FailureReason::FileUnreachable => "BAD_LINK",
        FailureReason::TextFirst
        | FailureReason::FileType
        | FailureReason::NotSupported
        | FailureReason::NothingToSend => "WRONG_CONTENT",
        FailureReason::ChannelBlocked => "CHANNEL_BLOCKED",
        FailureReason::ChannelLimit => "TOO_MANY_EXT_REQS",
        FailureReason::QuoteGone => "CANNOT_REPLY_TO_DELETED",
        FailureReason::MessageGone => "MESSAGE_DELETED",
        FailureReason::CommentGone => "COMMENT_DELETED",
        FailureReason::CommentAnswered => "COMMENT_ALREADY_PRIVATE_REPLIED",
        FailureReason::CommentTextOnly => "COMMENT_CAN_BE_TEXT_ONLY",
        FailureReason::NotDeliveredInTime | FailureReason::NotSent => "MESSAGE_CANCELLED",
        FailureReason::Blocked
        | FailureReason::WrongMessenger
        | FailureReason::NoAccess
        | FailureReason::TemplateRefused
        | FailureReason::EditTooLate
        | FailureReason::DeletionTooLate
        | FailureReason::NotConnected
        | FailureReason::Other => "GENERAL_ERROR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_wazzups_stays_and_another_becomes_the_nearest() {
        for (code, reason, expected) in [
            ("BAD_CONTACT", FailureReason::NoSuchRecipient, "BAD_CONTACT"),
            ("badContact", FailureReason::NoSuchRecipient, "BAD_CONTACT"),
            ("24_HOURS_EXCEEDED", FailureReason::WindowClosed, "24_HOURS_EXCEEDED"),
            ("MENTION_FORBIDDEN", FailureReason::Other, "MENTION_FORBIDDEN"),
            ("UNKNOWN_ERROR", FailureReason::Other, UNKNOWN),
            ("MESSAGES_IS_SPAM", FailureReason::Spam, "SPAM"),
            ("BALANCE_IS_EMPTY", FailureReason::NoMoney, "NOT_ENOUGH_MONEY"),
            ("chat not found", FailureReason::WrongRecipient, "BAD_CONTACT"),
            ("NOT_DELIVERED_IN_TIME", FailureReason::NotDeliveredInTime, "MESSAGE_CANCELLED"),
            ("NO_CONNECTION", FailureReason::NotConnected, "GENERAL_ERROR"),
            ("SOMETHING_NEW", FailureReason::Other, "GENERAL_ERROR"),
            ("", FailureReason::Other, "GENERAL_ERROR"),
        ] {
            assert_eq!(told(code, reason), expected, "{code}");
        }
    }
}
