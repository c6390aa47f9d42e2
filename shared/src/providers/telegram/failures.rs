//! Telegram's error descriptions, our codes for them, and our reasons. Its error numbers say little (nearly all are
//! 400); descriptions in English tell errors apart (Bot API, "Making requests"). They are those of the server at
//! github.com/tdlib/telegram-bot-api, and those of MTProto, in upper case, that it passes on.

use crate::model::outbound::call::FailureReason;
use FailureReason::{
    Blocked, DeletionTooLate, EditTooLate, FileTooLarge, FileType, FileUnreachable, MessageGone, NoAccess,
    NoSuchRecipient, NotConnected, NotSupported, NothingToSend, Other, QuoteGone, TooLong, WindowClosed,
    WrongRecipient,
};

/// Our code for a recipient that is not a chat's id.
pub(super) const NO_CHAT_ID: &str = "CHAT_ID_INVALID";
/// Our code for a file above the limit.
pub(super) const FILE_TOO_BIG: &str = "FILE_TOO_BIG";
/// Our code for a message that does not exist.
pub(super) const NO_MESSAGE: &str = "MESSAGE_NOT_FOUND";
/// Our code for a 403 with an unknown description.
pub(super) const FORBIDDEN: &str = "FORBIDDEN";

/// Parts of descriptions in lower case, the code for each, and the reason. The first match counts.
const SAID: &[(&str, &str, FailureReason)] = &[
    ("bot was blocked by the user", "BOT_BLOCKED", Blocked),
    ("user is deactivated", "USER_DEACTIVATED", Blocked),
    ("bot was kicked", "BOT_KICKED", Blocked),
    ("bot is not a member", "BOT_NOT_A_MEMBER", Blocked),
    ("user_is_blocked", "BOT_BLOCKED", Blocked),
    ("group is deactivated", "GROUP_DEACTIVATED", Blocked),
    ("group chat was deactivated", "GROUP_DEACTIVATED", Blocked),
    ("can't initiate conversation", "BOT_CANNOT_WRITE_FIRST", NoAccess),
    ("can't send messages to bots", "RECIPIENT_IS_BOT", NotSupported),
    ("business_peer_usage_missing", "BUSINESS_WINDOW_CLOSED", WindowClosed),
    ("business_peer_invalid", "BUSINESS_CHAT_NOT_ALLOWED", NoAccess),
    ("business_connection", "BUSINESS_CONNECTION_ENDED", NotConnected),
    ("business connection", "BUSINESS_CONNECTION_ENDED", NotConnected),
    ("chat not found", "CHAT_NOT_FOUND", NoSuchRecipient),
    ("user not found", "CHAT_NOT_FOUND", NoSuchRecipient),
    ("peer_id_invalid", "CHAT_NOT_FOUND", NoSuchRecipient),
    ("input_user_deactivated", "USER_DEACTIVATED", Blocked),
    ("message is too long", "MESSAGE_TOO_LONG", TooLong),
    ("message_too_long", "MESSAGE_TOO_LONG", TooLong),
    ("caption is too long", "CAPTION_TOO_LONG", TooLong),
    ("message text is empty", "MESSAGE_EMPTY", NothingToSend),
    ("text must be non-empty", "MESSAGE_EMPTY", NothingToSend),
    ("file is too big", FILE_TOO_BIG, FileTooLarge),
    ("file too large", FILE_TOO_BIG, FileTooLarge),
    ("entity too large", FILE_TOO_BIG, FileTooLarge),
    ("wrong type of the web page content", "FILE_TYPE_NOT_TAKEN", FileType),
    ("wrong file type", "FILE_TYPE_NOT_TAKEN", FileType),
    ("image_process_failed", "FILE_TYPE_NOT_TAKEN", FileType),
    ("photo_invalid_dimensions", "PHOTO_DIMENSIONS", FileType),
    ("photo_ext_invalid", "FILE_TYPE_NOT_TAKEN", FileType),
    ("voice_messages_forbidden", "VOICE_FORBIDDEN", NotSupported),
    ("failed to get http url content", "FILE_UNREACHABLE", FileUnreachable),
    ("wrong file identifier", "FILE_UNREACHABLE", FileUnreachable),
    ("wrong remote file", "FILE_UNREACHABLE", FileUnreachable),
    ("webpage_curl_failed", "FILE_UNREACHABLE", FileUnreachable),
    ("webpage_media_empty", "FILE_UNREACHABLE", FileUnreachable),
    ("message to be replied not found", "QUOTE_NOT_FOUND", QuoteGone),
    ("message to reply not found", "QUOTE_NOT_FOUND", QuoteGone),
    ("replied message not found", "QUOTE_NOT_FOUND", QuoteGone),
    ("message to edit not found", NO_MESSAGE, MessageGone),
    ("message to delete not found", NO_MESSAGE, MessageGone),
    ("message_id_invalid", NO_MESSAGE, MessageGone),
    ("message can't be edited", "EDIT_TOO_LATE", EditTooLate),
    ("message can't be deleted", "DELETION_TOO_LATE", DeletionTooLate),
    ("in the message to edit", "NOT_EDITABLE", NotSupported),
    ("not enough rights", "NO_RIGHTS", NoAccess),
    ("have no rights", "NO_RIGHTS", NoAccess),
    ("administrator rights", "NO_RIGHTS", NoAccess),
    ("chat_write_forbidden", "NO_RIGHTS", NoAccess),
    ("chat_restricted", "NO_RIGHTS", NoAccess),
    ("topic_closed", "TOPIC_CLOSED", NoAccess),
    ("privacy_premium_required", "PREMIUM_REQUIRED", NoAccess),
    ("button_data_invalid", "BUTTON_INVALID", Other),
    ("button_url_invalid", "BUTTON_INVALID", Other),
];

