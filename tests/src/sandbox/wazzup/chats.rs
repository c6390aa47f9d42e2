//! A Wazzup account's chats: which clients can be written to, which messages are accepted, and what the client then
//! has.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Account;
use super::rules::{self, Edit, Message, Refused, Transport};
use super::state::{Behaviour, ClientChat, Received, Refusal};
use crate::sandbox::state::{Channel, ReceivedFile};
use crate::sandbox::words::ChatType;

/// How long a message's key is remembered.
const KEY_MS: i64 = 60_000;
/// The first chat id that is assigned to a client addressed by phone or user name.
const FIRST_CHAT: u64 = 5_000_000_001;
/// Longest filled template.
const TEMPLATE: usize = 550;

/// What an account needs for sending, apart from what its state shows.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) behaviour: Behaviour,
    pub(crate) templates: Vec<Value>,
    /// Keys of accepted messages, and the time of each.
    keys: BTreeMap<String, i64>,
    /// How far its clock is ahead of real time.
    pub(crate) ahead_ms: i64,
    made: u64,
}

/// A valid message whose file has not been fetched yet.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) message: Message,
    pub(crate) transport: Transport,
    text: Option<String>,
    buttons: Vec<Vec<Value>>,
    /// The error that will be reported later, if it will fail.
    fate: Option<&'static str>,
}

/// A message's position: the chat's index and the message's index in it.
pub(crate) type Place = (usize, usize);

impl Account {
    /// The account's own time.
    pub(crate) fn now(&self) -> i64 {
        crate::sandbox::now_ms() + self.desk.ahead_ms
    }

    /// Learns from the messages of a webhook which client has which chat, and when the client wrote.
    pub(crate) fn learn(&mut self, body: &Value, at: i64) {
        for item in body["messages"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let text = |name: &str| item[name].as_str().map(str::to_owned);
            let chat_type = text("chatType").and_then(|word| ChatType::try_from(word).ok());
            let (Some(channel), Some(chat_type), Some(chat_id)) =
                (text("channelId"), chat_type, text("chatId"))
            else {
                continue;
            };
            let of_contact = |name: &str| item["contact"][name].as_str().map(str::to_owned);
            let at_chat = self.chat(&channel, chat_type, &chat_id);
            let chat = &mut self.state.chats[at_chat];
            chat.phone = of_contact("phone").or(chat.phone.take());
            chat.username = of_contact("username").or(chat.username.take());
            chat.known.extend(text("messageId").filter(|id| !chat.known.contains(id)));
            if item["isEcho"] != true {
                chat.wrote_at = chat.wrote_at.max(Some(at));
            }
        }
    }

    /// The chat, which is created if it is new.
    fn chat(&mut self, channel_id: &str, chat_type: ChatType, chat_id: &str) -> usize {
        let chats = &mut self.state.chats;
        let is = |c: &ClientChat| {
            (c.channel_id.as_str(), c.chat_type, c.chat_id.as_str()) == (channel_id, chat_type, chat_id)
        };
        chats.iter().position(is).unwrap_or_else(|| {
            chats.push(ClientChat {
                channel_id: channel_id.to_owned(),
                chat_type,
                chat_id: chat_id.to_owned(),
                phone: None,
                username: None,
                wrote_at: None,
                known: Vec::new(),
                received: Vec::new(),
            });
            chats.len() - 1
        })
    }

    /// The chat that a message names, if there is one.
    fn named(&self, message: &Message) -> Option<&ClientChat> {
        self.state.chats.iter().find(|chat| {
            let same =
                |asked: &Option<String>, has: Option<&String>| asked.is_some() && asked.as_ref() == has;
            chat.channel_id == message.channel_id
                && chat.chat_type == message.chat_type
                && (same(&message.chat_id, Some(&chat.chat_id))
                    || same(&message.phone, chat.phone.as_ref())
                    || same(&message.username, chat.username.as_ref()))
        })
    }

