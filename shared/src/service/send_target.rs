//! The chat that a message goes into, existing or new (D4), and its responsible afterwards. A responsible who no longer
//! works on the channel loses the chat when the company writes in it.

use crate::base::clock::Timestamp;
use crate::base::ids::EmployeeId;
use crate::model::access::sending::keeps_client_on_first_message;
use crate::model::account::Account;
use crate::model::assignment::requeue::works;
use crate::model::chat::Chat;
use crate::model::chat::assignment_reason::AssignmentReason;
use crate::model::chat::assignment_record::AssignmentRecord;
use crate::model::chat::state::{AssignmentState, ChatState};
use crate::model::employee::{Employee, Membership};
use crate::service::context::Context;
use crate::service::new_message::{Dialogue, Target};
use crate::service::place::place_of;
use crate::service::refused::{Refused, What};
use crate::store::attribute::WORKS_BY;
use crate::store::clients::in_history;
use crate::store::row::Write;
use crate::store::{Read, Store, StoreError, keys};

/// The chat that a message goes into.
#[derive(Debug)]
pub struct Addressed {
    /// The chat as stored; `None` when it is created now.
    pub before: Option<Chat>,
    /// The chat as it is, or as it begins.
    pub chat: Chat,
    /// Rows that are created with a new chat.
    pub belongings: Vec<Write>,
    /// The author's membership of its channel.
    pub place: Option<Membership>,
    /// Its responsible, where they lose the chat as soon as it opens.
    pub gone: Option<Gone>,
}

/// The responsible of a finished chat who no longer works on its channel. They stay named while nothing is written
/// there.
#[derive(Debug)]
pub struct Gone {
    /// The employee.
    pub employee: EmployeeId,
    /// The check that they still do not work there.
    pub still: Write,
}

/// Finds or begins the chat that the author's message goes into.
///
/// # Errors
/// [`Refused::NotFound`] when the chat does not exist and is not to be created.
pub async fn addressed(
    cx: &Context<'_>,
    owner: &Account,
    target: &Target,
    author: Option<&Employee>,
) -> Result<Addressed, Refused> {
    let id = match target {
        Target::Chat(id) => id,
        Target::Dialogue(dialogue) => &dialogue.like.chat,
    };
    let found = cx.store.chat(&owner.account, id).await?;
    let channel = match (&found, target) {
        (Some(chat), _) => &chat.channel,
        (None, Target::Dialogue(dialogue)) => &dialogue.channel.channel,
        (None, Target::Chat(_)) => return Err(Refused::NotFound(What::Chat)),
    };
    let place = match author {
        Some(author) => place_of(cx.store, &owner.account, channel, &author.employee).await?,
        None => None,
    };
    match (found, target) {
        (Some(chat), _) => {
            let gone = gone(cx.store, &chat, author).await?;
            Ok(Addressed { before: Some(chat.clone()), chat, belongings: Vec::new(), place, gone })
        }
        (None, Target::Dialogue(dialogue)) => begun(cx, owner, dialogue, place).await,
        (None, Target::Chat(_)) => Err(Refused::NotFound(What::Chat)),
    }
}

/// A dialogue's chat as it begins. A client who has an employee already keeps them: another manager may not begin with
/// the client. Where that employee does not work on the channel, the client counts as new.
async fn begun(
    cx: &Context<'_>,
    owner: &Account,
    dialogue: &Dialogue,
    place: Option<Membership>,
) -> Result<Addressed, Refused> {
    let now = cx.ambient.now();
    let keeper =
        place.as_ref().filter(|place| keeps_client_on_first_message(place)).map(|place| &place.employee);
    let like = &dialogue.like;
    let mut client = cx.store.client_addressed(owner, like, keeper, None, cx.ambient).await?;
    let other = client.responsible.clone().filter(|of| Some(of) != keeper);
    let mut theirs = None;
    if let Some(other) = other {
        theirs = place_of(cx.store, &owner.account, &dialogue.channel.channel, &other).await?;
        theirs = theirs.filter(|place| works(Some(place)));
        if theirs.is_none() {
            client = cx.store.client_addressed(owner, like, keeper, Some(&other), cx.ambient).await?;
        }
    }
    let contact = client.id.clone().ok_or(StoreError::Contended)?;
    let mut chat = Chat::unopened(&owner.account, like, contact, now);
    chat.phone.clone_from(&client.phone);
    chat.erased_at = client.erased_at;
    chat.addressee.clone_from(&dialogue.addressee);
    chat.name.clone_from(&like.contact.name);
    let mut belongings = client.writes;
    if let Some(theirs) = theirs {
        belongings.push(Write::create(&chat.assign(&theirs.employee, AssignmentReason::Kept, now))?);
        belongings.push(Write::check(&theirs, &WORKS_BY)?);
    }
    belongings.push(in_history(&chat, now)?);
    Ok(Addressed { before: None, chat, belongings, place, gone: None })
}

async fn gone(store: &Store, chat: &Chat, author: Option<&Employee>) -> Result<Option<Gone>, StoreError> {
    // For chats in the queue and in the list that all employees see, assignment decides.
    let rests = chat.state == ChatState::General
        && matches!(chat.assignment_state, AssignmentState::Assigned | AssignmentState::Silent);
    let own = author.map(|author| &author.employee);
    let Some(employee) = chat.responsible.as_ref().filter(|of| rests && Some(*of) != own) else {
        return Ok(None);
    };
    let key = keys::membership(&chat.account, &chat.channel, employee);
    let place: Option<Membership> = store.get(&key, Read::Consistent).await?;
    if works(place.as_ref()) {
        return Ok(None);
    }
    let still = match &place {
        Some(place) => Write::check(place, &WORKS_BY)?,
        None => Write::absent(key),
    };
    Ok(Some(Gone { employee: employee.clone(), still }))
}

/// Assigns a client to the employee who writes to them, with the reason.
pub fn claim(chat: &mut Chat, employee: &EmployeeId, now: Timestamp) -> AssignmentRecord {
    let why = match chat.assignment_state {
        AssignmentState::Silent => AssignmentReason::Dialogue,
        // The employee had the client before, and answered before the client was assigned (B5).
        AssignmentState::Waiting => AssignmentReason::Kept,
        AssignmentState::Unclaimed | AssignmentState::Assigned => AssignmentReason::FirstAnswer,
    };
    chat.assign(employee, why, now).by(Some(employee))
}

/// Takes a chat that has just opened from an employee who is gone. The chat goes to `heir`, or else into the queue as
/// if its client had just come. `kept` says that another employee is responsible for the person and is asked first. A
/// client who has not written is not queued: they have no employee then.
pub fn leave(chat: &mut Chat, heir: Option<&EmployeeId>, kept: bool, now: Timestamp) -> AssignmentRecord {
    if let Some(heir) = heir {
        return claim(chat, heir, now);
    }
    if chat.assignment_state == AssignmentState::Silent {
        chat.seq += 1;
        (chat.responsible, chat.assigned_by) = (None, None);
    } else {
        // The company wrote last: the client has waited for nothing until now.
        chat.arrived_at = Some(now);
        chat.unassign(now);
        chat.queue_preference = chat.queue_preference.take().filter(|_| !kept);
    }
    AssignmentRecord::new(chat, AssignmentReason::Removed, now)
}
