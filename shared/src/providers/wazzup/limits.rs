//! The limits table. Sources: Wazzup API v3, "Sending messages" (texts, buttons, error codes; where its tables
//! contradict each other the smaller number is used), Wazzup's page on files in messengers (10 MB by API, types),
//! WhatsApp's own help (edits), Telegram Bot API (deletions, buttons), Avito's messenger API (deletions). Limits that
//! no source states are left to the provider.

use crate::model::limits::{ButtonRule, By, Edits, FileKind, FileRule, Limits, Window};
use crate::model::messenger::Messenger;
use std::time::Duration;

const MIB: u64 = 1 << 20;
const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

const SIZE: &str = "MESSAGES_CONTENT_SIZE_EXCEEDED";
const SIZE_WABA: &str = "MESSAGES_CONTENT_SIZE_EXCEEDED_WABA";
const SIZE_TELEGRAM: &str = "MESSAGES_CONTENT_SIZE_EXCEEDED_TELEGRAM";
const TYPE: &str = "MESSAGE_WRONG_CONTENT_TYPE";

/// The largest file that Wazzup's API accepts, whatever the messenger.
const API: u64 = 10 * MIB;

const fn rule(kind: FileKind, types: &'static [&'static str], bytes: u64, code: &'static str) -> FileRule {
    FileRule { kind, types, bytes, code }
}

const ANY_FILE: &[FileRule] = &[
    rule(FileKind::Image, &[], API, SIZE),
    rule(FileKind::Audio, &[], API, SIZE),
    rule(FileKind::Video, &[], API, SIZE),
    rule(FileKind::Document, &[], API, SIZE),
];

