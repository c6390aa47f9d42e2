//! The parameters of a call. Telegram accepts them in four forms and ignores unknown ones; here they must be JSON, and
//! unknown ones are refused, so that a misspelt one is noticed.

use super::refused::Refused;
use serde_json::{Map, Value};

/// Most buttons below a message, and most bytes in one of them (Bot API, InlineKeyboardButton: `callback_data`).
const BUTTONS: usize = 100;
const CALLBACK_BYTES: usize = 64;

/// A call's body.
#[derive(Debug)]
pub(super) struct Body(Map<String, Value>);

/// The message to quote (Bot API, ReplyParameters).
#[derive(Clone, Copy, Debug)]
pub(super) struct Quote {
    pub(super) message_id: i64,
    /// Whether the message is sent without the quote where the quoted message does not exist.
    pub(super) or_without: bool,
}

impl Body {
    /// Reads a body; `known` are the names of the method's parameters.
    pub(super) fn read(bytes: &[u8], known: &[&str]) -> Result<Self, Refused> {
        let body = match serde_json::from_slice(bytes) {
            Ok(Value::Object(body)) => body,
            _ if bytes.is_empty() => Map::new(),
            _ => return Err(Refused::bad("can't parse the request: no JSON object")),
        };
        match body.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(Refused::bad(&format!("unexpected parameter \"{name}\""))),
            None => Ok(Self(body)),
        }
    }

    fn given<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Value) -> Option<T>,
        what: &str,
    ) -> Result<Option<T>, Refused> {
        match self.0.get(name).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| wrong(name, what)),
        }
    }

    /// A text, if present.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Refused> {
        self.given(name, |value| value.as_str().map(str::to_owned), "a String")
    }

    /// A whole number, if present.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Refused> {
        self.given(name, Value::as_i64, "an Integer")
    }

    /// A list, if present, with each item read.
    pub(super) fn list<T>(
        &self,
        name: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<Vec<T>>, Refused> {
        self.given(name, |value| value.as_array()?.iter().map(read).collect(), "an Array")
    }

    /// `chat_id`: a number, or a number in a text. Names of public chats are not supported.
    pub(super) fn chat(&self) -> Result<i64, Refused> {
        let empty = || Refused::bad("chat_id is empty");
        let given = self.0.get("chat_id").filter(|value| !value.is_null()).ok_or_else(empty)?;
        let number = given.as_i64().or_else(|| given.as_str()?.parse().ok());
        number.ok_or_else(|| Refused::bad("chat not found"))
    }

    /// `reply_parameters`
    pub(super) fn quote(&self) -> Result<Option<Quote>, Refused> {
        let name = "reply_parameters";
        let Some(given) = self.object(name, &["message_id", "allow_sending_without_reply"])? else {
            return Ok(None);
        };
        let message_id = given["message_id"].as_i64().ok_or_else(|| wrong(name, "of a message"))?;
        Ok(Some(Quote { message_id, or_without: given["allow_sending_without_reply"] == true }))
    }

    /// `reply_markup`: buttons below the message. Keyboards in place of the client's own one are accepted, and not shown.
    pub(super) fn keyboard(&self) -> Result<Vec<Vec<Value>>, Refused> {
        let known = ["inline_keyboard", "keyboard", "one_time_keyboard", "remove_keyboard"];
        let Some(given) = self.object("reply_markup", &known)? else { return Ok(Vec::new()) };
        if given.get("inline_keyboard").is_none() {
            let replaces = given["keyboard"].is_array() || given["remove_keyboard"] == true;
            return if replaces {
                Ok(Vec::new())
            } else {
                Err(Refused::bad("object expected as reply markup"))
            };
        }
        let rows = given["inline_keyboard"].as_array().map(Vec::as_slice).unwrap_or_default();
        let rows: Option<Vec<Vec<Value>>> = rows.iter().map(|row| row.as_array().cloned()).collect();
        let shape = "field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays";
        let rows = rows.ok_or_else(|| Refused::bad(shape))?;
        if rows.iter().flatten().count() > BUTTONS {
            return Err(Refused::bad("reply markup is too long"));
        }
        rows.iter().flatten().try_for_each(button)?;
        Ok(rows)
    }

    fn object(&self, name: &str, known: &[&str]) -> Result<Option<&Value>, Refused> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        let object = value.as_object().ok_or_else(|| wrong(name, "an Object"))?;
        match object.keys().find(|member| !known.contains(&member.as_str())) {
            Some(member) => Err(Refused::bad(&format!("unexpected parameter \"{name}.{member}\""))),
            None => Ok(Some(value)),
        }
    }
}

fn wrong(name: &str, what: &str) -> Refused {
    Refused::bad(&format!("can't parse \"{name}\": it must be {what}"))
}

/// Checks one button: it has a title and exactly one action (Bot API, InlineKeyboardButton).
fn button(button: &Value) -> Result<(), Refused> {
    let text = button["text"].as_str().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Refused::bad("can't parse inline keyboard button: Can't find field \"text\""));
    }
    match (button["callback_data"].as_str(), button["url"].as_str()) {
        (Some(data), None) if (1..=CALLBACK_BYTES).contains(&data.len()) => Ok(()),
        (Some(_), None) => Err(Refused::bad("BUTTON_DATA_INVALID")),
        (None, Some(url)) if is_link(url) => Ok(()),
        (None, Some(_)) => Err(Refused::bad("BUTTON_URL_INVALID")),
        _ => {
            let words =
                "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard";
            Err(Refused::bad(words))
        }
    }
}

fn is_link(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "tg"))
}
