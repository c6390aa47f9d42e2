//! The body of `/v3/message`, read as tolerantly as Wazzup reads it.

use super::body::{Fields, MAX_USER_ID, flag};
use super::error::V3Error;
use crate::app::App;
use serde_json::Value;
use shared::base::ids::{EmployeeId, MessageId, hex_digest};
use shared::model::channel::Channel;
use shared::model::event::Origin;
use shared::model::message::keyboard::{Key, Keyboard, Layout, Press};
use shared::model::message::media::Media;
use shared::model::outbound::SendKey;
use shared::service::content::Content;
use shared::service::new_message::{AuthorRights, CallersKey, NewMessage, Target, Writer};
use url::Url;

/// Longest identifiers and chat ids that are read, in characters.
pub const MAX_ID: usize = 100;
/// The longest id of an author, in characters.
pub const MAX_AUTHOR: usize = MAX_USER_ID;
/// The largest `buttonsObject`, in bytes of JSON: more than a messenger's largest keyboard needs.
const MAX_KEYBOARD: usize = 32_000;
const MAX_CHAT: usize = 500;
/// The longest link, in characters.
pub const MAX_URL: usize = 2000;
/// The longest text, in characters.
pub const MAX_TEXT: usize = 20_000;

/// A request to `/v3/message`.
#[derive(Debug)]
pub struct Asked {
    /// The provider's id of the channel.
    pub channel: String,
    /// Wazzup's name for messenger and kind of chat, in lower case.
    pub chat_type: String,
    /// The provider's chat id.
    pub chat: Option<String>,
    /// A phone, instead of the chat id.
    pub phone: Option<String>,
    /// A user name, instead of the chat id.
    pub username: Option<String>,
    /// Text.
    pub text: Option<String>,
    /// Link to a file.
    pub uri: Option<String>,
    /// The message that it answers.
    pub quote: Option<String>,
    /// The author, by the CRM's user id.
    pub employee: Option<String>,
    /// The CRM's own id of the message.
    pub key: Option<String>,
    /// Whether it counts as an answer to the client.
    pub clears_unanswered: bool,
    /// A template.
    pub template: Option<String>,
    /// The values of the template's variables.
    pub values: Vec<String>,
    /// Buttons.
    pub keyboard: Option<Keyboard>,
}

impl Asked {
    /// Reads a body.
    ///
    /// # Errors
    /// `INVALID_MESSAGE_DATA` with the names of all invalid fields.
    pub fn read(body: &Value) -> Result<Self, V3Error> {
        let mut fields = Fields::of(body);
        let asked = Self {
            channel: fields.required("channelId", MAX_ID),
            chat_type: fields.required("chatType", MAX_ID).to_ascii_lowercase(),
            chat: fields.text("chatId", MAX_CHAT),
            phone: fields.text("phone", MAX_ID),
            username: fields.text("username", MAX_CHAT),
            text: fields.text("text", MAX_TEXT),
            uri: fields.text("contentUri", MAX_URL),
            quote: fields.text("refMessageId", 1000),
            employee: fields.text("crmUserId", MAX_AUTHOR),
            key: fields.text("crmMessageId", 1000),
            clears_unanswered: fields.flag("clearUnanswered").unwrap_or(true),
            template: fields.text("templateId", MAX_ID),
            values: texts(&mut fields, "templateValues"),
            keyboard: keyboard(&mut fields),
        };
        if asked.chat.is_none() && asked.phone.is_none() && asked.username.is_none() {
            fields.mark("chatId");
        }
        fields.finish().map_err(invalid)?;
        Ok(asked)
    }

    /// The message to send, with its target.
    ///
    /// # Errors
    /// None or more than one of text, content and template; an address that may not be fetched.
    pub fn message(
        &self,
        app: &App,
        rights: AuthorRights,
        channel: &Channel,
        target: Target,
    ) -> Result<NewMessage, V3Error> {
        let key = self.key.as_ref().map(|key| CallersKey {
            digest: SendKey::digest("v3", key),
            // Any second request with the key is refused, whatever its content.
            request: hex_digest(key.as_bytes()),
        });
        Ok(NewMessage {
            id: MessageId::new(app.ambient.uuid().to_string()),
            target,
            from: Writer {
                employee: self.employee.as_deref().map(EmployeeId::new),
                rights,
                origin: if self.clears_unanswered { Origin::Crm } else { Origin::Bot },
            },
            content: self.content(app, channel)?,
            keyboard: self.keyboard.clone(),
            quote: self.quote.as_deref().map(MessageId::new),
            mode: None,
            key,
        })
    }

