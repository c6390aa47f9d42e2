//! The universal CRM: a client of the Wazzup-v3-compatible API that receives its webhooks (Wazzup API v3, "Webhooks").
//!
//! A body holds one kind of entry, so that the order is unambiguous. A repeat after an unknown outcome is safe for
//! messages and statuses, which the CRM deduplicates by `messageId`; creations also carry an `Idempotency-Key`.

use super::CAPABILITIES;
use super::answers::{accepted, created, refuses_responsible};
use super::creations::{ContactData, CreateContact, CreateContactHook, CreateDeal, CreateDealHook, Stage};
use super::hooks::{
    As, ChannelUpdate, ChannelsHook, ChatFinished, ChatFinishedHook, HookMessage, HookStatus, MessagesHook,
    StatusesHook, TemplateStatusHook, display_name,
};
use super::notices::{Notification, NotificationHook, WaitingClients, WaitingClientsHook};
use super::settings::{self, Subscriptions};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, EmployeeId};
use crate::crm::client::{
    Accepted, CrmCall, CrmClient, CrmError, CrmRecord, NewDeal, Pushed, Topics, Waiting,
};
use crate::crm::formatting::Formatter;
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::contact::{Contact, CreationRequest, CrmRecords};
use crate::model::crm::progress::{Change, ChangeKind};
use crate::model::crm::{Capabilities, CrmConnection, CrmKind};
use crate::model::event::{Origin, TemplateState};
use crate::model::field::Field;
use crate::model::message::Message;
use crate::model::message::content::Details;
use crate::platform::http::{Answer, Request};
use async_trait::async_trait;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// The CRM has 30 s to answer (Wazzup API v3, "Webhooks").
const TIMEOUT: Duration = Duration::from_secs(30);
/// The most entries in one body.
const MAX_ENTRIES: usize = 20;

/// The client of universal CRMs.
pub struct Client;

#[async_trait]
impl CrmClient for Client {
    fn kind(&self) -> CrmKind {
        CrmKind::Universal
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn settings_fields(&self) -> &'static [Field] {
        &settings::FIELDS
    }

    fn connection(
        &self,
        account: &AccountId,
        set: BTreeMap<String, String>,
        before: Option<&CrmConnection>,
        now: Timestamp,
    ) -> CrmConnection {
        let webhook_url = set.get(settings::WEBHOOK_URL).map_or("", String::as_str);
        let mut moved = settings::moved_to(webhook_url, before, account, now);
        let mut subscribed = Subscriptions::of(&moved);
        subscribed.apply(&set);
        subscribed.set(&mut moved);
        moved
    }

    fn subscriptions(&self, connection: Option<&CrmConnection>) -> Vec<(&'static str, bool)> {
        let mut subscribed = connection.map_or_else(Subscriptions::default, Subscriptions::of);
        subscribed.named().into_iter().map(|(name, on)| (name, *on)).collect()
    }

    fn wants(&self, connection: &CrmConnection) -> Topics {
        let subscribed = Subscriptions::of(connection);
        Topics {
            messages: subscribed.messages_and_statuses || subscribed.chat_finished || subscribed.notification,
            records: subscribed.contacts_and_deals_creation,
            channel_states: subscribed.channels_updates,
            waiting_clients: subscribed.waiting_clients,
            template_states: subscribed.template_status,
        }
    }

    fn address(&self, connection: &CrmConnection) -> Result<Url, CrmError> {
        let unreadable = |_| CrmError::Never { why: "the webhook URL cannot be read".into() };
        settings::webhook_url(connection).parse().map_err(unreadable)
    }

