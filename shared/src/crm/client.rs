//! What every CRM's client does, what it is called with, and how a CRM's answers are sorted.

use crate::base::clock::{Ambient, Timestamp};
use crate::base::ids::{AccountId, EmployeeId};
use crate::crm::formatting::Formatter;
use crate::model::channel::{Channel, DealStage};
use crate::model::chat::Chat;
use crate::model::contact::{Contact, CrmRecords};
use crate::model::crm::progress::Change;
use crate::model::crm::{Capabilities, CrmConnection, CrmKind};
use crate::model::field::Field;
use crate::platform::http::{Answer, OutboundHttp, SendError};
use async_trait::async_trait;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// The client of one kind of CRM. There is one for all accounts: what differs between them stands in the connection and in the
/// [`CrmCall`].
#[async_trait]
pub trait CrmClient: Send + Sync {
    /// Which kind it is.
    fn kind(&self) -> CrmKind;

    /// What this kind can do.
    fn capabilities(&self) -> Capabilities;

    /// What has to be set, and what may be, before it can be called.
    fn settings_fields(&self) -> &'static [Field];

    /// The connection when its settings are set anew; `before` is what is set so far, of whatever kind. What of it stays, the
    /// key included, is for the client to say, and whether it is the same CRM as before ([`CrmConnection::known_as`]). Every
    /// trouble is forgotten.
    fn connection(
        &self,
        account: &AccountId,
        settings: BTreeMap<String, String>,
        before: Option<&CrmConnection>,
        now: Timestamp,
    ) -> CrmConnection;

    /// What this CRM wants to be told: all that its kind can be, or what it subscribed to.
    fn wants(&self, connection: &CrmConnection) -> Topics;

    /// Where it is called.
    ///
    /// # Errors
    /// [`CrmError::Never`] when the settings hold no address that can be read.
    fn address(&self, connection: &CrmConnection) -> Result<Url, CrmError>;

    /// Tells the CRM the first of `changes`: as many as it takes at once. Answers how many it took.
    ///
    /// # Errors
    /// [`CrmError`]; none of them was surely taken then.
    async fn push(
        &self,
        call: &CrmCall<'_>,
        chat: &Chat,
        records: &CrmRecords,
        changes: &[Change],
    ) -> Result<usize, CrmError>;

    /// Has the CRM create the chat's contact, for `responsible`.
    ///
    /// # Errors
    /// [`CrmError`]; an answer that cannot be read leaves the outcome unknown, and one may refuse the responsible.
    async fn create_contact(
        &self,
        call: &CrmCall<'_>,
        chat: &Chat,
        contact: &Contact,
        responsible: &EmployeeId,
    ) -> Result<CrmRecord, CrmError>;

    /// Has the CRM create a deal for the contact it made. `None`: it has no deals.
    ///
    /// # Errors
    /// As [`Self::create_contact`].
    async fn create_deal(&self, _: &CrmCall<'_>, _: &NewDeal<'_>) -> Result<Option<CrmRecord>, CrmError> {
        Ok(None)
    }

    /// Tells the CRM of a channel's state.
    ///
    /// # Errors
    /// [`CrmError`].
    async fn push_channel_state(&self, _: &CrmCall<'_>, _: &Channel) -> Result<(), CrmError> {
        Ok(())
    }

    /// Tells the CRM how many clients wait on a channel for whom no employee is eligible.
    ///
    /// # Errors
    /// [`CrmError`].
    async fn push_waiting_clients(&self, _: &CrmCall<'_>, _: &Channel, _: &Waiting) -> Result<(), CrmError> {
        Ok(())
    }
}

/// What a CRM is called with.
pub struct CrmCall<'a> {
    /// Outbound HTTP.
    pub http: &'a OutboundHttp,
    /// Time.
    pub ambient: &'a dyn Ambient,
    /// Where it is called: [`CrmClient::address`] of the connection.
    pub address: Url,
    /// The connection's credential, opened.
    pub credential: Option<SecretString>,
    /// What the CRM reads of a message.
    pub formatter: Formatter<'a>,
}

/// What a CRM wants to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    /// Messages, how far they have come, the ends of chats, and what rules say to employees.
    pub messages: bool,
    /// That a client needs a contact and a deal.
    pub records: bool,
    /// States of channels.
    pub channel_states: bool,
    /// Clients who wait because no employee is eligible.
    pub waiting_clients: bool,
}

impl Topics {
    /// Nothing at all.
    pub const NONE: Self =
        Self { messages: false, records: false, channel_states: false, waiting_clients: false };
}

/// A record that the CRM made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmRecord {
    /// The CRM's id.
    pub id: String,
    /// Link to its card.
    pub uri: Option<String>,
}

/// A deal to be made.
pub struct NewDeal<'a> {
    /// The client.
    pub contact: &'a Contact,
    /// The CRM's id of the client's contact.
    pub crm_contact: &'a str,
    /// Whose it is to be.
    pub responsible: &'a EmployeeId,
    /// Where it begins; none: where the CRM lets it begin.
    pub stage: Option<&'a DealStage>,
}

/// Clients of a channel who wait, because no employee is eligible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many, counted up to 1000; none: the last one has been served.
    pub count: u32,
    /// Since when the first of them waits.
    pub oldest: Option<Timestamp>,
    /// The heads of the channel: who is to be told.
    pub heads: Vec<EmployeeId>,
}

/// Why a call did not do what it should, sorted by what has to follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrmError {
    /// Not carried out; may be tried again.
    #[error("not now: {why}")]
    Later {
        /// The CRM's own wish.
        after: Option<Duration>,
        /// Why, without personal data.
        why: String,
    },
    /// It is unknown whether it was carried out; may be tried again where that is safe.
    #[error("outcome unknown: {why}")]
    Unknown {
        /// Why, without personal data.
        why: String,
    },
    /// Another worker is creating the contact; nothing is wrong with the CRM.
    #[error("another worker creates the contact")]
    Busy {
        /// When its claim ends at the latest.
        after: Duration,
    },
    /// Will never be carried out.
    #[error("refused: {why}")]
    Never {
        /// Why, without personal data.
        why: String,
    },
    /// The CRM does not take our key.
    #[error("unauthorized")]
    Unauthorized,
    /// The CRM does not know the responsible employee, or assigns them no client: it is not asked again for them.
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

/// Sorts an answer by its status. 2xx is the caller's to read.
///
/// # Errors
/// The [`CrmError`] that the status means: 401 stops the connection; 403, 404, 408, 425, 429 and 3xx are retried (a
/// firewall that dislikes one text, or a CRM that moved or is being deployed, answers so); a 5xx leaves the outcome unknown; any other 4xx is final.
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
