//! The story's fourth chapter: which employee gets the client when none is available, who is notified, what rules do,
//! and how a chat ends and opens again.

use super::chapter::Chapter;
use super::scenario::moment;
use super::{ARRIVAL, StoryError};
use crate::account::{Account, Plan, SetupError, random};
use crate::api::Api;
use crate::sandbox::client::Client;
use crate::stack::Stack;
use crate::wazzup::{messages, missed_call, text};
use serde_json::{Value, json};

/// The client who writes at lunch-time, the client who calls, and the sender of advertisements.
const AT_LUNCH: &str = "79011115501";
const CALLER: &str = "79011115502";
const SPAMMER: &str = "79011115503";
/// What a rule writes to a client whose call was missed.
const CALL_BACK: &str = "Мы видим ваш звонок и перезвоним.";

/// Plays the chapter on an account of its own.
pub(super) async fn tell(stack: &Stack, sandbox: &Client, say: &dyn Fn(&str)) -> Result<(), StoryError> {
    let name = format!("people-{}", &random()[..6]);
    say("");
    say(&format!("setting up the account {name}: clients go in turn, Vera is head, and there are two rules"));
    let plan = Plan {
        name: &name,
        channels: &[("Отдел продаж", 600)],
        employees: &[("anna", "Анна"), ("boris", "Борис")],
    };
    let account = Account::set_up(stack, sandbox, &plan).await?;
    let channel = account.channels[0].id.clone();
    let head = json!({"employees": [{"id": "vera", "name": "Вера"}]});
    account.api.put("/v1/employees", &head).await.map_err(SetupError::from)?;
    let place = json!({"role": "head", "receives_new_clients": false});
    let path = format!("/v1/channels/{channel}/employees/vera");
    account.api.put(&path, &place).await.map_err(SetupError::from)?;
    account.api.put("/v1/rules", &rules()).await.map_err(SetupError::from)?;
    let mut chapter = Chapter::new(account, sandbox, say);
    let chat = chapter.waits_and_is_served(&channel).await?;
    chapter.is_given_to_another(&chat).await?;
    chapter.call_is_answered().await?;
    chapter.advertisement_is_put_away(&channel).await?;
    chapter.ends_and_begins_again(&chat).await?;
    chapter.end()
}

/// A missed call is answered; a message that looks like an advertisement is finished on arrival.
fn rules() -> Value {
    json!({"rules": [
        {
            "name": "Пропущенный звонок", "when": {"type": "call"}, "if": [],
            "then": [{"type": "auto_reply", "text": CALL_BACK}],
        },
        {
            "name": "Реклама", "when": {"type": "chat_opened"}, "if": [{"type": "text", "contains": "продвижение сайтов"}],
            "then": [{"type": "finish", "status": "closed"}],
        },
    ]})
}

