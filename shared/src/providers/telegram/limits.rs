//! Telegram's limits for bots (E5). Sources: Bot API, sendMessage (text), "Sending files" (by URL: photos to 5 MB,
//! others to 20 MB, of the types that its methods take, documents only as GIF, PDF and ZIP), InlineKeyboardButton (64
//! bytes of data), deleteMessage (48 hours), BusinessBotRights (`can_reply`: chats with a message in the last 24
//! hours). Error codes are Wazzup's, which a CRM knows already.

use super::place::connection_of;
use crate::model::channel::Channel;
use crate::model::limits::{ButtonRule, Edits, FileKind, FileRule, Limits, Window};
use crate::model::messenger::Messenger;
use std::time::Duration;

const MIB: u64 = 1 << 20;
const HOUR: u64 = 3600;

const SIZE: &str = "MESSAGES_CONTENT_SIZE_EXCEEDED_TELEGRAM";

/// Largest file that Telegram fetches for us, and that a bot can fetch from Telegram.
pub(super) const MAX_FILE: u64 = 20 * MIB;

/// The transport name of a bot's own channel.
pub(super) const BOT_TRANSPORT: &str = "bot";

const fn rule(kind: FileKind, types: &'static [&'static str], bytes: u64) -> FileRule {
    FileRule { kind, types, bytes, code: SIZE }
}

const FILES: &[FileRule] = &[
    rule(FileKind::Image, &["image/jpeg", "image/png", "image/webp", "image/bmp"], 5 * MIB),
    rule(FileKind::Image, &["image/gif"], MAX_FILE),
    rule(
        FileKind::Audio,
        &["audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/ogg", "audio/opus"],
        MAX_FILE,
    ),
    rule(FileKind::Video, &["video/mp4"], MAX_FILE),
    rule(
        FileKind::Document,
        &["application/pdf", "application/zip", "application/x-zip-compressed"],
        MAX_FILE,
    ),
];

const BOT: Limits = Limits {
    transport: BOT_TRANSPORT,
    messenger: Some(Messenger::Telegram),
    text: 4096,
    text_code: "MESSAGES_TOO_LONG_TELEGRAM",
    files: FILES,
    type_code: "MESSAGE_WRONG_CONTENT_TYPE",
    buttons: Some(ButtonRule { count: 100, title: 64, payload: Some(64) }),
    template: None,
    quotes: true,
    edits: Edits::Text,
    edit_within: None,
    deletes: true,
    delete_within: Some(Duration::from_secs(48 * HOUR)),
    window: None,
    comments: false,
    // A person has to start the bot first.
    first: &[],
};

const BUSINESS: Limits = Limits {
    transport: "business",
    window: Some(Window {
        open: Duration::from_secs(24 * HOUR),
        code: "24_HOURS_EXCEEDED",
        template_passes: false,
    }),
    ..BOT
};

/// The limits of both kinds of channel.
pub(super) static TABLE: [Limits; 2] = [BOT, BUSINESS];

/// The limits of a channel. A business account's channel is recognized by its id alone, because it is never listed.
pub(super) fn limits_of(channel: &Channel) -> &'static Limits {
    let [bot, business] = &TABLE;
    match connection_of(&channel.external) {
        Some(_) => business,
        None => bot,
    }
}
