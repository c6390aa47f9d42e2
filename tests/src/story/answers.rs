//! The story's third chapter: answers. Two employees answer the same client and one of them becomes responsible; then
//! what the client reads, what the CRM sees, and what happens with a number that has no WhatsApp.

use super::chapter::Chapter;
use super::{ARRIVAL, StoryError};
use crate::account::{Account, Plan, SetupError, random};
use crate::sandbox::client::Client;
use crate::sandbox::state::CrmState;
use crate::sandbox::wazzup::state::{Behaviour, Refusal};
use crate::sandbox::words::{MessageStatus, StatusWord};
use crate::stack::Stack;
use crate::wazzup::{messages, text};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The client who writes, and a number that has no WhatsApp.
const CLIENT: &str = "79011114401";
const NO_WHATSAPP: &str = "79011114402";
/// The signature below Anna's messages.
const SIGNATURE: &str = "Анна, отдел продаж";

/// Plays the chapter on an account of its own.
pub(super) async fn tell(stack: &Stack, sandbox: &Client, say: &dyn Fn(&str)) -> Result<(), StoryError> {
    let name = format!("answers-{}", &random()[..6]);
    say("");
    say(&format!(
        "setting up the account {name}: the first employee to answer gets the client; Anna signs her messages"
    ));
    let plan = Plan {
        name: &name,
        channels: &[("Отдел продаж", 600)],
        employees: &[("anna", "Анна"), ("boris", "Борис")],
    };
    let account = Account::set_up(stack, sandbox, &plan).await?;
    let channel = account.channels[0].clone();
    let api = &account.api;
    let first = json!({"distribution": "first_responder"});
    api.patch(&format!("/v1/channels/{}", channel.id), &first).await.map_err(SetupError::from)?;
    let signature = json!({"signature": SIGNATURE});
    api.patch("/v1/employees/anna", &signature).await.map_err(SetupError::from)?;
    let quality = json!({"employees": [{"id": "vera", "name": "Вера"}]});
    api.put("/v1/employees", &quality).await.map_err(SetupError::from)?;
    let place = json!({"role": "quality_control", "receives_new_clients": false});
    api.put(&format!("/v1/channels/{}/employees/vera", channel.id), &place)
        .await
        .map_err(SetupError::from)?;
    let behaviour = Behaviour::default().without(NO_WHATSAPP, Refusal::Status);
    sandbox.behave(&account.wazzup_key, &behaviour).await?;
    let mut chapter = Chapter::new(account, sandbox, say);
    chapter.claim().await?;
    chapter.answers_from_the_crm().await?;
    chapter.no_whatsapp(&channel.id).await?;
    chapter.end()
}

