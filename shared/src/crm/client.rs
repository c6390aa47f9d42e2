//! The interface of a CRM's client, its inputs, and how a CRM's answers are sorted.

use crate::base::clock::{Ambient, Timestamp};
use crate::base::ids::{AccountId, EmployeeId};
use crate::crm::formatting::Formatter;
use crate::model::channel::{Channel, DealStage};
use crate::model::chat::Chat;
use crate::model::contact::{Contact, CreationRequest, CrmRecords};
use crate::model::crm::progress::Change;
use crate::model::crm::{Capabilities, CrmConnection, CrmKind};
use crate::model::event::TemplateState;
use crate::model::field::Field;
use crate::platform::http::{Answer, OutboundHttp, SendError};
use async_trait::async_trait;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// The client of one kind of CRM. One instance serves all accounts: the differences between them are in the connection
/// and in the [`CrmCall`].
#[async_trait]
pub trait CrmClient: Send + Sync {
    /// The kind.
    fn kind(&self) -> CrmKind;

    /// The capabilities of this kind.
    fn capabilities(&self) -> Capabilities;

    /// The required and optional settings of a connection.
    fn settings_fields(&self) -> &'static [Field];

    /// The connection with new settings; `before` is the present connection, of whatever kind. The client decides which
    /// of its data stays, the key included, and whether it is the same CRM as before ([`CrmConnection::known_as`]). All
    /// recorded failures are cleared.
    fn connection(
        &self,
        account: &AccountId,
        settings: BTreeMap<String, String>,
        before: Option<&CrmConnection>,
        now: Timestamp,
    ) -> CrmConnection;

    /// What the connection's CRM may subscribe to, by the names of `subscriptions` in `PUT /v1/crm`, and whether it does;
    /// `None`: as a new connection does. Empty if its kind has nothing to choose: then it gets all that it supports.
    /// [`Self::connection`] accepts each as a setting, with the prefix [`crate::model::crm::connection::SUBSCRIPTION`].
    fn subscriptions(&self, _: Option<&CrmConnection>) -> Vec<(&'static str, bool)> {
        Vec::new()
    }

    /// The topics that this CRM subscribes to: all that its kind supports, or those it selected.
    fn wants(&self, connection: &CrmConnection) -> Topics;

    /// The address for calls to the CRM.
    ///
    /// # Errors
    /// [`CrmError::Never`] if the settings hold no valid address.
    fn address(&self, connection: &CrmConnection) -> Result<Url, CrmError>;

    /// Sends the CRM the first of `changes`: as many as fit in one call.
    ///
    /// # Errors
    /// [`CrmError`]; then no change is known to be accepted.
    async fn push(
        &self,
        call: &CrmCall<'_>,
        chat: &Chat,
        records: &CrmRecords,
        changes: &[Change],
    ) -> Result<Pushed, CrmError>;

    /// The request that creates the chat's contact in the CRM, for `responsible`. It is stored before it is sent, and
    /// repeated as it was while its outcome is unknown.
    ///
    /// # Errors
    /// [`CrmError::Never`] if it cannot be written.
    fn contact_request(
        &self,
        chat: &Chat,
        contact: &Contact,
        responsible: &EmployeeId,
    ) -> Result<String, CrmError>;

    /// Creates a contact in the CRM by a request whose body is one of [`Self::contact_request`].
    ///
    /// # Errors
    /// [`CrmError`]; a CRM may refuse the responsible.
    async fn create_contact(
        &self,
        call: &CrmCall<'_>,
        request: &CreationRequest,
    ) -> Result<CrmRecord, CrmError>;

    /// The request that creates a deal in the CRM for a contact that it created. `None` if the CRM has no deals.
    ///
    /// # Errors
    /// As [`Self::contact_request`].
    fn deal_request(&self, _: &CrmConnection, _: &NewDeal<'_>) -> Result<Option<String>, CrmError> {
        Ok(None)
    }

    /// Creates a deal in the CRM by a request whose body is one of [`Self::deal_request`].
    ///
    /// # Errors
    /// As [`Self::create_contact`].
    async fn create_deal(&self, _: &CrmCall<'_>, _: &CreationRequest) -> Result<CrmRecord, CrmError> {
        Err(CrmError::Never { why: "the CRM has no deals".into() })
    }

    /// Reports a channel's state to the CRM.
    ///
    /// # Errors
    /// [`CrmError`].
    async fn push_channel_state(&self, _: &CrmCall<'_>, _: &Channel) -> Result<(), CrmError> {
        Ok(())
    }

    /// Reports the state of a message template to the CRM.
    ///
    /// # Errors
    /// [`CrmError`].
    async fn push_template_state(&self, _: &CrmCall<'_>, _: &TemplateState) -> Result<(), CrmError> {
        Ok(())
    }

    /// Reports to the CRM how many clients wait on a channel because no employee is eligible.
    ///
    /// # Errors
    /// [`CrmError`].
    async fn push_waiting_clients(&self, _: &CrmCall<'_>, _: &Channel, _: &Waiting) -> Result<(), CrmError> {
        Ok(())
    }
}

