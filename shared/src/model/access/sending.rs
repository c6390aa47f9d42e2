//! Who may write to a client, and who thereby becomes responsible for the client (B1, B3, B7): the rule of
//! [`access::may`], and whether the channel works.

pub use crate::model::access::keeps_client_on_first_message;
use crate::model::access::{self, Denial, Operation};
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::employee::Membership;
use crate::model::messenger::ChannelState;
use serde::{Deserialize, Serialize};

/// The caller who writes, or does something else with a chat.
#[derive(Clone, Copy, Debug)]
pub enum Sender<'a> {
    /// An employee, with their membership of the chat's channel, if they have one.
    Employee(Option<&'a Membership>),
    /// The account itself: a bot, a rule, an integration that names no employee.
    Account,
}

/// Why an author may not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The employee has no role on the channel.
    #[error("has no role on the channel")]
    NoRole,
    /// Quality control does not write to clients.
    #[error("quality control writes to nobody")]
    QualityControl,
    /// The employee is not bound to the channel.
    #[error("is not bound to the channel")]
    NotBound,
    /// The client is another employee's, or unclaimed and not claimable by this employee.
    #[error("is not responsible for the client")]
    NotResponsible,
    /// The channel is paused.
    #[error("the channel is paused")]
    ChannelPaused,
    /// The channel is ignored.
    #[error("the channel is ignored")]
    ChannelIgnored,
    /// The channel is off at the provider, or its credential is refused.
    #[error("the channel does not work at the provider")]
    ChannelUnavailable,
}

impl Refusal {
    /// The code in API answers.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoRole => "no_role",
            Self::QualityControl => "quality_control",
            Self::NotBound => "not_bound",
            Self::NotResponsible => "not_responsible",
            Self::ChannelPaused => "channel_paused",
            Self::ChannelIgnored => "channel_ignored",
            Self::ChannelUnavailable => "channel_unavailable",
        }
    }
}

/// What follows from a permitted operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// Nothing but the operation itself.
    Write,
    /// The message is sent, and its author becomes responsible, unless another employee was faster.
    Claim,
}

/// Whether a channel can send at all.
///
/// # Errors
/// The reason why not.
pub fn channel_sends(channel: &Channel) -> Result<(), Refusal> {
    if channel.ignored {
        return Err(Refusal::ChannelIgnored);
    }
    if channel.paused {
        return Err(Refusal::ChannelPaused);
    }
    match channel.state {
        ChannelState::Unauthorized | ChannelState::Disabled => Err(Refusal::ChannelUnavailable),
        // The channel may recover by itself; if it does not, the provider refuses the send.
        ChannelState::Active | ChannelState::Pending | ChannelState::NeedsAttention => Ok(()),
    }
}

/// Whether a caller may write in a chat, and what follows from it.
///
/// # Errors
/// The reason why not.
pub fn may_send(sender: Sender<'_>, chat: &Chat, channel: &Channel) -> Result<Permit, Refusal> {
    on_the_channel(Operation::Send(channel.distribution), sender, chat, channel)
}

/// Whether a caller may edit or delete what was written in a chat.
///
/// # Errors
/// The reason why not.
pub fn may_edit(sender: Sender<'_>, chat: &Chat, channel: &Channel) -> Result<(), Refusal> {
    on_the_channel(Operation::Edit(channel.distribution), sender, chat, channel).map(|_| ())
}

fn on_the_channel(
    operation: Operation,
    sender: Sender<'_>,
    chat: &Chat,
    channel: &Channel,
) -> Result<Permit, Refusal> {
    let permit = access::may(operation, sender, chat).map_err(|denial| match denial {
        Denial::NoRole => Refusal::NoRole,
        Denial::QualityControl => Refusal::QualityControl,
        Denial::NotBound => Refusal::NotBound,
        Denial::Hidden | Denial::NotResponsible | Denial::NotHead => Refusal::NotResponsible,
    })?;
    channel_sends(channel)?;
    Ok(permit)
}

#[cfg(test)]
#[path = "sending_tests.rs"]
mod tests;
