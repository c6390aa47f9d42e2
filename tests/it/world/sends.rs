//! Sending in a World: the rows that the API writes for a send, a Wazzup account at the sandbox that accepts it, and
//! the messages that the client gets.

use super::{CHANNEL, TOKEN, World};
use crate::world::change_of;
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::{ConnectionId, MessageId};
use shared::model::chat::Chat;
use shared::model::connection::{Connection, ConnectionState};
use shared::model::crm::CrmKind;
use shared::model::event::{MessageEvent, Origin};
use shared::model::message::Message;
use shared::model::message::kind::DeliveryStatus;
use shared::model::messenger::Messenger;
use shared::model::outbound::{Action, OutboundJob};
use shared::model::sealed::Sealed;
use shared::platform::nudge::{CrmNudge, DeliveryNudge};
use shared::platform::queue::Outgoing;
use shared::store::row::Write;
use std::time::Duration;
use tests::sandbox::client::Client;
use tests::sandbox::faults::{Action as Deed, Fault};
use tests::sandbox::wazzup::state::{Behaviour, EchoMode, Received};
use tests::wazzup;

/// The Wazzup account's key.
pub const KEY: &str = "wazzup-key";
/// The client's phone.
pub const PHONE: &str = "79011112233";
const OUTBOUND: &str = "https://sqs.test/outbound.fifo";

impl World {
    /// Stores the connection, and creates its account at the sandbox. Tests post the echoes themselves.
    pub(super) async fn connect(&self, connection: &ConnectionId) {
        let setup = json!({
            "channels": [{"channelId": CHANNEL, "transport": "whatsapp", "plainId": "79000000000", "state": "active"}],
        });
        self.wazzup().put_wazzup(KEY, &serde_json::from_value(setup).unwrap()).await.unwrap();
        let behaviour = Behaviour { echo: EchoMode::Never, ..Behaviour::default() };
        self.wazzup().behave(KEY, &behaviour).await.unwrap();
        let sealed = || Sealed::new(KEY.as_bytes().to_vec());
        self.write(&Connection {
            public: std::collections::BTreeMap::new(),
            v: 1,
            account: self.account.clone(),
            connection: connection.clone(),
            provider: "wazzup".into(),
            name: "Wazzup".into(),
            state: ConnectionState::Connected,
            error: None,
            credential: sealed(),
            token_hash: shared::base::ids::hex_digest(TOKEN.as_bytes()),
            token: sealed(),
            created_at: self.clock.now(),
        })
        .await;
    }

    pub fn wazzup(&self) -> Client {
        self.sandbox.client()
    }

    /// Makes calls to Wazzup fail.
    pub async fn wazzup_fails(&self, kind: &str, deed: Deed, times: u64) -> u64 {
        self.wazzup().add_fault(&Fault::wazzup(KEY, kind, deed).times(times)).await.unwrap()
    }

    /// A client writes, and everything is handled.
    pub async fn client_writes(&self, id: &str, text: &str) {
        let at = self.clock.now().rfc3339();
        let body = wazzup::messages(&[wazzup::text(CHANNEL, PHONE, id, &at, text)]).to_string();
        assert_eq!(self.post(TOKEN, body).await, 200);
        self.settle().await;
    }

    /// Posts the echo of one of the client's received messages, as Wazzup does.
    pub async fn echo_of(&self, received: &Received) {
        let text = received.text.as_deref().unwrap_or_default();
        let at = self.clock.now().rfc3339();
        let echo = wazzup::echo(CHANNEL, PHONE, &received.message_id, &at, text);
        let echo = wazzup::with(echo, json!({"sentFromApp": null, "authorName": null}));
        assert_eq!(self.post(TOKEN, wazzup::messages(&[echo]).to_string()).await, 200);
    }

    /// Posts a status of a message, by Wazzup's id.
    pub async fn status_of(&self, id: &str, word: &str) {
        let body = wazzup::status(id, word, &self.clock.now().rfc3339()).to_string();
        assert_eq!(self.post(TOKEN, body).await, 200);
    }

    /// An employee's text before it is sent.
    pub fn written(&self, own: &str, text: &str) -> MessageEvent {
        MessageEvent {
            status: Some(DeliveryStatus::Queued),
            ..self.answered(Origin::Window, &Messenger::Whatsapp, PHONE, own, text)
        }
    }

    /// An employee sends a text: the rows as the API writes them, and its nudge.
    pub async fn send(&self, own: &str, text: &str) {
        self.send_event(&self.written(own, text), None).await;
    }

