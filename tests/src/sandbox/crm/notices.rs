//! Webhooks of Switchboard's for the CRM's users, which Wazzup does not have: notifications of rules, and waiting
//! clients.

use serde::{Deserialize, Serialize};

use super::rules::{Checked, channel, chat, is_rfc3339, need, not_empty, not_empty_if_given};
use super::schema::given;
use crate::sandbox::words::{ChatType, NoticeTo};

/// Most heads that are listed.
const MOST_HEADS: usize = 50;
/// Waiting clients are counted up to this number.
const MOST_WAITING: u32 = 1000;

/// `notification`: a rule notifies users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Notification {
    /// The channel, a UUID.
    pub channel_id: String,
    /// The messenger.
    pub chat_type: ChatType,
    /// The client (or group) in that messenger.
    pub chat_id: String,
    /// When the rule ran, RFC 3339; the same in every delivery of one notification.
    pub at: String,
    /// Its recipients.
    pub to: NoticeTo,
    /// The recipient, if it is one user.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Its text.
    pub text: String,
}

/// `waitingClients`: how many clients of a channel wait because no employee is eligible now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WaitingClients {
    /// The channel, a UUID.
    pub channel_id: String,
    /// How many wait; 0: the last one has been assigned.
    pub count: u32,
    /// Since when the first of them has waited.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub oldest_at: Option<String>,
    /// The heads of the channel, by the CRM's user ids.
    pub heads: Vec<String>,
}

pub(super) fn notification(at: &str, n: &Notification) -> Checked {
    chat(at, &n.channel_id, n.chat_type, &n.chat_id)?;
    need(is_rfc3339(&n.at, false), at, "at", "must be RFC 3339")?;
    not_empty(&n.text, at, "text")?;
    not_empty_if_given(n.user_id.as_ref(), at, "userId")?;
    let named = n.user_id.is_some();
    need(n.to != NoticeTo::User || named, at, "userId", "is there when one user is meant")?;
    need(n.to != NoticeTo::Heads || !named, at, "userId", "is not there when the heads are meant")
}

pub(super) fn waiting_clients(at: &str, w: &WaitingClients) -> Checked {
    channel(at, &w.channel_id)?;
    need(w.count <= MOST_WAITING, at, "count", "at most 1000")?;
    need(
        (w.count > 0) == w.oldest_at.is_some(),
        at,
        "oldestAt",
        "is there when a client waits, and only then",
    )?;
    need(w.oldest_at.as_deref().is_none_or(|o| is_rfc3339(o, false)), at, "oldestAt", "must be RFC 3339")?;
    need(w.heads.len() <= MOST_HEADS, at, "heads", "at most 50")?;
    w.heads.iter().enumerate().try_for_each(|(i, head)| not_empty(head, at, &format!("heads[{i}]")))
}

#[cfg(test)]
mod tests {
    use super::super::schema::parse;
    use serde_json::{Value, json};

    fn bodies() -> [Value; 5] {
        let channel = "b96a353b-9999-4cac-8413-ba999990f981";
        let notice = |to: &str, user: Value| {
            let mut body = json!({"notification": {
                "channelId": channel, "chatType": "whatsapp", "chatId": "79990000001",
                "at": "2026-11-21T09:30:00.000Z", "to": to, "text": "Nobody has answered"
            }});
            if user.is_string() {
                body["notification"]["userId"] = user;
            }
            body
        };
        [
            notice("responsible", Value::Null),
            notice("user", json!("17")),
            notice("heads", Value::Null),
            json!({"waitingClients": {
                "channelId": channel, "count": 2, "oldestAt": "2026-11-21T09:30:00.000Z", "heads": ["9"]
            }}),
            json!({"waitingClients": {"channelId": channel, "count": 0, "heads": []}}),
        ]
    }

    #[test]
    fn what_is_sent_is_taken() {
        for body in bodies() {
            parse(body.to_string().as_bytes()).unwrap();
        }
    }

    #[test]
    fn what_breaks_the_contract_is_refused_at_its_place() {
        let [_, user, heads, waiting, served] = bodies();
        for (body, pointer, value, path) in [
            (&user, "/notification/userId", json!(" "), "notification.userId"),
            (&user, "/notification/to", json!("heads"), "notification.userId"),
            (&heads, "/notification/to", json!("user"), "notification.userId"),
            (&heads, "/notification/to", json!("all"), "notification.to"),
            (&heads, "/notification/text", json!(""), "notification.text"),
            (&heads, "/notification/at", json!("today"), "notification.at"),
            (&waiting, "/waitingClients/channelId", json!("c"), "waitingClients.channelId"),
            (&waiting, "/waitingClients/count", json!(1001), "waitingClients.count"),
            (&waiting, "/waitingClients/count", json!(0), "waitingClients.oldestAt"),
            (&served, "/waitingClients/count", json!(1), "waitingClients.oldestAt"),
            (&waiting, "/waitingClients/oldestAt", json!("today"), "waitingClients.oldestAt"),
            (&waiting, "/waitingClients/heads", json!(["9", ""]), "waitingClients.heads[1]"),
            (&waiting, "/waitingClients/heads", json!(vec!["9"; 51]), "waitingClients.heads"),
        ] {
            let mut body = body.clone();
            *body.pointer_mut(pointer).unwrap() = value;
            let violation = parse(body.to_string().as_bytes()).unwrap_err();
            assert_eq!(violation.path, path, "{body}");
        }
        let mut more = waiting.clone();
        more["waitingClients"]["name"] = json!("x");
        assert!(parse(more.to_string().as_bytes()).is_err(), "unknown fields are refused");
        let mut both = waiting;
        both["notification"] = heads["notification"].clone();
        assert!(parse(both.to_string().as_bytes()).is_err(), "each comes alone");
    }
}
