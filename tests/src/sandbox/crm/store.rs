//! One CRM's handling of webhooks. It refuses what a CRM must refuse and records as anomalies what a bridge should not
//! do.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::notices::Notification;
use super::schema::{ChatFinished, CreateContact, CreateDeal, Hook, Message, Obj, StatusItem};
use crate::sandbox::reply::Reply;
use crate::sandbox::state::{
    Anomaly, Chat, ChatMessage, Contact, CrmSetup, CrmState, Deal, Delivery, Refusal,
};
use crate::sandbox::words::{AnomalyKind, ChatType, MessageStatus};

type ChatKey = (String, ChatType, String);

/// One CRM.
#[derive(Debug, Default)]
pub(crate) struct Crm {
    pub(crate) setup: CrmSetup,
    pub(crate) state: CrmState,
    pub(crate) log: Vec<Delivery>,
    links: String,
    chats: HashMap<ChatKey, usize>,
    messages: HashMap<String, (usize, usize)>,
    contact_of: HashMap<(ChatType, String), String>,
    deal_of: HashMap<String, String>,
    made: HashMap<(&'static str, String), (Value, Value)>,
}

/// The parts of a delivery that its handling needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) seq: u64,
    pub(crate) body: &'a Value,
    pub(crate) idempotency_key: Option<&'a str>,
}

impl Crm {
    /// An empty CRM whose cards have links below `base`.
    pub(crate) fn new(name: &str, base: &str) -> Self {
        let state = CrmState { name: name.to_owned(), ..CrmState::default() };
        Self { state, links: format!("{base}/#{name}"), ..Self::default() }
    }

    /// Records a request on arrival and numbers it.
    pub(crate) fn arrive(&mut self, mut delivery: Delivery) -> u64 {
        self.state.deliveries += 1;
        delivery.seq = self.state.deliveries;
        self.log.push(delivery);
        self.state.deliveries
    }

    /// The record of a delivery.
    pub(crate) fn delivery(&mut self, seq: u64) -> Option<&mut Delivery> {
        let at = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.log.get_mut(at)
    }

    /// Refuses a delivery and keeps it for the tests.
    pub(crate) fn refuse(
        &mut self,
        arrival: Arrival,
        status: StatusCode,
        path: &str,
        message: &str,
    ) -> Reply {
        self.state.refused.push(Refusal {
            seq: arrival.seq,
            status: status.as_u16(),
            path: path.to_owned(),
            message: message.to_owned(),
            body: arrival.body.clone(),
        });
        Reply::json(status, json!({ "error": "invalidWebhook", "path": path, "description": message }))
    }

    /// Records an anomaly.
    pub(crate) fn anomaly(&mut self, seq: u64, kind: AnomalyKind, detail: impl Into<String>) {
        self.state.anomalies.push(Anomaly { kind, detail: detail.into(), seq });
    }

    /// Does what a valid webhook asks for.
    pub(crate) fn act(&mut self, arrival: Arrival, hook: Hook) -> Reply {
        match hook {
            Hook::Test => {}
            Hook::Chat { messages, statuses } => return self.chat(arrival, &messages, &statuses),
            Hook::CreateContact(asked) => {
                if self.refuses(&asked.responsible_user_id) {
                    return responsible_refused();
                }
                return self.once(arrival, "contact", |crm| crm.create_contact(arrival.seq, asked));
            }
            Hook::CreateDeal(asked) => {
                if self.refuses(&asked.responsible_user_id) {
                    return responsible_refused();
                }
                if let Some(i) = asked.contacts.iter().position(|id| !self.holds_contact(id)) {
                    let path = format!("createDeal.contacts[{i}]");
                    return self.refuse(arrival, StatusCode::BAD_REQUEST, &path, "unknown contact");
                }
                return self.once(arrival, "deal", |crm| crm.create_deal(arrival.seq, asked));
            }
            Hook::ChannelsUpdates(_) => {
                let items = arrival.body["channelsUpdates"].as_array().into_iter().flatten().cloned();
                self.state.channels_updates.extend(items);
            }
            // The log of deliveries has it.
            Hook::TemplateStatus(_) => {}
            Hook::ChatFinished(finished) => self.finish(arrival.seq, finished),
            Hook::Notification(notice) => self.notify(arrival.seq, notice),
            Hook::WaitingClients(waiting) => self.state.waiting.push(waiting),
        }
        Reply::json(StatusCode::OK, json!({}))
    }

    /// Changes the text of a stored message without the bridge's knowledge; false if none has this id.
    pub(crate) fn alter(&mut self, message_id: &str, text: String) -> bool {
        let Some(message) = self.message(message_id) else { return false };
        message.text = Some(text);
        true
    }

    /// A stored message.
    pub(crate) fn message(&mut self, message_id: &str) -> Option<&mut ChatMessage> {
        let &(chat, at) = self.messages.get(message_id)?;
        self.state.chats.get_mut(chat)?.messages.get_mut(at)
    }

    /// Whether the CRM refuses to create entities for this user.
    fn refuses(&self, user: &str) -> bool {
        self.setup.refused_users.iter().any(|refused| refused == user)
    }

