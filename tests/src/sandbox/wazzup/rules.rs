//! What `POST` and `PATCH /v3/message` accept, according to Wazzup's page "Sending messages". Where the page
//! contradicts itself, the smaller number counts. A member that the page does not name is refused, so that a misspelt
//! one is noticed.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::sandbox::crm::schema::strict;
use crate::sandbox::words::ChatType;

/// A refusal: code, words, data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) code: &'static str,
    pub(crate) description: String,
    pub(crate) data: Value,
}

impl Refused {
    pub(crate) fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), data: Value::Null }
    }

    fn with(self, data: Value) -> Self {
        Self { data, ..self }
    }

    /// An invalid member.
    pub(crate) fn field(name: &str) -> Self {
        Self::new("INVALID_MESSAGE_DATA", "Message data is invalid").with(json!({ "fields": [name] }))
    }
}

/// The body of a send.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) channel_id: String,
    pub(crate) chat_type: ChatType,
    pub(crate) chat_id: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) content_uri: Option<String>,
    pub(crate) ref_message_id: Option<String>,
    pub(crate) crm_user_id: Option<String>,
    pub(crate) crm_message_id: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "taken; the twin has no counter")]
    pub(crate) clear_unanswered: Option<bool>,
    pub(crate) template_id: Option<String>,
    pub(crate) template_values: Option<Vec<String>>,
    pub(crate) buttons_object: Option<Map<String, Value>>,
}

/// The body of an edit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Edit {
    pub(crate) text: Option<String>,
    pub(crate) content_uri: Option<String>,
    #[expect(dead_code, reason = "taken; nothing shows it")]
    pub(crate) crm_user_id: Option<String>,
}

/// Reads a body; the error names the invalid member.
pub(crate) fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    strict(bytes).map_err(|wrong| {
        let missing = wrong.message.split('`').nth(1).filter(|_| wrong.path == ".");
        Refused::field(missing.unwrap_or(&wrong.path))
    })
}

