//! Rules (F6): what an account wants to happen in its chats automatically. A rule runs when its trigger occurs and all
//! its conditions hold; its actions are then done in order. `docs/RULES.md` is the closed list, for deployers.
//!
//! This module has the rules and decides which of them run; `routing` does their actions.

pub mod automatic;
mod check;
mod compiled;
mod reply;
mod skipped;

pub use crate::model::rules::check::{BadRule, Fault, KnownIds, check, check_size, named_employees};
pub use crate::model::rules::compiled::{Compiled, MatchResult};
pub use crate::model::rules::reply::{ReplyError, VARIABLES, reply_text};
pub use crate::model::rules::skipped::{Skipped, may_assign, tags_after};

use crate::base::ids::{AccountId, ChannelId, EmployeeId};
use crate::model::chat::state::ChatStatus;
use crate::model::chat::{Chat, NoticeTo};
use crate::model::message::kind::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Maximum number of rules of an account.
pub const MAX_RULES: usize = 100;
/// Maximum number of conditions of a rule.
pub const MAX_CONDITIONS: usize = 20;
/// Maximum number of actions of a rule.
pub const MAX_ACTIONS: usize = 10;
/// Longest name and id of a rule, in characters.
pub const MAX_NAME: usize = 200;
/// Longest text of an answer, a notice or a condition, in characters.
pub const MAX_TEXT: usize = 4096;
/// Longest pattern, in characters.
pub const MAX_PATTERN: usize = 1000;
/// Maximum number of patterns of an account.
pub const MAX_PATTERNS: usize = 50;
/// Maximum size of all compiled patterns together, in bytes, in every worker that runs them.
pub const MAX_PATTERN_BYTES: usize = 512 * 1024;
/// Maximum number of values of one condition.
pub const MAX_VALUES: usize = 100;
/// Maximum number of employees that an account's rules may name.
pub const MAX_EMPLOYEES: usize = 100;
/// Longest tag, in characters.
pub const MAX_TAG: usize = 50;
/// Maximum number of different lengths of silence that an account's rules may name.
pub const MAX_IDLE: usize = 10;
/// Longest silence that a rule may wait for, in minutes: 30 days.
pub const MAX_IDLE_MINUTES: u32 = 30 * 24 * 60;
/// Largest set of rules as it is stored, in bytes of JSON.
pub const MAX_BYTES: usize = 200_000;
/// How much of a message's text conditions check, in characters.
pub const LOOKED_AT: usize = 4_096;

/// All rules of an account, in the order in which they run: one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSet {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// How often it was saved: a replacement must name the version that it was based on.
    pub version: u64,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its id: given by the caller who saved it, or a UUID v7.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Whether it runs at all.
    pub enabled: bool,
    /// The trigger that it waits for.
    pub when: When,
    /// The conditions, all of which must hold.
    #[serde(rename = "if", default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The actions, in order.
    #[serde(rename = "then")]
    pub actions: Vec<Action>,
}

impl std::fmt::Debug for Rule {
    // Its texts are people's own words, so they are not printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule").field("id", &self.id).field("when", &self.when).finish_non_exhaustive()
    }
}

/// The trigger that a rule waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The client wrote; a call is a message too.
    MessageIn,
    /// The company wrote: here, in the CRM, or elsewhere. Rules' answers and the farewell do not count.
    MessageOut,
    /// The client called: a missed call, or a call about a listing.
    Call,
    /// The chat was opened.
    ChatOpened,
    /// The chat was finished, by silence or by a person.
    ChatFinished,
    /// Neither side has written in a live chat for so long.
    Idle {
        /// How long, in minutes.
        minutes: u32,
    },
}

impl When {
    /// Whether there is a message with a text and a kind to check. A chat that the client opens is opened by a message;
    /// where an employee opens it, no condition on the message holds.
    pub fn has_message(self) -> bool {
        matches!(self, Self::MessageIn | Self::MessageOut | Self::Call | Self::ChatOpened)
    }

    /// The trigger for this.
    pub fn happened(self) -> Trigger {
        match self {
            Self::MessageIn => Trigger::MessageIn,
            Self::MessageOut => Trigger::MessageOut,
            Self::Call => Trigger::Call,
            Self::ChatOpened => Trigger::ChatOpened,
            Self::ChatFinished => Trigger::ChatFinished,
            Self::Idle { minutes } => Trigger::Idle(minutes),
        }
    }
}

impl Rule {
    /// Whether it drops the message.
    pub fn ignores(&self) -> bool {
        self.actions.contains(&Action::Ignore)
    }
}

impl From<Trigger> for When {
    fn from(happened: Trigger) -> Self {
        match happened {
            Trigger::MessageIn => Self::MessageIn,
            Trigger::MessageOut => Self::MessageOut,
            Trigger::Call => Self::Call,
            Trigger::ChatOpened => Self::ChatOpened,
            Trigger::ChatFinished => Self::ChatFinished,
            Trigger::Idle(minutes) => Self::Idle { minutes },
        }
    }
}

