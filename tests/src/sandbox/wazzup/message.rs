//! `POST`, `PATCH` and `DELETE /v3/message`: the calls, the files they name, and the webhooks that follow.

use super::chats::Place;
use super::rules::{self, Edit, Message, Refused, Transport};
use super::state::EchoMode;
use crate::sandbox::files::{self, Missing};
use crate::sandbox::reply::Reply;
use crate::sandbox::state::{ReceivedFile, SendOutcome};
use crate::sandbox::wazzup::{self, Account};
use crate::sandbox::{App, rfc3339};
use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a file may take.
const FETCH: Duration = Duration::from_secs(10);
/// How long after the answer an echo is posted: long enough for the answer to be sent first.
const SHORTLY: Duration = Duration::from_millis(50);

/// `POST /v3/message`
pub(super) async fn send(app: &App, key: &str, bytes: &Bytes) -> Reply {
    match sent(app, key, bytes).await {
        Ok((place, body)) => {
            announce(app, key, place, json!({})).await;
            Reply::json(StatusCode::CREATED, body)
        }
        Err(refused) => refusal(app, key, refused),
    }
}

async fn sent(app: &App, key: &str, bytes: &Bytes) -> Result<(Place, Value), Refused> {
    let message: Message = rules::read(bytes)?;
    let plan = account(app, key, |account| account.plan(message))?;
    let file = match &plan.message.content_uri {
        Some(uri) => match fetch(app, uri, &plan.transport).await {
            Ok(file) => Some(file),
            Err(refused) => {
                account(app, key, |account| account.release(&plan.message));
                return Err(refused);
            }
        },
        None => None,
    };
    Ok(account(app, key, |account| {
        let place = account.take(plan, file);
        let chat = &account.state.chats[place.0];
        let answer = json!({ "messageId": chat.received[place.1].message_id, "chatId": chat.chat_id });
        (place, answer)
    }))
}

/// `PATCH /v3/message/{id}`
pub(super) async fn edit(app: &App, key: &str, id: &str, bytes: &Bytes) -> Reply {
    match edited(app, key, id, bytes).await {
        Ok((place, old)) => {
            announce(app, key, place, json!({ "isEdited": true, "oldInfo": { "oldText": old } })).await;
            Reply::json(StatusCode::OK, json!({}))
        }
        Err(refused) => refusal(app, key, refused),
    }
}

async fn edited(app: &App, key: &str, id: &str, bytes: &Bytes) -> Result<(Place, Option<String>), Refused> {
    let edit: Edit = rules::read(bytes)?;
    let (place, transport) = account(app, key, |account| account.plan_edit(id, &edit))?;
    let file = match &edit.content_uri {
        Some(uri) => Some(fetch(app, uri, &transport).await?),
        None => None,
    };
    Ok(account(app, key, |account| {
        let message = &mut account.state.chats[place.0].received[place.1];
        let old = message.text.clone();
        message.text = edit.text.or(message.text.take());
        message.file = file.or(message.file.take());
        message.edits += 1;
        (place, old)
    }))
}

/// `DELETE /v3/message/{id}`
pub(super) async fn delete(app: &App, key: &str, id: &str) -> Reply {
    match account(app, key, |account| account.delete(id)) {
        Ok(place) => {
            announce(app, key, place, json!({ "isDeleted": true })).await;
            Reply::json(StatusCode::OK, json!({}))
        }
        Err(refused) => refusal(app, key, refused),
    }
}

/// Works on the account of a key that was found before; if the account was deleted meanwhile, on an empty one.
pub(super) fn account<T>(app: &App, key: &str, work: impl FnOnce(&mut Account) -> T) -> T {
    app.world(|world| match world.wazzup.get_mut(key) {
        Some(account) => work(account),
        None => work(&mut Account::default()),
    })
}

fn refusal(app: &App, key: &str, refused: Refused) -> Reply {
    let number = account(app, key, |account| account.state.requests.len());
    let mut body = json!({
        "status": 400, "requestId": format!("{number:032x}"), "error": refused.code, "description": refused.description,
    });
    if !refused.data.is_null() {
        body["data"] = refused.data;
    }
    Reply::json(StatusCode::BAD_REQUEST, body)
}

/// Fetches a file as Wazzup does: at once, up to the limit, and stores a copy that it serves itself.
async fn fetch(app: &App, uri: &str, transport: &Transport) -> Result<ReceivedFile, Refused> {
    let failed =
        || Refused::new("MESSAGE_DOWNLOAD_CONTENT_ERROR", "Failed to download content from the link");
    let fetched = files::fetch(app, uri, transport.largest(), FETCH).await;
    let fetched = fetched.map_err(|missing| match missing {
        Missing::NoLink => Refused::field("contentUri"),
        Missing::NoAnswer => failed(),
    })?;
    transport.check_file(&fetched.content_type, fetched.bytes.len())?;
    Ok(fetched.keep(app, "wazzup"))
}

/// Posts the webhook of the account's own message, according to the account's behaviour.
async fn announce(app: &App, key: &str, place: Place, extra: Value) {
    let mode = account(app, key, |account| account.desk.behaviour.echo);
    let times = match mode {
        EchoMode::Never => return,
        EchoMode::Before => {
            echo(app, key, place, extra).await;
            return;
        }
        EchoMode::After => 1,
        EchoMode::Twice => 2,
    };
    let (app, key) = (app.clone(), key.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(SHORTLY).await;
        for _ in 0..times {
            echo(&app, &key, place, extra.clone()).await;
        }
    });
}

/// Posts it once, if there is an address and a subscription. `extra` is merged into the message.
pub(super) async fn echo(app: &App, key: &str, place: Place, extra: Value) -> Option<SendOutcome> {
    let item = account(app, key, |account| {
        let chat = account.state.chats.get(place.0)?;
        let message = chat.received.get(place.1)?;
        let at = rfc3339(message.at);
        let mut item = json!({
            "messageId": message.message_id, "channelId": chat.channel_id, "chatType": chat.chat_type, "chatId": chat.chat_id,
            "dateTime": at, "type": message.kind, "isEcho": true, "status": message.status, "sentFromApp": false,
            "contact": { "name": chat.phone.as_ref().unwrap_or(&chat.chat_id) },
        });
        if let Some(text) = &message.text {
            item["text"] = json!(text);
        }
        if let Some(file) = &message.file {
            item["contentUri"] = json!(file.stored_at);
        }
        if let Some(code) = &message.error {
            item["error"] = json!({ "error": code, "description": "The message was not delivered" });
        }
        if let Some(quoted) = &message.quotes {
            item["quotedMessage"] = json!({ "messageId": quoted });
        }
        if let (Some(item), Value::Object(extra)) = (item.as_object_mut(), extra) {
            item.extend(extra);
        }
        Some(item)
    })?;
    wazzup::post_subscribed(app, key, &json!({ "messages": [item] })).await
}
