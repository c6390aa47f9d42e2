//! Rules in requests and answers: one shape for both, so that what was read can be changed and sent back.

use crate::http::body::{object, objects, present};
use crate::http::enums::{ChatStatus, Kind};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A rule: when something happens and all conditions hold, its actions are done in order.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleBody {
    /// Its id; a new one is made where none is given.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    pub id: Option<String>,
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Whether it runs.
    #[serde(default = "runs")]
    #[schema(default = true)]
    pub enabled: bool,
    /// What it waits for.
    #[serde(deserialize_with = "one")]
    pub when: RuleWhen,
    /// Conditions; without any, it runs whenever it is called.
    #[serde(rename = "if", default, deserialize_with = "objects")]
    #[schema(required = false, max_items = 20)]
    pub conditions: Vec<RuleCondition>,
    /// What it does.
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

/// What a rule waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleWhen {
    /// The client wrote, or called.
    MessageIn {},
    /// The company wrote: here, in the CRM or outside. Not what rules write, nor the farewell.
    MessageOut {},
    /// The client called: missed, or about a listing.
    Call {},
    /// The chat was opened.
    ChatOpened {},
    /// The chat was finished, by silence or by a person.
    ChatFinished {},
    /// Nobody has written in a live chat for so long.
    Idle {
        /// Minutes.
        #[schema(minimum = 1, maximum = 43_200)]
        minutes: u32,
    },
}

/// What must hold. Each asks one thing; a list holds where one of it does.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleCondition {
    /// The chat is on one of these channels.
    Channel {
        /// Their ids.
        any_of: Vec<String>,
    },
    /// It is on one of these messengers.
    Messenger {
        /// `whatsapp`, `telegram`, `viber`, `instagram`, `vk`, `avito`, `max`.
        any_of: Vec<String>,
    },
    /// The message's text is like this: exactly one of the three. Only with `message_in`, `message_out`, `call`, `chat_opened`.
    Text {
        /// This stands in it, whatever the case.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 4096)]
        contains: Option<String>,
        /// It is this, whatever the case and the space around it.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 4096)]
        equals: Option<String>,
        /// This regular expression is found in it.
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
        /// Whether he was.
        is: bool,
    },
    /// The chat has a tag, or lacks it: exactly one of the two.
    Tag {
        /// It has this one.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 50)]
        has: Option<String>,
        /// It has not.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 50)]
        lacks: Option<String>,
    },
    /// Whether it is within the working hours of channel or account.
    WorkingHours {
        /// Whether it is.
        inside: bool,
    },
    /// Who is responsible: exactly one of the two.
    Responsible {
        /// One of these employees.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        any_of: Option<Vec<String>>,
        /// Somebody, or nobody.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        present: Option<bool>,
    },
}

/// What a rule does.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleAction {
    /// Writes to the client. It answers for no employee.
    AutoReply {
        /// The text; `{client_name}`, `{channel_name}` and `{company}` are filled in, `{{` stands for a brace.
        #[schema(min_length = 1, max_length = 4096)]
        text: String,
    },
    /// Gives the client to somebody: exactly one of the two. Not one whom a person or the CRM gave away.
    Assign {
        /// To this employee.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 100)]
        employee: Option<String>,
        /// `true`: as the channel gives out new clients.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        distribute: Option<bool>,
    },
    /// Changes the chat's tags: removes first.
    Tag {
        /// Tags that it gets.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schema(required = false, max_items = 20)]
        add: Vec<String>,
        /// Tags that it loses.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schema(required = false, max_items = 20)]
        remove: Vec<String>,
    },
    /// Finishes the chat; as it opens too, and then it never shows as live.
    Finish {
        /// How far the conversation has come; what was said before stays when nothing is said.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        status: Option<ChatStatus>,
    },
    /// Says how far the conversation has come.
    SetStatus {
        /// The status.
        status: ChatStatus,
    },
    /// Drops the message before anything is stored. Stands alone, with `message_in` or `call`.
    Ignore {},
    /// Tells employees something.
    Notify {
        /// Whom.
        to: RuleNoticeTo,
        /// The employee, where `to` is `employee`.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, max_length = 100)]
        employee: Option<String>,
        /// What.
        #[schema(min_length = 1, max_length = 4096)]
        text: String,
    },
}

/// Who is told something.
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