    fn channel(&self, id: &str) -> Result<(&Channel, Transport), Refused> {
        let found = self.state.channels.iter().find(|channel| channel.channel_id == id);
        let missing = || Refused::new("CHANNEL_NOT_FOUND", "The channel is not found in the integration");
        let channel = found.ok_or_else(missing)?;
        Ok((channel, rules::transport(&channel.transport).ok_or_else(missing)?))
    }

    /// Checks a message as far as is possible before its file is fetched, and stores its key. A caller who does not
    /// carry out the plan must release the key.
    pub(crate) fn plan(&mut self, message: Message) -> Result<Plan, Refused> {
        rules::check(&message)?;
        let (channel, transport) = self.channel(&message.channel_id)?;
        if !transport.carries(message.chat_type) {
            let words = format!(
                "You can't send message to {} chat from {} transport",
                message.chat_type, channel.transport
            );
            let data = json!({ "channelId": channel.channel_id, "transport": channel.transport, "chatType": message.chat_type });
            return Err(Refused { data, ..Refused::new("WRONG_TRANSPORT", words) });
        }
        usable(&channel.state)?;
        let name = channel.transport.clone();
        let buttons = match (&message.buttons_object, &message.template_id) {
            (Some(object), None) => rules::buttons(&name, object)?,
            _ => Vec::new(),
        };
        let template = self.template(&name, &message)?;
        if let (Some(text), None) = (&message.text, &template) {
            transport.check_text(text)?;
        }
        let mut fate = self.reachable(&message)?;
        if let (Some((window, code)), None) = (transport.window, &template) {
            let open = |wrote_at: i64| self.now() - wrote_at <= window;
            let wrote_at = self.named(&message).and_then(|chat| chat.wrote_at);
            fate = fate.or((!wrote_at.is_some_and(open)).then_some(code));
        }
        self.quotable(&message)?;
        self.reserve(message.crm_message_id.as_deref())?;
        Ok(Plan { text: template.or_else(|| message.text.clone()), message, transport, buttons, fate })
    }