    fn holds_contact(&self, id: &str) -> bool {
        self.state.contacts.iter().any(|contact| contact.id == id)
    }

    /// Creates an entity, or returns the one created before under the same idempotency key.
    fn once(&mut self, arrival: Arrival, kind: &'static str, make: impl FnOnce(&mut Self) -> Value) -> Reply {
        let key = arrival
            .idempotency_key
            .filter(|_| self.setup.honour_idempotency_key)
            .map(|key| (kind, key.to_owned()));
        if let Some((body, answer)) = key.as_ref().and_then(|key| self.made.get(key)).cloned() {
            if body != *arrival.body {
                let detail =
                    format!("another {kind} under the key {}", arrival.idempotency_key.unwrap_or_default());
                self.anomaly(arrival.seq, AnomalyKind::IdempotencyKeyReused, detail);
            }
            return Reply::json(StatusCode::OK, answer);
        }
        let answer = make(self);
        if let Some(key) = key {
            self.made.insert(key, (arrival.body.clone(), answer.clone()));
        }
        Reply::json(StatusCode::OK, answer)
    }

    fn create_contact(&mut self, seq: u64, asked: CreateContact) -> Value {
        let id = (self.state.contacts.len() + 1).to_string();
        for data in &asked.contact_data {
            let same =
                self.contact_of.entry((data.chat_type, data.chat_id.clone())).or_insert_with(|| id.clone());
            if *same != id {
                let detail = format!("{} {} is contact {same} and now {id}", data.chat_type, data.chat_id);
                self.anomaly(seq, AnomalyKind::ContactTwice, detail);
            }
        }
        let contact = Contact {
            uri: format!("{}-contact-{id}", self.links),
            id,
            responsible_user_id: asked.responsible_user_id,
            name: asked.name,
            contact_data: asked.contact_data.into_iter().map(|data| data.0).collect(),
            source: asked.source,
        };
        let answer = json!({
            "id": contact.id, "responsibleUserId": contact.responsible_user_id, "name": contact.name,
            "contactData": contact.contact_data, "uri": contact.uri,
        });
        self.state.contacts.push(contact);
        answer
    }

    fn create_deal(&mut self, seq: u64, asked: CreateDeal) -> Value {
        let id = (self.state.deals.len() + 1).to_string();
        for contact in &asked.contacts {
            let same = self.deal_of.entry(contact.clone()).or_insert_with(|| id.clone());
            if *same != id {
                let detail = format!("contact {contact} has deal {same} and now {id}");
                self.anomaly(seq, AnomalyKind::DealTwice, detail);
            }
        }
        let deal = Deal {
            name: format!("Сделка {id}"),
            uri: format!("{}-deal-{id}", self.links),
            id,
            responsible_user_id: asked.responsible_user_id,
            contacts: asked.contacts,
            closed: false,
            source: asked.source,
            stage: asked.stage.map(|stage| stage.0),
        };
        let answer = json!({
            "id": deal.id, "responsibleUserId": deal.responsible_user_id, "name": deal.name, "contacts": deal.contacts,
            "uri": deal.uri, "closed": deal.closed,
        });
        self.state.deals.push(deal);
        answer
    }

    fn finish(&mut self, seq: u64, finished: ChatFinished) {
        let chat =
            |f: &ChatFinished| (f.channel_id.clone(), f.chat_type, f.chat_id.clone(), f.finished_at.clone());
        if self.state.finished.iter().any(|before| chat(before) == chat(&finished)) {
            let detail = format!("{} {} at {}", finished.chat_type, finished.chat_id, finished.finished_at);
            self.anomaly(seq, AnomalyKind::FinishedTwice, detail);
        }
        if let Some(id) = finished.contact_id.as_ref().filter(|id| !self.holds_contact(id)) {
            self.anomaly(seq, AnomalyKind::UnknownEntity, format!("chatFinished.contactId {id}"));
        }
        if let Some(id) =
            finished.deal_id.as_ref().filter(|id| !self.state.deals.iter().any(|deal| deal.id == **id))
        {
            self.anomaly(seq, AnomalyKind::UnknownEntity, format!("chatFinished.dealId {id}"));
        }
        self.state.finished.push(finished);
    }

    fn notify(&mut self, seq: u64, notice: Notification) {
        if self.state.notifications.contains(&notice) {
            let detail = format!("{} {} at {}", notice.chat_type, notice.chat_id, notice.at);
            self.anomaly(seq, AnomalyKind::NotifiedTwice, detail);
        }
        self.state.notifications.push(notice);
    }

