//! The chat that a message goes into, as stored or as it begins (D4), and whose it is then: one whose responsible does not work
//! on its channel any more does not stay his when we write in it.

use crate::app::App;
use crate::http::chat_access::place_of;
use crate::http::error::ApiError;
use crate::service::send::{Dialogue, Target};
use shared::base::clock::Timestamp;
use shared::base::ids::EmployeeId;
use shared::model::access::sending::keeps_whom_he_addresses;
use shared::model::account::Account;
use shared::model::assignment::requeue::{WORKS_BY, works};
use shared::model::chat::Chat;
use shared::model::chat::assignment_reason::Why;
use shared::model::chat::assignment_record::AssignmentRecord;
use shared::model::chat::state::{ChatState, ClientState};
use shared::model::employee::{Employee, Membership};
use shared::store::clients::in_history;
use shared::store::row::Write;
use shared::store::{Read, StoreError, keys};

/// A chat that a message goes into.
#[derive(Debug)]
pub struct Addressed {
    /// The chat as stored; none when it is made now.
    pub before: Option<Chat>,
    /// The chat as it is, or as it begins.
    pub chat: Chat,
    /// Rows that a new chat brings along.
    pub belongings: Vec<Write>,
    /// The author's place on its channel.
    pub place: Option<Membership>,
    /// Its responsible, where he is to lose it as soon as it opens.
    pub gone: Option<Gone>,
}

/// The responsible of a finished chat who does not work on its channel any more. While nobody writes there, he stays named.
#[derive(Debug)]
pub struct Gone {
    /// Who.
    pub employee: EmployeeId,
    /// That he still does not work there.
    pub still: Write,
}

/// The chat that a message of the author's goes into.
///
/// # Errors
/// 404 when it is not there and is not to be made.
pub async fn addressed(
    app: &App,
    owner: &Account,
    target: &Target,
    author: Option<&Employee>,
) -> Result<Addressed, ApiError> {
    let id = match target {
        Target::Chat(id) => id,
        Target::Dialogue(dialogue) => &dialogue.like.chat,
    };
    let found = app.store.chat(&owner.account, id).await?;
    let channel = match (&found, target) {
        (Some(chat), _) => &chat.channel,
        (None, Target::Dialogue(dialogue)) => &dialogue.channel.channel,
        (None, Target::Chat(_)) => return Err(ApiError::not_found("chat")),
    };
    let place = match author {
        Some(author) => place_of(app, &owner.account, channel, &author.employee).await?,
        None => None,
    };
    match (found, target) {
        (Some(chat), _) => {
            let gone = gone(app, &chat, author).await?;
            Ok(Addressed { before: Some(chat.clone()), chat, belongings: Vec::new(), place, gone })
        }
        (None, Target::Dialogue(dialogue)) => begun(app, owner, dialogue, place).await,
        (None, Target::Chat(_)) => Err(ApiError::not_found("chat")),
    }
}

/// A dialogue's chat as it begins. Whose client he was already stays so: another manager may not begin with him. Where that one
/// does not work on the channel, the client is as any stranger.
async fn begun(
    app: &App,
    owner: &Account,
    dialogue: &Dialogue,
    place: Option<Membership>,
) -> Result<Addressed, ApiError> {
    let now = app.ambient.now();
    let keeper = place.as_ref().filter(|place| keeps_whom_he_addresses(place)).map(|place| &place.employee);
    let like = &dialogue.like;
    let mut client = app.store.client_addressed(owner, like, keeper, None, &*app.ambient).await?;
    let other = client.responsible.clone().filter(|of| Some(of) != keeper);
    let mut his = None;
    if let Some(other) = other {
        his = place_of(app, &owner.account, &dialogue.channel.channel, &other).await?;
        his = his.filter(|place| works(Some(place)));
        if his.is_none() {
            client = app.store.client_addressed(owner, like, keeper, Some(&other), &*app.ambient).await?;
        }
    }
    let contact = client.id.clone().ok_or(StoreError::Contended)?;
    let mut chat = Chat::unopened(&owner.account, like, contact, now);
    chat.phone.clone_from(&client.phone);
    chat.erased_at = client.erased_at;
    chat.reach.clone_from(&dialogue.reach);
    chat.name.clone_from(&like.contact.name);
    let mut belongings = client.writes;
    if let Some(his) = his {
        belongings.push(Write::create(&chat.give(&his.employee, Why::Kept, now))?);
        belongings.push(Write::check(&his, &WORKS_BY)?);
    }
    belongings.push(in_history(&chat, now)?);
    Ok(Addressed { before: None, chat, belongings, place, gone: None })
}

async fn gone(app: &App, chat: &Chat, author: Option<&Employee>) -> Result<Option<Gone>, StoreError> {
    // In the queue and in everybody's list, others decide.
    let rests = chat.state == ChatState::General
        && matches!(chat.client, ClientState::Assigned | ClientState::Silent);
    let own = author.map(|author| &author.employee);
    let Some(employee) = chat.responsible.as_ref().filter(|of| rests && Some(*of) != own) else {
        return Ok(None);
    };
    let key = keys::membership(&chat.account, &chat.channel, employee);
    let place: Option<Membership> = app.store.get(&key, Read::Consistent).await?;
    if works(place.as_ref()) {
        return Ok(None);
    }
    let still = match &place {
        Some(place) => Write::check(place, &WORKS_BY)?,
        None => Write::absent(key),
    };
    Ok(Some(Gone { employee: employee.clone(), still }))
}

/// Gives a client to whoever writes to him, and says why.
pub fn claim(chat: &mut Chat, employee: &EmployeeId, now: Timestamp) -> AssignmentRecord {
    let why = match chat.client {
        ClientState::Silent => Why::Dialogue,
        // He had him before, and has answered before he was asked (B5).
        ClientState::Waiting => Why::Kept,
        ClientState::Unclaimed | ClientState::Assigned => Why::FirstAnswer,
    };
    chat.give(employee, why, now).by(Some(employee))
}

/// Takes a chat that has just opened from somebody who is gone: it is `heir`'s now, else it goes into the queue as if its client
/// had come; `kept` says that somebody else is responsible for the person, and is asked for first. A client who has not
/// written waits for nobody: he is nobody's.
pub fn leave(chat: &mut Chat, heir: Option<&EmployeeId>, kept: bool, now: Timestamp) -> AssignmentRecord {
    if let Some(heir) = heir {
        return claim(chat, heir, now);
    }
    if chat.client == ClientState::Silent {
        chat.seq += 1;
        (chat.responsible, chat.given) = (None, None);
    } else {
        // We wrote last: he has waited for nothing until now.
        chat.arrived_at = Some(now);
        chat.take_back(now);
        chat.wish = chat.wish.take().filter(|_| !kept);
    }
    AssignmentRecord::new(chat, Why::Removed, now)
}
