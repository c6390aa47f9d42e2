//! The universal CRM: a client of the Wazzup-v3-compatible API that takes its webhooks (Wazzup API v3, "Webhooks").
//!
//! Bodies hold one kind of entry each, so that their order is plain. A repeat after an unknown outcome is safe for
//! messages and statuses (the CRM tells them by `messageId`); creations carry an `Idempotency-Key` besides.

use super::creations::{
    ContactData, CreateContact, CreateContactHook, CreateDeal, CreateDealHook, Created, Stage,
    refuses_responsible,
};
use super::hooks::{
    As, ChannelUpdate, ChannelsHook, ChatFinished, ChatFinishedHook, HookMessage, HookStatus, MessagesHook,
    StatusesHook, display_name,
};
use super::notices::{Notification, NotificationHook, Waiting, WaitingClients, WaitingClientsHook};
use crate::base::clock::Ambient;
use crate::base::ids::EmployeeId;
use crate::base::phone::Phone;
use crate::crm::client::{CrmError, sort};
use crate::crm::formatting::Wording;
use crate::model::channel::{Channel, DealStage};
use crate::model::chat::Chat;
use crate::model::contact::{Contact, CrmRecords};
use crate::model::crm::CrmConnection;
use crate::model::crm::progress::{Change, What};
use crate::model::message::content::Details;
use crate::platform::http::{Answer, OutboundHttp, Request};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// The CRM has 30 s to answer (Wazzup API v3, "Webhooks").
const TIMEOUT: Duration = Duration::from_secs(30);
/// Most entries in one body.
const MAX_ENTRIES: usize = 20;

/// A universal CRM, ready to be called.
pub struct UniversalCrm<'a> {
    /// Outbound HTTP.
    pub http: &'a OutboundHttp,
    /// Time.
    pub ambient: &'a dyn Ambient,
    /// Where the CRM takes webhooks.
    pub url: &'a Url,
    /// The key the CRM gave, for `Authorization: Bearer`.
    pub key: Option<&'a SecretString>,
    /// How messages are worded.
    pub wording: Wording<'a>,
}

/// What a universal CRM is called with: its address, and the key it gave.
pub struct Opened {
    url: Url,
    key: Option<SecretString>,
}

impl Opened {
    /// A connection's, with its key opened.
    ///
    /// # Errors
    /// [`CrmError::Never`] when the address cannot be read.
    pub fn new(connection: &CrmConnection, key: Option<SecretString>) -> Result<Self, CrmError> {
        let unreadable = |_| CrmError::Never { why: "the webhook URL cannot be read".into() };
        Ok(Self { url: connection.webhook_url.parse().map_err(unreadable)?, key })
    }

    /// The CRM, ready to be called.
    pub fn crm<'a>(
        &'a self,
        http: &'a OutboundHttp,
        ambient: &'a dyn Ambient,
        wording: Wording<'a>,
    ) -> UniversalCrm<'a> {
        UniversalCrm { http, ambient, url: &self.url, key: self.key.as_ref(), wording }
    }
}

/// A record that the CRM made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmRecord {
    /// The CRM's id.
    pub id: String,
    /// Link to its card.
    pub uri: Option<String>,
}

