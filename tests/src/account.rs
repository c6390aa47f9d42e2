//! An account on a stack, set up through the API alone, as an administrator would do it.

use crate::api::{Api, ApiError, manager};
use crate::sandbox::client::{Client, Error as SandboxError};
use crate::sandbox::state::{Channel, CrmSetup, SendOutcome, WazzupSetup};
use crate::stack::Stack;
use serde_json::{Value, json};

/// Why an account could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The API failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The sandbox failed.
    #[error("{0}")]
    Sandbox(#[from] SandboxError),
    /// A webhook was not accepted.
    #[error("a webhook was not accepted: {0}")]
    NotAccepted(String),
    /// An answer lacks a required member.
    #[error("an answer of the API has no {0}")]
    Lacks(&'static str),
}

/// The settings of a new account.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// Its name, which its CRM in the sandbox has too.
    pub name: &'a str,
    /// Channels: name, and the seconds of silence after which a chat finishes.
    pub channels: &'a [(&'a str, u32)],
    /// Employees who receive new clients on every channel: id and name.
    pub employees: &'a [(&'a str, &'a str)],
}

/// A channel that was set up.
#[derive(Clone, Debug)]
pub struct AccountChannel {
    /// Our id of the channel.
    pub id: String,
    /// Wazzup's id of the channel.
    pub external: String,
}

/// An account that is set up.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// The API, with the account's key.
    pub api: Api,
    /// The account's key: a secret that must not appear in logs.
    pub key: String,
    /// The sandbox.
    pub sandbox: Client,
    /// Its key at Wazzup, which is also its name there.
    pub wazzup_key: String,
    /// The CRM's name in the sandbox.
    pub crm: String,
    /// The key that its CRM requires.
    pub crm_key: String,
    /// Its channels, in the plan's order.
    pub channels: Vec<AccountChannel>,
    /// Its webhook URL, whose last part is a secret that must not appear in logs.
    pub webhook_url: String,
}

fn text(value: &Value, what: &'static str) -> Result<String, SetupError> {
    value.as_str().map(str::to_owned).ok_or(SetupError::Lacks(what))
}

impl Account {
    /// Sets up an account with a universal CRM, a Wazzup connection, a pipeline, and employees.
    ///
    /// # Errors
    /// [`SetupError`] names the call that failed.
    pub async fn set_up(stack: &Stack, sandbox: &Client, plan: &Plan<'_>) -> Result<Self, SetupError> {
        let operator = Api::new(&stack.api_url, &stack.operator_key)?;
        let (wazzup_key, crm_key) = (random(), random());
        let externals: Vec<String> = plan.channels.iter().map(|_| random_uuid()).collect();
        let listed = externals.iter().zip(plan.channels).map(|(external, (name, _))| Channel {
            channel_id: external.clone(),
            transport: "whatsapp".into(),
            plain_id: "79990000000".into(),
            state: "active".into(),
            name: Some((*name).to_owned()),
        });
        let wazzup = WazzupSetup { channels: listed.collect(), crm_key: None };
        sandbox.put_wazzup(&wazzup_key, &wazzup).await?;
        let crm = CrmSetup { crm_key: Some(crm_key.clone()), ..CrmSetup::default() };
        sandbox.put_crm(plan.name, &crm).await?;

        let created = operator.post("/v1/accounts", &json!({"name": plan.name})).await?;
        let key = text(&created["key"]["key"], "key")?;
        let mut account = Self {
            id: text(&created["account"]["id"], "account id")?,
            api: operator.with_key(&key),
            key,
            sandbox: sandbox.clone(),
            wazzup_key,
            crm: plan.name.to_owned(),
            crm_key,
            channels: Vec::new(),
            webhook_url: String::new(),
        };
        account.connect(&externals).await?;
        account.settle(plan).await?;
        Ok(account)
    }

    async fn connect(&mut self, externals: &[String]) -> Result<(), SetupError> {
        let crm = json!({
            "kind": "universal", "webhook_url": self.sandbox.crm_webhook_url(&self.crm), "crm_key": self.crm_key,
            "subscriptions": {
                "chat_finished": true, "waiting_clients": true, "notification": true, "deal_stage": true,
                "error_notice": true, "text_marks": true,
            },
        });
        self.api.put("/v1/crm", &crm).await?;
        let stages = json!([{"id": "new", "name": "Новый"}, {"id": "done", "name": "Сделка"}]);
        let pipelines = json!({"pipelines": [{"id": "sales", "name": "Продажи", "stages": stages}]});
        self.api.put("/v1/pipelines", &pipelines).await?;
        let connection = json!({"provider": "wazzup", "name": "Wazzup", "api_key": self.wazzup_key});
        let linked = self.api.post("/v1/connections", &connection).await?;
        self.webhook_url = text(&linked["webhook_url"], "webhook URL")?;
        for external in externals {
            let channels = linked["channels"].as_array().ok_or(SetupError::Lacks("channels"))?;
            let channel = channels.iter().find(|channel| channel["external"] == external.as_str());
            let id = text(&channel.ok_or(SetupError::Lacks("listed channel"))?["id"], "channel id")?;
            self.channels.push(AccountChannel { id, external: external.clone() });
        }
        Ok(())
    }

    async fn settle(&self, plan: &Plan<'_>) -> Result<(), SetupError> {
        let employees: Vec<Value> =
            plan.employees.iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
        if !employees.is_empty() {
            self.api.put("/v1/employees", &json!({"employees": employees})).await?;
        }
        for (channel, (_, close_after_s)) in self.channels.iter().zip(plan.channels) {
            let settings = json!({
                "close_after_s": close_after_s, "deal_stage": {"pipeline_id": "sales", "stage_id": "new"},
            });
            self.api.patch(&format!("/v1/channels/{}", channel.id), &settings).await?;
            for (employee, _) in plan.employees {
                self.join(channel, employee).await?;
            }
        }
        Ok(())
    }

    /// Lets an employee receive new clients on a channel.
    ///
    /// # Errors
    /// [`SetupError`].
    pub async fn join(&self, channel: &AccountChannel, employee: &str) -> Result<(), SetupError> {
        self.api.put(&format!("/v1/channels/{}/employees/{employee}", channel.id), &manager()).await?;
        Ok(())
    }

    /// Makes Wazzup post a webhook.
    ///
    /// # Errors
    /// [`SetupError`].
    pub async fn post(&self, body: &Value) -> Result<SendOutcome, SetupError> {
        Ok(self.sandbox.send(&self.wazzup_key, body).await?)
    }

    /// All chats of a channel, live and general, as the API lists them.
    ///
    /// # Errors
    /// [`SetupError`].
    pub async fn chats(&self, channel: &AccountChannel, state: &str) -> Result<Vec<Value>, SetupError> {
        let path = format!("/v1/chats?channel={}&state={state}&limit=100", channel.id);
        Ok(self.api.all(&path, "chats").await?)
    }

    /// A chat's messages, oldest first.
    ///
    /// # Errors
    /// [`SetupError`].
    pub async fn messages(&self, chat: &str) -> Result<Vec<Value>, SetupError> {
        let mut messages = self.api.all(&format!("/v1/chats/{chat}/messages?limit=100"), "messages").await?;
        messages.reverse();
        Ok(messages)
    }
}

#[expect(clippy::disallowed_methods, reason = "a test account wants a name that no other run has")]
fn random_uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A random word, different in each run.
#[must_use]
pub fn random() -> String {
    random_uuid().replace('-', "")
}