impl Chapter<'_> {
    async fn sets(&self, employee: &str, status: &str) -> Result<(), StoryError> {
        let path = format!("/v1/employees/{employee}/status");
        self.account.api.put(&path, &json!({"status": status})).await.map_err(SetupError::from)?;
        Ok(())
    }

    async fn client_writes(&self, phone: &str, words: &str) -> Result<(), StoryError> {
        let external = &self.account.channels[0].external;
        self.account.post(&messages(&[text(external, phone, &random(), &moment(1), words)])).await?;
        Ok(())
    }

    /// The client's chat, as soon as it is as wanted.
    async fn chat_of(&self, phone: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, StoryError> {
        let path = format!("/v1/chats/search?q={phone}");
        let of = |found: &Value| found["chats"].as_array().and_then(|all| all.first()).cloned();
        let found =
            self.until(&self.account.api, &path, |found| of(found).is_some_and(|chat| wanted(&chat))).await?;
        Ok(of(&found).unwrap_or_default())
    }

    /// All employees are at lunch: the client waits, the head and the CRM are notified, and the first employee who is
    /// back gets the client.
    async fn waits_and_is_served(&mut self, channel: &str) -> Result<String, StoryError> {
        self.sets("anna", "away").await?;
        self.sets("boris", "away").await?;
        self.client_writes(AT_LUNCH, "Здравствуйте! Есть кто живой?").await?;
        let vera = self.token("vera").await?;
        let waits = |found: &Value| found["channels"][0]["waiting"].as_u64() == Some(1);
        let told = self.until(&vera, "/v1/waiting", waits).await?;
        self.say(&format!(
            "  Anna and Boris are away; a client waits, and Vera is notified: {} since {}",
            told["channels"][0]["waiting"], told["channels"][0]["oldest_waiting_since"]
        ));
        self.must(waits(&told), "the head was not notified of the waiting client");
        self.must(told["channels"][0]["channel"] == channel, "the head was notified of another channel");
        let hook = self.sandbox.crm_until(&self.account.crm, ARRIVAL, |crm| !crm.waiting.is_empty()).await?;
        self.say(&format!("  the CRM was notified too: {} waits", hook.waiting[0].count));
        self.sets("anna", "available").await?;
        let chat = self.chat_of(AT_LUNCH, |chat| chat["client"] == "assigned").await?;
        self.say(&format!("  Anna is back and gets the client: responsible is {}", chat["responsible"]));
        self.must(chat["responsible"] == "anna", "who came back did not get the client who waited");
        let id = chat["id"].as_str().unwrap_or_default().to_owned();
        let path = format!("/v1/chats/{id}/assignment");
        let decided = self.account.api.get(&path).await.map_err(SetupError::from)?;
        let considered = decided["history"][0]["considered"].as_array().cloned().unwrap_or_default();
        for member in &considered {
            self.say(&format!("    {}: {}", member["employee"], member["reason"]));
        }
        let boris = considered.iter().find(|member| member["employee"] == "boris");
        self.must(
            boris.is_some_and(|member| member["reason"] == "away"),
            "the decision does not say why not Boris",
        );
        Ok(id)
    }

    /// The head assigns the client to another employee.
    async fn is_given_to_another(&mut self, chat: &str) -> Result<(), StoryError> {
        let vera = self.token("vera").await?;
        let path = format!("/v1/chats/{chat}/assign");
        vera.post(&path, &json!({"employee": "boris"})).await.map_err(SetupError::from)?;
        let decided =
            self.account.api.get(&format!("/v1/chats/{chat}/assignment")).await.map_err(SetupError::from)?;
        let last = &decided["history"][0];
        self.say(&format!(
            "  Vera assigns the client to Boris: {} by {}; Anna does not see the chat any more",
            last["why"], last["by"]
        ));
        self.must(
            last["why"] == "by_hand" && last["by"] == "vera",
            "the history does not say who assigned the client",
        );
        let anna = self.token("anna").await?;
        let seen = anna.get(&format!("/v1/chats/{chat}")).await;
        self.must(seen.is_err(), "the employee who lost the client still sees the chat");
        Ok(())
    }

    /// A missed call: a rule answers it.
    async fn call_is_answered(&mut self) -> Result<(), StoryError> {
        let external = &self.account.channels[0].external;
        self.account.post(&messages(&[missed_call(external, CALLER, &random(), &moment(2))])).await?;
        let key = self.account.wazzup_key.clone();
        let received = self.sandbox.received_until(&key, CALLER, ARRIVAL, |all| !all.is_empty()).await?;
        let words = received.first().and_then(|message| message.text.clone()).unwrap_or_default();
        self.say(&format!("  a missed call; a rule writes to the client's phone: {words}"));
        self.must(received.len() == 1 && words == CALL_BACK, "the missed call was not answered by the rule");
        let chat = self.chat_of(CALLER, |chat| chat["client"] == "assigned").await?;
        self.must(!chat["unanswered_at"].is_null(), "the rule's words count as an employee's answer");
        Ok(())
    }

    /// An advertisement is finished on arrival.
    async fn advertisement_is_put_away(&mut self, channel: &str) -> Result<(), StoryError> {
        self.client_writes(SPAMMER, "Предлагаем продвижение сайтов, недорого").await?;
        let chat = self.chat_of(SPAMMER, |chat| chat["state"] == "general").await?;
        self.say(&format!(
            "  an advertisement; a rule finishes the chat as it opens: {}, {}",
            chat["state"], chat["status"]
        ));
        self.must(
            chat["finish_reason"] == "rule" && chat["status"] == "closed",
            "the rule did not finish the chat",
        );
        let live = self.account.api.get(&format!("/v1/chats?channel={channel}&state=live")).await;
        let live = live.map_err(SetupError::from)?;
        let there = live["chats"].as_array().is_some_and(|all| all.iter().any(|one| one["id"] == chat["id"]));
        self.must(!there, "the finished chat is in the live list");
        Ok(())
    }

    /// Boris finishes the chat; the client comes back to Boris.
    async fn ends_and_begins_again(&mut self, chat: &str) -> Result<(), StoryError> {
        let boris: Api = self.token("boris").await?;
        self.sets("boris", "available").await?;
        let ended = boris.post(&format!("/v1/chats/{chat}/finish"), &json!({"status": "closed"})).await;
        let ended = ended.map_err(SetupError::from)?;
        self.say(&format!("  Boris finishes the chat: {}, {}", ended["state"], ended["status"]));
        self.client_writes(AT_LUNCH, "И ещё вопрос").await?;
        let again =
            self.chat_of(AT_LUNCH, |chat| chat["state"] == "live" && chat["client"] == "assigned").await?;
        self.say(&format!(
            "  the client writes again: {}, case {}, responsible {}",
            again["state"], again["case_no"], again["responsible"]
        ));
        self.must(again["responsible"] == "boris", "the client did not come back to the former responsible");
        Ok(())
    }
}