    /// The same with a signature, or with another kind of message.
    pub async fn send_event(&self, event: &MessageEvent, signature: Option<&str>) {
        let received = event.text.as_deref().map(|text| shared::model::outbound::signed(text, signature));
        let before = self.chat(PHONE).await.unwrap();
        let now = self.clock.now();
        let mut after = before.clone();
        let row = after.send(event, received.as_deref(), now).unwrap();
        let mut job = self.job(&after, row.created_seq, &row.message_id, Action::Send);
        job.signature = signature.map(str::to_owned);
        let rows = vec![Write::create(&row).unwrap(), Write::create(&job).unwrap()];
        self.queue(&before, after, rows).await;
    }

    /// An employee edits or deletes a message that was sent.
    pub async fn change_sent(&self, own: &str, action: Action) {
        let before = self.chat(PHONE).await.unwrap();
        let mut after = before.clone();
        after.seq += 1;
        after.outbound_at = Some(self.clock.now());
        let job = self.job(&after, after.seq, &MessageId::new(own), action);
        self.queue(&before, after, vec![Write::create(&job).unwrap()]).await;
    }

    fn job(&self, chat: &Chat, number: u64, message: &MessageId, action: Action) -> OutboundJob {
        OutboundJob::new(&self.account, &chat.chat, number, message, action, self.clock.now())
    }

    async fn queue(&self, before: &Chat, after: Chat, rows: Vec<Write>) {
        let chat = change_of(before.clone(), after, self.clock.now());
        self.store.commit(chat.into_iter().chain(rows).collect()).await.unwrap();
        self.nudge_delivery().await;
        let crm = Outgoing::crm(
            &CrmNudge::of(before),
            shared::crm::capabilities(CrmKind::Universal).workers,
            &*self.clock,
        )
        .unwrap();
        self.context.queues.send("https://sqs.test/crm.fifo", vec![crm]).await.unwrap();
    }

    /// Nudges delivery for the client's chat.
    pub async fn nudge_delivery(&self) {
        let nudge = DeliveryNudge { v: 1, account: self.account.clone(), chat: self.chat_id(PHONE) };
        let outgoing = Outgoing::delivery(&nudge, &*self.clock).unwrap();
        self.context.queues.send(OUTBOUND, vec![outgoing]).await.unwrap();
    }

    /// Passes time here and at Wazzup.
    pub async fn pass_everywhere(&self, span: Duration) {
        self.wazzup().advance(KEY, span).await.unwrap();
        self.pass(span).await;
    }

    /// The messages that the client has received.
    pub async fn received(&self) -> Vec<Received> {
        self.wazzup().received(KEY, PHONE).await.unwrap()
    }

    /// The texts that the client has received, in order.
    pub async fn received_texts(&self) -> Vec<String> {
        self.received().await.into_iter().filter_map(|message| message.text).collect()
    }

    /// Bodies of the calls that Wazzup got on routes that begin with this text.
    pub async fn calls(&self, route: &str) -> Vec<Value> {
        let requests = self.wazzup().wazzup(KEY).await.unwrap().requests;
        requests.into_iter().filter(|call| call.route.starts_with(route)).map(|call| call.body).collect()
    }

    /// One of our messages.
    pub async fn own(&self, own: &str) -> Message {
        let ids = [MessageId::new(own)];
        self.store.messages(&self.account, &self.chat_id(PHONE), &ids).await.unwrap().remove(0)
    }

    /// The jobs that remain for the client's chat.
    pub async fn jobs(&self) -> Vec<OutboundJob> {
        self.store.outbound_jobs(&self.account, &self.chat_id(PHONE)).await.unwrap()
    }

    /// The connection as it is stored now.
    pub async fn connection(&self) -> Connection {
        self.store.connection(&self.account, &ConnectionId::new("connection")).await.unwrap().unwrap()
    }

    /// Notices in the chat, in order.
    pub async fn notices(&self) -> Vec<String> {
        let rows = self.messages(PHONE).await;
        let notices = rows.into_iter().filter(|row| row.origin == Some(Origin::Notice));
        notices.filter_map(|row| row.text).collect()
    }

    /// Texts of the messages that the CRM holds, in order.
    pub async fn crm_texts(&self) -> Vec<String> {
        let crm = self.crm().await;
        let messages = crm.chats.into_iter().flat_map(|chat| chat.messages);
        messages.filter_map(|message| message.text).collect()
    }

    /// The CRM's status of a message.
    pub async fn crm_status(&self, id: &str) -> String {
        let crm = self.crm().await;
        let mut messages = crm.chats.into_iter().flat_map(|chat| chat.messages);
        let found = messages.find(|message| message.message_id == id).unwrap();
        serde_json::to_value(&found).unwrap()["status"].as_str().unwrap_or_default().to_owned()
    }
}
