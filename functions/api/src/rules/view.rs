//! Rules in requests and answers: one shape for both, so that a rule that was read can be changed and sent back.

use crate::http::body::{object, objects, present};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use shared::model::chat::state::ChatStatus;
use shared::model::message::kind::Kind;
use utoipa::ToSchema;

/// A rule: on its trigger, if all conditions hold, its actions run in order.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleBody {
    /// Its id; a new one is made if it is left out.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    pub id: Option<String>,
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Whether it is enabled.
    #[serde(default = "runs")]
    #[schema(default = true)]
    pub enabled: bool,
    /// Its trigger.
    #[serde(deserialize_with = "one")]
    pub when: RuleWhen,
    /// Conditions; without any, it runs on every trigger.
    #[serde(rename = "if", default, deserialize_with = "objects")]
    #[schema(required = false, max_items = 20)]
    pub conditions: Vec<RuleCondition>,
    /// Its actions.
    #[serde(rename = "then", deserialize_with = "objects")]
    #[schema(min_items = 1, max_items = 10)]
    pub actions: Vec<RuleAction>,
}

fn runs() -> bool {
    true
}

fn one<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    object(deserializer)?.ok_or_else(|| D::Error::custom("an object"))
}

/// The trigger of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleWhen {
    /// The client wrote, or called.
    MessageIn {},
    /// The company wrote: here, in the CRM or outside. Messages of rules and the farewell do not count.
    MessageOut {},
    /// The client called: a missed call, or a call about a listing.
    Call {},
    /// The chat was opened.
    ChatOpened {},
    /// The chat was finished, by silence or by a person.
    ChatFinished {},
    /// Neither side has written in a live chat for this long.
    Idle {
        /// Minutes.
        #[schema(minimum = 1, maximum = 43_200)]
        minutes: u32,
    },
}

/// A condition. Each tests one thing; a list holds if one of its entries does.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleCondition {
    /// The chat is on one of these channels.
    Channel {
        /// Their ids.
        any_of: Vec<String>,
    },
    /// The chat is on one of these messengers.
    Messenger {
        /// `whatsapp`, `telegram`, `viber`, `instagram`, `vk`, `avito`, `max`.
        any_of: Vec<String>,
    },
    /// The message's text matches: exactly one of the three. Only with `message_in`, `message_out`, `call`,
    /// `chat_opened`.
    Text {
        /// The text contains this, ignoring case.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 4096)]
        contains: Option<String>,
        /// The text is this, ignoring case and surrounding space.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 4096)]
        equals: Option<String>,
        /// The regular expression matches a part of the text.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 1000)]
        matches: Option<String>,
    },
    /// The message is of one of these kinds. Only with `message_in`, `message_out`, `call`, `chat_opened`.
    Kind {
        /// The kinds.
        any_of: Vec<Kind>,
    },
    /// Whether the client was unknown until now.
    NewClient {
        /// Whether the client must have been unknown.
        is: bool,
    },
    /// The chat has a tag, or lacks it: exactly one of the two.
    Tag {
        /// It has this tag.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 50)]
        has: Option<String>,
        /// It does not have this tag.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 50)]
        lacks: Option<String>,
    },
    /// Whether the time is within the working hours of channel or account.
    WorkingHours {
        /// Whether it must be within them.
        inside: bool,
    },
    /// The chat's responsible: exactly one of the two.
    Responsible {
        /// The responsible is one of these employees.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        any_of: Option<Vec<String>>,
        /// Whether there must be a responsible.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        present: Option<bool>,
    },
}

/// An action of a rule.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleAction {
    /// Writes to the client. It does not count as an employee's answer.
    AutoReply {
        /// The text; `{client_name}`, `{channel_name}` and `{company}` are filled in, `{{` stands for a brace.
        #[schema(min_length = 1, max_length = 4096)]
        text: String,
    },
    /// Assigns the client: exactly one of the two. Does not change an assignment by a person or by the CRM.
    Assign {
        /// To this employee.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 200)]
        employee: Option<String>,
        /// `true`: as the channel assigns new clients.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        distribute: Option<bool>,
    },
    /// Changes the chat's tags: removes first, then adds.
    Tag {
        /// Tags to add.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schema(required = false, max_items = 20)]
        add: Vec<String>,
        /// Tags to remove.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schema(required = false, max_items = 20)]
        remove: Vec<String>,
    },
    /// Finishes the chat. A chat that is finished as it opens never shows as live.
    Finish {
        /// The chat's status; when left out, the status stays.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        status: Option<ChatStatus>,
    },
    /// Sets the chat's status.
    SetStatus {
        /// The status.
        status: ChatStatus,
    },
    /// Drops the message before anything is stored. Must be the only action, with `message_in` or `call`.
    Ignore {},
    /// Notifies employees.
    Notify {
        /// The addressee.
        to: RuleNoticeTo,
        /// The employee, if `to` is `employee`.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 200)]
        employee: Option<String>,
        /// The notice's text.
        #[schema(min_length = 1, max_length = 4096)]
        text: String,
    },
}

/// The addressee of a rule's notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleNoticeTo {
    /// The responsible employee; the heads of the channel while there is none.
    Responsible,
    /// The heads of the channel.
    Heads,
    /// One employee.
    Employee,
}
