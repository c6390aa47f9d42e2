//! Which messages are dropped, which are stored differently, and who their client is: the blacklist (C5), ignored
//! channels (B6), echoes (C6), the texts for the CRM (C6, C7), groups (C8), contacts (C3).

mod blacklist;
mod channels;
mod open;
mod people;

use crate::world::{CHANNEL, TOKEN, World};
use serde_json::Value;
use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::ChatId;
use shared::base::phone::Phone;
use shared::model::contact::blacklist::{BlockEntry, Subject};
use shared::model::contact::{Contact, Identity};
use shared::model::messenger::Messenger;
use shared::store::Read;
use std::time::Duration;
use tests::wazzup;

const PHONE: &str = "79011112233";
const TELEGRAM: &str = "218485655";
const NOTHING: [String; 0] = [];
/// After this time, every function has refreshed its cached settings.
const SETTINGS_ARE_OLD: Duration = Duration::from_secs(31);
/// After this time, a chat with default settings is finished.
const SILENCE: Duration = Duration::from_secs(700);

impl World {
    fn at(&self) -> String {
        self.clock.now().rfc3339()
    }

    async fn take(&self, entries: &[Value]) {
        assert_eq!(self.post(TOKEN, wazzup::messages(entries).to_string()).await, 200);
        self.settle().await;
    }

    /// A client's text in WhatsApp, written now.
    fn whatsapp(&self, id: &str, text: &str) -> Value {
        wazzup::text(CHANNEL, PHONE, id, &self.at(), text)
    }

    /// The company's answer in WhatsApp, written on the phone now.
    fn on_the_phone(&self, id: &str, text: &str) -> Value {
        wazzup::echo(CHANNEL, PHONE, id, &self.at(), text)
    }

    /// The same client's text in Telegram, which does not pass on their phone.
    fn telegram(&self, id: &str, text: &str) -> Value {
        wazzup::text_in("telegram", CHANNEL, TELEGRAM, id, &self.at(), text)
    }

    /// The same with their phone, which Telegram has verified.
    fn telegram_with_phone(&self, id: &str, text: &str) -> Value {
        wazzup::telegram(CHANNEL, TELEGRAM, PHONE, id, &self.at(), text)
    }

    fn telegram_chat(&self) -> ChatId {
        self.chat_of(&format!("telegram:{TELEGRAM}"))
    }

    /// Adds a subject to the blacklist, as the API does.
    async fn block(&self, subject: Subject, until: Option<Timestamp>) {
        let entry = BlockEntry {
            v: 1,
            account: self.account.clone(),
            id: subject.digest(&self.salt()),
            subject: Some(subject),
            follows: None,
            note: None,
            created_at: self.clock.now(),
            expires_at: until.map(Timestamp::seconds),
        };
        self.write(&entry).await;
        self.set_account(|account| account.has_blacklist = true).await;
    }

    fn salt(&self) -> shared::base::ids::IdSalt {
        shared::base::ids::IdSalt::from_bytes([7; 16])
    }

    /// Keys of the rows that were created, changed or deleted since `before`.
    async fn written_since(&self, before: &[Value]) -> Vec<String> {
        let now = self.items().await;
        let others = |those: &[Value], these: &[Value]| {
            let news = those.iter().filter(|item| !these.contains(item));
            news.map(|item| format!("{} {}", item["pk"]["S"], item["sk"]["S"])).collect::<Vec<_>>()
        };
        let mut changed = others(&now, before);
        changed.extend(others(before, &now));
        changed
    }

    /// The contact behind a chat, with aliases resolved.
    async fn person_of(&self, chat: &ChatId) -> Contact {
        let chat = self.store.chat(&self.account, chat).await.unwrap().unwrap();
        self.store.person(&self.account, &chat.contact, Read::Consistent).await.unwrap().unwrap()
    }

    /// The number of contacts and of chats, without aliases.
    async fn contacts_and_chats(&self) -> (usize, usize) {
        (self.ids("CONTACT", "CONTACT").await.len(), self.ids("CHAT", "CHAT").await.len())
    }

    /// The texts that the CRM has, in the order in which it got them.
    async fn told_to_crm(&self) -> Vec<String> {
        let chats = self.crm().await.chats;
        let messages = chats.into_iter().flat_map(|chat| chat.messages);
        messages.map(|message| message.text.unwrap_or_default()).collect()
    }
}

fn phone() -> Subject {
    Subject::Phone(Phone::from_international_digits(PHONE).unwrap())
}

fn telegram_user() -> Subject {
    Subject::Identity(Identity { messenger: Messenger::Telegram, group: false, user: TELEGRAM.into() })
}
