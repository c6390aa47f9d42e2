//! Who may write to a client, and who thereby becomes responsible for him (B1, B3, B7).

use crate::channel::{Channel, ChannelState, Distribution};
use crate::chat::{Chat, ClientState};
use crate::employee::{Membership, Role};
use serde::{Deserialize, Serialize};

/// Who writes.
#[derive(Clone, Copy, Debug)]
pub enum Sender<'a> {
    /// An employee, by his place on the chat's channel, when he has one.
    Employee(Option<&'a Membership>),
    /// The account itself: a bot, a rule, an integration that names no employee.
    Account,
}

/// Why somebody may not write. Kept as a code, so that people can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No role on the channel.
    #[error("has no role on the channel")]
    NoRole,
    /// Quality control writes to nobody.
    #[error("quality control writes to nobody")]
    QualityControl,
    /// Not bound to the channel.
    #[error("is not bound to the channel")]
    NotBound,
    /// Somebody else's client, or nobody's whom he may not claim.
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
    /// The code in answers.
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

/// What comes of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// The message goes out, nothing else.
    Write,
    /// The message goes out, and its author becomes responsible, unless somebody was faster.
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
        // It may mend itself: the provider says so if it does not.
        ChannelState::Active | ChannelState::Pending | ChannelState::NeedsAttention => Ok(()),
    }
}

/// Whether somebody may write in a chat, and what comes of it.
///
/// An employee's first answer to a client who is nobody's yet makes him responsible where the channel gives clients to the
/// first responder, if new clients come to him: a head without that switch, a bot or an integration only writes (B3).
/// Who begins a dialogue with somebody who has not written becomes responsible for him.
///
/// # Errors
/// The reason why not.
pub fn may_send(sender: Sender<'_>, chat: &Chat, channel: &Channel) -> Result<Permit, Refusal> {
    let place = match sender {
        Sender::Account => return channel_sends(channel).map(|()| Permit::Write),
        Sender::Employee(None) => return Err(Refusal::NoRole),
        Sender::Employee(Some(place)) => place,
    };
    if place.role == Role::QualityControl {
        return Err(Refusal::QualityControl);
    }
    let mine = chat.responsible.as_ref() == Some(&place.employee);
    let claims = claims(place, chat, channel.distribution);
    let shared = chat.client == ClientState::Unclaimed && place.receives_new_clients;
    if place.role == Role::Manager && !mine && !claims && !shared {
        return Err(Refusal::NotResponsible);
    }
    if !place.sends {
        return Err(Refusal::NotBound);
    }
    channel_sends(channel)?;
    Ok(if claims { Permit::Claim } else { Permit::Write })
}

/// Whether somebody who has not written becomes the client of whoever addresses him first. A head who gets no new clients
/// leaves him to others.
pub fn keeps_whom_he_addresses(place: &Membership) -> bool {
    place.role == Role::Manager || (place.role.may_write() && place.receives_new_clients)
}

fn claims(place: &Membership, chat: &Chat, distribution: Distribution) -> bool {
    if chat.responsible.is_some() {
        return false;
    }
    match (chat.client, distribution) {
        (ClientState::Unclaimed, Distribution::ByCrm) => false,
        (ClientState::Unclaimed, _) => place.receives_new_clients,
        // Nobody has written yet: he begins the dialogue.
        (ClientState::Silent, _) => keeps_whom_he_addresses(place),
        (ClientState::Waiting | ClientState::Assigned, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::tests::{channel, member, new_chat};
    use crate::ids::EmployeeId;

    fn chat(responsible: Option<&str>, client: ClientState) -> Chat {
        let mut chat = new_chat();
        (chat.responsible, chat.client) = (responsible.map(EmployeeId::new), client);
        chat
    }

    fn on(distribution: Distribution) -> Channel {
        Channel { distribution, ..channel() }
    }

    fn asks(place: &Membership, chat: &Chat, channel: &Channel) -> Result<Permit, Refusal> {
        may_send(Sender::Employee(Some(place)), chat, channel)
    }

    #[test]
    fn p10_who_may_write_to_whom() {
        use ClientState::{Assigned, Unclaimed, Waiting};
        use Distribution::{ByCrm, FirstResponder, RoundRobin};
        let (no, write, claim) = (Err(Refusal::NotResponsible), Ok(Permit::Write), Ok(Permit::Claim));
        // Responsible, state, distribution; manager with and without B2, head with and without.
        let table = [
            (Some("anna"), Assigned, RoundRobin, [write, write, write, write]),
            (Some("boris"), Assigned, RoundRobin, [no, no, write, write]),
            (Some("boris"), Assigned, FirstResponder, [no, no, write, write]),
            (None, Waiting, RoundRobin, [no, no, write, write]),
            (None, Waiting, FirstResponder, [no, no, write, write]),
            (None, Unclaimed, FirstResponder, [claim, no, claim, write]),
            (None, Unclaimed, RoundRobin, [claim, no, claim, write]),
            (None, Unclaimed, ByCrm, [write, no, write, write]),
            (None, ClientState::Silent, RoundRobin, [claim, claim, claim, write]),
            (None, ClientState::Silent, ByCrm, [claim, claim, claim, write]),
        ];
        for (responsible, client, distribution, expected) in table {
            let (chat, channel) = (chat(responsible, client), on(distribution));
            let places =
                [(Role::Manager, true), (Role::Manager, false), (Role::Head, true), (Role::Head, false)];
            for ((role, receives), expected) in places.into_iter().zip(expected) {
                let place = member("anna", role, receives);
                assert_eq!(
                    asks(&place, &chat, &channel),
                    expected,
                    "{role:?} {receives} {client:?} {distribution:?}"
                );
            }
            assert_eq!(may_send(Sender::Account, &chat, &channel), write);
            assert_eq!(may_send(Sender::Employee(None), &chat, &channel), Err(Refusal::NoRole));
            let quality = member("anna", Role::QualityControl, true);
            assert_eq!(asks(&quality, &chat, &channel), Err(Refusal::QualityControl));
        }
    }

    #[test]
    fn b7_bound_to_none_cannot_send() {
        let mut place = member("anna", Role::Head, true);
        place.sends = false;
        let chat = chat(Some("anna"), ClientState::Assigned);
        assert_eq!(asks(&place, &chat, &on(Distribution::RoundRobin)), Err(Refusal::NotBound));
    }

    #[test]
    fn a_channel_that_cannot_send_says_why() {
        let chat = chat(Some("anna"), ClientState::Assigned);
        let place = member("anna", Role::Manager, true);
        let (paused, ignored) =
            (Channel { paused: true, ..channel() }, Channel { ignored: true, ..channel() });
        assert_eq!(asks(&place, &chat, &paused), Err(Refusal::ChannelPaused));
        assert_eq!(may_send(Sender::Account, &chat, &ignored), Err(Refusal::ChannelIgnored));
        let off = Channel { state: ChannelState::Unauthorized, ..channel() };
        assert_eq!(may_send(Sender::Account, &chat, &off), Err(Refusal::ChannelUnavailable));
    }
}