    /// Whether the client can be written to; where that is reported only later, the code.
    fn reachable(&self, message: &Message) -> Result<Option<&'static str>, Refused> {
        let to = [&message.chat_id, &message.phone, &message.username];
        let unknown =
            self.desk.behaviour.no_contact.iter().find(|no| to.into_iter().flatten().any(|to| *to == no.to));
        match unknown.map(|no| no.shown) {
            Some(Refusal::Send) => {
                return Err(Refused::new(
                    "BAD_CONTACT",
                    "Number may not be on WhatsApp or uses an old version",
                ));
            }
            Some(Refusal::Status) => return Ok(Some("BAD_CONTACT")),
            None => {}
        }
        // A phone is a chat id by itself; any other chat id becomes known by a webhook or an answer.
        let by_itself = matches!(message.chat_type, ChatType::Whatsapp | ChatType::Viber);
        if message.chat_id.is_some() && !by_itself && self.named(message).is_none() {
            return Err(Refused::new("CHAT_NO_ACCESS", "No access to the specified chat"));
        }
        Ok(None)
    }

    fn quotable(&self, message: &Message) -> Result<(), Refused> {
        let Some(quoted) = &message.ref_message_id else { return Ok(()) };
        let has = |chat: &ClientChat| {
            chat.known.contains(quoted) || chat.received.iter().any(|message| message.message_id == *quoted)
        };
        if self.named(message).is_some_and(has) {
            return Ok(());
        }
        Err(Refused::new("REFERENCE_MESSAGE_NOT_FOUND", "The quoted message is not found"))
    }

    /// The text of a template with its values in place, if the message is a template: by its id, or written as text.
    fn template(&self, transport: &str, message: &Message) -> Result<Option<String>, Refused> {
        let as_text = message.text.as_deref().and_then(written_template);
        let (id, values, field) = match (&message.template_id, as_text) {
            (Some(id), _) => (id.clone(), message.template_values.clone().unwrap_or_default(), "templateId"),
            (None, Some((id, values))) => (id, values, "text"),
            (None, None) => return Ok(None),
        };
        let template = self.desk.templates.iter().find(|template| template["templateGuid"] == id.as_str());
        let template = template.filter(|_| transport == "wapi").ok_or_else(|| Refused::field(field))?;
        if !template["status"].as_str().is_some_and(|status| status.eq_ignore_ascii_case("approved")) {
            return Err(Refused::new("TEMPLATE_REJECTED", "Meta has restricted the template"));
        }
        let parts = template["components"].as_array().map(Vec::as_slice).unwrap_or_default();
        let body = parts.iter().find(|part| part["type"] == "BODY").and_then(|part| part["text"].as_str());
        let mut text = body.unwrap_or_default().to_owned();
        if text.matches("{{").count() != values.len() || values.iter().any(|value| value.trim().is_empty()) {
            return Err(Refused::field("templateValues"));
        }
        for (at, value) in values.iter().enumerate() {
            text = text.replace(&format!("{{{{{}}}}}", at + 1), value);
        }
        if text.chars().count() > TEMPLATE {
            return Err(Refused::new(
                "MESSAGES_TOO_LONG_WABA_TEMPLATE",
                "The WABA template text is too long",
            ));
        }
        Ok(Some(text))
    }

    fn reserve(&mut self, key: Option<&str>) -> Result<(), Refused> {
        let Some(key) = key else { return Ok(()) };
        let now = self.now();
        if self.desk.keys.get(key).is_some_and(|at| now - at < KEY_MS) {
            let words = "You have already sent message with same crmMessageId";
            let data = json!({ "crmMessageId": key });
            return Err(Refused { data, ..Refused::new("REPEATED_CRM_MESSAGE_ID", words) });
        }
        self.desk.keys.insert(key.to_owned(), now);
        Ok(())
    }

    /// Releases the key of a message that was not accepted after all.
    pub(crate) fn release(&mut self, message: &Message) {
        if let Some(key) = &message.crm_message_id {
            self.desk.keys.remove(key);
        }
    }

    /// Accepts a message. A client who cannot be reached does not get it: its status is `error` then.
    pub(crate) fn take(&mut self, plan: Plan, file: Option<ReceivedFile>) -> Place {
        let Plan { message, text, buttons, fate, .. } = plan;
        let chat_id = match (self.named(&message), &message.chat_id) {
            (Some(chat), _) => chat.chat_id.clone(),
            (None, Some(id)) => id.clone(),
            (None, None) => (FIRST_CHAT + self.desk.made).to_string(),
        };
        let (at, message_id) = (self.now(), fresh_id());
        self.desk.made += 1;
        let place = self.chat(&message.channel_id, message.chat_type, &chat_id);
        let chat = &mut self.state.chats[place];
        chat.phone = message.phone.or(chat.phone.take());
        chat.username = message.username.or(chat.username.take());
        chat.received.push(Received {
            message_id,
            crm_message_id: message.crm_message_id,
            crm_user_id: message.crm_user_id,
            at,
            kind: kind(message.template_id.is_some(), file.as_ref()).to_owned(),
            text,
            file,
            buttons,
            buttons_object: message.buttons_object,
            template_id: message.template_id,
            quotes: message.ref_message_id,
            edits: 0,
            deleted: false,
            status: if fate.is_some() { "error" } else { "sent" }.to_owned(),
            error: fate.map(str::to_owned),
        });
        (place, chat.received.len() - 1)
    }

    /// A message of ours that the client has and that may be edited in this way; its new file has not been fetched yet.
    pub(crate) fn plan_edit(&self, id: &str, edit: &Edit) -> Result<(Place, Transport), Refused> {
        let place = self.own(id)?;
        let (_, transport) = self.channel(&self.state.chats[place.0].channel_id)?;
        let message = &self.state.chats[place.0].received[place.1];
        match (&edit.text, &edit.content_uri) {
            (None, None) => return Err(Refused::new("MESSAGE_NOTHING_TO_SEND", "No message text was found")),
            (Some(_), Some(_)) => {
                return Err(Refused::new("MESSAGES_ONLY_TEXT_OR_CONTENT", "Only text or an attachment"));
            }
            _ if !transport.edits_text => {
                let words = "The channel does not support message editing";
                return Err(Refused::new("CHANNEL_INVALID_TRANSPORT_FOR_EDITING", words));
            }
            (None, Some(_)) if !transport.edits_file => {
                let words = "The channel does not support editing message content";
                return Err(Refused::new("CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING", words));
            }
            (Some(text), None) => transport.check_text(text)?,
            (None, Some(_)) => {}
        }
        if !message.buttons.is_empty() {
            return Err(Refused::new("MESSAGES_CONTAIN_BUTTONS", "The message contains buttons"));
        }
        if transport.edit_ms.is_some_and(|most| self.now() - message.at > most) {
            return Err(Refused::new(
                "MESSAGES_EDITING_TIME_EXPIRED",
                "The message editing time has expired",
            ));
        }
        Ok((place, transport))
    }

    /// Deletes a message.
    pub(crate) fn delete(&mut self, id: &str) -> Result<Place, Refused> {
        let place = self.own(id)?;
        let (_, transport) = self.channel(&self.state.chats[place.0].channel_id)?;
        let message = &self.state.chats[place.0].received[place.1];
        if !transport.deletes {
            let words = "The channel does not support message deletion";
            return Err(Refused::new("CHANNEL_INVALID_TRANSPORT_FOR_DELETION", words));
        }
        if transport.delete_ms.is_some_and(|most| self.now() - message.at > most) {
            return Err(Refused::new("MESSAGES_DELETION_TIME_EXPIRED", "The deletion time has expired"));
        }
        self.state.chats[place.0].received[place.1].deleted = true;
        Ok(place)
    }

    /// A message that this account sent and that was not deleted.
    fn own(&self, id: &str) -> Result<Place, Refused> {
        let place = self.find(id).filter(|(chat, at)| !self.state.chats[*chat].received[*at].deleted);
        place.ok_or_else(|| Refused::new("MESSAGES_NOT_FOUND", "The message was not found"))
    }

    /// The position of a message that this account sent.
    pub(crate) fn find(&self, id: &str) -> Option<Place> {
        self.state.chats.iter().enumerate().find_map(|(chat, of)| {
            Some((chat, of.received.iter().position(|message| message.message_id == id)?))
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands for systems outside: it has its own randomness"
)]
fn fresh_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Whether a channel in this state can send.
fn usable(state: &str) -> Result<(), Refused> {
    Err(match state {
        "active" => return Ok(()),
        "disabled" | "blocked" => Refused::new("CHANNEL_BLOCKED", "The channel is off"),
        "notEnoughMoney" => Refused::new("CHANNEL_NO_MONEY", "The channel is not paid"),
        "rejected" => Refused::new("CHANNEL_WAPI_REJECTED", "The WABA channel is blocked"),
        _ => Refused::new("MESSAGE_CHANNEL_UNAVAILABLE", "The channel is not available"),
    })
}

/// A template written as text: `@template: <id> { [[v1]]; [[v2]] }`.
fn written_template(text: &str) -> Option<(String, Vec<String>)> {
    let (id, values) = text.strip_prefix("@template:")?.split_once('{')?;
    let values = values.trim_end().strip_suffix('}')?;
    let value = |part: &str| part.split_once("]]").map(|(value, _)| value.to_owned());
    Some((id.trim().to_owned(), values.split("[[").skip(1).filter_map(value).collect()))
}

fn kind(template: bool, file: Option<&ReceivedFile>) -> &'static str {
    match file.map(|file| file.content_type.split('/').next().unwrap_or_default()) {
        None if template => "wapi_template",
        None => "text",
        Some("image") => "image",
        Some("audio") => "audio",
        Some("video") => "video",
        Some(_) => "document",
    }
}