    fn content(&self, app: &App, channel: &Channel) -> Result<Content, V3Error> {
        let coded = self.text.as_deref().filter(|_| channel.transport.as_deref() == Some("wapi"));
        match (&self.text, &self.uri, &self.template) {
            (None, None, Some(id)) => Ok(Content::Template { id: id.clone(), values: self.values.clone() }),
            (_, _, Some(_)) => Err(invalid(vec!["templateId".into()])),
            (Some(_), Some(_), None) => {
                Err(V3Error::bad("MESSAGE_ONLY_TEXT_OR_CONTENT", "Text or content, not both"))
            }
            (None, None, None) => Err(V3Error::bad("MESSAGE_NOTHING_TO_SEND", "There is nothing to send")),
            (Some(text), None, None) => Ok(match coded.and_then(template_code) {
                Some((id, values)) => Content::Template { id, values },
                None => Content::Text {
                    text: text.clone(),
                    buttons: self.keyboard.as_ref().map(Keyboard::buttons).unwrap_or_default(),
                },
            }),
            (None, Some(uri), None) => Ok(Content::Link(linked(app, uri)?)),
        }
    }
}

/// A file that the messenger fetches: a public address, and its media type by its name.
///
/// # Errors
/// `MESSAGE_DOWNLOAD_CONTENT_ERROR` for an address that may not be fetched.
pub fn linked(app: &App, uri: &str) -> Result<Media, V3Error> {
    let unusable = |why: String| V3Error::bad("MESSAGE_DOWNLOAD_CONTENT_ERROR", why);
    let url: Url = uri.parse().map_err(|_| unusable("contentUri is no absolute address".into()))?;
    app.http.check_link(&url).map_err(|error| unusable(format!("contentUri: {error}")))?;
    let name = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
    let mime = type_by_name(&name);
    Ok(Media { name: Some(name).filter(|name| !name.is_empty()), mime, ..Media::linked(uri) })
}

/// The media type of a file by its name's extension: as what the chat shows it.
fn type_by_name(name: &str) -> Option<String> {
    let (_, ending) = name.rsplit_once('.')?;
    let mime = match ending.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "mp3" => "audio/mpeg",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "m4a" | "aac" => "audio/aac",
        "mp4" => "video/mp4",
        "3gp" => "video/3gpp",
        "pdf" => "application/pdf",
        _ => return None,
    };
    Some(mime.to_owned())
}

/// A template written as a text: `@template: <id> { [[v1]]; [[v2]] }` (Wazzup API v3, "WABA templates").
fn template_code(text: &str) -> Option<(String, Vec<String>)> {
    let (id, values) = text.trim().strip_prefix("@template:")?.split_once('{')?;
    let values = values.trim().strip_suffix('}')?.trim();
    let value = |part: &str| Some(part.trim().strip_prefix("[[")?.strip_suffix("]]")?.to_owned());
    let values =
        values.split(';').filter(|part| !part.trim().is_empty()).map(value).collect::<Option<_>>()?;
    Some((id.trim().to_owned(), values))
}

fn texts(fields: &mut Fields<'_>, name: &str) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let told = fields.list(name);
    let read: Option<Vec<String>> = told.iter().map(text).collect();
    read.unwrap_or_else(|| {
        fields.mark(name);
        Vec::new()
    })
}

/// `buttonsObject`: kept as it is, and read as far as another messenger can show it. Without buttons and without
/// `removeKeyboard` it says nothing. Source: Wazzup API v3, "Sending messages".
fn keyboard(fields: &mut Fields<'_>) -> Option<Keyboard> {
    const NAME: &str = "buttonsObject";
    let told = fields.value(NAME)?;
    let (written, read) = (told.to_string(), layout(told));
    if written.len() > MAX_KEYBOARD {
        fields.mark(NAME);
        return None;
    }
    match read {
        Some(layout) => layout.map(|layout| Keyboard { written, layout }),
        None => {
            fields.mark(NAME);
            None
        }
    }
}

/// What a keyboard does, or that it does nothing; `None` for what is no keyboard.
fn layout(told: &Value) -> Option<Option<Layout>> {
    let set = |name: &str| match told.get(name).filter(|value| !value.is_null()) {
        Some(value) => flag(value),
        None => Some(false),
    };
    told.as_object()?;
    let rows = match told.get("buttons").filter(|value| !value.is_null()) {
        Some(rows) => rows.as_array()?.iter().map(row).collect::<Option<Vec<_>>>()?,
        None => Vec::new(),
    };
    let (removes, one_time) = (set("removeKeyboard")?, set("oneTimeKeyboard")?);
    let is_reply = told["replyMarkup"].as_str().is_some_and(|markup| markup.eq_ignore_ascii_case("reply"));
    Some(match (rows.iter().all(Vec::is_empty), removes) {
        (true, true) => Some(Layout::Remove),
        (true, false) => None,
        (false, _) if is_reply => Some(Layout::Reply { rows, one_time }),
        (false, _) => Some(Layout::Inline(rows)),
    })
}