impl UniversalCrm<'_> {
    /// Has the CRM create the chat's contact, for `responsible`.
    ///
    /// # Errors
    /// [`CrmError`]; an answer that cannot be read leaves the outcome unknown, and one may refuse the responsible.
    pub async fn create_contact(
        &self,
        chat: &Chat,
        contact: &Contact,
        responsible: &EmployeeId,
    ) -> Result<CrmRecord, CrmError> {
        let body = CreateContactHook {
            create_contact: CreateContact {
                responsible_user_id: responsible.as_str(),
                name: display_name(contact.name.as_deref(), chat),
                contact_data: vec![ContactData {
                    chat_type: chat.messenger.chat_type(chat.group),
                    chat_id: &chat.provider_chat_id,
                    username: contact.username.as_deref(),
                    phone: contact.phone.as_ref().map(Phone::digits),
                }],
                source: "auto",
            },
        };
        self.create(&body, format!("contact-{}", contact.contact)).await
    }

    /// Has the CRM create a deal for the contact it made.
    ///
    /// # Errors
    /// As [`Self::create_contact`].
    pub async fn create_deal(
        &self,
        contact: &Contact,
        crm_contact: &str,
        responsible: &EmployeeId,
        stage: Option<&DealStage>,
    ) -> Result<CrmRecord, CrmError> {
        let body = CreateDealHook {
            create_deal: CreateDeal {
                responsible_user_id: responsible.as_str(),
                contacts: vec![crm_contact],
                source: "auto",
                stage: stage.map(Stage::from),
            },
        };
        self.create(&body, format!("deal-{}", contact.contact)).await
    }

    async fn create(&self, body: &impl Serialize, key: String) -> Result<CrmRecord, CrmError> {
        let answer = self.send(body, Some(key)).await?;
        if refuses_responsible(&answer) {
            return Err(CrmError::ResponsibleRefused);
        }
        let answer = sort(answer)?;
        let unreadable = |what| CrmError::Unknown { why: format!("the answer {what}") };
        let created: Created =
            serde_json::from_slice(&answer.body).map_err(|_| unreadable("is no entity"))?;
        let id = plain(&created.id).filter(|id| !id.is_empty()).ok_or_else(|| unreadable("has no id"))?;
        Ok(CrmRecord { id, uri: created.link() })
    }

    /// Tells the CRM of a channel's state.
    ///
    /// # Errors
    /// [`CrmError`].
    pub async fn tell_channel(&self, channel: &Channel) -> Result<(), CrmError> {
        let body = ChannelsHook { channels_updates: [ChannelUpdate::new(channel)] };
        self.post(&body, None).await.map(|_| ())
    }

    /// Tells the CRM how many clients wait on a channel for whom nobody is eligible.
    ///
    /// # Errors
    /// [`CrmError`].
    pub async fn tell_waiting(&self, channel: &Channel, waiting: &Waiting) -> Result<(), CrmError> {
        let body = WaitingClientsHook { waiting_clients: WaitingClients::new(channel, waiting) };
        self.post(&body, None).await.map(|_| ())
    }

    /// Tells the CRM the first of `changes`: as many of one kind as go into one body. Answers how many it took.
    ///
    /// # Errors
    /// [`CrmError`]; nothing of the body was surely taken then.
    pub async fn push(
        &self,
        chat: &Chat,
        records: &CrmRecords,
        changes: &[Change],
    ) -> Result<usize, CrmError> {
        let Some(first) = changes.first() else { return Ok(0) };
        let alike = |change: &&Change| shape(&change.what) == shape(&first.what);
        let run: Vec<&Change> = changes.iter().take_while(alike).take(MAX_ENTRIES).collect();
        match &first.what {
            What::Finished(event) => {
                let chat_finished = ChatFinished::new(chat, records, event);
                self.post(&ChatFinishedHook { chat_finished }, None).await?;
                return Ok(1);
            }
            What::Notified(event) => {
                let Some(notice) = &event.notice else { return Ok(1) };
                let notification = Notification::new(chat, event, notice);
                self.post(&NotificationHook { notification }, None).await?;
                return Ok(1);
            }
            What::Status(_) => {
                let statuses =
                    run.iter().filter_map(|change| change.message()).map(HookStatus::new).collect();
                self.post(&StatusesHook { statuses }, None).await?;
            }
            What::New(_) | What::Edited(_) | What::File(_) | What::Deleted(_) => {
                let messages: Vec<_> =
                    run.iter().filter_map(|change| hook_message(chat, change, &self.wording)).collect();
                // The contract has no word for a reaction that was taken back.
                if !messages.is_empty() {
                    self.post(&MessagesHook { messages }, None).await?;
                }
            }
        }
        Ok(run.len())
    }

    async fn post(&self, body: &impl Serialize, idempotency_key: Option<String>) -> Result<Answer, CrmError> {
        sort(self.send(body, idempotency_key).await?)
    }

    async fn send(&self, body: &impl Serialize, idempotency_key: Option<String>) -> Result<Answer, CrmError> {
        let body = serde_json::to_vec(body)
            .map_err(|_| CrmError::Never { why: "the body cannot be written".into() })?;
        let headers = idempotency_key.map(|key| ("idempotency-key", key)).into_iter().collect();
        let request = Request {
            method: reqwest::Method::POST,
            url: self.url,
            bearer: self.key,
            headers,
            body: Some(body),
            timeout: TIMEOUT,
        };
        Ok(self.http.send(request, self.ambient.now()).await?)
    }
}

/// Changes that may share a body: messages of any kind, statuses, a finish alone.
fn shape(what: &What) -> u8 {
    match what {
        What::New(_) | What::Edited(_) | What::File(_) | What::Deleted(_) => 0,
        What::Status(_) => 1,
        What::Finished(_) | What::Notified(_) => 2,
    }
}

fn hook_message<'a>(chat: &'a Chat, change: &'a Change, wording: &Wording<'_>) -> Option<HookMessage<'a>> {
    let (message, told) = match &change.what {
        What::New(message) => (message, As::New),
        What::Edited(message) | What::File(message) => (message, As::Edited),
        What::Deleted(message) => (message, As::Deleted),
        What::Status(_) | What::Finished(_) | What::Notified(_) => return None,
    };
    let taken_back =
        matches!(&message.details, Some(Details::Reaction(reaction)) if reaction.emoji.is_none());
    (!taken_back).then(|| HookMessage::new(chat, message, told, wording))
}

/// Ids come as text or as numbers.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