    async fn push(
        &self,
        call: &CrmCall<'_>,
        chat: &Chat,
        records: &CrmRecords,
        changes: &[Change],
    ) -> Result<Pushed, CrmError> {
        let subscribed = Subscriptions::of(call.connection);
        // A change that the CRM did not ask for is passed over in its place, without a call.
        let wanted = |change: &Change| is_wanted(&subscribed, change);
        let passed = changes.iter().take_while(|change| !wanted(change)).count();
        let Some(first) = changes.get(passed) else {
            return Ok(Pushed { changes: passed, accepted: Accepted::NOTHING });
        };
        let alike = |change: &&Change| wanted(change) && shape(&change.what) == shape(&first.what);
        let run: Vec<&Change> = changes[passed..].iter().take_while(alike).take(MAX_ENTRIES).collect();
        let formatter = Formatter { marks: subscribed.text_marks, ..call.formatter };
        match &first.what {
            ChangeKind::Finished(event) => {
                let chat_finished = ChatFinished::new(chat, records, event);
                post(call, &ChatFinishedHook { chat_finished }).await?;
                Ok(Pushed { changes: passed + 1, accepted: Accepted::OTHERS })
            }
            ChangeKind::Notified(event) => {
                let Some(notice) = &event.notice else {
                    return Ok(Pushed { changes: passed + 1, accepted: Accepted::NOTHING });
                };
                let notification = Notification::new(chat, event, notice);
                post(call, &NotificationHook { notification }).await?;
                Ok(Pushed { changes: passed + 1, accepted: Accepted::OTHERS })
            }
            ChangeKind::Status(_) | ChangeKind::EditNoted(_) => {
                let statuses = run.iter().filter_map(|change| hook_status(change, &formatter)).collect();
                post(call, &StatusesHook { statuses }).await?;
                Ok(Pushed { changes: passed + run.len(), accepted: Accepted::OTHERS })
            }
            ChangeKind::New(_) | ChangeKind::Edited(_) | ChangeKind::File(_) | ChangeKind::Deleted(_) => {
                let messages: Vec<_> =
                    run.iter().filter_map(|change| hook_message(chat, change, &formatter)).collect();
                // The contract has no form for a removed reaction.
                if messages.is_empty() {
                    return Ok(Pushed { changes: passed + run.len(), accepted: Accepted::NOTHING });
                }
                post(call, &MessagesHook { messages }).await?;
                Ok(Pushed { changes: passed + run.len(), accepted: Accepted::MESSAGES })
            }
        }
    }

    fn contact_request(
        &self,
        chat: &Chat,
        contact: &Contact,
        responsible: &EmployeeId,
    ) -> Result<String, CrmError> {
        written(&CreateContactHook {
            create_contact: CreateContact {
                responsible_user_id: responsible.as_str(),
                name: display_name(contact.name.as_deref(), chat),
                contact_data: vec![ContactData::new(chat, contact)],
                source: "auto",
            },
        })
    }

    async fn create_contact(
        &self,
        call: &CrmCall<'_>,
        request: &CreationRequest,
    ) -> Result<CrmRecord, CrmError> {
        create(call, request).await
    }

    fn deal_request(
        &self,
        connection: &CrmConnection,
        deal: &NewDeal<'_>,
    ) -> Result<Option<String>, CrmError> {
        written(&CreateDealHook {
            create_deal: CreateDeal {
                responsible_user_id: deal.responsible.as_str(),
                contacts: vec![deal.crm_contact],
                source: "auto",
                stage: deal.stage.filter(|_| Subscriptions::of(connection).deal_stage).map(Stage::from),
            },
        })
        .map(Some)
    }

    async fn create_deal(
        &self,
        call: &CrmCall<'_>,
        request: &CreationRequest,
    ) -> Result<CrmRecord, CrmError> {
        create(call, request).await
    }

    async fn push_channel_state(&self, call: &CrmCall<'_>, channel: &Channel) -> Result<(), CrmError> {
        post(call, &ChannelsHook { channels_updates: [ChannelUpdate::new(channel)] }).await
    }

    async fn push_template_state(&self, call: &CrmCall<'_>, state: &TemplateState) -> Result<(), CrmError> {
        post(call, &TemplateStatusHook { template_status: state.into() }).await
    }