/// What must hold for a rule to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The chat is on one of these channels.
    Channel(Vec<ChannelId>),
    /// It is on one of these messengers, by [`crate::model::messenger::Messenger::as_str`].
    Messenger(Vec<String>),
    /// The message's text, or caption, matches. A message without text matches nothing.
    Text(TextTest),
    /// The message is of one of these kinds.
    Kind(Vec<Kind>),
    /// Whether the client was unknown until this message.
    NewClient(bool),
    /// The chat has a tag, or lacks it.
    Tag(TagTest),
    /// Whether it is within the working hours of the channel or account.
    WorkingHours(bool),
    /// Who is responsible.
    Responsible(ResponsibleTest),
}

/// What a text is compared with. The first two ignore case and surrounding space.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextTest {
    /// The text contains this.
    Contains(String),
    /// The text equals this.
    Equals(String),
    /// This regular expression is found in the text.
    Matches(String),
}

impl std::fmt::Debug for TextTest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Contains(_) => "Contains(…)",
            Self::Equals(_) => "Equals(…)",
            Self::Matches(_) => "Matches(…)",
        })
    }
}

/// A test of a chat's tags. Tags are compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagTest {
    /// The chat has this tag.
    Has(String),
    /// The chat does not have this tag.
    Lacks(String),
}

/// A test of a chat's responsible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponsibleTest {
    /// The responsible is one of these.
    AnyOf(Vec<EmployeeId>),
    /// There is a responsible (`true`), or none.
    Present(bool),
}

/// An action of a rule.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Writes this to the client, by [`reply_text`]. It does not count as an answer.
    AutoReply {
        /// The text, with variables.
        text: String,
    },
    /// Assigns the client to this employee; `None`: puts the client into the queue, to be assigned as a new client
    /// (B3).
    Assign(Option<EmployeeId>),
    /// Changes the chat's tags: tags are removed first, then added.
    Tag {
        /// Tags to add.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        add: Vec<String>,
        /// Tags to remove.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remove: Vec<String>,
    },
    /// Finishes the chat.
    Finish {
        /// The chat's new status; `None` leaves it unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<ChatStatus>,
    },
    /// Sets the chat's status.
    SetStatus(ChatStatus),
    /// Drops the message before anything is stored. It must be the only action, and no other rule runs then.
    Ignore,
    /// Notifies employees.
    Notify {
        /// The addressee.
        to: NoticeTo,
        /// The text.
        text: String,
    },
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AutoReply { .. } => f.write_str("AutoReply(…)"),
            Self::Assign(to) => f.debug_tuple("Assign").field(to).finish(),
            Self::Tag { .. } => f.write_str("Tag(…)"),
            Self::Finish { status } => f.debug_tuple("Finish").field(status).finish(),
            Self::SetStatus(status) => f.debug_tuple("SetStatus").field(status).finish(),
            Self::Ignore => f.write_str("Ignore"),
            Self::Notify { to, .. } => f.debug_tuple("Notify").field(to).finish_non_exhaustive(),
        }
    }
}

/// A trigger: what happened in a chat. One message may be several triggers at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// As [`When::MessageIn`].
    MessageIn,
    /// As [`When::MessageOut`].
    MessageOut,
    /// As [`When::Call`].
    Call,
    /// As [`When::ChatOpened`].
    ChatOpened,
    /// As [`When::ChatFinished`].
    ChatFinished,
    /// So many minutes of silence have just passed.
    Idle(u32),
}

/// The facts that rules are matched against.
#[derive(Clone, Copy, Debug)]
pub struct RuleFacts<'a> {
    /// All triggers that occurred together.
    pub happened: &'a [Trigger],
    /// The message's text or caption.
    pub text: Option<&'a str>,
    /// The message's kind.
    pub kind: Option<Kind>,
    /// The chat at that time.
    pub chat: &'a Chat,
    /// Whether its client was unknown until this message.
    pub is_new_client: bool,
    /// Whether it is within working hours.
    pub in_working_hours: bool,
}

impl RuleSet {
    /// The set of an account that has saved no rules.
    pub fn none(account: &AccountId) -> Self {
        Self { v: 1, account: account.clone(), version: 0, rules: Vec::new() }
    }

    /// Whether any rule is enabled: the value of [`crate::model::account::Account::has_rules`].
    pub fn runs(&self) -> bool {
        self.rules.iter().any(|rule| rule.enabled)
    }

    /// After how many minutes of silence its rules want to check a chat; ascending: the value of
    /// [`crate::model::account::Account::idle_minutes`].
    pub fn idle_minutes(&self) -> Vec<u32> {
        let minutes = |rule: &Rule| match rule.when {
            When::Idle { minutes } if rule.enabled => Some(minutes),
            _ => None,
        };
        self.rules.iter().filter_map(minutes).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl Kind {
    /// Whether it is a call, which [`When::Call`] waits for.
    pub fn is_call(self) -> bool {
        matches!(self, Self::MissedCall | Self::ListingCall)
    }
}

#[cfg(test)]
mod tests;
