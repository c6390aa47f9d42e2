//! Test messages (A6): a marked message passes all steps of a client's message, from our own public webhook on, and its
//! progress can be read.

use crate::app::App;
use crate::connections::{webhook_secret, webhook_url};
use crate::http::auth::AccountKey;
use crate::http::body::{Id, Ids, moment};
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChannelId, ChatId, MessageId};
use shared::model::access::sending::channel_sends;
use shared::model::account::Account;
use shared::model::assignment::eligible_now;
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::chat::state::AssignmentState;
use shared::model::connection::Connection;
use shared::model::crm::{CrmConnection, CrmKind, CrmState};
use shared::model::message::Message;
use shared::model::messenger::Messenger;
use shared::model::texts::Language;
use shared::platform::http::{DEFAULT_TIMEOUT, Request, SendError};
use shared::providers;
use shared::providers::inbound::Sample;
use shared::store::row::{Key, Row, Write};
use shared::store::{Read, keys};
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use utoipa::ToSchema;

/// The client of test messages: a phone number that is valid nowhere, and a user id that Telegram has not assigned.
const NOBODY: &str = "70000000000";
/// How long a test message's progress can be read.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// The answer of our webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// HTTP status; none when no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// When the answer came, or the wait for it ended.
    pub at: Timestamp,
}

/// A test message in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestMessage {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The test's id: a UUID v7.
    pub id: String,
    /// The channel that it enters.
    pub channel: ChannelId,
    /// The chat that it goes into.
    pub chat: ChatId,
    /// Its id as a message.
    pub message: MessageId,
    /// Our webhook's answer; none while it is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
    /// When it was posted.
    pub posted_at: Timestamp,
    /// When the row expires, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

impl Row for TestMessage {
    fn key(&self) -> Key {
        keys::test_message(&self.account, &self.id)
    }
}

/// Send a test message
///
/// Posts a message that says it is a test to the public webhook of the first added WhatsApp or Telegram channel that
/// works. It passes all steps: it is stored, assigned to an employee, sent to the CRM. No person outside gets anything.
/// Repeatable.
#[utoipa::path(
    post, path = "/v1/test-messages", tag = "test-messages",
    responses(
        (status = 202, description = "Posted, with its progress so far; get it again by its id", body = TestMessageView),
        (status = 422, description = "No connected WhatsApp or Telegram channel that works and is not ignored: `no_channel`")
    )
)]
pub async fn send(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<(StatusCode, Json<TestMessageView>), ApiError> {
    let owner = existing_account(&app, account.as_str()).await?;
    let (channel, connection) = entry(&app, &account).await?;
    let (now, uuid) = (app.ambient.now(), app.ambient.uuid().to_string());
    let posted = TestMessage {
        v: 1,
        account: account.clone(),
        id: app.ambient.uuid().to_string(),
        channel: channel.channel.clone(),
        chat: channel.chat_id(&owner.id_salt, &messenger_of(&channel), false, NOBODY),
        message: MessageId::new(uuid),
        answered: None,
        posted_at: now,
        expires_at: (now + KEPT).seconds(),
    };
    app.store.commit(vec![Write::create(&posted)?]).await?;
    let status = post(&app, &connection, &owner, (&channel, &posted)).await?;
    let answered = Some(Answered { status, at: app.ambient.now() });
    let answered = TestMessage { answered, ..posted.clone() };
    app.store.commit(Write::change(&posted, &answered, &[])?.into_iter().collect()).await?;
    Ok((StatusCode::ACCEPTED, Json(view(&app, &owner, answered).await?)))
}

/// The first added channel that a test message can enter, with its connection.
async fn entry(app: &App, account: &AccountId) -> Result<(Channel, Connection), ApiError> {
    let connections = app.store.connections(account).await?;
    let mut channels = app.store.channels(account).await?;
    channels.sort_by(|left, right| (left.created_at, &left.channel).cmp(&(right.created_at, &right.channel)));
    let carries = |channel: &Channel| {
        let messenger = channel.messenger();
        let right = matches!(messenger, Some(Messenger::Whatsapp | Messenger::Telegram));
        right && providers::inbound(&channel.provider).is_some() && takes(channel)
    };
    let found = channels.into_iter().filter(carries).find_map(|channel| {
        let carrier = connections.iter().find(|known| known.connection == channel.connection)?;
        Some((channel, carrier.clone()))
    });
    let message = "there is no connected WhatsApp or Telegram channel that works and is not ignored";
    found.ok_or_else(|| ApiError::refused("no_channel", "", message))
}

/// Whether a message that arrives on the channel is processed; it is on a paused channel too.
fn takes(channel: &Channel) -> bool {
    channel_sends(&Channel { paused: false, ..channel.clone() }).is_ok()
}

/// The messenger of a channel that a test message can enter.
fn messenger_of(channel: &Channel) -> Messenger {
    channel.messenger().unwrap_or(Messenger::Whatsapp)
}

/// The client's name and the message's text, in the account's language.
fn words(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::Ru => {
            ("Тест Switchboard", "Это тестовое сообщение Switchboard. Клиента нет, отвечать не нужно.")
        }
        Language::En => (
            "Switchboard test",
            "This is a test message of Switchboard. There is no client; no answer is needed.",
        ),
    }
}