/// What a transport accepts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transport {
    chat_types: &'static [ChatType],
    text: usize,
    too_long: &'static str,
    /// Size limits of pictures and of other files, each with the code of a larger one.
    picture: (usize, &'static str),
    file: (usize, &'static str),
    /// Accepted types; empty: all.
    types: &'static [&'static str],
    pub(crate) edits_text: bool,
    pub(crate) edits_file: bool,
    pub(crate) deletes: bool,
    /// Milliseconds within which a message can be edited and deleted.
    pub(crate) edit_ms: Option<i64>,
    pub(crate) delete_ms: Option<i64>,
    /// How long after the client's message it accepts messages that are not templates, and the code of a later one.
    pub(crate) window: Option<(i64, &'static str)>,
}

const MIB: usize = 1024 * 1024;
const SIZE: &str = "MESSAGES_CONTENT_SIZE_EXCEEDED";
const HOUR_MS: i64 = 3_600_000;

/// The defaults of a transport.
const PLAIN: Transport = Transport {
    chat_types: &[],
    text: 1000,
    too_long: "MESSAGE_TEXT_TOO_LONG",
    picture: (10 * MIB, SIZE),
    file: (10 * MIB, SIZE),
    types: &[],
    edits_text: true,
    edits_file: true,
    deletes: true,
    edit_ms: None,
    delete_ms: None,
    window: None,
};

const TELEGRAM: Transport = Transport {
    chat_types: &[ChatType::Telegram, ChatType::Telegroup],
    text: 4096,
    too_long: "MESSAGES_TOO_LONG_TELEGRAM",
    picture: (5 * MIB, "MESSAGES_CONTENT_SIZE_EXCEEDED_TELEGRAM"),
    ..PLAIN
};

/// The transport with this name.
pub(crate) fn transport(name: &str) -> Option<Transport> {
    let short = |chat_types, too_long| Transport { chat_types, too_long, ..PLAIN };
    Some(match name {
        "whatsapp" => Transport {
            chat_types: &[ChatType::Whatsapp, ChatType::Whatsgroup],
            text: 10_000,
            edits_file: false,
            edit_ms: Some(HOUR_MS / 4),
            ..PLAIN
        },
        "wapi" => Transport {
            chat_types: &[ChatType::Whatsapp],
            text: 1024,
            too_long: "MESSAGES_TOO_LONG_WABA",
            picture: (5 * MIB, "MESSAGES_CONTENT_SIZE_EXCEEDED_WABA"),
            edits_text: false,
            deletes: false,
            window: Some((24 * HOUR_MS, "24_HOURS_EXCEEDED")),
            ..PLAIN
        },
        "tgapi" => TELEGRAM,
        "telegram" => Transport { delete_ms: Some(48 * HOUR_MS), ..TELEGRAM },
        "max" | "maxbot" => {
            Transport { chat_types: &[ChatType::Max, ChatType::Maxgroup], text: 4096, ..PLAIN }
        }
        "instagram" => Transport {
            chat_types: &[ChatType::Instagram],
            too_long: "MESSAGES_TOO_LONG_INSTAGRAM",
            picture: (8 * MIB, SIZE),
            types: &["image/jpeg", "image/png", "image/bmp", "image/gif", "image/x-icon"],
            edits_text: false,
            deletes: false,
            window: Some((7 * 24 * HOUR_MS, "7_DAYS_EXCEEDED")),
            ..PLAIN
        },
        "vk" => short(&[ChatType::Vk], "MESSAGES_TOO_LONG_VK"),
        "avito" => Transport {
            edits_text: false,
            delete_ms: Some(HOUR_MS),
            ..short(&[ChatType::Avito], "MESSAGES_TOO_LONG_AVITO")
        },
        "viber" => Transport { text: 6999, ..short(&[ChatType::Viber], "MESSAGES_TOO_LONG_VIBER") },
        _ => return None,
    })
}

impl Transport {
    /// Whether it has chats of this type.
    pub(crate) fn carries(&self, chat_type: ChatType) -> bool {
        self.chat_types.contains(&chat_type)
    }

    /// Checks a text against the limits.
    pub(crate) fn check_text(&self, text: &str) -> Result<(), Refused> {
        if text.trim().is_empty() {
            return Err(Refused::new("MESSAGES_TEXT_CAN_NOT_BE_BLANK", "The text message cannot be empty"));
        }
        if text.chars().count() > self.text {
            return Err(Refused::new(self.too_long, "The message text is too long"));
        }
        Ok(())
    }

    /// Checks a fetched file against the limits.
    pub(crate) fn check_file(&self, content_type: &str, bytes: usize) -> Result<(), Refused> {
        if bytes == 0 {
            return Err(Refused::new(
                "MESSAGES_CONTENT_CAN_NOT_BE_BLANK",
                "A file with content cannot be empty",
            ));
        }
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !self.types.is_empty() && !self.types.contains(&essence) {
            let words = "Supported content types: jpg, gif, png, ico, bmp";
            return Err(Refused::new("MESSAGES_UNSUPPORTED_CONTENT_TYPE_INSTAPI", words));
        }
        if !essence.contains('/') || essence == "text/html" {
            return Err(Refused::new("MESSAGE_WRONG_CONTENT_TYPE", "The content type could not be detected"));
        }
        let (most, code) = if essence.starts_with("image/") { self.picture } else { self.file };
        if bytes > most {
            return Err(Refused::new(code, "The content exceeds the allowed size"));
        }
        Ok(())
    }

    /// The largest file that any limit allows.
    pub(crate) fn largest(&self) -> usize {
        self.picture.0.max(self.file.0)
    }
}

/// Checks that the members are consistent, regardless of the channel.
pub(crate) fn check(message: &Message) -> Result<(), Refused> {
    if uuid::Uuid::parse_str(&message.channel_id).is_err() {
        return Err(Refused::field("channelId"));
    }
    addressee(message)?;
    if message.crm_message_id.as_ref().is_some_and(String::is_empty) {
        return Err(Refused::field("crmMessageId"));
    }
    match (&message.text, &message.content_uri, &message.template_id) {
        (None, None, None) => Err(Refused::new("MESSAGE_NOTHING_TO_SEND", "No message text was found")),
        (Some(_), Some(_), _) => {
            let words = "The message can contain text or content";
            Err(Refused::new("MESSAGE_ONLY_TEXT_OR_CONTENT", words))
        }
        (_, _, Some(_)) if message.text.is_some() || message.content_uri.is_some() => {
            Err(Refused::field("templateId"))
        }
        (_, _, None) if message.template_values.is_some() => Err(Refused::field("templateValues")),
        _ => Ok(()),
    }
}

/// Checks that there is one of chat id, phone and user name, in the messenger's form.
fn addressee(message: &Message) -> Result<(), Refused> {
    use ChatType::{Instagram, Max, Telegram, Viber, Whatsapp};
    let digits = |text: &str| (5..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let fits = |ok: bool, field| if ok { Ok(()) } else { Err(Refused::field(field)) };
    match (&message.chat_id, &message.phone, &message.username) {
        (Some(id), None, None) => {
            let ok = match message.chat_type {
                Whatsapp | Viber => digits(id),
                Instagram => !id.starts_with('@') && !id.is_empty(),
                _ => !id.is_empty(),
            };
            fits(ok, "chatId")
        }
        (None, Some(phone), None) => {
            fits(matches!(message.chat_type, Telegram | Max) && digits(phone), "phone")
        }
        (None, None, Some(name)) => {
            let ok = message.chat_type == Telegram && !name.is_empty() && !name.starts_with('@');
            fits(ok, "username")
        }
        _ => Err(Refused::field("chatId")),
    }
}

/// The buttons as rows, in the transport's shape.
pub(crate) fn buttons(transport: &str, object: &Map<String, Value>) -> Result<Vec<Vec<Value>>, Refused> {
    let wrong = || Refused::field("buttonsObject");
    if transport == "telegram" && object.get("removeKeyboard") == Some(&Value::Bool(true)) {
        return Ok(Vec::new());
    }
    let list = object.get("buttons").and_then(Value::as_array).ok_or_else(wrong)?;
    let text_fits = |button: &Value, most: usize| {
        button["text"].as_str().is_some_and(|text| !text.trim().is_empty() && text.chars().count() <= most)
    };
    let rows = |fits: &dyn Fn(&Value) -> bool| -> Result<Vec<Vec<Value>>, Refused> {
        let rows: Option<Vec<Vec<Value>>> = list.iter().map(|row| row.as_array().cloned()).collect();
        rows.filter(|rows| rows.iter().flatten().all(fits)).ok_or_else(wrong)
    };
    match transport {
        // Of more than ten buttons, the first ten are used.
        "wapi" => {
            let fits = |b: &&Value| text_fits(b, 20) && b["type"] == "text";
            let taken: Vec<&Value> = list.iter().take(10).collect();
            if taken.iter().all(fits) {
                Ok(taken.into_iter().map(|b| vec![b.clone()]).collect())
            } else {
                Err(wrong())
            }
        }
        "telegram" => {
            let inline = match object.get("replyMarkup").and_then(Value::as_str) {
                Some("inline") => true,
                Some("reply") => false,
                _ => return Err(wrong()),
            };
            let data =
                |b: &Value| b["callbackData"].as_str().is_some_and(|data| (1..=64).contains(&data.len()));
            rows(&|b| text_fits(b, 64) && (!inline || data(b) || b["url"].is_string()))
        }
        "maxbot" => rows(&|b| {
            let kind = match b["type"].as_str() {
                Some("callback") => b["payload"].is_string(),
                Some("link") => b["url"].is_string(),
                Some("message") => true,
                _ => false,
            };
            kind && text_fits(b, 128)
        }),
        _ => Err(wrong()),
    }
}
