//! The story's chapter of a Telegram bot. A client writes and sends a photo, the CRM gets both, an employee answers
//! and edits the answer, and the client's phone shows it.

use super::chapter::Chapter;
use super::{ARRIVAL, StoryError};
use crate::account::{Account, Plan, SetupError, random};
use crate::sandbox::client::Client;
use crate::sandbox::state::{ChatMessage, CrmState};
use crate::sandbox::telegram::state::{BotMessage, Person};
use crate::stack::Stack;
use crate::telegram::{Bot, person};
use serde_json::json;

/// The bytes of the photo: the sandbox's Telegram checks the type alone.
const PHOTO: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 7, 7, 7, 7];
const ANSWER: &str = "Да, приезжайте до 19:00";
const EDITED: &str = "Да, приезжайте до 20:00";

/// Plays the chapter on an account of its own.
pub(super) async fn tell(stack: &Stack, sandbox: &Client, say: &dyn Fn(&str)) -> Result<(), StoryError> {
    let name = format!("telegram-{}", &random()[..6]);
    say("");
    say(&format!("setting up the account {name}, and connecting a Telegram bot by its token"));
    let plan = Plan {
        name: &name, channels: &[("Отдел продаж", 600)], employees: &[("anna", "Анна")]
    };
    let account = Account::set_up(stack, sandbox, &plan).await?;
    let bot = Bot::connect(&account, &["anna"]).await?;
    let client = person("Марина");
    let mut chapter = Chapter::new(account, sandbox, say);
    chapter.bot_is_connected(&bot).await?;
    chapter.client_is_heard(&bot, &client).await?;
    chapter.client_is_answered(&bot, &client).await?;
    chapter.end()
}

fn messages(crm: &CrmState) -> impl Iterator<Item = &ChatMessage> {
    crm.chats.iter().flat_map(|chat| &chat.messages)
}

impl Chapter<'_> {
    async fn bot_is_connected(&mut self, bot: &Bot) -> Result<(), StoryError> {
        let hook = self.sandbox.bot(&bot.token).await?.webhook;
        let secret = hook.as_ref().and_then(|hook| hook.secret_token.as_ref());
        let kinds = hook.as_ref().map_or(0, |hook| hook.allowed_updates.len());
        let with = if secret.is_some() { "with" } else { "without" };
        self.say(&format!("  Telegram has our webhook, {with} a secret, for {kinds} kinds of updates"));
        self.must(secret.is_some(), "the bot's webhook has no secret");
        Ok(())
    }

    /// A client writes and sends a photo.
    async fn client_is_heard(&mut self, bot: &Bot, client: &Person) -> Result<(), StoryError> {
        let name = format!("{}.jpg", random());
        self.sandbox.put_file(&name, "image/jpeg", PHOTO).await?;
        bot.hears(client, "Здравствуйте! Белая ещё продаётся?").await?;
        let photo = bot.gets(client, "photo", &name, "Вот такая").await?;
        let photo = format!("{}:{photo}", client.id);
        let there = |crm: &CrmState| {
            let mut all = messages(crm);
            crm.message_count() == 2
                && crm.deals.len() == 1
                && all.any(|one| one.message_id == photo && one.content_uri.is_some())
        };
        let crm = self.sandbox.crm_until(&self.account.crm, ARRIVAL, there).await?;
        for chat in &crm.chats {
            self.say(&format!("  the CRM's chat {} {}", chat.chat_type, chat.chat_id));
            for message in &chat.messages {
                self.say(&format!("    {}: {}", message.kind, message.text.as_deref().unwrap_or("—")));
            }
        }
        let fetched = self.sandbox.fetch_file(&self.account.crm, &photo).await?;
        self.say(&format!("  the CRM fetched the photo by our link: {} bytes", fetched.bytes));
        self.must(fetched.bytes == PHOTO.len(), "the CRM could not fetch the photo from Telegram");
        self.must(crm.refused.is_empty(), "the CRM refused something from Telegram");
        Ok(())
    }

    /// Anna answers, and edits the answer.
    async fn client_is_answered(&mut self, bot: &Bot, client: &Person) -> Result<(), StoryError> {
        let chats = self.account.chats(&bot.channel, "live").await?;
        let chat = chats.first().and_then(|chat| chat["id"].as_str()).unwrap_or_default().to_owned();
        let (anna, path) = (self.token("anna").await?, format!("/v1/chats/{chat}/messages"));
        let sent = anna.post(&path, &json!({"text": ANSWER})).await.map_err(SetupError::from)?;
        let reads = |text: &'static str| {
            move |all: &[BotMessage]| all.iter().any(|one| one.text.as_deref() == Some(text))
        };
        self.phone_shows(bot, client, reads(ANSWER), "Anna answers").await?;
        let answer = sent["message"]["id"].as_str().unwrap_or_default();
        let there = |crm: &CrmState| messages(crm).any(|one| one.message_id == answer);
        self.sandbox.crm_until(&self.account.crm, ARRIVAL, there).await?;
        let edit = json!({"text": EDITED});
        anna.patch(&format!("{path}/{answer}"), &edit).await.map_err(SetupError::from)?;
        self.phone_shows(bot, client, reads(EDITED), "Anna edits the answer").await?;
        let edited = |crm: &CrmState| messages(crm).any(|one| one.message_id == answer && one.edited);
        let crm = self.sandbox.crm_until(&self.account.crm, ARRIVAL, edited).await?;
        let own = messages(&crm).find(|one| one.message_id == answer).and_then(|one| one.text.clone());
        self.say(&format!("  the CRM has it as: {}", own.as_deref().unwrap_or("—")));
        self.must(own.as_deref() == Some(EDITED), "the CRM does not have the changed answer");
        self.must(crm.anomalies.is_empty(), "the CRM wondered about something from Telegram");
        Ok(())
    }

    async fn phone_shows(
        &mut self,
        bot: &Bot,
        client: &Person,
        wanted: impl Fn(&[BotMessage]) -> bool,
        deed: &str,
    ) -> Result<(), StoryError> {
        let shown = bot.shown_to(client, ARRIVAL, &wanted).await?;
        for message in &shown {
            let mark = if message.edits > 0 { " (edited)" } else { "" };
            let text = message.text.as_deref().unwrap_or("—");
            self.say(&format!("  {deed}; on the client's phone in Telegram: {text}{mark}"));
        }
        self.must(shown.len() == 1 && wanted(&shown), "the client's phone does not show the one answer");
        Ok(())
    }
}
