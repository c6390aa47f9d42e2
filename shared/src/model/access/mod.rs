//! Who may do what with a chat (B1, B3, B9): one rule for lists, search, opening, counting, notices, sending and
//! everything else. `docs/ACCESS.md` shows it as a table; tests keep the rule, the table and the API consistent.

pub mod sending;

use crate::model::access::sending::{Permit, Sender};
use crate::model::channel::Distribution;
use crate::model::chat::Chat;
use crate::model::chat::state::AssignmentState;
use crate::model::employee::{Membership, Role};

/// An operation on a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// See it in a list of chats.
    List,
    /// Find it by search.
    Search,
    /// Read it: its messages, changes, listings and history.
    Open,
    /// Have its unread and unanswered messages counted.
    Count,
    /// Be notified of what happens in it.
    Notify,
    /// Write to its client, on a channel with this distribution.
    Send(Distribution),
    /// Edit or delete what was written to its client, on a channel with this distribution.
    Edit(Distribution),
    /// Acknowledge messages as read, or declare that no answer is needed.
    Mark,
    /// Finish it.
    Finish,
    /// Set its status.
    SetStatus,
    /// Change its tags, or set the car that it is about.
    Tag,
    /// Assign its client to an employee, or put the client back into the queue.
    Assign,
}

/// Why an operation is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The employee does not see the chat: the answer is the same as if the chat did not exist.
    Hidden,
    /// The employee has no role on the channel. Used for sending only, to callers who know that the chat exists.
    NoRole,
    /// The client is another employee's, or unclaimed and not claimable by this employee. Used for sending only,
    /// because a colleague may just have been faster.
    NotResponsible,
    /// The employee is not bound to the channel (B7).
    NotBound,
    /// Quality control reads, and changes nothing.
    QualityControl,
    /// Only a head assigns clients to other employees.
    NotHead,
}

impl Denial {
    /// The code in API answers.
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

/// Whether a caller may do something with a chat, and what follows from it. The account itself may do everything.
///
/// Status, working hours and cap change no rights, and neither does whether the CRM can be reached. An employee whom
/// the CRM no longer knows has no role.
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

/// The membership, if the employee has a role by it: the CRM must still know them.
pub fn active(place: Option<&Membership>) -> Option<&Membership> {
    place.filter(|place| !place.inactive)
}

/// Whether the member sees all chats of the channel, including those of other employees: then its lists are shown to
/// them as a whole.
pub fn sees_all(place: &Membership) -> bool {
    !place.inactive && matches!(place.role, Role::Head | Role::QualityControl)
}

/// Whether an unclaimed chat is shown to the member: then they are notified of it, and the list of unclaimed chats is
/// shown to them as a whole.
pub fn sees_unclaimed(place: &Membership) -> bool {
    sees_all(place) || (!place.inactive && place.receives_new_clients)
}

/// Whether an employee who starts a chat becomes its responsible. Heads who receive no new clients do not.
pub fn keeps_client_on_first_message(place: &Membership) -> bool {
    let keeps = place.role == Role::Manager || (place.role.may_write() && place.receives_new_clients);
    keeps && !place.inactive
}

/// The membership by which an employee sees a chat. A manager sees the chats for which they are responsible, also while
/// the client waits with a preference for them (B5), and unclaimed chats while they receive new clients.
fn looks_on<'a>(place: Option<&'a Membership>, chat: &Chat) -> Result<&'a Membership, Denial> {
    let sees = |place: &&Membership| {
        sees_all(place)
            || is_his(place, chat)
            || (chat.assignment_state == AssignmentState::Unclaimed && sees_unclaimed(place))
    };
    place.filter(sees).ok_or(Denial::Hidden)
}

/// The membership by which an employee changes a chat: all who see it may change it, except quality control.
fn touches<'a>(place: Option<&'a Membership>, chat: &Chat) -> Result<&'a Membership, Denial> {
    let place = looks_on(place, chat)?;
    if place.role.may_write() { Ok(place) } else { Err(Denial::QualityControl) }
}

/// Whether an employee may write, and whether they thereby claim the client. The first answer to an unclaimed client
/// makes the employee responsible where the channel assigns clients to the first responder, if the employee receives
/// new clients: a head without that switch only writes (B3). An employee who starts a dialogue with a person who has
/// not written becomes responsible for them.
fn writes(place: Option<&Membership>, chat: &Chat, distribution: Distribution) -> Result<Permit, Denial> {
    let place = writer(place)?;
    let permit = if claims(place, chat, distribution) { Permit::Claim } else { Permit::Write };
    let may = permit == Permit::Claim || looks_on(Some(place), chat).is_ok();
    bound(may.then_some(place)).map(|()| permit)
}

/// Whether an employee may change what was written: the responsible and heads may, because their answers are no claims.
/// Where the CRM names the responsible, all to whom the chat is shown may, because they have written in it.
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
        // The previous responsible answers before the client is assigned again (B5), and keeps the client.
        (AssignmentState::Waiting, _) if is_his(place, chat) => true,
        _ if chat.responsible.is_some() => false,
        (AssignmentState::Unclaimed, Distribution::ByCrm) => false,
        (AssignmentState::Unclaimed, _) => place.receives_new_clients,
        // The client has not written yet: the employee starts the dialogue.
        (AssignmentState::Silent, _) => keeps_client_on_first_message(place),
        (AssignmentState::Waiting | AssignmentState::Assigned, _) => false,
    }
}

#[cfg(test)]
mod tests;
