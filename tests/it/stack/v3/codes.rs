//! Error codes: Wazzup's documented ones and ours; which of them `/v3` returns, and which it never returns, with the
//! reason.

use regex::Regex;
use std::collections::BTreeSet;
use std::path::Path;

/// The codes of Wazzup's documents: for messages, for entities, for webhooks, and for statuses only.
const DOCUMENTED: &str = "
    INVALID_MESSAGE_DATA WRONG_TRANSPORT REPEATED_CRM_MESSAGE_ID BALANCE_IS_EMPTY MESSAGE_WRONG_CONTENT_TYPE
    MESSAGE_ONLY_TEXT_OR_CONTENT MESSAGE_NOTHING_TO_SEND MESSAGE_TEXT_TOO_LONG MESSAGES_TOO_LONG_INSTAGRAM
    MESSAGES_TOO_LONG_TELEGRAM MESSAGES_TOO_LONG_WABA MESSAGES_TOO_LONG_VK MESSAGES_TOO_LONG_AVITO
    MESSAGES_TOO_LONG_VIBER MESSAGES_TOO_LONG_WABA_HEADER MESSAGES_TOO_LONG_WABA_TEMPLATE
    MESSAGES_UNSUPPORTED_CONTENT_TYPE_INSTAPI MESSAGES_CONTENT_CAN_NOT_BE_BLANK MESSAGES_CONTENT_SIZE_EXCEEDED
    MESSAGES_CONTENT_SIZE_EXCEEDED_WABA MESSAGES_CONTENT_SIZE_EXCEEDED_TELEGRAM MESSAGES_TEXT_CAN_NOT_BE_BLANK
    CHANNEL_NOT_FOUND CHANNEL_BLOCKED CHANNEL_WAPI_REJECTED CHANNEL_NO_MONEY CHANNEL_LIMIT_EXCEEDED
    MESSAGE_CHANNEL_UNAVAILABLE MESSAGE_DOWNLOAD_CONTENT_ERROR MESSAGES_NOT_TEXT_FIRST MESSAGES_IS_SPAM
    MESSAGES_ABNORMAL_SEND MESSAGES_INVALID_CONTACT_TYPE MESSAGES_CAN_NOT_ADD REFERENCE_MESSAGE_NOT_FOUND
    VALIDATION_ERROR MESSAGES_EDITING_TIME_EXPIRED MESSAGES_DELETION_TIME_EXPIRED MESSAGES_CONTAIN_BUTTONS
    CHANNEL_INVALID_TRANSPORT_FOR_EDITING CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING
    CHANNEL_INVALID_TRANSPORT_FOR_DELETION CHAT_NO_ACCESS MESSAGES_NOT_FOUND TEMPLATE_REJECTED BAD_CONTACT
    UNKNOWN_ERROR UNKNOWN_ERROR_WITH_TRACE_ID TOO_MANY_ENTITIES INVALID_CONTACTS_DATA INVALID_USERS_DATA
    USER_LIMIT_EXCEEDED DUPLICATE_PHONE_NUMBER NO_SUCH_ACCOUNT FORBIDDEN uriNotValid testPostNotPassed
    CHATID_IGSID_MISMATCH TOO_LONG_TEXT BAD_LINK TOO_BIG_CONTENT SPAM TOO_MANY_EXT_REQS WRONG_CONTENT
    MESSAGE_CANCELLED 24_HOURS_EXCEEDED COMMENT_DELETED MENTION_FORBIDDEN CONTENT_CONVERSION_ERROR MESSAGE_DELETED
    CHANNEL_REJECTED 7_DAYS_EXCEEDED COMMENT_ALREADY_PRIVATE_REPLIED COMMENT_INVALID_FOR_PRIVATE_REPLY
    COMMENT_CAN_BE_TEXT_ONLY CANNOT_REPLY_TO_DELETED GENERAL_ERROR NOT_ENOUGH_MONEY
";