    fn chat(&mut self, arrival: Arrival, messages: &[Obj<Message>], statuses: &[Obj<StatusItem>]) -> Reply {
        let known =
            |id: &String| self.messages.contains_key(id) || messages.iter().any(|m| m.message_id == *id);
        if let Some(i) = statuses.iter().position(|status| !known(&status.message_id)) {
            let path = format!("statuses[{i}].messageId");
            return self.refuse(arrival, StatusCode::BAD_REQUEST, &path, "unknown message");
        }
        for (i, message) in messages.iter().enumerate() {
            let body = &arrival.body["messages"][i];
            match self.messages.get(&message.message_id) {
                Some(&at) => self.message_again(arrival.seq, at, message, body),
                None => self.message_first(arrival.seq, message, body),
            }
        }
        for (i, status) in statuses.iter().enumerate() {
            self.status(arrival.seq, status, &arrival.body["statuses"][i]["error"]);
        }
        Reply::json(StatusCode::OK, json!({}))
    }

    fn message_first(&mut self, seq: u64, message: &Message, body: &Value) {
        let (edited, deleted) = (message.is_edited == Some(true), message.is_deleted == Some(true));
        if edited {
            self.anomaly(seq, AnomalyKind::FirstSeenEdited, &message.message_id);
        }
        if deleted {
            self.anomaly(seq, AnomalyKind::FirstSeenDeleted, &message.message_id);
        }
        let (channel_id, chat_type, chat_id) = key_of(message);
        let chats = &mut self.state.chats;
        let chat = *self.chats.entry(key_of(message)).or_insert_with(|| {
            chats.push(Chat { channel_id, chat_type, chat_id, messages: Vec::new() });
            chats.len() - 1
        });
        let held = &mut chats[chat].messages;
        self.messages.insert(message.message_id.clone(), (chat, held.len()));
        held.push(ChatMessage {
            message_id: message.message_id.clone(),
            date_time: message.date_time.clone(),
            kind: message.kind,
            is_echo: message.is_echo,
            contact_name: message.contact.name.clone(),
            author_name: message.author_name.clone(),
            text: message.text.clone(),
            content_uri: message.content_uri.clone(),
            file_seq: message.content_uri.as_ref().map(|_| seq),
            file: None,
            status: message.status,
            error: body.get("error").cloned(),
            edited,
            deleted,
            deliveries: 1,
            first_seq: seq,
            body: body.clone(),
        });
    }

    fn message_again(&mut self, seq: u64, (chat, at): (usize, usize), message: &Message, body: &Value) {
        let chat = &mut self.state.chats[chat];
        let elsewhere = (chat.channel_id.clone(), chat.chat_type, chat.chat_id.clone()) != key_of(message);
        let held = &mut chat.messages[at];
        held.deliveries += 1;
        let (edit, delete) = (message.is_edited == Some(true), message.is_deleted == Some(true));
        let mut found = elsewhere.then_some(AnomalyKind::MessageInTwoChats);
        let repeat = held.body == *body;
        if repeat || !(edit || delete) {
            found = found.or(Some(AnomalyKind::MessageTwice));
        } else if held.deleted && !delete {
            found = found.or(Some(AnomalyKind::ChangeAfterDelete));
        } else {
            if edit {
                held.kind = message.kind;
                held.text.clone_from(&message.text);
                if held.content_uri != message.content_uri {
                    held.file = None;
                    held.content_uri.clone_from(&message.content_uri);
                }
                held.file_seq = held.file_seq.or(held.content_uri.as_ref().map(|_| seq));
            }
            held.edited |= edit;
            held.deleted |= delete;
        }
        held.body = body.clone();
        let detail =
            format!("{} (delivery {}, first in {})", message.message_id, held.deliveries, held.first_seq);
        if let Some(kind) = found {
            self.anomaly(seq, kind, detail);
        }
        self.advance(seq, &message.message_id, message.status, body.get("error"));
    }

    fn status(&mut self, seq: u64, item: &StatusItem, error: &Value) {
        let Some(&(chat, at)) = self.messages.get(&item.message_id) else { return };
        let held = &mut self.state.chats[chat].messages[at];
        match item.status.message_status() {
            None => held.edited = true,
            Some(_) if !held.is_echo => {
                self.anomaly(
                    seq,
                    AnomalyKind::StatusOnInbound,
                    format!("{}: {}", item.message_id, item.status),
                );
            }
            Some(next) => self.advance(seq, &item.message_id, next, (!error.is_null()).then_some(error)),
        }
    }

    /// Moves a message's status forward, or records an anomaly if it would go backwards.
    fn advance(&mut self, seq: u64, message_id: &str, next: MessageStatus, error: Option<&Value>) {
        let Some(&(chat, at)) = self.messages.get(message_id) else { return };
        let held = &mut self.state.chats[chat].messages[at];
        match held.status.step(next) {
            Some(status) => {
                held.status = status;
                held.error = error.cloned().filter(|_| status == MessageStatus::Error);
            }
            None => {
                let detail = format!("{message_id}: {} → {next}", held.status);
                self.anomaly(seq, AnomalyKind::StatusBackwards, detail);
            }
        }
    }
}

fn responsible_refused() -> Reply {
    Reply::json(StatusCode::UNPROCESSABLE_ENTITY, json!({ "error": "responsible_not_found" }))
}

fn key_of(message: &Message) -> ChatKey {
    (message.channel_id.clone(), message.chat_type, message.chat_id.clone())
}
