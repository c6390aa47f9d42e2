//! The requests to a universal CRM to create contacts and deals (Wazzup API v3, "Webhooks").

use crate::base::phone::Phone;
use crate::model::channel::DealStage;
use crate::model::chat::Chat;
use crate::model::contact::Contact;
use crate::model::messenger::Messenger;
use serde::Serialize;

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