/// Codes without a description: our own, and those of the limits' table, which are Wazzup's.
const OURS: &[(&str, FailureReason)] = &[
    (NO_CHAT_ID, WrongRecipient),
    (FORBIDDEN, NoAccess),
    ("NOT_SUPPORTED", NotSupported),
    ("MESSAGES_TOO_LONG_TELEGRAM", TooLong),
    ("MESSAGES_CONTENT_SIZE_EXCEEDED_TELEGRAM", FileTooLarge),
    ("MESSAGE_WRONG_CONTENT_TYPE", FileType),
    ("24_HOURS_EXCEEDED", WindowClosed),
];

/// Our code and reason for a description; `None` for an unknown one.
pub(super) fn told(description: &str) -> Option<(&'static str, FailureReason)> {
    let description = description.to_ascii_lowercase();
    let found = SAID.iter().find(|(part, _, _)| description.contains(part));
    found.map(|(_, code, reason)| (*code, *reason))
}

/// Our reason for a code.
pub(super) fn reason(code: &str) -> FailureReason {
    let said = SAID.iter().find(|(_, known, _)| *known == code).map(|(_, _, reason)| *reason);
    let ours = || OURS.iter().find(|(known, _)| *known == code).map(|(_, reason)| *reason);
    said.or_else(ours).unwrap_or(Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_sorted() {
        for (description, code, expected) in [
            ("Forbidden: bot was blocked by the user", "BOT_BLOCKED", Blocked),
            ("Forbidden: user is deactivated", "USER_DEACTIVATED", Blocked),
            ("Forbidden: bot was kicked from the supergroup chat", "BOT_KICKED", Blocked),
            ("Bad Request: chat not found", "CHAT_NOT_FOUND", NoSuchRecipient),
            ("Bad Request: message is too long", "MESSAGE_TOO_LONG", TooLong),
            ("Bad Request: group is deactivated", "GROUP_DEACTIVATED", Blocked),
            ("Bad Request: wrong file identifier/HTTP URL specified", "FILE_UNREACHABLE", FileUnreachable),
            ("Bad Request: failed to get HTTP URL content", "FILE_UNREACHABLE", FileUnreachable),
            ("Bad Request: message to edit not found", "MESSAGE_NOT_FOUND", MessageGone),
            ("Bad Request: message can't be edited", "EDIT_TOO_LATE", EditTooLate),
            ("Bad Request: message can't be deleted for everyone", "DELETION_TOO_LATE", DeletionTooLate),
            ("Bad Request: BUSINESS_PEER_USAGE_MISSING", "BUSINESS_WINDOW_CLOSED", WindowClosed),
            ("Bad Request: business connection not found", "BUSINESS_CONNECTION_ENDED", NotConnected),
        ] {
            assert_eq!(told(description), Some((code, expected)), "{description}");
        }
        assert_eq!(told("Bad Request: something new"), None);
    }

    #[test]
    fn every_code_has_one_reason() {
        for (_, code, reason_) in SAID {
            assert_eq!(reason(code), *reason_, "{code}");
            assert!(code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{code}");
        }
        assert_eq!(reason("HTTP_400"), Other);
        assert_eq!(reason("24_HOURS_EXCEEDED"), WindowClosed);
    }
}