/// A row of buttons. A button of a flat list is a row of its own.
fn row(told: &Value) -> Option<Vec<Key>> {
    match told {
        Value::Array(keys) => keys.iter().map(key).collect(),
        one => Some(vec![key(one)?]),
    }
}

fn key(told: &Value) -> Option<Key> {
    let told = told.as_object()?;
    let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
    let data = || text("callbackData").or_else(|| text("payload"));
    let does = text("url").map(Press::Open).or_else(|| data().map(Press::Send));
    Some(Key { title: text("text").unwrap_or_default(), does })
}

/// The error `INVALID_MESSAGE_DATA`.
pub fn invalid(fields: Vec<String>) -> V3Error {
    V3Error::bad("INVALID_MESSAGE_DATA", "Message data is invalid").with_fields(&fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_may_be_written_as_a_text() {
        let code = "@template: 8d255e5d { [[Anna]]; [[10:00]] }";
        assert_eq!(template_code(code), Some(("8d255e5d".into(), vec!["Anna".into(), "10:00".into()])));
        assert_eq!(template_code("@template: x { }"), Some(("x".into(), Vec::new())));
        assert_eq!(template_code("@template: x { Anna }"), None, "a text then");
        assert_eq!(template_code("Good afternoon {"), None);
    }

    /// How a `buttonsObject` is read, or that it is refused.
    fn read(object: &Value) -> Result<Option<Keyboard>, Vec<String>> {
        let body = json!({ "buttonsObject": object });
        let mut fields = Fields::of(&body);
        let keyboard = keyboard(&mut fields);
        fields.finish().map(|()| keyboard)
    }

    fn button(title: &str, does: Option<Press>) -> Key {
        Key { title: title.into(), does }
    }

    #[test]
    fn a_keyboard_is_kept_as_it_is_and_read_for_others() {
        let (open, send) =
            (|to: &str| Some(Press::Open(to.into())), |data: &str| Some(Press::Send(data.into())));
        for (object, layout) in [
            (
                json!({"buttons": [{"text": "Yes", "type": "text", "payload": "y"}, {"text": "No"}]}),
                Layout::Inline(vec![vec![button("Yes", send("y"))], vec![button("No", None)]]),
            ),
            (
                json!({"replyMarkup": "inline", "buttons": [
                    [{"text": "Site", "url": "https://e.example"}, {"text": "Yes", "callbackData": "y", "style": {"a": [1.50]}}],
                    [{"text": "No", "callbackData": "n"}],
                ]}),
                Layout::Inline(vec![
                    vec![button("Site", open("https://e.example")), button("Yes", send("y"))],
                    vec![button("No", send("n"))],
                ]),
            ),
            (
                json!({"replyMarkup": "reply", "oneTimeKeyboard": true, "buttons": [[{"text": "A"}, {"text": "B"}]]}),
                Layout::Reply { rows: vec![vec![button("A", None), button("B", None)]], one_time: true },
            ),
            (
                json!({"chatType": "max", "buttons": [[{"type": "link", "text": "Site", "url": "https://e.example", "intent": "positive"}]]}),
                Layout::Inline(vec![vec![button("Site", open("https://e.example"))]]),
            ),
            (json!({"buttons": [{"payload": "1"}]}), Layout::Inline(vec![vec![button("", send("1"))]])),
            (json!({"removeKeyboard": true}), Layout::Remove),
            (json!({"replyMarkup": "reply", "removeKeyboard": "true", "buttons": []}), Layout::Remove),
        ] {
            let keyboard = read(&object).unwrap().unwrap();
            assert_eq!(keyboard.layout, layout, "{object}");
            assert_eq!(serde_json::from_str::<Value>(&keyboard.written).unwrap(), object);
        }
    }

    #[test]
    fn what_is_no_keyboard_is_refused_and_an_empty_one_says_nothing() {
        for object in [json!({}), json!({"buttons": []}), json!({"buttons": [[]], "removeKeyboard": false})] {
            assert_eq!(read(&object), Ok(None), "{object}");
        }
        let large = json!({"buttons": [{"text": "x".repeat(MAX_KEYBOARD)}]});
        for object in [
            json!([]),
            json!("x"),
            json!({"buttons": [7]}),
            json!({"buttons": {}}),
            json!({"buttons": [[[{"text": "Yes"}]]]}),
            json!({"removeKeyboard": "perhaps"}),
            large,
        ] {
            assert_eq!(read(&object), Err(vec!["buttonsObject".to_owned()]), "{object}");
        }
    }
}
