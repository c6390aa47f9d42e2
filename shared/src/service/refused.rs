//! The errors of the use cases.

use crate::model::access::Denial;
use crate::model::access::sending::Refusal;
use crate::model::limits::LimitError;
use crate::store::{IsConflict, StoreError};

/// Why a use case was refused. Unless the table failed ([`Refused::Store`]), nothing was stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It does not exist, or belongs to another account.
    #[error("there is no such {}", .0.word())]
    NotFound(What),
    /// The caller may not do it with the chat.
    #[error("{}", reason_of(*.0))]
    MayNot(Denial),
    /// The author may not write there, or the channel does not send.
    #[error("{0}")]
    MayNotSend(Refusal),
    /// The employee who is to get a client could not write to them.
    #[error("{0}")]
    MayNotHave(Refusal),
    /// The provider's limits forbid it.
    #[error("{}", .0.message)]
    Limit(LimitError),
    /// It contradicts an earlier request.
    #[error("{0}")]
    Conflict(Conflict),
    /// The quoted message is not in the chat, or was deleted.
    #[error("there is no such message in this chat, or it was deleted")]
    NothingQuoted,
    /// A chat of comments is answered comment by comment, and the request names none.
    #[error("name the comment that is answered")]
    NoCommentNamed,
    /// The request says how to answer a comment, but the chat has no comments.
    #[error("only a comment is answered so")]
    NotAComment,
    /// The request changes a message that never arrived.
    #[error("the message never reached the client")]
    NeverSent,
    /// The request edits the text of a file or a template.
    #[error("only a text can be edited")]
    NotAText,
    /// The request sends the CRM again what is of no use later.
    #[error("the end of a chat and a notice are not sent again")]
    NotResent,
    /// The request queues a client who has not written.
    #[error("the client has not written")]
    ClientSilent,
    /// The table failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// An error of ours.
    #[error("{0}")]
    Internal(&'static str),
}

/// What does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum What {
    Chat,
    Channel,
    Contact,
    Employee,
    Message,
    CrmFailure,
    /// A message that the company sent and that was not deleted.
    SentMessage,
}

impl What {
    /// The noun for error messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Channel => "channel",
            Self::Contact => "contact",
            Self::Employee => "employee",
            Self::Message | Self::SentMessage => "message",
            Self::CrmFailure => "failed change",
        }
    }
}

/// The earlier request that a request contradicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The caller's key was used for another message (E4).
    #[error("the key was used for another message: a key stands for one message, for good")]
    KeyReused,
    /// The message of the caller's key was deleted when its client was erased.
    #[error("the key was used for a message that is gone")]
    KeyOfErased,
}

impl Refused {
    /// Whether the same request may succeed later.
    pub fn may_be_retried(&self) -> bool {
        matches!(self, Self::Store(StoreError::Lost(_) | StoreError::Contended | StoreError::Busy(_)))
    }

    /// Whether it is certain that nothing was stored: a table that did not answer may have done the write.
    pub fn stored_nothing(&self) -> bool {
        !matches!(self, Self::Store(_) | Self::Internal(_))
    }
}

impl IsConflict for Refused {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

/// Why something may not be done with a chat, as an error message.
fn reason_of(denial: Denial) -> String {
    let refusal = match denial {
        Denial::Hidden => return Refused::NotFound(What::Chat).to_string(),
        Denial::NotHead => return "only a head of the channel gives clients to others".into(),
        Denial::NoRole => Refusal::NoRole,
        Denial::NotResponsible => Refusal::NotResponsible,
        Denial::NotBound => Refusal::NotBound,
        Denial::QualityControl => Refusal::QualityControl,
    };
    refusal.to_string()
}
