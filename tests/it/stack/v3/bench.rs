//! An account with a channel of every transport, on each of which a client has written.

use crate::stack::asking::{Asker, until};
use crate::stack::{Live, moment};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::account::{Account, random};
use tests::sandbox::state::{Channel, WazzupSetup};
use tests::wazzup::{messages, text_in, with};

/// The transports, each with the type of its chats and its client's chat id.
pub const TRANSPORTS: [(&str, &str, &str); 10] = [
    ("whatsapp", "whatsapp", "79011117001"),
    ("wapi", "whatsapp", "79011117002"),
    ("tgapi", "telegram", "5550017001"),
    ("telegram", "telegram", "5550017002"),
    ("instagram", "instagram", "marina_test"),
    ("vk", "vk", "4440017001"),
    ("avito", "avito", "u2i-17001"),
    ("viber", "viber", "79011117003"),
    ("max", "max", "6660017001"),
    ("maxbot", "max", "6660017002"),
];

/// The account.
pub struct Bench {
    pub live: &'static Live,
    pub account: Account,
    pub asker: Asker,
    /// Wazzup's ids of the channels, and our ids, by transport.
    channels: BTreeMap<&'static str, (String, String)>,
}

impl Bench {
    pub async fn new(live: &'static Live) -> Self {
        let account = live.account(&[600], &["anna", "boris"]).await;
        let asker = Asker::new(live, &account.key);
        let mut bench = Self { live, account, asker, channels: BTreeMap::new() };
        bench.add_channels().await;
        bench.clients_write().await;
        bench
    }

    async fn add_channels(&mut self) {
        let mut externals = vec![self.account.channels[0].external.clone()];
        externals.extend((1..TRANSPORTS.len()).map(|_| uuid()));
        let entry = |((transport, ..), external): (&(&str, &str, &str), &String)| Channel {
            channel_id: external.clone(),
            transport: (*transport).to_owned(),
            plain_id: "79990000000".into(),
            state: "active".into(),
            name: Some(format!("Канал {transport}")),
        };
        let channels = TRANSPORTS.iter().zip(&externals).map(entry).collect();
        let setup = WazzupSetup { channels, crm_key: None };
        self.live.sandbox.put_wazzup(&self.account.wazzup_key, &setup).await.unwrap();
        let connections = self.asker.expect(200, "GET", "/v1/connections", None).await;
        let connection = connections["connections"][0]["id"].as_str().unwrap();
        self.asker.expect(200, "POST", &format!("/v1/connections/{connection}/refresh"), None).await;
        let listed = self.asker.expect(200, "GET", "/v1/channels", None).await;
        for ((transport, ..), external) in TRANSPORTS.iter().zip(externals) {
            let all = listed["channels"].as_array().unwrap();
            let own = all.iter().find(|channel| channel["external"] == external.as_str()).unwrap();
            self.channels.insert(transport, (external, own["id"].as_str().unwrap().to_owned()));
        }
    }

    /// The clients write, and on some channels a second client who last wrote long ago, or whom the company answered
    /// long ago.
    async fn clients_write(&self) {
        let id = |name: &str| format!("{name}-{}", self.account.id);
        let entry = |transport: &str, name: &str, chat: &str, at: &str| {
            let kind = TRANSPORTS.iter().find(|(name, ..)| *name == transport).unwrap().1;
            text_in(kind, self.channel(transport), chat, &id(name), at, "Здравствуйте")
        };
        let old = "2026-01-01T09:00:00.000Z";
        let mut batch: Vec<Value> = TRANSPORTS
            .iter()
            .map(|(transport, _, chat)| entry(transport, transport, chat, &moment()))
            .collect();
        batch.push(entry("instagram", "late-instagram", LATE, old));
        batch.push(entry("wapi", "late-wapi", LATE_PHONE, old));
        let answer = json!({"isEcho": true, "status": "sent", "sentFromApp": false, "authorName": "Телефон"});
        for transport in ["whatsapp", "avito"] {
            let chat = TRANSPORTS.iter().find(|(name, ..)| *name == transport).unwrap().2;
            let name = format!("old-{transport}");
            batch.push(with(entry(transport, &name, chat, old), answer.clone()));
        }
        assert_eq!(self.account.post(&messages(&batch)).await.unwrap().status, Some(200));
        for (transport, wanted) in
            TRANSPORTS.map(|(name, ..)| (name, 1 + usize::from(["instagram", "wapi"].contains(&name))))
        {
            let path = format!("/v1/chats?channel={}", self.own_channel(transport));
            until("the clients' chats", || async {
                let chats = self.account.api.get(&path).await.unwrap();
                (chats["chats"].as_array().unwrap().len() == wanted).then_some(())
            })
            .await;
        }
    }

    /// Wazzup's id of the channel with this transport.
    pub fn channel(&self, transport: &str) -> &str {
        &self.channels[transport].0
    }

    /// Our id of the channel with this transport.
    pub fn own_channel(&self, transport: &str) -> &str {
        &self.channels[transport].1
    }

    /// The id of the message that a client wrote on the channel.
    pub fn written(&self, transport: &str) -> String {
        format!("{transport}-{}", self.account.id)
    }

    /// A body for `POST /v3/message` to the client on this transport, with `members` merged into it; null removes a
    /// member.
    pub fn message(&self, transport: &str, members: Value) -> Value {
        let (_, kind, chat) = TRANSPORTS.iter().find(|(name, ..)| *name == transport).unwrap();
        with(json!({"channelId": self.channel(transport), "chatType": kind, "chatId": chat}), members)
    }

    /// Sends a message and returns its id.
    pub async fn send(&self, transport: &str, members: Value) -> String {
        let body = self.message(transport, members);
        let sent = self.asker.expect(201, "POST", "/v3/message", Some(&body)).await;
        sent["messageId"].as_str().unwrap().to_owned()
    }
}

/// The Instagram client who wrote long ago.
pub const LATE: &str = "oleg_test";
/// The client who wrote to the WABA number long ago.
pub const LATE_PHONE: &str = "79011117009";

/// An id in the form of Wazzup's ids.
pub fn uuid() -> String {
    let word = random();
    format!("{}-{}-4{}-8{}-{}", &word[..8], &word[8..12], &word[13..16], &word[17..20], &word[20..32])
}
