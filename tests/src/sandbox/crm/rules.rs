//! Checks that the types of `schema` cannot express: formats, and fields that depend on one another.

use jiff::Timestamp;

use super::notices;
use super::schema::{
    ChannelUpdate, ChatFinished, ContactData, CreateContact, CreateDeal, Hook, Message, StatusItem, Violation,
};
use crate::sandbox::words::{ChatType, MessageStatus, MessageType, StatusWord};

pub(super) type Checked = Result<(), Violation>;

/// Checks every rule on a parsed body.
///
/// # Errors
/// The first violation.
pub fn check(hook: &Hook) -> Checked {
    match hook {
        Hook::Test => Ok(()),
        Hook::Chat { messages, statuses } => {
            for (i, item) in messages.iter().enumerate() {
                message(&format!("messages[{i}]"), item)?;
            }
            for (i, item) in statuses.iter().enumerate() {
                status(&format!("statuses[{i}]"), item)?;
            }
            Ok(())
        }
        Hook::CreateContact(contact) => create_contact("createContact", contact),
        Hook::CreateDeal(deal) => create_deal("createDeal", deal),
        Hook::ChannelsUpdates(updates) => {
            need(!updates.is_empty(), "channelsUpdates", "", "an empty list is not sent")?;
            updates
                .iter()
                .enumerate()
                .try_for_each(|(i, item)| channel_update(&format!("channelsUpdates[{i}]"), item))
        }
        Hook::TemplateStatus(template) => {
            not_empty(&template.template_guid, "templateStatus", "templateGuid")?;
            not_empty(&template.status, "templateStatus", "status")
        }
        Hook::ChatFinished(finished) => chat_finished("chatFinished", finished),
        Hook::Notification(notice) => notices::notification("notification", notice),
        Hook::WaitingClients(waiting) => notices::waiting_clients("waitingClients", waiting),
    }
}

pub(super) fn need(holds: bool, at: &str, field: &str, message: &str) -> Checked {
    if holds {
        return Ok(());
    }
    let path = if field.is_empty() { at.to_owned() } else { format!("{at}.{field}") };
    Err(Violation { path, message: message.to_owned() })
}

pub(super) fn not_empty(value: &str, at: &str, field: &str) -> Checked {
    need(!value.trim().is_empty(), at, field, "must not be empty")
}

pub(super) fn not_empty_if_given(value: Option<&String>, at: &str, field: &str) -> Checked {
    value.map_or(Ok(()), |value| not_empty(value, at, field))
}

fn link_if_given(value: Option<&String>, at: &str, field: &str) -> Checked {
    let is_link = value.is_none_or(|v| v.starts_with("https://") || v.starts_with("http://"));
    need(is_link, at, field, "must be an http(s) link")
}

fn message(at: &str, m: &Message) -> Checked {
    not_empty(&m.message_id, at, "messageId")?;
    chat(at, &m.channel_id, m.chat_type, &m.chat_id)?;
    need(is_rfc3339(&m.date_time, true), at, "dateTime", "must be RFC 3339 with milliseconds")?;
    let inbound = m.status == MessageStatus::Inbound;
    need(inbound != m.is_echo, at, "status", "`inbound` goes with isEcho=false, and with nothing else")?;
    let failed = m.status == MessageStatus::Error;
    need(m.error.is_none() || failed, at, "error", "comes only with status=error")?;
    if m.kind == MessageType::Text {
        let deleted = m.is_deleted == Some(true);
        let has_text = m.text.as_ref().is_some_and(|text| deleted || !text.is_empty());
        need(has_text, at, "text", "a text message has a text")?;
    }
    link_if_given(m.content_uri.as_ref(), at, "contentUri")?;
    link_if_given(m.contact.avatar_uri.as_ref(), &format!("{at}.contact"), "avatarUri")
}

fn status(at: &str, s: &StatusItem) -> Checked {
    not_empty(&s.message_id, at, "messageId")?;
    need(is_rfc3339(&s.timestamp, false), at, "timestamp", "must be RFC 3339")?;
    need(s.error.is_none() || s.status == StatusWord::Error, at, "error", "comes only with status=error")
}

