//! Starts new chats (D4): with a contact or an unknown person, by phone or user name, from a chosen channel.

use crate::app::App;
use crate::contacts::person::existing_person;
use crate::http::auth::Principal;
use crate::http::body::{Body, present};
use crate::http::chat_access::visible;
use crate::http::error::ApiError;
use crate::http::existing::existing_channel;
use crate::http::validate;
use crate::messages::send::{NewText, OnItsWay, send_new};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use shared::base::ids::{ChannelId, ChatId, ContactId, EmployeeId};
use shared::base::phone::Phone;
use shared::model::access::Operation;
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::chat::company_events::first_event;
use shared::model::chat::{Addressee, Chat};
use shared::model::contact::Contact;
use shared::model::event::{ContactHint, MessageEvent};
use shared::model::limits::{By, check_first};
use shared::model::messenger::Messenger;
use shared::providers;
use shared::service::new_message::{Dialogue, Target};
use shared::service::place::place_of;
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest user name or id at a messenger, in characters.
const MAX_USER: usize = 200;

/// A chat to start: the addressee, the channel, and the first message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "channel": "b0b0a3f4-5b86-8e0a-9f3e-5c8d2f1a7e66", "phone": "+7 901 111-22-33", "name": "Ivan",
    "message": {"text": "Good afternoon! You asked us about a car."}
}))]
pub struct NewDialogue {
    /// The channel to write from; when left out, your default channel of the `messenger`, else the account's.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    channel: Option<String>,
    /// The messenger, instead of `channel`.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    messenger: Option<String>,
    /// A contact; if it has several phones, `phone` says which to use.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_length = 100)]
    contact: Option<String>,
    /// A phone in any spelling.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    phone: Option<String>,
    /// A user name, with or without `@`.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_length = 200)]
    username: Option<String>,
    /// The addressee's name, used if they are not known yet.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_length = 200)]
    name: Option<String>,
    message: NewText,
}

/// Start a chat
///
/// With a contact, or with an unknown person by phone or user name, if the messenger allows it. If that person already
/// has a chat on the channel, the message goes into it.
#[utoipa::path(
    post, path = "/v1/chats", tag = "chats", request_body = NewDialogue,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 200 characters: a repeat with it is the same message")),
    responses(
        (status = 202, description = "Queued for delivery", body = OnItsWay),
        (status = 200, description = "A repeat: a request with the same key sent it before", body = OnItsWay),
        (status = 403, description = "The author may not: `not_responsible` for another employee's client, `no_role`, `not_bound` …"),
        (status = 422, description = "The channel does not allow to write first, or not by this address: `not_sendable`; no channel to write from: `no_default_channel`")
    )
)]
pub async fn begin(
    principal: Principal,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Body(new): Body<NewDialogue>,
) -> Result<(StatusCode, Json<OnItsWay>), ApiError> {
    if let Some(employee) = &new.message.employee {
        validate::employee_id("message.employee", employee)?;
    }
    if let Some(contact) = &new.contact {
        validate::name("contact", contact, validate::MAX_ID)?;
    }
    let owner = principal.owner(&app).await?;
    let employee =
        principal.by.employee().cloned().or_else(|| new.message.employee.as_deref().map(EmployeeId::new));
    let channel = channel_of(&app, &owner, employee.as_ref(), &new).await?;
    let messenger = channel
        .messenger()
        .ok_or_else(|| ApiError::invalid("channel", "nobody knows yet which messenger it carries"))?;
    let dialogue = dialogue(&app, &principal, &owner, channel, messenger, &new).await?;
    let now = app.ambient.now();
    // A quick reply is filled in with the named contact, or else with the given name.
    let named = ContactId::new(new.contact.as_deref().unwrap_or_default());
    let mut like = Chat::unopened(&owner.account, &dialogue.like, named, now);
    like.name.clone_from(&dialogue.like.contact.name);
    let target = Target::Dialogue(Box::new(dialogue));
    send_new(&app, &principal, &owner, (&like, target), &headers, &new.message).await
}

/// The channel to write from: the named one, else the author's default of the messenger, else the account's.
async fn channel_of(
    app: &App,
    owner: &Account,
    employee: Option<&EmployeeId>,
    new: &NewDialogue,
) -> Result<Channel, ApiError> {
    match (&new.channel, &new.messenger) {
        (Some(_), Some(_)) => Err(ApiError::invalid("messenger", "goes without channel")),
        (Some(channel), None) => {
            validate::name("channel", channel, validate::MAX_ID)?;
            existing_channel(app, &owner.account, channel).await
        }
        (None, Some(messenger)) => default_channel(app, owner, employee, messenger).await,
        (None, None) => Err(ApiError::missing_field("channel")),
    }
}

