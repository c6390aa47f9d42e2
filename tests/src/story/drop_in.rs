//! The story's last chapter: a CRM that was written for Wazzup, in an account where nothing but its webhook's address is
//! set. It hears a client at once, and a text that it cannot store holds up no other.

use super::chapter::Chapter;
use super::scenario::moment;
use super::{ARRIVAL, StoryError};
use crate::account::{Account, Plan, SetupError, random};
use crate::sandbox::client::Client;
use crate::sandbox::faults::{Action, Fault};
use crate::sandbox::state::CrmState;
use crate::stack::Stack;
use crate::wazzup::{messages, text};
use serde_json::{Value, json};

const CLIENT: &str = "79011114501";
/// What the CRM's database cannot store.
const EMOJI: &str = "Спасибо 👍";

/// Plays the chapter on an account of its own.
pub(super) async fn tell(stack: &Stack, sandbox: &Client, say: &dyn Fn(&str)) -> Result<(), StoryError> {
    let name = format!("dropin-{}", &random()[..6]);
    say("");
    say(&format!(
        "setting up the account {name}: no employees, and a CRM written for Wazzup that wants messages alone"
    ));
    let plan = Plan { name: &name, channels: &[("Отдел продаж", 600)], employees: &[] };
    let account = Account::set_up(stack, sandbox, &plan).await?;
    let hooks = json!({"webhooksUri": sandbox.crm_webhook_url(&name), "subscriptions": {
        "messagesAndStatuses": true, "contactsAndDealsCreation": false, "channelsUpdates": false, "templateStatus": false,
        "chatFinished": false, "waitingClients": false, "notification": false, "textMarks": false,
    }});
    account.api.patch("/v3/webhooks", &hooks).await.map_err(SetupError::from)?;
    let mut chapter = Chapter::new(account, sandbox, say);
    chapter.is_heard_at_once().await?;
    chapter.one_text_is_passed().await?;
    chapter.it_is_sent_again().await?;
    chapter.end()
}

fn ids(crm: &CrmState) -> Vec<&str> {
    crm.chats.iter().flat_map(|chat| &chat.messages).map(|message| message.message_id.as_str()).collect()
}

impl Chapter<'_> {
    async fn bare_client_writes(&self, id: &str, second: i64, body: &str) -> Result<(), StoryError> {
        let channel = &self.account.channels[0].external;
        self.account.post(&messages(&[text(channel, CLIENT, id, &moment(second), body)])).await?;
        Ok(())
    }

    async fn failures(&self) -> Result<Vec<Value>, StoryError> {
        let listed = self.account.api.get("/v1/crm/failures").await.map_err(SetupError::from)?;
        Ok(listed["failures"].as_array().cloned().unwrap_or_default())
    }

    async fn is_heard_at_once(&mut self) -> Result<(), StoryError> {
        self.bare_client_writes("drop-in-1", 1, "Здравствуйте! Есть кто-нибудь?").await?;
        let crm = &self.account.crm;
        let state = self.sandbox.crm_until(crm, ARRIVAL, |crm| ids(crm) == ["drop-in-1"]).await?;
        self.say("  a client writes; nobody is there to answer, and the CRM has the message all the same");
        self.must(
            state.contacts.is_empty() && state.waiting.is_empty(),
            "the CRM got what it did not ask for",
        );
        Ok(())
    }

    async fn one_text_is_passed(&mut self) -> Result<(), StoryError> {
        let crm = self.account.crm.clone();
        let fault = Fault::crm(&crm, "messages", Action::status(422)).matching("👍");
        let fault = self.sandbox.add_fault(&fault).await?;
        self.bare_client_writes("drop-in-2", 2, EMOJI).await?;
        self.bare_client_writes("drop-in-3", 3, "Когда можно приехать?").await?;
        let state = self.sandbox.crm_until(&crm, ARRIVAL, |crm| ids(crm).contains(&"drop-in-3")).await?;
        self.must(
            ids(&state) == ["drop-in-1", "drop-in-3"],
            "the CRM has not just the texts that it can store",
        );
        self.say("  the CRM refuses a text with an emoji (422); the next text reaches it");
        let failed = self.failures().await?;
        let why = failed.first().and_then(|failure| failure["why"].as_str()).unwrap_or("—");
        self.say(&format!("  GET /v1/crm/failures lists the refused one: {why}"));
        self.must(failed.len() == 1, "the refused text is not listed");
        self.sandbox.remove_fault(fault).await?;
        Ok(())
    }

    async fn it_is_sent_again(&mut self) -> Result<(), StoryError> {
        let path = "/v1/crm/failures/retry";
        self.account.api.post(path, &json!({})).await.map_err(SetupError::from)?;
        let crm = self.account.crm.clone();
        let state = self.sandbox.crm_until(&crm, ARRIVAL, |crm| ids(crm).len() == 3).await?;
        self.say("  the CRM was mended; POST /v1/crm/failures/retry sends it again, and it arrives");
        self.must(ids(&state).last() == Some(&"drop-in-2"), "the text that was sent again did not arrive");
        self.must(self.failures().await?.is_empty(), "the text that was sent again is still listed");
        self.must(state.anomalies.is_empty(), "the CRM wondered about something");
        Ok(())
    }
}
