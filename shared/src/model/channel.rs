//! Channels and their settings.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, ConnectionId, EmployeeId, IdSalt};
use crate::model::closing_options::ClosingOptions;
use crate::model::messenger::{ChannelRef, ChannelState, Messenger};
use crate::model::working_hours::WorkingHours;
use serde::{Deserialize, Serialize};

/// Who gets a new client when nobody is eligible (B4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// He waits, in order of arrival, until somebody is; the heads are told.
    #[default]
    Queue,
    /// This employee, whatever his switch, status, hours and cap say. He waits where that one may not write.
    Employee(EmployeeId),
    /// A head who is there, in turn, whatever his switch and cap say. He waits while none is.
    Heads,
}

/// How long an employee may leave a new client without an answer before the next one gets him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Seconds until he must have answered.
    pub answer_within_s: u32,
    /// How often at most a client passes on; whoever has him then keeps him.
    pub passes: u32,
}

/// Shortest time in which an answer may be asked for: half a minute.
pub const MIN_ANSWER_WITHIN_S: u32 = 30;
/// Longest: a day.
pub const MAX_ANSWER_WITHIN_S: u32 = 24 * 3600;
/// Most passes.
pub const MAX_PASSES: u32 = 10;

/// How a new client gets his responsible (B3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Strictly in turn, at the client's first message.
    #[default]
    RoundRobin,
    /// Whoever answers first; until then everybody sees the chat who receives new clients.
    FirstResponder,
    /// The CRM names him; until then everybody sees the chat who receives new clients.
    ByCrm,
}

/// The pipeline stage at which the channel's deals begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealStage {
    /// The CRM's pipeline id.
    pub pipeline_id: String,
    /// The CRM's stage id in it.
    pub stage_id: String,
}

/// One number, profile or bot, with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose it is.
    pub account: AccountId,
    /// Its id, derived.
    pub channel: ChannelId,
    /// The connection that carries it.
    pub connection: ConnectionId,
    /// The provider's name, as in the webhook URL.
    pub provider: String,
    /// The provider's id of it.
    pub external: String,
    /// Its name, for people.
    pub name: String,
    /// The name that the account gave it, before the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The number, profile or bot itself, where the provider tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_id: Option<String>,
    /// Whether it is paused (A4): what comes is kept, nothing is sent, and new clients wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// The messenger that it carries, as its provider listed it. Rows of before have the transport alone: [`Self::messenger`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messenger: Option<Messenger>,
    /// The provider's word for what carries it (`whatsapp`, `tgapi` …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// How it is.
    #[serde(default)]
    pub state: ChannelState,
    /// The provider's own word for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_state: Option<String>,
    /// When the provider reported the state: an older report does not overwrite it.
    #[serde(default)]
    pub state_at: Timestamp,
    /// How new clients are given out.
    #[serde(default)]
    pub distribution: Distribution,
    /// Who gets a new client when nobody is eligible.
    #[serde(default, skip_serializing_if = "is_queue")]
    pub fallback: Fallback,
    /// Whether who got a client in turn must answer within a time. None: he need not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<Reservation>,
    /// Whether a client who comes back always goes to who had him, eligible or not (B5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always_same: bool,
    /// When the channel works: what rules ask for. None: as the account says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WorkingHours>,
    /// How its chats end; what it leaves open is as the account says.
    #[serde(flatten)]
    pub closing: ClosingOptions,
    /// No chats are made of what comes on it (B6): everything is dropped and counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
    /// Whether messages written outside, on the phone or in the provider's application, are left out (C6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_echoes: bool,
    /// What stands before such a message in the CRM; none is our text for its origin, an empty one nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo_mark: Option<String>,
    /// Whether the channel's name stands before the texts of clients and of echoes in the CRM (C7).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub name_in_crm: bool,
    /// When it must be looked at, because the CRM has yet to be told of its state. None: it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
    /// Where deals begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal_stage: Option<DealStage>,
    /// When it was first seen.
    pub created_at: Timestamp,
}

impl Channel {
    /// A channel with default settings, as it is when first listed or first heard of.
    pub fn new(account: &AccountId, connection: &ConnectionId, channel: &ChannelRef, now: Timestamp) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            channel: channel.id.clone(),
            connection: connection.clone(),
            provider: channel.provider.clone(),
            external: channel.external.clone(),
            name: channel.external.clone(),
            title: None,
            plain_id: None,
            paused: false,
            messenger: None,
            transport: None,
            state: ChannelState::Active,
            raw_state: None,
            state_at: Timestamp::default(),
            distribution: Distribution::RoundRobin,
            fallback: Fallback::Queue,
            reservation: None,
            always_same: false,
            hours: None,
            closing: ClosingOptions::default(),
            ignored: false,
            skip_echoes: false,
            echo_mark: None,
            name_in_crm: false,
            check_at: None,
            deal_stage: None,
            created_at: now,
        }
    }

    /// Takes a report of its state by the provider. Where it is another one than before, the CRM is to be told of it: at once by
    /// a nudge, and not later than `look` should that get lost (`None`: there is no CRM).
    pub fn report(
        &mut self,
        state: ChannelState,
        raw_state: Option<String>,
        at: Timestamp,
        look: Option<Timestamp>,
    ) {
        if (self.state, &self.raw_state) != (state, &raw_state) && look.is_some() {
            self.check_at = look;
        }
        self.state = state;
        self.raw_state = raw_state;
        self.state_at = at;
    }

    /// Its name for people: the account's own, else the provider's.
    pub fn shown_name(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// Our id of the chat that its provider knows by `id`, as the provider's webhooks will name it.
    pub fn chat_id(&self, salt: &IdSalt, messenger: &Messenger, group: bool, id: &str) -> ChatId {
        // Every provider's chats are named alike; what a post's comments add, webhooks alone know.
        ChatId::derive(salt, &self.channel, &messenger.chat_form(group, id))
    }

    /// The messenger that it carries; none while the provider has not told by what.
    pub fn messenger(&self) -> Option<Messenger> {
        self.messenger.clone().or_else(|| Messenger::of_transport(self.transport.as_deref()?))
    }
}

fn is_queue(fallback: &Fallback) -> bool {
    *fallback == Fallback::Queue
}
