//! Channels and their settings.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, ConnectionId, EmployeeId, IdSalt};
use crate::model::closing_options::ClosingOptions;
use crate::model::messenger::{ChannelRef, ChannelState, Messenger};
use crate::model::working_hours::WorkingHours;
use serde::{Deserialize, Serialize};

/// Who gets a new client when no employee is eligible (B4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// The client waits in the queue, in order of arrival, until an employee is eligible; the heads are notified.
    #[default]
    Queue,
    /// This employee gets the client, whatever their availability switch, status, hours and cap. If the employee may
    /// not write, the client waits.
    Employee(EmployeeId),
    /// A head who is present gets the client, in turn, whatever the head's availability switch and cap. If no head is
    /// present, the client waits.
    Heads,
}

/// How long an employee may leave a new client without an answer before the next employee gets the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Seconds within which the employee must answer.
    pub answer_within_s: u32,
    /// How many times at most a client is requeued; the employee who then has the client keeps them.
    pub passes: u32,
}

/// Shortest allowed time to answer: half a minute.
pub const MIN_ANSWER_WITHIN_S: u32 = 30;
/// Longest allowed time to answer: a day.
pub const MAX_ANSWER_WITHIN_S: u32 = 24 * 3600;
/// Maximum number of times a client is requeued.
pub const MAX_PASSES: u32 = 10;

/// How a new client is assigned a responsible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// To employees strictly in turn, at the client's first message.
    #[default]
    RoundRobin,
    /// To the first employee who answers; until then all employees who receive new clients see the chat.
    FirstResponder,
    /// To the employee whom the CRM names; until then all employees who receive new clients see the chat.
    ByCrm,
}

/// The pipeline stage in which the channel's deals are created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealStage {
    /// The CRM's pipeline id.
    pub pipeline_id: String,
    /// The CRM's stage id in it.
    pub stage_id: String,
}

/// A channel: one number, profile or bot, with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// Its id, derived.
    pub channel: ChannelId,
    /// The connection that carries it.
    pub connection: ConnectionId,
    /// The provider's name, as in the webhook URL.
    pub provider: String,
    /// The provider's id of the channel.
    pub external: String,
    /// The name that the provider shows, for people.
    pub name: String,
    /// The name that the account gave it; it takes precedence over the provider's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The number, profile or bot itself, where the provider reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_id: Option<String>,
    /// Whether it is paused (A4): incoming messages are stored, nothing is sent, and new clients wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// The messenger that it carries, as its provider listed it. Older rows have the transport alone, see
    /// [`Self::messenger`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messenger: Option<Messenger>,
    /// The provider's name for the transport (`whatsapp`, `tgapi` …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// The channel's state.
    #[serde(default)]
    pub state: ChannelState,
    /// The provider's own word for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_state: Option<String>,
    /// When the provider reported the state: an older report does not overwrite it.
    #[serde(default)]
    pub state_at: Timestamp,
    /// How new clients are assigned.
    #[serde(default)]
    pub distribution: Distribution,
    /// Who gets a new client when no employee is eligible.
    #[serde(default, skip_serializing_if = "is_queue")]
    pub fallback: Fallback,
    /// Whether an employee who was assigned a client in turn must answer within a time. `None`: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<Reservation>,
    /// Whether a returning client always goes to their previous responsible, eligible or not (B5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always_same: bool,
    /// The channel's working hours, which rules check. `None`: the account's hours apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WorkingHours>,
    /// How its chats are finished; options that are not set come from the account.
    #[serde(flatten)]
    pub closing: ClosingOptions,
    /// Whether the channel is ignored (B6): no chats are created from its events, which are dropped and counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
    /// Whether messages written outside Switchboard, on the phone or in the provider's application, are skipped (C6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_echoes: bool,
    /// The text that precedes such a message in the CRM. `None`: our text for its origin; empty: no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo_mark: Option<String>,
    /// Whether the channel's name precedes the texts of clients and of echoes in the CRM (C7).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub name_in_crm: bool,
    /// When the channel must be checked because its state has yet to be reported to the CRM. `None`: the CRM is up to
    /// date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
    /// Where its deals are created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal_stage: Option<DealStage>,
    /// When the channel was first listed or first sent an event.
    pub created_at: Timestamp,
}

impl Channel {
    /// A channel with default settings, as it is when it is first listed or first sends an event.
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

    /// Records a state that the provider reported. A changed state must be reported to the CRM: at once by a nudge, or
    /// at `look` at the latest if the nudge is lost (`None`: there is no CRM).
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

    /// Our id of the chat that its provider knows by `id`, the same as for the provider's webhooks.
    pub fn chat_id(&self, salt: &IdSalt, messenger: &Messenger, group: bool, id: &str) -> ChatId {
        // Chats of all providers are named in the same way; only webhooks know the suffix of a post's comments.
        ChatId::derive(salt, &self.channel, &messenger.chat_form(group, id))
    }

    /// The messenger that it carries; `None` until the provider has reported the transport.
    pub fn messenger(&self) -> Option<Messenger> {
        self.messenger.clone().or_else(|| Messenger::of_transport(self.transport.as_deref()?))
    }
}

fn is_queue(fallback: &Fallback) -> bool {
    *fallback == Fallback::Queue
}
