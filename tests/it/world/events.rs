//! Events as webhook-ingest posts them, for kinds that no provider here sends yet, and the rows of the table.

use super::{CHANNEL, World};
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::{ChatId, ConnectionId, ContactId, MessageId};
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::contact::Contact;
use shared::model::event::{ContactHint, Envelope, Event, MessageEvent, Origin, Revision, Side};
use shared::model::message::kind::Kind;
use shared::model::messenger::{ChannelRef, Messenger};
use shared::platform::queue::Outgoing;
use shared::store::Read;

impl World {
    /// The chat's id, by the provider's id of it (`telegram:218485655`) on the World's channel.
    pub fn chat_of(&self, provider_chat: &str) -> ChatId {
        ChatId::derive(&self.salt, &self.channel, provider_chat)
    }

    /// A client's text, written now.
    pub fn said(&self, messenger: &Messenger, user: &str, id: &str, text: &str) -> MessageEvent {
        MessageEvent {
            connection: ConnectionId::new("connection"),
            channel: ChannelRef {
                id: self.channel.clone(),
                provider: "wazzup".into(),
                external: CHANNEL.into(),
            },
            chat: self.chat_of(&format!("{}:{user}", messenger.as_str())),
            provider_chat_id: user.into(),
            aliases: Vec::new(),
            messenger: messenger.clone(),
            group: false,
            message_id: MessageId::new(id),
            side: Side::Client,
            origin: None,
            own_id: None,
            author: None,
            contact: ContactHint { name: Some(format!("Client {user}")), ..ContactHint::default() },
            kind: Kind::Text,
            raw_kind: None,
            text: Some(text.into()),
            media: None,
            details: None,
            quote: None,
            album: None,
            listing: None,
            extra: None,
            sent_at: self.clock.now(),
            revision: Revision::New,
            old_text: None,
            status: None,
            error: None,
            quarantined: None,
        }
    }

    /// The company's text, written now and at this origin.
    pub fn answered(
        &self,
        origin: Origin,
        messenger: &Messenger,
        user: &str,
        id: &str,
        text: &str,
    ) -> MessageEvent {
        MessageEvent {
            side: Side::Company,
            origin: Some(origin),
            contact: ContactHint::default(),
            ..self.said(messenger, user, id, text)
        }
    }

    /// Puts a message's event into the inbound queue, as webhook-ingest does.
    pub async fn put(&self, event: MessageEvent) {
        let digest = self.clock.uuid().to_string();
        let event = Event::Message(Box::new(event));
        let envelope = Envelope::new(self.account.clone(), self.clock.now(), event);
        let outgoing = Outgoing::inbound(&envelope, digest).unwrap();
        self.context.queues.send("https://sqs.test/inbound.fifo", vec![outgoing]).await.unwrap();
    }

    /// Changes the account.
    pub async fn set_account(&self, change: impl FnOnce(&mut Account)) {
        let mut account = self.store.account(&self.account).await.unwrap().unwrap();
        change(&mut account);
        self.write(&account).await;
    }

    /// Changes the channel.
    pub async fn set_channel(&self, change: impl FnOnce(&mut Channel)) {
        let found = self.store.channel(&self.account, &self.channel, Read::Consistent).await;
        let mut channel = found.unwrap().unwrap();
        change(&mut channel);
        self.write(&channel).await;
    }

    /// A contact's own row.
    pub async fn contact(&self, id: &ContactId) -> Contact {
        self.store.contact(&self.account, id, Read::Consistent).await.unwrap().unwrap()
    }

    /// Every item of the table as the engine stores it, by its key.
    pub async fn items(&self) -> Vec<Value> {
        let (mut items, mut from) = (Vec::new(), Value::Null);
        loop {
            let mut request = json!({"TableName": "table"});
            if !from.is_null() {
                request["ExclusiveStartKey"] = from;
            }
            let mut page = self.table.ask("Scan", &request).await;
            items.append(page["Items"].as_array_mut().unwrap());
            from = page["LastEvaluatedKey"].take();
            if from.is_null() {
                items.sort_by_key(|item| (item["pk"]["S"].to_string(), item["sk"]["S"].to_string()));
                return items;
            }
        }
    }

    /// Ids in the partitions `A#account#{kind}#{id}` that have a row at this sort key.
    pub async fn ids(&self, kind: &str, sk: &str) -> Vec<String> {
        let prefix = format!("A#{}#{kind}#", self.account);
        let items = self.items().await;
        let rows = items.iter().filter(|item| item["sk"]["S"] == sk && item.get("alias_of").is_none());
        let keys = rows.filter_map(|item| item["pk"]["S"].as_str()?.strip_prefix(&prefix).map(str::to_owned));
        keys.collect()
    }

    /// Asserts that the CRM refused nothing and recorded no anomaly.
    pub async fn assert_crm_content(&self) {
        let crm = self.crm().await;
        assert!(crm.refused.is_empty(), "refused: {:?}", crm.refused);
        assert!(crm.anomalies.is_empty(), "anomalies: {:?}", crm.anomalies);
    }
}