/// Posts to our own webhook what the provider would post. Returns the answer's status, or none without an answer.
async fn post(
    app: &App,
    connection: &Connection,
    owner: &Account,
    (channel, posted): (&Channel, &TestMessage),
) -> Result<Option<u16>, ApiError> {
    let now = app.ambient.now();
    let token = app.vault.open(&connection.account, &connection.token, now).await?;
    let secret = webhook_secret(app, connection).await?;
    let (name, text) = words(owner.language);
    let sample = Sample {
        channel,
        from: NOBODY,
        name,
        message_id: posted.message.as_str(),
        text,
        at: posted.posted_at,
        secret: secret.as_ref(),
    };
    let inbound = providers::inbound(&connection.provider);
    let sample = inbound.and_then(|inbound| inbound.sample(&sample));
    let sample = sample.ok_or_else(|| ApiError::internal("a provider without a test message was chosen"))?;
    let url = webhook_url(app, connection, &token);
    let url: Url = url.parse().map_err(|_| ApiError::internal("the public base URL is none"))?;
    let request = Request {
        method: Method::POST,
        url: &url,
        bearer: None,
        headers: sample.headers,
        body: Some(sample.body),
        timeout: DEFAULT_TIMEOUT,
    };
    match app.http.send(request, now).await {
        Ok(answer) => Ok(Some(answer.status)),
        // Our own address is refused only in a local run whose allow-list does not name it.
        Err(SendError::NotAllowed(why)) => {
            Err(ApiError::internal(format!("our own webhook may not be called: {why}")))
        }
        Err(error) => {
            tracing::warn!(error = %error, "our own webhook did not answer a test message");
            Ok(None)
        }
    }
}

/// Get a test message
///
/// Its progress, for 24 hours.
#[utoipa::path(
    get, path = "/v1/test-messages/{test}", tag = "test-messages", params(("test" = String, Path, description = "The test's id")),
    responses((status = 200, description = "Each step, and what the next one waits for", body = TestMessageView))
)]
pub async fn get(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<TestMessageView>, ApiError> {
    // Ids are UUIDs, so other texts need no read.
    let possible = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let key = keys::test_message(&account, &id);
    let found: Option<TestMessage> =
        if possible { app.store.get(&key, Read::Consistent).await? } else { None };
    let living = found.filter(|found| app.ambient.now().seconds() < found.expires_at);
    let found = living.ok_or_else(|| ApiError::not_found("test message"))?;
    let owner = existing_account(&app, account.as_str()).await?;
    Ok(Json(view(&app, &owner, found).await?))
}

async fn view(app: &App, owner: &Account, test: TestMessage) -> Result<TestMessageView, ApiError> {
    let account = &owner.account;
    let found = app.store.chats(account, std::slice::from_ref(&test.chat)).await?;
    let stored = app.store.messages(account, &test.chat, std::slice::from_ref(&test.message)).await?;
    let members = app.store.members(account, &test.channel).await?;
    let facts = Facts {
        message: stored.into_iter().next(),
        chat: found.into_iter().next(),
        channel: app.store.channel(account, &test.channel, Read::Consistent).await?,
        somebody_eligible: members.iter().any(|member| eligible_now(member, app.ambient.now()).is_ok()),
        crm_kind: owner.crm_kind,
        crm: app.store.crm(account, Read::Consistent).await?,
    };
    let steps = steps(&test, &facts, app.ambient.now());
    Ok(TestMessageView::of(&test, steps))
}

/// A step of a test message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// Our webhook accepted the message.
    Accepted,
    /// The message is stored in its chat.
    Stored,
    /// The chat has a responsible employee, or is shown to those who receive new clients.
    Given,
    /// The CRM has the message.
    ToldCrm,
}