async fn default_channel(
    app: &App,
    owner: &Account,
    employee: Option<&EmployeeId>,
    messenger: &str,
) -> Result<Channel, ApiError> {
    let channels = app.store.channels(&owner.account).await?;
    let carries = |channel: &&Channel| channel.messenger().is_some_and(|known| known.as_str() == messenger);
    let mut bound = Vec::new();
    for channel in channels.iter().filter(carries) {
        if let Some(employee) = employee
            && let Some(place) = place_of(&app.store, &owner.account, &channel.channel, employee).await?
            && place.sends
            && place.role.may_write()
        {
            if place.is_default {
                return Ok(channel.clone());
            }
            bound.push(channel);
        }
    }
    let of_account = owner.default_channels.get(messenger);
    let of_account = channels.iter().find(|channel| Some(&channel.channel) == of_account);
    let only = if let [only] = bound.as_slice() { Some(*only) } else { None };
    only.or(of_account).cloned().ok_or_else(|| {
        let message =
            "neither the author nor the account has a default channel of this messenger: name a channel";
        ApiError::refused("no_default_channel", "messenger", message)
    })
}

/// The dialogue to start: the addressee, and the chat as it will begin.
async fn dialogue(
    app: &App,
    principal: &Principal,
    owner: &Account,
    channel: Channel,
    messenger: Messenger,
    new: &NewDialogue,
) -> Result<Dialogue, ApiError> {
    if let Some(name) = &new.name {
        validate::name("name", name, validate::MAX_NAME)?;
    }
    let (phone, name) = told(app, principal, owner, &channel.channel, new).await?;
    let limits = providers::limits(&channel, &messenger);
    let (provider_chat_id, addressee) = match (&phone, &new.username) {
        (Some(_), Some(_)) => return Err(ApiError::invalid("username", "goes without phone")),
        (Some(phone), None) => {
            check_first(limits, By::Phone)?;
            if messenger.id_is_phone() {
                (phone.digits().to_owned(), None)
            } else {
                (format!("+{}", phone.digits()), Some(Addressee::Phone(phone.digits().to_owned())))
            }
        }
        (None, Some(username)) => {
            let bare = username.trim().trim_start_matches('@');
            validate::name("username", bare, MAX_USER)?;
            check_first(limits, By::Username)?;
            (format!("@{}", bare.to_lowercase()), Some(Addressee::Username(bare.to_owned())))
        }
        (None, None) => return Err(ApiError::missing_field("phone")),
    };
    let chat = channel.chat_id(&owner.id_salt, &messenger, false, &provider_chat_id);
    let hint = ContactHint {
        name,
        username: new.username.as_deref().map(|username| username.trim_start_matches('@').to_owned()),
        phone: phone.as_ref().map(|phone| phone.as_str().to_owned()),
        ..ContactHint::default()
    };
    let now = app.ambient.now();
    let like =
        MessageEvent { contact: hint, ..first_event(&channel, (chat, provider_chat_id), messenger, now) };
    Ok(Dialogue { channel, like, addressee })
}

/// The phone and the name: as given, else the contact's.
async fn told(
    app: &App,
    principal: &Principal,
    owner: &Account,
    channel: &ChannelId,
    new: &NewDialogue,
) -> Result<(Option<Phone>, Option<String>), ApiError> {
    let phone =
        match &new.phone {
            Some(text) => Some(Phone::parse(text, &owner.region).ok_or_else(|| {
                ApiError::invalid("phone", "no phone number: give it with its country code")
            })?),
            None => None,
        };
    let Some(contact) = &new.contact else { return Ok((phone, new.name.clone())) };
    let person = existing_person(app, &owner.account, &ContactId::new(contact.as_str())).await?;
    if !knows(app, principal, channel, &person.root).await? {
        return Err(ApiError::not_found("contact"));
    }
    let known: Vec<&Phone> = person.phones().collect();
    let phone = match (phone, known.as_slice()) {
        (Some(phone), _) => Some(phone),
        (None, [only]) if new.username.is_none() => Some((*only).clone()),
        (None, [_, _, ..]) if new.username.is_none() => {
            return Err(ApiError::invalid("phone", "the contact has several: say which"));
        }
        (None, _) => None,
    };
    Ok((phone, new.name.clone().or_else(|| person.root.name.clone())))
}

/// Whether the caller may know a contact: they are its responsible and a member of the channel, or can search one of
/// its chats.
async fn knows(
    app: &App,
    principal: &Principal,
    channel: &ChannelId,
    contact: &Contact,
) -> Result<bool, ApiError> {
    let account = &principal.account;
    let Some(employee) = principal.by.employee() else { return Ok(true) };
    if contact.responsible.as_ref() == Some(employee)
        && place_of(&app.store, account, channel, employee).await?.is_some()
    {
        return Ok(true);
    }
    let chats = app.store.contact_chats(account, &contact.contact, 100, None).await?.items;
    let ids: Vec<ChatId> = chats.into_iter().map(|row| row.chat).collect();
    let chats = app.store.chats(account, &ids).await?;
    Ok(!visible(app, principal, Operation::Search, chats).await?.is_empty())
}
