//! The story that `make run` prints: a realistic conversation through the deployed stack, read back from the CRM and
//! the API.

mod answers;
mod chapter;
mod contents;
mod drop_in;
mod people;
mod scenario;
mod telegram;
mod transcript;

use crate::account::{Account, Plan, SetupError, random};
use crate::sandbox::client::{Client, Error as SandboxError};
use crate::stack::{Stack, StackError};
use std::cell::RefCell;
use std::time::Duration;

/// Why the story could not be played, or what was wrong in it.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// The stack's description cannot be read.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// Setting up an account, or a call, failed.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The sandbox failed.
    #[error("{0}")]
    Sandbox(#[from] SandboxError),
    /// What was read back is inconsistent.
    #[error("what was read back does not fit together:\n  {}", .0.join("\n  "))]
    Untrue(Vec<String>),
}

/// How long the messages may take, on a slow machine.
const ARRIVAL: Duration = Duration::from_secs(120);
/// Silence after which the short channel's chats finish, in seconds.
const SHORT_WINDOW_S: u32 = 15;
/// The window, a minute until the sweep, a timer, and some reserve.
const FINISH: Duration = Duration::from_secs(180);

/// Plays the story on a stack; `say` prints its lines. `tamper` changes one stored message in the CRM before it is read
/// back, which the story must detect.
///
/// # Errors
/// [`StoryError`].
pub async fn tell(stack: &Stack, tamper: bool, say: &dyn Fn(&str)) -> Result<(), StoryError> {
    let sandbox = Client::new(&format!("http://127.0.0.1:{}", stack.sandbox_port))?;
    let name = format!("demo-{}", &random()[..6]);
    say(&format!(
        "setting up the account {name}: a CRM, a Wazzup connection with two channels, three employees"
    ));
    let plan = Plan {
        name: &name,
        channels: &[("Отдел продаж", 600), ("Сервис", SHORT_WINDOW_S)],
        employees: &[("anna", "Анна"), ("boris", "Борис"), ("vera", "Вера")],
    };
    let account = Account::set_up(stack, &sandbox, &plan).await?;
    say(
        "posting webhooks: new clients, several messages each, a batch, a duplicate, an echo, a status, an unknown type",
    );
    let posted = scenario::post(&account).await?;
    say("waiting for them to arrive in the CRM");
    let arrived = |state: &crate::sandbox::state::CrmState| {
        let read = state
            .chats
            .iter()
            .flat_map(|chat| &chat.messages)
            .any(|message| message.status == crate::sandbox::words::MessageStatus::Read);
        state.contacts.len() == posted.clients
            && state.deals.len() == posted.clients
            && state.message_count() == posted.messages
            && read
    };
    sandbox.crm_until(&name, ARRIVAL, arrived).await?;
    say(&format!("waiting for the service chat to finish: nobody writes for {SHORT_WINDOW_S} s there"));
    // The other chapters have accounts of their own, so they take place meanwhile; their lines follow below.
    let (finished, others) = tokio::join!(
        sandbox.crm_until(&name, FINISH, |state| !state.finished.is_empty()),
        others(stack, &sandbox)
    );
    finished?;
    if tamper
        && let Some(message) = sandbox.crm(&name).await?.chats.iter().flat_map(|chat| &chat.messages).next()
    {
        sandbox.alter(&name, &message.message_id, "this is not what the client wrote").await?;
    }
    transcript::tell(&account, &sandbox.crm(&name).await?, &posted, say).await?;
    others?.iter().for_each(|line| say(line));
    say("");
    say(&format!("The CRM, to look at:      http://127.0.0.1:{}/", stack.sandbox_port));
    say(&format!("Its state as JSON:        http://127.0.0.1:{}/state/crm/{name}", stack.sandbox_port));
    say(&format!("The API (OpenAPI 3.1):    {}/v1/openapi.json", stack.api_url));
    say(&format!("This account's API key:   {}", account.key));
    say(&format!("Its webhook, to post to:  {}", account.webhook_url));
    Ok(())
}

/// Plays the other chapters, and returns their lines.
async fn others(stack: &Stack, sandbox: &Client) -> Result<Vec<String>, StoryError> {
    let lines = RefCell::new(Vec::new());
    let say = |line: &str| lines.borrow_mut().push(line.to_owned());
    answers::tell(stack, sandbox, &say).await?;
    contents::tell(stack, sandbox, &say).await?;
    people::tell(stack, sandbox, &say).await?;
    telegram::tell(stack, sandbox, &say).await?;
    drop_in::tell(stack, sandbox, &say).await?;
    Ok(lines.into_inner())
}