    async fn push_waiting_clients(
        &self,
        call: &CrmCall<'_>,
        channel: &Channel,
        waiting: &Waiting,
    ) -> Result<(), CrmError> {
        post(call, &WaitingClientsHook { waiting_clients: WaitingClients::new(channel, waiting) }).await
    }
}

async fn create(call: &CrmCall<'_>, request: &CreationRequest) -> Result<CrmRecord, CrmError> {
    let answer = send(call, request.body.clone(), Some(request.key.clone())).await?;
    if refuses_responsible(&answer) {
        return Err(CrmError::ResponsibleRefused);
    }
    match (200..300).contains(&answer.status) {
        // A CRM that names an error may have created the record all the same.
        true => accepted(answer)
            .map(|body| created(&body))
            .map_err(|error| CrmError::Unknown { why: error.to_string() }),
        false => accepted(answer).map(|body| created(&body)),
    }
}

async fn post(call: &CrmCall<'_>, body: &(impl Serialize + Sync)) -> Result<(), CrmError> {
    accepted(send(call, written(body)?, None).await?).map(|_| ())
}

fn written(body: &impl Serialize) -> Result<String, CrmError> {
    serde_json::to_string(body).map_err(|_| CrmError::Never { why: "the body cannot be written".into() })
}

async fn send(call: &CrmCall<'_>, body: String, idempotency_key: Option<String>) -> Result<Answer, CrmError> {
    let headers = idempotency_key.map(|key| ("idempotency-key", key)).into_iter().collect();
    let request = Request {
        method: reqwest::Method::POST,
        url: &call.address,
        bearer: call.credential.as_ref(),
        headers,
        body: Some(body.into_bytes()),
        timeout: TIMEOUT,
    };
    Ok(call.http.send(request, call.ambient.now()).await?)
}

/// Whether the CRM subscribes to a change.
fn is_wanted(subscribed: &Subscriptions, change: &Change) -> bool {
    let is_notice = |message: &Message| message.origin == Some(Origin::Notice);
    match &change.what {
        ChangeKind::Finished(_) => subscribed.chat_finished,
        ChangeKind::Notified(_) => subscribed.notification,
        _ => {
            let shown = subscribed.error_notice || !change.message().is_some_and(is_notice);
            subscribed.messages_and_statuses && shown
        }
    }
}

/// The group of a change; changes of one group may share a body: messages of any kind, statuses, a single finish.
fn shape(what: &ChangeKind) -> u8 {
    match what {
        ChangeKind::New(_) | ChangeKind::Edited(_) | ChangeKind::File(_) | ChangeKind::Deleted(_) => 0,
        ChangeKind::Status(_) | ChangeKind::EditNoted(_) => 1,
        ChangeKind::Finished(_) | ChangeKind::Notified(_) => 2,
    }
}

fn hook_status<'a>(change: &'a Change, formatter: &Formatter<'_>) -> Option<HookStatus<'a>> {
    match &change.what {
        ChangeKind::Status(message) => Some(HookStatus::new(message, formatter)),
        ChangeKind::EditNoted(message) => Some(HookStatus::edited(message)),
        _ => None,
    }
}

fn hook_message<'a>(
    chat: &'a Chat,
    change: &'a Change,
    formatter: &Formatter<'_>,
) -> Option<HookMessage<'a>> {
    let (message, told) = match &change.what {
        ChangeKind::New(message) => (message, As::New),
        ChangeKind::Edited(message) | ChangeKind::File(message) => (message, As::Edited),
        ChangeKind::Deleted(message) => (message, As::Deleted),
        ChangeKind::Status(_)
        | ChangeKind::EditNoted(_)
        | ChangeKind::Finished(_)
        | ChangeKind::Notified(_) => return None,
    };
    let taken_back =
        matches!(&message.details, Some(Details::Reaction(reaction)) if reaction.emoji.is_none());
    (!taken_back).then(|| HookMessage::new(chat, message, told, formatter))
}
