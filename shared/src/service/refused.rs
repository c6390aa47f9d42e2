//! Why a use case was not carried out.

use crate::model::access::Denial;
use crate::model::access::sending::Refusal;
use crate::model::limits::LimitError;
use crate::store::{IsConflict, StoreError};

/// Why a use case was not carried out. Unless the table failed ([`Refused::Store`]), nothing was stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not there, or another account's.
    #[error("there is no such {}", .0.word())]
    NotFound(What),
    /// The one who asks may not do it with the chat.
    #[error("{}", reason_of(*.0))]
    MayNot(Denial),
    /// The author may not write there, or the channel does not send.
    #[error("{0}")]
    MayNotSend(Refusal),
    /// The employee to whom a client is to be given could not write to them.
    #[error("{0}")]
    MayNotHave(Refusal),
    /// The provider's limits forbid it.
    #[error("{}", .0.message)]
    Limit(LimitError),
    /// It contradicts what was asked for before.
    #[error("{0}")]
    Conflict(Conflict),
    /// The quoted message is not in the chat, or was deleted.
    #[error("there is no such message in this chat, or it was deleted")]
    NothingQuoted,
    /// A chat of comments is answered comment by comment, and none is named.
    #[error("name the comment that is answered")]
    NoCommentNamed,
    /// It is said how to answer a comment where there are none.
    #[error("only a comment is answered so")]
    NotAComment,
    /// A message that never arrived is to be changed.
    #[error("the message never reached the client")]
    NeverSent,
    /// A file or a template is to get another text.
    #[error("only a text can be edited")]
    NotAText,
    /// A client who has not written is to be queued.
    #[error("the client has not written")]
    ClientSilent,
    /// The table did not do it.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A fault of ours.
    #[error("{0}")]
    Internal(&'static str),
}

/// What is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum What {
    Chat,
    Channel,
    Contact,
    Employee,
    Message,
    /// A message that the company sent and that was not deleted.
    SentMessage,
}

impl What {
    /// The word for it, for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Channel => "channel",
            Self::Contact => "contact",
            Self::Employee => "employee",
            Self::Message | Self::SentMessage => "message",
        }
    }
}

/// What a request contradicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The caller's key stands for another message (E4).
    #[error("the key was used for another message: a key stands for one message, for good")]
    KeyReused,
    /// The message of the caller's key went with its client, who was erased.
    #[error("the key was used for a message that is gone")]
    KeyOfErased,
}

impl Refused {
    /// Whether the same request may do later.
    pub fn may_be_retried(&self) -> bool {
        matches!(self, Self::Store(StoreError::Lost(_) | StoreError::Contended | StoreError::Busy(_)))
    }

    /// Whether it is certain that nothing was stored: a table that did not answer may have done what it was asked for.
    pub fn stored_nothing(&self) -> bool {
        !matches!(self, Self::Store(_) | Self::Internal(_))
    }
}

impl IsConflict for Refused {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

/// Why something may not be done with a chat, for people.
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