impl Chapter<'_> {
    /// A client writes, and two employees answer at once.
    async fn claim(&mut self) -> Result<(), StoryError> {
        let external = self.account.channels[0].external.clone();
        let asks =
            text(&external, CLIENT, &random(), &super::scenario::moment(1), "Здравствуйте! Ещё продаёте?");
        self.account.post(&messages(&[asks])).await?;
        let (anna, boris, vera) =
            (self.token("anna").await?, self.token("boris").await?, self.token("vera").await?);
        let list = format!("/v1/chats?list=unclaimed&channel={}", self.account.channels[0].id);
        let pool = self
            .until(&anna, &list, |found| found["chats"].as_array().is_some_and(|chats| !chats.is_empty()));
        let pool = pool.await?;
        let chat = pool["chats"][0]["id"].as_str().unwrap_or_default();
        self.say("  a client writes; Anna and Boris both see the chat, and answer at once");
        let path = format!("/v1/chats/{chat}/messages");
        let (hers, his) =
            (json!({"text": "Добрый день! Да, приезжайте."}), json!({"text": "Здравствуйте, продаём."}));
        let (hers, his) = tokio::join!(
            anna.call(Method::POST, &path, Some(&hers)),
            boris.call(Method::POST, &path, Some(&his)),
        );
        let (hers, his) = (hers.map_err(SetupError::from)?, his.map_err(SetupError::from)?);
        let won: Vec<&str> = [("Анна", &hers), ("Борис", &his)]
            .into_iter()
            .filter(|(_, (status, _))| *status == StatusCode::ACCEPTED)
            .map(|(who, _)| who)
            .collect();
        let refusal = [&hers, &his].into_iter().find(|(status, _)| *status != StatusCode::ACCEPTED);
        let code = refusal.map_or("—", |(_, answer)| answer["error"]["code"].as_str().unwrap_or("—"));
        self.say(&format!("  the client is {}'s; the other gets the error {code}", won.join(" and ")));
        self.must(won.len() == 1, "not one of the two got the client");
        let (status, answer) =
            vera.call(Method::POST, &path, Some(&json!({"text": "—"}))).await.map_err(SetupError::from)?;
        self.say(&format!(
            "  Vera, quality control, sees every chat and may not write: {}",
            answer["error"]["code"]
        ));
        self.must(status == StatusCode::FORBIDDEN, "quality control could write");
        self.first_answer(won.first() == Some(&"Анна")).await
    }

    async fn first_answer(&mut self, signed: bool) -> Result<(), StoryError> {
        let key = self.account.wazzup_key.clone();
        let received = self.sandbox.received_until(&key, CLIENT, ARRIVAL, |all| !all.is_empty()).await?;
        for message in &received {
            let read = message.text.as_deref().unwrap_or("—").replace('\n', " / ");
            self.say(&format!("  on the client's phone: {read}"));
        }
        self.must(received.len() == 1, "the client did not receive exactly one message");
        let Some(message) = received.first() else { return Ok(()) };
        let has = message.text.as_deref().unwrap_or_default().contains(SIGNATURE);
        self.must(has == signed, "the signature is not where it should be");
        for word in [StatusWord::Delivered, StatusWord::Read] {
            self.sandbox.report(&key, &message.message_id, word, None).await?;
        }
        let read = |state: &CrmState| {
            let mut all = state.chats.iter().flat_map(|chat| &chat.messages);
            state.deals.len() == 1 && all.any(|message| message.status == MessageStatus::Read)
        };
        let crm = self.sandbox.crm_until(&self.account.crm, ARRIVAL, read).await?;
        let contact = crm.contacts.first().map_or("—", |contact| contact.responsible_user_id.as_str());
        self.say(&format!("  the CRM made contact and deal for {contact}; it was notified: delivered, read"));
        let texts =
            crm.chats.iter().flat_map(|chat| &chat.messages).filter_map(|message| message.text.as_deref());
        let signed_there = texts.filter(|text| text.contains(SIGNATURE)).count();
        self.must(signed_there == 0, "the CRM sees the signature");
        self.must(crm.message_count() == 2, "the echo of the answer is a second message in the CRM");
        Ok(())
    }

    /// The CRM answers through the Wazzup-compatible API, and repeats its request.
    async fn answers_from_the_crm(&mut self) -> Result<(), StoryError> {
        let crm = self.sandbox.crm(&self.account.crm).await?;
        let who =
            crm.contacts.first().map_or_else(String::new, |contact| contact.responsible_user_id.clone());
        let body = json!({
            "channelId": self.account.channels[0].external, "chatType": "whatsapp", "chatId": CLIENT,
            "text": "Записал вас на 18:00", "crmUserId": who, "crmMessageId": random(),
        });
        let api = self.account.api.clone();
        let (first, _) =
            api.call(Method::POST, "/v3/message", Some(&body)).await.map_err(SetupError::from)?;
        let (second, refused) =
            api.call(Method::POST, "/v3/message", Some(&body)).await.map_err(SetupError::from)?;
        self.say(&format!(
            "  the CRM answers by /v3/message: {first}; the same crmMessageId again: {second} {}",
            refused["error"].as_str().unwrap_or("—")
        ));
        self.must(
            first == StatusCode::CREATED && refused["error"] == "REPEATED_CRM_MESSAGE_ID",
            "/v3/message is not as Wazzup's",
        );
        let key = self.account.wazzup_key.clone();
        let received = self.sandbox.received_until(&key, CLIENT, ARRIVAL, |all| all.len() >= 2).await?;
        self.say(&format!("  on the client's phone: {} messages", received.len()));
        self.must(received.len() == 2, "the client did not receive two messages");
        Ok(())
    }

    /// An employee begins a dialogue with a number that has no WhatsApp.
    async fn no_whatsapp(&mut self, channel: &str) -> Result<(), StoryError> {
        let boris = self.token("boris").await?;
        let body =
            json!({"channel": channel, "phone": "8 (901) 111-44-02", "message": {"text": "Здравствуйте!"}});
        let begun = boris.post("/v1/chats", &body).await.map_err(SetupError::from)?;
        let path = format!("/v1/chats/{}/messages", begun["chat"].as_str().unwrap_or_default());
        let failed = |found: &Value| {
            found["messages"]
                .as_array()
                .is_some_and(|all| all.len() == 2 && all.iter().any(|one| one["status"] == "failed"))
        };
        let found = self.until(&boris, &path, failed).await?;
        let notice = found["messages"].as_array().into_iter().flatten().find(|one| one["origin"] == "notice");
        let words = notice.and_then(|notice| notice["text"].as_str()).unwrap_or("—").to_owned();
        self.say(&format!("  Boris writes to a number without WhatsApp; in the chat: {words}"));
        self.must(words.starts_with("[SWITCHBOARD ERROR]"), "the failed send says nothing in the chat");
        Ok(())
    }
}