/// A step's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Done.
    Done,
    /// Not yet; `why` says what it waits for.
    Waiting,
    /// Not applicable here; `why` says why.
    Skipped,
    /// Went wrong; `why` says how.
    Failed,
}

/// The reason for a step's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Not begun, or in progress; try again in a moment.
    NotYet,
    /// Our webhook refused it; `detail` is the HTTP status.
    Refused,
    /// Our webhook did not answer, because the public address leads elsewhere, or nowhere.
    NoAnswer,
    /// The channel is paused.
    ChannelPaused,
    /// No employee of the channel receives new clients and may write.
    NobodyEligible,
    /// Shown to all who receive new clients: the first to answer becomes responsible.
    FirstResponder,
    /// Shown to all who receive new clients until the CRM names a responsible.
    ByCrm,
    /// The account has no CRM.
    NoCrm,
    /// The CRM refuses our key; set it again.
    CrmUnauthorized,
    /// The CRM failed, and is retried later; `detail` is its answer.
    CrmFails,
    /// The CRM refused the message permanently; `detail` is its answer.
    CrmRefused,
}

/// A step of a test message with its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Step {
    step: StepName,
    state: StepState,
    /// When it was done, if that is known.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Null when the state needs no reason.
    why: Option<Why>,
    /// Further detail: the responsible employee, an HTTP status, the CRM's answer.
    detail: Option<String>,
}

impl Step {
    fn is(step: StepName, state: StepState, why: Option<Why>) -> Self {
        Self { step, state, at: None, why, detail: None }
    }

    fn done(step: StepName, at: Option<Timestamp>) -> Self {
        Self { at: moment(at), ..Self::is(step, StepState::Done, None) }
    }

    fn waits(step: StepName, why: Why) -> Self {
        Self::is(step, StepState::Waiting, Some(why))
    }

    fn with(self, detail: Option<String>) -> Self {
        Self { detail, ..self }
    }
}

/// A test message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a92", "channel": "b0b0a3f4-5b86-8e0a-9f3e-5c8d2f1a7e66",
    "chat": "6f1f3a52-2d5c-8a77-b3a5-3b4f4d0e9c11", "posted_at": "2026-11-21T09:10:00.000Z", "done": false, "steps": [
        {"step": "accepted", "state": "done", "at": "2026-11-21T09:10:00.120Z", "why": null, "detail": "200"},
        {"step": "stored", "state": "done", "at": "2026-11-21T09:10:00.090Z", "why": null, "detail": null},
        {"step": "given", "state": "waiting", "at": null, "why": "nobody_eligible", "detail": null},
        {"step": "told_crm", "state": "waiting", "at": null, "why": "not_yet", "detail": null}
    ]
}))]
pub struct TestMessageView {
    id: String,
    /// The channel that it entered.
    channel: String,
    /// The chat it goes into; the same for every test of a channel.
    chat: String,
    #[schema(format = DateTime)]
    posted_at: Option<String>,
    /// Whether every step is done or skipped.
    done: bool,
    /// The steps in order.
    steps: Vec<Step>,
}