fn create_contact(at: &str, c: &CreateContact) -> Checked {
    responsible(at, &c.responsible_user_id)?;
    not_empty(&c.name, at, "name")?;
    need(c.name.chars().count() <= 200, at, "name", "at most 200 characters")?;
    need(!c.contact_data.is_empty(), at, "contactData", "must not be empty")?;
    c.contact_data
        .iter()
        .enumerate()
        .try_for_each(|(i, item)| contact_data(&format!("{at}.contactData[{i}]"), item))
}

fn contact_data(at: &str, data: &ContactData) -> Checked {
    chat_id(at, data.chat_type, &data.chat_id)?;
    not_empty_if_given(data.username.as_ref(), at, "username")?;
    not_empty_if_given(data.phone.as_ref(), at, "phone")
}

fn create_deal(at: &str, d: &CreateDeal) -> Checked {
    responsible(at, &d.responsible_user_id)?;
    need(!d.contacts.is_empty(), at, "contacts", "must not be empty")?;
    if let Some(stage) = &d.stage {
        let at = format!("{at}.stage");
        not_empty(&stage.pipeline_id, &at, "pipelineId")?;
        not_empty(&stage.stage_id, &at, "stageId")?;
    }
    Ok(())
}

fn channel_update(at: &str, u: &ChannelUpdate) -> Checked {
    channel(at, &u.channel_id)?;
    let tiers = ["TIER_0", "TIER_250", "TIER_1K", "TIER_10K", "TIER_100K", "TIER_UNLIMITED"];
    need(u.tier.as_deref().is_none_or(|tier| tiers.contains(&tier)), at, "tier", "is no known tier")
}

fn chat_finished(at: &str, f: &ChatFinished) -> Checked {
    chat(at, &f.channel_id, f.chat_type, &f.chat_id)?;
    need(is_rfc3339(&f.finished_at, false), at, "finishedAt", "must be RFC 3339")?;
    not_empty_if_given(f.contact_id.as_ref(), at, "contactId")?;
    not_empty_if_given(f.deal_id.as_ref(), at, "dealId")?;
    not_empty_if_given(f.responsible_user_id.as_ref(), at, "responsibleUserId")
}

fn responsible(at: &str, id: &str) -> Checked {
    not_empty(id, at, "responsibleUserId")?;
    need(id.chars().count() <= 100, at, "responsibleUserId", "at most 100 characters")
}

pub(super) fn chat(at: &str, channel: &str, chat_type: ChatType, id: &str) -> Checked {
    self::channel(at, channel)?;
    chat_id(at, chat_type, id)
}

/// A channel's id is a UUID (Wazzup API v3, "Channels").
pub(super) fn channel(at: &str, id: &str) -> Checked {
    need(is_uuid(id), at, "channelId", "must be a UUID")
}

