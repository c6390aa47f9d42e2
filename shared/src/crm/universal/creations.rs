//! The requests to a universal CRM to create contacts and deals, and its answer (Wazzup API v3, "Webhooks").

use crate::base::phone::Phone;
use crate::model::channel::DealStage;
use crate::model::chat::Chat;
use crate::model::contact::Contact;
use crate::model::crm::is_web_link;
use crate::model::messenger::Messenger;
use crate::platform::http::Answer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateContactHook<'a> {
    pub create_contact: CreateContact<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateContact<'a> {
    pub responsible_user_id: &'a str,
    pub name: &'a str,
    pub contact_data: Vec<ContactData<'a>>,
    pub source: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContactData<'a> {
    pub chat_type: String,
    pub chat_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<&'a str>,
}

impl<'a> ContactData<'a> {
    /// The client's address in the chat. Wazzup's clients accept a user name for Telegram alone, and a phone where the
    /// id is none (Wazzup API v3, "Working with contacts").
    pub(super) fn new(chat: &'a Chat, contact: &'a Contact) -> Self {
        let one_of = |messengers: &[Messenger]| messengers.contains(&chat.messenger) && !chat.group;
        let (named, by_phone) =
            (one_of(&[Messenger::Telegram]), one_of(&[Messenger::Telegram, Messenger::Max]));
        Self {
            chat_type: chat.messenger.chat_type(chat.group),
            chat_id: &chat.provider_chat_id,
            username: contact.username.as_deref().filter(|_| named),
            phone: contact.phone.as_ref().filter(|_| by_phone).map(Phone::digits),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateDealHook<'a> {
    pub create_deal: CreateDeal<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateDeal<'a> {
    pub responsible_user_id: &'a str,
    pub contacts: Vec<&'a str>,
    pub source: &'static str,
    /// Our addition: the channel's pipeline stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stage<'a> {
    pipeline_id: &'a str,
    stage_id: &'a str,
}

impl<'a> From<&'a DealStage> for Stage<'a> {
    fn from(stage: &'a DealStage) -> Self {
        Self { pipeline_id: &stage.pipeline_id, stage_id: &stage.stage_id }
    }
}

/// The status and the error word by which a CRM says that it does not know the responsible, or assigns them no clients:
/// our addition.
const RESPONSIBLE_REFUSED: (u16, &str) = (422, "responsible_not_found");

/// Whether an answer to either creation refuses the responsible.
pub(super) fn refuses_responsible(answer: &Answer) -> bool {
    let (status, word) = RESPONSIBLE_REFUSED;
    let said = |body| serde_json::from_slice::<Value>(body).ok()?.get("error")?.as_str().map(str::to_owned);
    answer.status == status && said(&answer.body).as_deref() == Some(word)
}

/// The CRM's answer to either creation: only the id and the link are kept.
#[derive(Deserialize)]
pub(super) struct Created {
    pub id: Value,
    #[serde(default)]
    pub uri: Option<Value>,
}

impl Created {
    /// The link to the card, if people can open it.
    pub(super) fn link(&self) -> Option<String> {
        self.uri.as_ref()?.as_str().filter(|uri| is_web_link(uri)).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_word_for_it_refuses_the_responsible() {
        for (status, body, refused) in [
            (422, r#"{"error":"responsible_not_found"}"#, true),
            (422, r#"{"error":"responsible_not_found","description":"17 is gone"}"#, true),
            (400, r#"{"error":"responsible_not_found"}"#, false),
            (200, r#"{"error":"responsible_not_found"}"#, false),
            (422, r#"{"error":"invalid"}"#, false),
            (422, r#"{"error":7}"#, false),
            (422, r#"["responsible_not_found"]"#, false),
            (422, "responsible_not_found", false),
            (422, "", false),
        ] {
            let answer = Answer { status, retry_after: None, body: body.as_bytes().to_vec() };
            assert_eq!(refuses_responsible(&answer), refused, "{status} {body}");
        }
    }

    #[test]
    fn only_a_link_that_can_be_followed_is_kept() {
        for (uri, kept) in [
            (json!("https://crm.example.com/contacts/4711"), true),
            (json!("http://crm.example.com/4711"), true),
            (json!("javascript:alert(1)"), false),
            (json!("data:text/html,x"), false),
            (json!("/contacts/4711"), false),
            (json!(4711), false),
            (json!(null), false),
        ] {
            let created: Created = serde_json::from_value(json!({"id": 4711, "uri": uri})).unwrap();
            assert_eq!(created.link().is_some(), kept, "{uri}");
        }
    }
}
