//! Actions that are skipped, in a run and in a dry run alike (F6).

use crate::base::ids::EmployeeId;
use crate::model::chat::assignment_reason::AssignedBy;
use crate::model::chat::state::AssignmentState;
use crate::model::chat::{Chat, MAX_CHAT_TAGS};
use crate::model::rules::automatic::NotWritten;
use std::collections::BTreeSet;

/// Why an action was skipped; the other actions are done all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// The answer cannot be sent now.
    NotWritten(NotWritten),
    /// A variable of the answer's text has no value for this client.
    NoValue,
    /// A person or the CRM assigned the client to their responsible.
    GivenByHand,
    /// An employee has answered since the chat was opened: the client stays with that employee.
    Answered,
    /// The client has not written: there is no client to assign.
    Silent,
    /// The chat would have more tags than allowed.
    TooManyTags,
    /// There was too much to do at once for one transaction.
    TooMuch,
}

impl Skipped {
    /// The code in logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotWritten(why) => why.code(),
            Self::NoValue => "no_value",
            Self::GivenByHand => "given_by_hand",
            Self::Answered => "answered",
            Self::Silent => "silent",
            Self::TooManyTags => "too_many_tags",
            Self::TooMuch => "too_much",
        }
    }
}

/// Whether a rule may assign a client to `to`, or, with `None`, put the client back into the queue.
///
/// # Errors
/// The reason why not.
pub fn may_assign(chat: &Chat, to: Option<&EmployeeId>) -> Result<(), Skipped> {
    if chat.assignment_state == AssignmentState::Silent {
        return Err(Skipped::Silent);
    }
    if chat.responsible.is_some() && chat.assigned_by == Some(AssignedBy::Person) {
        return Err(Skipped::GivenByHand);
    }
    if to.is_none() && chat.is_talked_with() {
        return Err(Skipped::Answered);
    }
    Ok(())
}

/// A chat's tags after a rule's changes.
///
/// # Errors
/// [`Skipped::TooManyTags`].
pub fn tags_after(chat: &Chat, add: &[String], remove: &[String]) -> Result<BTreeSet<String>, Skipped> {
    let mut tags = chat.tags.clone();
    tags.retain(|tag| !remove.contains(tag));
    tags.extend(add.iter().cloned());
    if tags.len() > MAX_CHAT_TAGS { Err(Skipped::TooManyTags) } else { Ok(tags) }
}