fn chat_id(at: &str, chat_type: ChatType, id: &str) -> Checked {
    not_empty(id, at, "chatId")?;
    let digits_only = matches!(chat_type, ChatType::Whatsapp | ChatType::Viber);
    let is_digits = id.bytes().all(|b| b.is_ascii_digit());
    need(!digits_only || is_digits, at, "chatId", "whatsapp and viber ids are digits only")
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// Whether a text is like `2025-05-06T14:16:00.002Z`, with `Z` or an offset; the fraction is optional unless
/// `milliseconds` are required.
pub(super) fn is_rfc3339(text: &str, milliseconds: bool) -> bool {
    let shape: Vec<u8> = text.bytes().map(|b| if b.is_ascii_digit() { b'0' } else { b }).collect();
    let Some(rest) = shape.strip_prefix(b"0000-00-00T00:00:00") else { return false };
    let (fraction, offset) = match rest.iter().position(|b| matches!(b, b'Z' | b'+' | b'-')) {
        Some(at) => rest.split_at(at),
        None => return false,
    };
    let fraction_ok = match fraction {
        [] => !milliseconds,
        [b'.', digits @ ..] => {
            digits.iter().all(|b| *b == b'0')
                && if milliseconds { digits.len() == 3 } else { (1..=9).contains(&digits.len()) }
        }
        _ => false,
    };
    let offset_ok = offset == b"Z" || offset == b"+00:00" || offset == b"-00:00"; // digits all read as 0 here
    fraction_ok && offset_ok && text.parse::<Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::schema::parse;

    fn message() -> Value {
        json!({
            "messageId": "6a2087e8-e0f4-9999-b968-9d9999933c81", "channelId": "b96a353b-9999-4cac-8413-ba999990f981",
            "chatType": "whatsapp", "chatId": "79990000001", "dateTime": "2025-05-06T14:16:00.002Z", "type": "text",
            "isEcho": false, "contact": { "name": "Анна" }, "text": "Здравствуйте", "status": "inbound"
        })
    }

    /// A message with every optional field.
    fn full_message() -> Value {
        let mut full = message();
        for (field, value) in [
            ("isEcho", json!(true)),
            ("status", json!("error")),
            ("error", json!({ "error": "BAD_CONTACT", "description": "…", "data": {} })),
            ("contentUri", json!("https://store.example/1")),
            ("authorName", json!("Олег")),
            ("authorId", json!("7")),
            ("quotedMessage", json!({ "anything": 1 })),
            ("instPost", json!({})),
            ("interactive", json!([{}])),
            ("advert", json!({ "a": [] })),
            ("sentFromApp", json!(true)),
            ("isEdited", json!(true)),
            ("isDeleted", json!(false)),
            ("oldInfo", json!({ "oldText": "", "oldAuthorId": "1", "oldAuthorName": "А" })),
            ("avitoProfileId", json!("1")),
        ] {
            full[field] = value;
        }
        full["contact"] = json!({ "name": "А", "avatarUri": "https://a.example/", "username": "anna", "phone": "79990000001" });
        full
    }

    fn bodies() -> Vec<(&'static str, Value)> {
        let channel = "b96a353b-9999-4cac-8413-ba999990f981";
        let status =
            json!({ "messageId": "m1", "timestamp": "2025-02-05T06:01:07.499Z", "status": "delivered" });
        vec![
            ("test", json!({ "test": true })),
            ("messages", json!({ "messages": [message(), full_message()] })),
            ("statuses", json!({ "statuses": [status] })),
            ("both", json!({ "messages": [message()], "statuses": [status] })),
            (
                "contact",
                json!({ "createContact": { "responsibleUserId": "1", "name": "Анна", "source": "auto",
                    "contactData": [{ "chatType": "telegram", "chatId": "5", "username": "anna", "phone": "7999" }] } }),
            ),
            (
                "deal",
                json!({ "createDeal": { "responsibleUserId": "1", "contacts": ["1"], "source": "byUser",
                    "stage": { "pipelineId": "1", "stageId": "2" } } }),
            ),
            (
                "channels",
                json!({ "channelsUpdates": [{ "channelId": channel, "state": "qr", "timestamp": 1603977171000_u64, "qr": "data:" }] }),
            ),
            (
                "template",
                json!({ "templateStatus": { "templateGuid": "8d255e5d", "name": "Test", "status": "approved" } }),
            ),
            (
                "finished",
                json!({ "chatFinished": { "channelId": channel, "chatType": "avito", "chatId": "u2i-1", "reason": "inactivity",
                    "finishedAt": "2026-11-01T10:00:00+03:00", "contactId": "1", "dealId": "1", "responsibleUserId": "1" } }),
            ),
        ]
    }

    fn refused(body: &Value) -> (String, String) {
        let violation = parse(body.to_string().as_bytes()).expect_err(&body.to_string());
        (violation.path, violation.message)
    }

    #[test]
    fn documented_bodies_are_taken() {
        for (name, body) in bodies() {
            if let Err(violation) = parse(body.to_string().as_bytes()) {
                panic!("{name}: {violation:?}");
            }
        }
    }

    /// Each object of each body is damaged in turn, by an additional member, a null member or an array in its place,
    /// and must be refused with that path.
    #[test]
    fn every_object_is_closed_and_typed() {
        let free = ["quotedMessage", "instPost", "interactive", "advert", "data"];
        let mut tried = 0;
        for (_, body) in bodies() {
            let mut places = Vec::new();
            walk(&body, String::new(), &free, &mut places);
            for place in places {
                let mut extra = body.clone();
                extra.pointer_mut(&place).unwrap()["surplus"] = json!(1);
                let (path, message) = refused(&extra);
                assert!(
                    message.contains("unknown field") && path.ends_with("surplus"),
                    "{place}: {path} {message}"
                );
                let fields: Vec<String> =
                    body.pointer(&place).unwrap().as_object().unwrap().keys().cloned().collect();
                for field in fields {
                    for wrong in [json!(null), json!({ "x": 1 }), json!(7.5), json!([[1]])] {
                        let mut typed = body.clone();
                        typed.pointer_mut(&place).unwrap()[&field] = wrong.clone();
                        let is_free =
                            free.contains(&field.as_str()) && (wrong.is_object() || wrong.is_array());
                        if !is_free {
                            let (path, _) = refused(&typed);
                            assert!(path.contains(&field), "{place}/{field} = {wrong}: {path}");
                            tried += 1;
                        }
                    }
                }
            }
        }
        assert!(tried > 200, "{tried}");
    }

    fn walk(value: &Value, at: String, free: &[&str], places: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter().filter(|(name, _)| !free.contains(&name.as_str())) {
                    walk(member, format!("{at}/{name}"), free, places);
                }
                places.push(at);
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, item)| walk(item, format!("{at}/{i}"), free, places));
            }
            _ => {}
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for field in [
            "messageId",
            "channelId",
            "chatType",
            "chatId",
            "dateTime",
            "type",
            "isEcho",
            "contact",
            "text",
            "status",
        ] {
            let mut body = json!({ "messages": [message(), message()] });
            body["messages"][1].as_object_mut().unwrap().remove(field);
            let (path, message) = refused(&body);
            assert!(
                path.starts_with("messages[1]") && format!("{path} {message}").contains(field),
                "{path} {message}"
            );
        }
    }

    #[test]
    fn rules_beyond_the_types_hold() {
        for (field, bad) in [
            ("messageId", ""),
            ("channelId", "b96a353b99994cac8413ba999990f981"),
            ("chatType", "tgapi"),
            ("chatId", "+79990000001"),
            ("chatId", ""),
            ("dateTime", "2025-05-06T14:16:00Z"),
            ("dateTime", "2025-05-06T14:16:00.02Z"),
            ("dateTime", "2025-05-06 14:16:00.002Z"),
            ("dateTime", "2025-13-06T14:16:00.002Z"),
            ("dateTime", "2025-05-06T14:16:00.002"),
            ("type", "voice"),
            ("status", "sent"),
            ("text", ""),
            ("contentUri", "/media/1"),
        ] {
            let mut body = json!({ "messages": [message()] });
            body["messages"][0][field] = json!(bad);
            assert_eq!(refused(&body).0, format!("messages[0].{field}"), "{field} = {bad:?}");
        }
        let mut echo = json!({ "messages": [message()] });
        echo["messages"][0]["isEcho"] = json!(true);
        assert_eq!(refused(&echo).0, "messages[0].status");
        let mut listed = json!({ "messages": [message()] });
        listed["messages"][0]["contact"] = json!(["Анна"]);
        assert_eq!(refused(&listed).0, "messages[0].contact", "an array is no object");
    }

    #[test]
    fn members_that_do_not_come_together_are_refused() {
        let all = bodies();
        for (first, one) in &all {
            for (second, two) in &all {
                let chat = ["messages", "statuses", "both"];
                if first == second || (chat.contains(first) && chat.contains(second)) {
                    continue;
                }
                let mut both = one.clone();
                both.as_object_mut().unwrap().extend(two.as_object().unwrap().clone());
                assert_eq!(refused(&both).0, ".", "{first} with {second}");
            }
        }
        for bad in [
            "{}",
            "[]",
            "null",
            "{\"test\":false}",
            "{\"messages\":[]}",
            "{\"test\":true,\"test\":true}",
            "{\"test\":true} x",
            "x",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