/// Meta accepts more of some kinds (16 MB of audio and video, larger documents), but Wazzup's 10 MB limit applies
/// first.
const WABA_FILES: &[FileRule] = &[
    rule(FileKind::Image, &["image/jpeg", "image/png"], 5 * MIB, SIZE_WABA),
    rule(FileKind::Audio, &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"], API, SIZE),
    rule(FileKind::Video, &["video/mp4", "video/3gpp"], API, SIZE),
    rule(FileKind::Document, &[], API, SIZE),
];

const TELEGRAM_FILES: &[FileRule] = &[
    rule(FileKind::Image, &[], 5 * MIB, SIZE_TELEGRAM),
    rule(FileKind::Audio, &[], API, SIZE),
    rule(FileKind::Video, &[], API, SIZE),
    rule(FileKind::Document, &[], API, SIZE),
];

const INSTAGRAM_FILES: &[FileRule] =
    &[rule(FileKind::Image, &["image/jpeg", "image/png", "image/bmp"], 8 * MIB, SIZE)];

const OTHER_FILES: &[FileRule] = &[rule(FileKind::Image, &["image/jpeg", "image/png"], 5 * MIB, SIZE)];

/// The values that most rows share.
const PLAIN: Limits = Limits {
    transport: "",
    messenger: None,
    text: 1000,
    text_code: "MESSAGE_TEXT_TOO_LONG",
    files: ANY_FILE,
    type_code: TYPE,
    buttons: None,
    template: None,
    quotes: true,
    edits: Edits::All,
    edit_within: None,
    deletes: true,
    delete_within: None,
    window: None,
    comments: false,
    first: &[],
};

const WHATSAPP: Limits = Limits {
    transport: "whatsapp",
    messenger: Some(Messenger::Whatsapp),
    text: 10_000,
    edits: Edits::Text,
    edit_within: Some(Duration::from_secs(15 * MINUTE)),
    first: &[By::Phone],
    ..PLAIN
};

const WABA: Limits = Limits {
    transport: "wapi",
    messenger: Some(Messenger::Whatsapp),
    text: 1024,
    text_code: "MESSAGES_TOO_LONG_WABA",
    files: WABA_FILES,
    buttons: Some(ButtonRule { count: 10, title: 20, payload: None }),
    template: Some(550),
    edits: Edits::No,
    deletes: false,
    window: Some(Window { open: Duration::from_secs(DAY), code: "24_HOURS_EXCEEDED", template_passes: true }),
    first: &[By::Phone],
    ..PLAIN
};

const TELEGRAM_PERSONAL: Limits = Limits {
    transport: "tgapi",
    messenger: Some(Messenger::Telegram),
    text: 4096,
    text_code: "MESSAGES_TOO_LONG_TELEGRAM",
    files: TELEGRAM_FILES,
    first: &[By::Phone, By::Username],
    ..PLAIN
};

const TELEGRAM_BOT: Limits = Limits {
    transport: "telegram",
    messenger: Some(Messenger::Telegram),
    text: 4096,
    text_code: "MESSAGES_TOO_LONG_TELEGRAM",
    files: TELEGRAM_FILES,
    buttons: Some(ButtonRule { count: 100, title: 64, payload: Some(64) }),
    delete_within: Some(Duration::from_secs(2 * DAY)),
    ..PLAIN
};

const INSTAGRAM: Limits = Limits {
    transport: "instagram",
    messenger: Some(Messenger::Instagram),
    text_code: "MESSAGES_TOO_LONG_INSTAGRAM",
    files: INSTAGRAM_FILES,
    type_code: "MESSAGES_UNSUPPORTED_CONTENT_TYPE_INSTAPI",
    edits: Edits::No,
    deletes: false,
    window: Some(Window {
        open: Duration::from_secs(7 * DAY),
        code: "7_DAYS_EXCEEDED",
        template_passes: false,
    }),
    comments: true,
    ..PLAIN
};

const VK: Limits =
    Limits { transport: "vk", messenger: Some(Messenger::Vk), text_code: "MESSAGES_TOO_LONG_VK", ..PLAIN };

const AVITO: Limits = Limits {
    transport: "avito",
    messenger: Some(Messenger::Avito),
    text_code: "MESSAGES_TOO_LONG_AVITO",
    edits: Edits::No,
    delete_within: Some(Duration::from_secs(HOUR)),
    ..PLAIN
};

const VIBER: Limits = Limits {
    transport: "viber",
    messenger: Some(Messenger::Viber),
    text: 6999,
    text_code: "MESSAGES_TOO_LONG_VIBER",
    first: &[By::Phone],
    ..PLAIN
};

const MAX: Limits =
    Limits { transport: "max", messenger: Some(Messenger::Max), text: 4096, first: &[By::Phone], ..PLAIN };

/// A button takes a row of its own, and a MAX keyboard has 30 rows.
const MAX_BOT: Limits = Limits {
    transport: "maxbot",
    messenger: Some(Messenger::Max),
    text: 4096,
    buttons: Some(ButtonRule { count: 30, title: 128, payload: None }),
    ..PLAIN
};

/// An unknown transport: the limits that all transports meet.
pub(super) static OTHER: Limits = Limits {
    transport: "other",
    files: OTHER_FILES,
    quotes: false,
    edits: Edits::No,
    deletes: false,
    ..PLAIN
};

/// The rows, one for each known transport.
pub static TABLE: [Limits; 10] =
    [WHATSAPP, WABA, TELEGRAM_PERSONAL, TELEGRAM_BOT, INSTAGRAM, VK, AVITO, VIBER, MAX, MAX_BOT];

/// The row of a channel. A channel without a transport (known by its messages alone) gets the row of a person's account
/// in this messenger; an unknown transport gets the limits that all transports meet.
pub fn limits_of(transport: Option<&str>, messenger: &Messenger) -> &'static Limits {
    let named = |name: &str| TABLE.iter().find(|row| row.transport.eq_ignore_ascii_case(name));
    let by_messenger = || match messenger {
        Messenger::Telegram => named("tgapi"),
        messenger => named(messenger.as_str()),
    };
    match transport {
        Some(transport) => named(transport.trim()),
        None => by_messenger(),
    }
    .unwrap_or(&OTHER)
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
