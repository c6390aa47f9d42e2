//! Test messages (A6): one that is marked as such goes the whole way of a client's, from our own public webhook on, and
//! tells how far it got.

use crate::app::App;
use crate::connections::test_message_view::{Facts, TestMessageView, steps};
use crate::connections::webhook_url;
use crate::http::auth::{Tenant, existing_account};
use crate::http::body::{Id, Ids};
use crate::http::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChannelId, ChatId, MessageId};
use shared::model::access::sending::channel_sends;
use shared::model::account::{Account, Language};
use shared::model::assignment::eligible_now;
use shared::model::channel::Channel;
use shared::model::connection::Connection;
use shared::model::event::Messenger;
use shared::platform::http::{DEFAULT_TIMEOUT, Request, SendError};
use shared::providers::{chat_id, wazzup};
use shared::store::row::{Key, Row, Write};
use shared::store::{Read, keys};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The client of test messages: a phone number that is valid nowhere, and no user id that Telegram has given.
const NOBODY: &str = "70000000000";
/// How long one can be asked how far it got.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// What our webhook answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// HTTP status; none when no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// When.
    pub at: Timestamp,
}

/// A test message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestMessage {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Its id: a UUID v7.
    pub id: String,
    /// Where it enters.
    pub channel: ChannelId,
    /// The chat it goes into.
    pub chat: ChatId,
    /// Its id as a message.
    pub message: MessageId,
    /// What our webhook answered; none while it is being asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
    /// When it was posted.
    pub posted_at: Timestamp,
    /// When the row goes, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

impl Row for TestMessage {
    fn key(&self) -> Key {
        keys::test_message(&self.account, &self.id)
    }
}

/// Send a test message
///
/// A message that says it is a test enters the first added WhatsApp or Telegram channel that works by its public webhook, and goes the
/// whole way: it is stored, given to an employee, told to the CRM. Nobody outside gets anything. Repeatable.
#[utoipa::path(
    post, path = "/v1/test-messages", tag = "test-messages",
    responses(
        (status = 202, description = "Posted; how far it is by now. Ask again by its id", body = TestMessageView),
        (status = 422, description = "No connected WhatsApp or Telegram channel that works and is not ignored: `no_channel`")
    )
)]
pub async fn send(
    Tenant(account): Tenant,
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
        chat: chat_id(&owner.id_salt, &channel, &messenger_of(&channel), false, NOBODY),
        message: MessageId::new(uuid),
        answered: None,
        posted_at: now,
        expires_at: (now + KEPT).seconds(),
    };
    app.store.commit(vec![Write::create(&posted)?]).await?;
    let status = post(&app, &connection, &body(&owner, &channel, &posted)).await?;
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
        right && channel.provider == wazzup::NAME && takes(channel)
    };
    let found = channels.into_iter().filter(carries).find_map(|channel| {
        let carrier = connections.iter().find(|known| known.connection == channel.connection)?;
        Some((channel, carrier.clone()))
    });
    let message = "there is no connected WhatsApp or Telegram channel that works and is not ignored";
    found.ok_or_else(|| ApiError::refused("no_channel", "", message))
}

/// Whether a message that comes in by the channel goes its way: a paused one takes it too.
fn takes(channel: &Channel) -> bool {
    channel_sends(&Channel { paused: false, ..channel.clone() }).is_ok()
}

/// The messenger of a channel that a test message can enter.
fn messenger_of(channel: &Channel) -> Messenger {
    channel.messenger().unwrap_or(Messenger::Whatsapp)
}

/// What Wazzup would post of a client's message.
fn body(owner: &Account, channel: &Channel, posted: &TestMessage) -> Value {
    let (name, text) = match owner.language {
        Language::Ru => {
            ("Тест Switchboard", "Это тестовое сообщение Switchboard. Клиента нет, отвечать не нужно.")
        }
        Language::En => (
            "Switchboard test",
            "This is a test message of Switchboard. There is no client; no answer is needed.",
        ),
    };
    json!({"messages": [{
        "messageId": posted.message.as_str(),
        "dateTime": posted.posted_at.rfc3339(),
        "channelId": channel.external,
        "chatType": wazzup::chat_type(&messenger_of(channel), false),
        "chatId": NOBODY,
        "type": "text",
        "isEcho": false,
        "status": "inbound",
        "text": text,
        "contact": {"name": name},
    }]})
}

/// Posts it to our own webhook; the status of the answer, or none when there was no answer.
async fn post(app: &App, connection: &Connection, body: &Value) -> Result<Option<u16>, ApiError> {
    let now = app.ambient.now();
    let token = app.vault.open(&connection.account, &connection.token, now).await?;
    let url = webhook_url(app, connection, &token);
    let url: Url = url.parse().map_err(|_| ApiError::internal("the public base URL is none"))?;
    let request = Request {
        method: Method::POST,
        url: &url,
        bearer: None,
        headers: Vec::new(),
        body: Some(body.to_string().into_bytes()),
        timeout: DEFAULT_TIMEOUT,
    };
    match app.http.send(request, now).await {
        Ok(answer) => Ok(Some(answer.status)),
        // Our own address: only a local run whose allow-list does not name it comes here.
        Err(SendError::NotAllowed(why)) => {
            Err(ApiError::internal(format!("our own webhook may not be called: {why}")))
        }
        Err(error) => {
            tracing::warn!(error = %error, "our own webhook did not answer a test message");
            Ok(None)
        }
    }
}

/// See how far a test message got
///
/// For 24 hours.
#[utoipa::path(
    get, path = "/v1/test-messages/{test}", tag = "test-messages", params(("test" = String, Path, description = "Its id")),
    responses((status = 200, description = "Each step, and what the next one waits for", body = TestMessageView))
)]
pub async fn get(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<TestMessageView>, ApiError> {
    // Ids are UUIDs; anything else need not be asked for.
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