/// The codes that the suite provokes, each at least once.
const GIVEN: &str = "
    INVALID_MESSAGE_DATA WRONG_TRANSPORT REPEATED_CRM_MESSAGE_ID MESSAGE_WRONG_CONTENT_TYPE
    MESSAGE_ONLY_TEXT_OR_CONTENT MESSAGE_NOTHING_TO_SEND MESSAGE_TEXT_TOO_LONG MESSAGES_TOO_LONG_INSTAGRAM
    MESSAGES_TOO_LONG_TELEGRAM MESSAGES_TOO_LONG_WABA MESSAGES_TOO_LONG_VK MESSAGES_TOO_LONG_AVITO
    MESSAGES_TOO_LONG_VIBER MESSAGES_TOO_LONG_WABA_TEMPLATE MESSAGES_UNSUPPORTED_CONTENT_TYPE_INSTAPI
    MESSAGES_TEXT_CAN_NOT_BE_BLANK CHANNEL_NOT_FOUND MESSAGE_CHANNEL_UNAVAILABLE MESSAGE_DOWNLOAD_CONTENT_ERROR
    MESSAGES_NOT_TEXT_FIRST REFERENCE_MESSAGE_NOT_FOUND VALIDATION_ERROR MESSAGES_EDITING_TIME_EXPIRED
    MESSAGES_DELETION_TIME_EXPIRED MESSAGES_CONTAIN_BUTTONS CHANNEL_INVALID_TRANSPORT_FOR_EDITING
    CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING CHANNEL_INVALID_TRANSPORT_FOR_DELETION CHAT_NO_ACCESS
    MESSAGES_NOT_FOUND TOO_MANY_ENTITIES INVALID_CONTACTS_DATA INVALID_USERS_DATA
    USER_LIMIT_EXCEEDED DUPLICATE_PHONE_NUMBER FORBIDDEN uriNotValid testPostNotPassed 24_HOURS_EXCEEDED
    7_DAYS_EXCEEDED INVALID_DEALS_DATA INVALID_PIPELINES_DATA UNAUTHORIZED NOT_FOUND METHOD_NOT_ALLOWED
    PAYLOAD_TOO_LARGE SERVICE_UNAVAILABLE
";

/// Codes that `/v3` returns, but that cannot be provoked from outside.
const NOT_PROVOKED: [(&str, &str); 3] = [
    ("NOT_IMPLEMENTED", "the websocket of the counter: its address is no route of /v3"),
    ("UNKNOWN_ERROR", "our own fault, as a 500; an unknown outcome of a delivery is reported as a status"),
    (
        "UNSUPPORTED_MEDIA_TYPE",
        "every type that holds JSON is taken; the word stands in the list of shared errors only",
    ),
];

const OF_STATUS: &str = "the provider finds it after we took the message: the status `error` carries it";
const OF_COMMENTS: &str = "comments are answered by /v1: chats of /v3 are those of clients";

