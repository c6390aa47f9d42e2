//! An account with one channel, a client who writes, and employees who use tokens.

use crate::stack::asking::{Asker, until};
use crate::stack::{Live, PATIENCE, moment};
use serde_json::{Value, json};
use tests::account::{Account, AccountChannel};
use tests::sandbox::state::CrmState;
use tests::sandbox::wazzup::state::Received;
use tests::wazzup::{messages, text, with};

/// The account.
pub struct Office {
    pub live: &'static Live,
    pub account: Account,
    pub asker: Asker,
    /// The client's number.
    pub client: &'static str,
}

/// The texts that a client received.
pub fn texts(received: &[Received]) -> Vec<String> {
    received.iter().filter_map(|message| message.text.clone()).collect()
}

impl Office {
    /// Employees who all receive new clients, on a channel with this distribution.
    pub async fn new(distribution: &str, staff: &[&str]) -> Self {
        let live = Live::get();
        let account = live.account(&[600], staff).await;
        let asker = Asker::new(live, &account.key);
        // What an employee may do holds for their answers from the CRM too.
        asker.expect(200, "PATCH", "/v1/account", Some(&json!({"crm_user_rights": true}))).await;
        let office = Self { live, account, asker, client: "79011117301" };
        let path = format!("/v1/channels/{}", office.channel().id);
        office.asker.expect(200, "PATCH", &path, Some(&json!({"distribution": distribution}))).await;
        office
    }

    pub fn channel(&self) -> &AccountChannel {
        &self.account.channels[0]
    }

    /// The API, called by an employee.
    pub async fn as_employee(&self, who: &str) -> Asker {
        let token =
            self.asker.expect(201, "POST", &format!("/v1/employees/{who}/tokens"), Some(&json!({}))).await;
        self.asker.with(token["token"].as_str())
    }

    /// The client writes; returns the chat as soon as it exists and an employee may answer.
    pub async fn client_writes(&self, name: &str) -> String {
        self.writes(self.client, name).await;
        until("the client's chat", || async {
            let chats = self.account.chats(self.channel(), "live").await.unwrap();
            let chat = chats.into_iter().find(|chat| chat["provider_chat_id"] == self.client)?;
            let given = chat["client"] == "unclaimed" || !chat["responsible"].is_null();
            given.then(|| chat["id"].as_str().unwrap().to_owned())
        })
        .await
    }

    /// A client with this phone writes.
    pub async fn writes(&self, phone: &str, name: &str) {
        let id = format!("{name}-{}", self.account.id);
        let body = messages(&[text(&self.channel().external, phone, &id, &moment(), "Здравствуйте")]);
        assert_eq!(self.account.post(&body).await.unwrap().status, Some(200));
    }

    /// The responsible of a chat.
    pub async fn responsible(&self, chat: &str) -> String {
        let shown = self.asker.expect(200, "GET", &format!("/v1/chats/{chat}"), None).await;
        shown["chat"]["responsible"].as_str().unwrap().to_owned()
    }

    /// A body for `POST /v3/message` to the client.
    pub fn message(&self, members: Value) -> Value {
        with(
            json!({"channelId": self.channel().external, "chatType": "whatsapp", "chatId": self.client}),
            members,
        )
    }

    /// The client's messages, as soon as there are so many.
    pub async fn received(&self, count: usize) -> Vec<Received> {
        let key = &self.account.wazzup_key;
        let received = self
            .live
            .sandbox
            .received_until(key, self.client, PATIENCE, |all| all.len() >= count)
            .await
            .unwrap();
        assert_eq!(received.len(), count, "{received:?}");
        received
    }

    /// Waits until Wazzup has posted the echoes of so many messages and we have accepted them: one webhook more than
    /// the test posts for each.
    pub async fn echoed(&self, count: usize) {
        until("the echoes", || async {
            let posts = self.live.sandbox.wazzup(&self.account.wazzup_key).await.unwrap().posts;
            let taken = posts.iter().filter(|post| post.outcome.status == Some(200)).count();
            // The probe at connecting, the client's first message, the echoes.
            (taken >= 2 + count).then_some(())
        })
        .await;
    }

    /// The CRM, as soon as it is as wanted; it must have refused nothing.
    pub async fn crm_until(&self, wanted: impl Fn(&CrmState) -> bool) -> CrmState {
        let crm = self.live.sandbox.crm_until(&self.account.crm, PATIENCE, wanted).await.unwrap();
        assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
        crm
    }
}