/// Everything that a call to a CRM needs.
pub struct CrmCall<'a> {
    /// Outbound HTTP.
    pub http: &'a OutboundHttp,
    /// Time.
    pub ambient: &'a dyn Ambient,
    /// The connection: its settings say what the CRM subscribes to.
    pub connection: &'a CrmConnection,
    /// The address to call: [`CrmClient::address`] of the connection.
    pub address: Url,
    /// The connection's credential, decrypted.
    pub credential: Option<SecretString>,
    /// Formats messages for the CRM.
    pub formatter: Formatter<'a>,
}

/// The topics that a CRM subscribes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    /// Messages, their statuses, the ends of chats, and rules' notices to employees.
    pub messages: bool,
    /// Requests to create a contact and a deal for a client.
    pub records: bool,
    /// States of channels.
    pub channel_states: bool,
    /// Clients who wait because no employee is eligible.
    pub waiting_clients: bool,
    /// States of message templates.
    pub template_states: bool,
}

impl Topics {
    /// No topics.
    pub const NONE: Self = Self {
        messages: false,
        records: false,
        channel_states: false,
        waiting_clients: false,
        template_states: false,
    };
}

/// What one [`CrmClient::push`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// How many of the changes are done with: at least 1.
    pub changes: usize,
    /// What the CRM accepted of them. A change that is not sent to this CRM says nothing of its health.
    pub accepted: Accepted,
}

/// What a CRM accepted by calls to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Anything.
    pub some: bool,
    /// Messages: a CRM that accepts all but these is as good as down.
    pub messages: bool,
}

impl Accepted {
    /// Nothing: no call was made.
    pub const NOTHING: Self = Self { some: false, messages: false };
    /// Messages.
    pub const MESSAGES: Self = Self { some: true, messages: true };
    /// Anything but messages.
    pub const OTHERS: Self = Self { some: true, messages: false };
}

/// A record that the CRM created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmRecord {
    /// The CRM's id; `None` if its answer named none.
    pub id: Option<String>,
    /// The link to its card.
    pub uri: Option<String>,
}

/// A deal to create.
pub struct NewDeal<'a> {
    /// The client.
    pub contact: &'a Contact,
    /// The CRM's id of the client's contact.
    pub crm_contact: &'a str,
    /// The deal's responsible.
    pub responsible: &'a EmployeeId,
    /// The initial stage; `None` lets the CRM choose it.
    pub stage: Option<&'a DealStage>,
}

/// Clients of a channel who wait because no employee is eligible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many, counted up to 1000; 0 if none waits any more.
    pub count: u32,
    /// Since when the first of them waits.
    pub oldest: Option<Timestamp>,
    /// The heads of the channel, who are to be notified.
    pub heads: Vec<EmployeeId>,
}

/// The reason why a call failed, sorted by what has to follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrmError {
    /// Not carried out; may be retried.
    #[error("not now: {why}")]
    Later {
        /// The wait that the CRM asked for.
        after: Option<Duration>,
        /// The reason, without personal data.
        why: String,
    },
    /// It is unknown whether it was carried out; may be retried where that is safe.
    #[error("outcome unknown: {why}")]
    Unknown {
        /// The reason, without personal data.
        why: String,
    },
    /// Another worker is creating the contact; nothing is wrong with the CRM.
    #[error("another worker creates the contact")]
    Busy {
        /// When its claim ends at the latest.
        after: Duration,
    },
    /// It will never be carried out.
    #[error("refused: {why}")]
    Never {
        /// The reason, without personal data.
        why: String,
    },
    /// The CRM does not accept our key.
    #[error("unauthorized")]
    Unauthorized,
    /// The CRM does not know the responsible employee, or assigns them no clients: it is not asked again for them.
    #[error("the responsible employee is refused")]
    ResponsibleRefused,
}

impl From<SendError> for CrmError {
    fn from(error: SendError) -> Self {
        let why = error.to_string();
        match error {
            SendError::NotSent | SendError::NotAllowed(_) => Self::Later { after: None, why },
            SendError::OutcomeUnknown => Self::Unknown { why },
        }
    }
}

/// Sorts an answer by its status. The caller reads a 2xx answer.
///
/// # Errors
/// The [`CrmError`] of the status: 401 pauses the connection; 403, 404, 408, 425, 429 and 3xx are retried, because a
/// firewall that rejects one text, or a CRM that moved or is being deployed, answers so; a 5xx leaves the outcome
/// unknown; any other 4xx is final.
pub fn sort(answer: Answer) -> Result<Answer, CrmError> {
    let why = format!("HTTP {}", answer.status);
    match answer.status {
        200..=299 => Ok(answer),
        401 => Err(CrmError::Unauthorized),
        403 | 404 | 408 | 425 | 429 | 100..=199 | 300..=399 => {
            Err(CrmError::Later { after: answer.retry_after, why })
        }
        503 if answer.retry_after.is_some() => Err(CrmError::Later { after: answer.retry_after, why }),
        400..=499 => Err(CrmError::Never { why }),
        _ => Err(CrmError::Unknown { why }),
    }
}