/// Codes that `/v3` never returns.
const NEVER: [(&str, &str); 37] = [
    ("BAD_CONTACT", OF_STATUS),
    ("BALANCE_IS_EMPTY", OF_STATUS),
    ("CHANNEL_NO_MONEY", OF_STATUS),
    ("NOT_ENOUGH_MONEY", OF_STATUS),
    ("CHANNEL_BLOCKED", OF_STATUS),
    ("CHANNEL_REJECTED", OF_STATUS),
    ("CHANNEL_WAPI_REJECTED", OF_STATUS),
    ("CHANNEL_LIMIT_EXCEEDED", OF_STATUS),
    ("MESSAGES_IS_SPAM", OF_STATUS),
    ("MESSAGES_ABNORMAL_SEND", OF_STATUS),
    ("MESSAGES_CAN_NOT_ADD", OF_STATUS),
    ("TEMPLATE_REJECTED", OF_STATUS),
    ("MESSAGES_TOO_LONG_WABA_HEADER", "a template's header is counted by the provider"),
    ("MESSAGES_CONTENT_CAN_NOT_BE_BLANK", "how large a link's file is only who fetches it sees: as a status"),
    ("MESSAGES_CONTENT_SIZE_EXCEEDED", "how large a link's file is only who fetches it sees: as a status"),
    (
        "MESSAGES_CONTENT_SIZE_EXCEEDED_WABA",
        "how large a link's file is only who fetches it sees: as a status",
    ),
    (
        "MESSAGES_CONTENT_SIZE_EXCEEDED_TELEGRAM",
        "how large a link's file is only who fetches it sees: as a status",
    ),
    ("UNKNOWN_ERROR_WITH_TRACE_ID", "every error has its requestId"),
    ("NO_SUCH_ACCOUNT", "a key is its account's: without it there is none, 401"),
    ("CHATID_IGSID_MISMATCH", OF_STATUS),
    ("TOO_LONG_TEXT", OF_STATUS),
    ("BAD_LINK", OF_STATUS),
    ("TOO_BIG_CONTENT", OF_STATUS),
    ("SPAM", OF_STATUS),
    ("TOO_MANY_EXT_REQS", OF_STATUS),
    ("WRONG_CONTENT", OF_STATUS),
    ("MESSAGE_CANCELLED", OF_STATUS),
    ("CONTENT_CONVERSION_ERROR", OF_STATUS),
    ("MESSAGE_DELETED", OF_STATUS),
    ("GENERAL_ERROR", OF_STATUS),
    ("MESSAGES_INVALID_CONTACT_TYPE", OF_COMMENTS),
    ("COMMENT_DELETED", OF_STATUS),
    ("MENTION_FORBIDDEN", OF_STATUS),
    ("COMMENT_ALREADY_PRIVATE_REPLIED", OF_COMMENTS),
    ("COMMENT_INVALID_FOR_PRIVATE_REPLY", OF_STATUS),
    ("COMMENT_CAN_BE_TEXT_ONLY", OF_COMMENTS),
    ("CANNOT_REPLY_TO_DELETED", OF_STATUS),
];

fn words(list: &str) -> BTreeSet<String> {
    list.split_whitespace().map(str::to_owned).collect()
}

/// The codes that the suite must have seen.
pub fn given() -> BTreeSet<String> {
    words(GIVEN)
}

fn not_given() -> BTreeSet<String> {
    NEVER.iter().chain(&NOT_PROVOKED).map(|(code, _)| (*code).to_owned()).collect()
}

#[test]
fn every_documented_code_is_given_or_has_a_reason_why_not() {
    let (given, not) = (given(), not_given());
    assert_eq!(given.intersection(&not).collect::<Vec<_>>(), Vec::<&String>::new());
    let listed: BTreeSet<String> = given.union(&not).cloned().collect();
    let missing: Vec<_> = words(DOCUMENTED).difference(&listed).cloned().collect();
    assert!(missing.is_empty(), "documented, and in no list: {missing:?}");
}

/// The codes in the sources of `/v3`.
fn in_the_sources() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files: Vec<_> = [
        "functions/api/src/http/error.rs",
        "functions/api/src/messages/send.rs",
        "shared/src/providers/wazzup/limits.rs",
    ]
    .iter()
    .map(|name| root.join(name))
    .collect();
    for folder in ["functions/api/src/v3", "shared/src/model/limits", "shared/src/service"] {
        files.extend(std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    let code = Regex::new(r#""([A-Z0-9]+(?:_[A-Z0-9]+)+|uri[A-Z]\w+|test[A-Z]\w+)""#).unwrap();
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        found.extend(code.captures_iter(&text).map(|found| found[1].to_owned()));
    }
    found
}

#[test]
fn every_code_of_the_sources_is_in_a_list() {
    let found = in_the_sources();
    assert!(found.len() > 40, "{found:?}");
    // The remaining ones are not returned: the code compares with them, or they are no codes.
    let listed: BTreeSet<String> = given().union(&not_given()).cloned().collect();
    let unknown: Vec<_> = found.difference(&listed).collect();
    assert!(unknown.is_empty(), "returned, and in no list: {unknown:?}");
}