impl TestMessageView {
    /// The view of a test message with its steps.
    pub fn of(test: &TestMessage, steps: Vec<Step>) -> Self {
        let done = |step: &Step| matches!(step.state, StepState::Done | StepState::Skipped);
        Self {
            id: test.id.clone(),
            channel: test.channel.to_string(),
            chat: test.chat.to_string(),
            posted_at: moment(Some(test.posted_at)),
            done: steps.iter().all(done),
            steps,
        }
    }
}

/// The stored rows that show a test message's progress.
#[derive(Debug)]
pub struct Facts {
    /// The message.
    pub message: Option<Message>,
    /// Its chat.
    pub chat: Option<Chat>,
    /// Its channel.
    pub channel: Option<Channel>,
    /// Whether an employee of the channel may be assigned a client.
    pub somebody_eligible: bool,
    /// Which CRM the account works with.
    pub crm_kind: CrmKind,
    /// The CRM connection.
    pub crm: Option<CrmConnection>,
}

/// The steps of a test message, each with its state.
pub fn steps(test: &TestMessage, facts: &Facts, now: Timestamp) -> Vec<Step> {
    let stored = match &facts.message {
        Some(message) => Step::done(StepName::Stored, Some(message.accepted_at)),
        None => Step::waits(StepName::Stored, Why::NotYet),
    };
    vec![accepted(test), stored, given(facts), told(facts, now)]
}

fn accepted(test: &TestMessage) -> Step {
    let name = StepName::Accepted;
    let Some(answered) = &test.answered else { return Step::waits(name, Why::NotYet) };
    let detail = answered.status.map(|status| status.to_string());
    match answered.status {
        Some(200) => Step::done(name, Some(answered.at)),
        Some(_) => Step::is(name, StepState::Failed, Some(Why::Refused)),
        None => Step::is(name, StepState::Failed, Some(Why::NoAnswer)),
    }
    .with(detail)
}

fn given(facts: &Facts) -> Step {
    let name = StepName::Given;
    let (Some(chat), Some(_)) = (&facts.chat, &facts.message) else { return Step::waits(name, Why::NotYet) };
    match chat.assignment_state {
        AssignmentState::Assigned => Step::done(name, None)
            .with(chat.responsible.as_ref().map(|employee| employee.as_str().to_owned())),
        AssignmentState::Unclaimed => {
            let by_crm = facts
                .channel
                .as_ref()
                .is_some_and(|channel| channel.distribution == shared::model::channel::Distribution::ByCrm);
            Step::is(name, StepState::Done, Some(if by_crm { Why::ByCrm } else { Why::FirstResponder }))
        }
        AssignmentState::Waiting | AssignmentState::Silent => {
            let paused = facts.channel.as_ref().is_some_and(|channel| channel.paused);
            Step::waits(
                name,
                match (paused, facts.somebody_eligible) {
                    (true, _) => Why::ChannelPaused,
                    (false, false) => Why::NobodyEligible,
                    (false, true) => Why::NotYet,
                },
            )
        }
    }
}

fn told(facts: &Facts, now: Timestamp) -> Step {
    let name = StepName::ToldCrm;
    let Some(crm) = facts.crm.as_ref().filter(|_| facts.crm_kind != CrmKind::None) else {
        return Step::is(name, StepState::Skipped, Some(Why::NoCrm));
    };
    let (Some(chat), Some(message)) = (&facts.chat, &facts.message) else {
        return Step::waits(name, Why::NotYet);
    };
    if let Some(words) = &message.crm_refused {
        return Step::is(name, StepState::Failed, Some(Why::CrmRefused)).with(Some(words.clone()));
    }
    if chat.crm_synced_seq >= message.created_seq {
        return Step::done(name, None);
    }
    let failing = crm.paused_until.is_some_and(|until| until > now) || chat.crm_error.is_some();
    let words = chat.crm_error.clone().or_else(|| crm.error.clone());
    match crm.state {
        CrmState::Unauthorized => Step::waits(name, Why::CrmUnauthorized),
        CrmState::Active if failing => Step::waits(name, Why::CrmFails).with(words),
        CrmState::Active => Step::waits(name, Why::NotYet),
    }
}
