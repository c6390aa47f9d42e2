//! A Telegram bot of an account's, with the people who write to it, set up through the API alone, as an administrator
//! would do it.

use crate::account::{Account, AccountChannel, SetupError, random};
use crate::api::manager;
use crate::sandbox::state::SendOutcome;
use crate::sandbox::telegram::state::{BotMessage, BotSetup, BusinessConnection, Person};
use crate::sandbox::telegram::{Act, Place, Said};
use serde_json::{Value, json};
use std::time::Duration;

/// A connected bot.
#[derive(Clone, Debug)]
pub struct Bot {
    /// Its token: a secret that must not appear in logs.
    pub token: String,
    /// Its own channel.
    pub channel: AccountChannel,
    /// The account.
    account: Account,
}

/// A person with an id that no other test uses.
#[must_use]
pub fn person(name: &str) -> Person {
    Person { id: i64::from(number()) + 1_000_000_000, first_name: name.to_owned(), username: None }
}

fn number() -> u32 {
    u32::from_str_radix(&random()[..8], 16).unwrap_or_default()
}

impl Bot {
    /// Creates a bot in the sandbox and connects it by `POST /v1/connections`. These employees are assigned its clients
    /// in turn.
    ///
    /// # Errors
    /// [`SetupError`] names the call that failed.
    pub async fn connect(account: &Account, employees: &[&str]) -> Result<Self, SetupError> {
        let token = format!("1{:010}:{}", number(), random());
        let setup = BotSetup {
            first_name: "Салон".into(),
            username: "salon_example_bot".into(),
            can_connect_to_business: true,
            local_webhooks: true,
        };
        account.sandbox.put_bot(&token, &setup).await?;
        let connection = json!({"provider": "telegram", "name": "Бот", "credential": {"token": token}});
        let linked = account.api.post("/v1/connections", &connection).await?;
        let channel = channel(&linked["channels"][0])?;
        let bot = Self { token, channel, account: account.clone() };
        bot.open(&bot.channel, employees).await?;
        Ok(bot)
    }

    /// Sets a channel's stage and its employees.
    async fn open(&self, channel: &AccountChannel, employees: &[&str]) -> Result<(), SetupError> {
        let settings =
            json!({"close_after_s": 600, "deal_stage": {"pipeline_id": "sales", "stage_id": "new"}});
        self.account.api.patch(&format!("/v1/channels/{}", channel.id), &settings).await?;
        for employee in employees {
            let path = format!("/v1/channels/{}/employees/{employee}", channel.id);
            self.account.api.put(&path, &manager()).await?;
        }
        Ok(())
    }

    /// Makes a person do something, and returns the number of the message, if it is one. The update must be accepted.
    ///
    /// # Errors
    /// [`SetupError`].
    pub async fn does(&self, act: &Act) -> Result<i64, SetupError> {
        match self.account.sandbox.act(&self.token, act).await? {
            (message, SendOutcome { status: Some(200), .. }) => Ok(message),
            (_, outcome) => Err(SetupError::NotAccepted(format!("{outcome:?}"))),
        }
    }

    /// A person writes to the bot.
    ///
    /// # Errors
    /// [`SetupError`].
    pub async fn hears(&self, from: &Person, text: &str) -> Result<i64, SetupError> {
        self.does(&Act::Say(Said::text(Place::private(from), from, text))).await
    }

    /// A person sends a file that the sandbox serves under this name, with a caption.
    ///
    /// # Errors
    /// [`SetupError`].
    pub async fn gets(&self, from: &Person, kind: &str, name: &str, text: &str) -> Result<i64, SetupError> {
        let said = Said::file(Place::private(from), from, kind, name);
        self.does(&Act::Say(Said { text: Some(text.to_owned()), ..said })).await
    }

    /// Connects a business account, and returns its channel, which is created by the first update.
    ///
    /// # Errors
    /// [`SetupError`]; the channel was not created.
    pub async fn connect_business(
        &self,
        id: &str,
        owner: &Person,
        employees: &[&str],
    ) -> Result<AccountChannel, SetupError> {
        let connection = BusinessConnection {
            id: id.to_owned(),
            owner: owner.clone(),
            enabled: true,
            can_reply: true,
            can_delete_sent: true,
        };
        self.does(&Act::Connect(connection)).await?;
        for _ in 0..600 {
            let listed = self.account.api.get("/v1/channels").await?;
            let mut channels = listed["channels"].as_array().into_iter().flatten();
            if let Some(found) = channels.find(|one| one["external"] == format!("business:{id}")) {
                let channel = channel(found)?;
                self.open(&channel, employees).await?;
                return Ok(channel);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Err(SetupError::Lacks("channel of the business account"))
    }

    /// What the bot has written to a person in its own chat, as soon as it is as wanted or the time is over.
    ///
    /// # Errors
    /// [`SetupError`].
    pub async fn shown_to(
        &self,
        person: &Person,
        within: Duration,
        wanted: impl Fn(&[BotMessage]) -> bool,
    ) -> Result<Vec<BotMessage>, SetupError> {
        Ok(self.account.sandbox.written_until(&self.token, (None, person.id), within, wanted).await?)
    }
}

fn channel(listed: &Value) -> Result<AccountChannel, SetupError> {
    let text = |name: &str| listed[name].as_str().map(str::to_owned).ok_or(SetupError::Lacks("channel"));
    Ok(AccountChannel { id: text("id")?, external: text("external")? })
}
