//! Who may do what with a chat (B1, B3, B9): one rule for lists, search, opening, counting, notices, sending and all else.
//! `docs/ACCESS.md` has it as a table; tests hold both, and the API, to each other.

pub mod sending;

use crate::model::access::sending::{Permit, Sender};
use crate::model::channel::Distribution;
use crate::model::chat::Chat;
use crate::model::chat::state::AssignmentState;
use crate::model::employee::{Membership, Role};

/// What somebody wants to do with a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Have it among his chats.
    List,
    /// Find it.
    Search,
    /// Read it: its messages, its changes, its listings, its history.
    Open,
    /// Have its unread and unanswered messages counted for him.
    Count,
    /// Be told of what happens in it.
    Notify,
    /// Write to its client, on a channel that gives clients out so.
    Send(Distribution),
    /// Edit or delete what was written to its client, on such a channel.
    Edit(Distribution),
    /// Say what was read, and what wants no answer.
    Mark,
    /// Finish it.
    Finish,
    /// Say how far it has come.
    SetStatus,
    /// Tag it; set the car that it is about.
    Tag,
    /// Give its client to an employee, or back into the queue.
    Assign,
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// He does not see it: he is told what he would be told if there were none.
    Hidden,
    /// He has no role on the channel. Said of sending only, to whoever knows that the chat is there.
    NoRole,
    /// Somebody else's client, or nobody's whom he may not claim. Said of sending only: a colleague may just have been faster.
    NotResponsible,
    /// He is not bound to the channel (B7).
    NotBound,
    /// Quality control looks on, and touches nothing.
    QualityControl,
    /// Only a head gives clients to others.
    NotHead,
}

impl Denial {
    /// The code in answers.
    pub fn code(self) -> &'static str {
        match self {
            Self::Hidden => "not_found",
            Self::NoRole => "no_role",
            Self::NotResponsible => "not_responsible",
            Self::NotBound => "not_bound",
            Self::QualityControl => "quality_control",
            Self::NotHead => "not_head",
        }
    }
}

/// Whether somebody may do something with a chat, and what comes of it. The account itself may everything.
///
/// Status, working hours and cap change nobody's rights, and neither does whether the CRM can be asked. Somebody whom the CRM
/// does not know any more has no role.
///
/// # Errors
/// The reason why not.
pub fn may(operation: Operation, who: Sender<'_>, chat: &Chat) -> Result<Permit, Denial> {
    use Operation::{Assign, Count, Edit, Finish, List, Mark, Notify, Open, Search, Send, SetStatus, Tag};
    let place = match who {
        Sender::Account => return Ok(Permit::Write),
        Sender::Employee(place) => active(place),
    };
    match operation {
        List | Search | Open | Count | Notify => looks_on(place, chat).map(|_| Permit::Write),
        Send(distribution) => writes(place, chat, distribution),
        Edit(distribution) => edits(place, chat, distribution),
        Mark | Finish | SetStatus | Tag => touches(place, chat).map(|_| Permit::Write),
        Assign if touches(place, chat)?.role != Role::Head => Err(Denial::NotHead),
        Assign => Ok(Permit::Write),
    }
}

/// The place of somebody who has a role by it: the CRM knows him.
pub fn active(place: Option<&Membership>) -> Option<&Membership> {
    place.filter(|place| !place.inactive)
}

/// Whether he sees all chats of the channel, whosever they are: then its lists are his whole.
pub fn sees_all(place: &Membership) -> bool {
    !place.inactive && matches!(place.role, Role::Head | Role::QualityControl)
}

/// Whether a chat that is nobody's yet is shown to him: then he is told of it, and the list of such is his whole.
pub fn sees_unclaimed(place: &Membership) -> bool {
    sees_all(place) || (!place.inactive && place.receives_new_clients)
}

/// Whether somebody who has not written becomes the client of whoever addresses him first. A head who gets no new clients
/// leaves him to others.
pub fn keeps_client_on_first_message(place: &Membership) -> bool {
    let keeps = place.role == Role::Manager || (place.role.may_write() && place.receives_new_clients);
    keeps && !place.inactive
}

/// The place by which somebody sees a chat. A manager sees those for which he is responsible, also while he is asked for
/// first (B5), and while he receives new clients also those that are nobody's yet.
fn looks_on<'a>(place: Option<&'a Membership>, chat: &Chat) -> Result<&'a Membership, Denial> {
    let sees = |place: &&Membership| {
        sees_all(place)
            || is_his(place, chat)
            || (chat.assignment_state == AssignmentState::Unclaimed && sees_unclaimed(place))
    };
    place.filter(sees).ok_or(Denial::Hidden)
}

/// The place by which he changes it: whoever sees it may, but for quality control.
fn touches<'a>(place: Option<&'a Membership>, chat: &Chat) -> Result<&'a Membership, Denial> {
    let place = looks_on(place, chat)?;
    if place.role.may_write() { Ok(place) } else { Err(Denial::QualityControl) }
}

/// An employee's first answer to a client who is nobody's yet makes him responsible where the channel gives clients to the
/// first responder, if new clients come to him: a head without that switch only writes (B3). Who begins a dialogue with
/// somebody who has not written becomes responsible for him.
fn writes(place: Option<&Membership>, chat: &Chat, distribution: Distribution) -> Result<Permit, Denial> {
    let place = writer(place)?;
    let permit = if claims(place, chat, distribution) { Permit::Claim } else { Permit::Write };
    let may = permit == Permit::Claim || looks_on(Some(place), chat).is_ok();
    bound(may.then_some(place)).map(|()| permit)
}

/// What was written is changed by those for whom no answer is a claim: the responsible and heads; where the CRM names him,
/// also all to whom the chat is shown, for they have written in it.
fn edits(place: Option<&Membership>, chat: &Chat, distribution: Distribution) -> Result<Permit, Denial> {
    let place = writer(place)?;
    let shown = chat.assignment_state != AssignmentState::Unclaimed || distribution == Distribution::ByCrm;
    let may = sees_all(place) || is_his(place, chat) || (shown && looks_on(Some(place), chat).is_ok());
    bound(may.then_some(place)).map(|()| Permit::Write)
}

fn writer(place: Option<&Membership>) -> Result<&Membership, Denial> {
    let place = place.ok_or(Denial::NoRole)?;
    if place.role.may_write() { Ok(place) } else { Err(Denial::QualityControl) }
}

fn bound(writer: Option<&Membership>) -> Result<(), Denial> {
    let place = writer.ok_or(Denial::NotResponsible)?;
    if place.sends { Ok(()) } else { Err(Denial::NotBound) }
}

fn is_his(place: &Membership, chat: &Chat) -> bool {
    chat.responsible.as_ref() == Some(&place.employee)
}

fn claims(place: &Membership, chat: &Chat, distribution: Distribution) -> bool {
    match (chat.assignment_state, distribution) {
        // Who had him before answers before he is asked for (B5): he keeps him.
        (AssignmentState::Waiting, _) if is_his(place, chat) => true,
        _ if chat.responsible.is_some() => false,
        (AssignmentState::Unclaimed, Distribution::ByCrm) => false,
        (AssignmentState::Unclaimed, _) => place.receives_new_clients,
        // Nobody has written yet: he begins the dialogue.
        (AssignmentState::Silent, _) => keeps_client_on_first_message(place),
        (AssignmentState::Waiting | AssignmentState::Assigned, _) => false,
    }
}

#[cfg(test)]
mod tests;
