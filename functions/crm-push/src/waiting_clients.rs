//! Clients for whom no employee is eligible: the CRM is notified how many they are and which heads to notify, until
//! they are assigned.
//!
//! A report holds the state at the time the nudge is read. Assignment nudges again while clients wait, so a report that
//! the CRM does not accept after a few attempts is dropped.

use crate::{CrmPush, PushError, topics};
use shared::base::clock::Timestamp;
use shared::crm;
use shared::crm::client::{CrmError, Waiting};
use shared::model::assignment::WaitingClient;
use shared::model::channel::Channel;
use shared::model::crm::CrmConnection;
use shared::model::employee::{Membership, Role};
use shared::platform::nudge::WaitingNudge;
use shared::platform::queue::Outgoing;
use shared::store::{Read, StoreError};
use std::time::Duration;

/// The attempts at one nudge: the queue's own.
const ATTEMPTS: u32 = 3;
/// The most heads that a report names.
const MOST_HEADS: usize = 50;

impl CrmPush {
    /// Reports to the CRM how many clients wait on a channel. `attempt` counts from 1.
    pub(crate) async fn tell_waiting(
        &self,
        nudge: &WaitingNudge,
        last_call: Timestamp,
        attempt: u32,
    ) -> Result<(), PushError> {
        let (account, channel) = (&nudge.account, &nudge.channel);
        let now = self.ambient.now();
        let wants = |crm: &CrmConnection| topics(crm).waiting_clients;
        let crm = self.store.crm(account, Read::Consistent).await?.filter(wants);
        let Some(crm) = crm else { return Ok(()) };
        if let Some(until) = crm.paused_until.filter(|until| *until > now) {
            return self.tell_waiting_after(nudge, until.since(now)).await;
        }
        let Some(channel) = self.store.channel(account, channel, Read::Consistent).await? else {
            return Ok(());
        };
        if now > last_call {
            return Err(PushError::OutOfTime);
        }
        let waiting = self.waiting_on(&channel).await?;
        match self.send_waiting(&crm, &channel, &waiting).await {
            Err(PushError::Crm(error @ (CrmError::Later { .. } | CrmError::Unknown { .. })))
                if attempt < ATTEMPTS =>
            {
                Err(error.into())
            }
            // A CRM that does not support such bodies loses nothing by refusing them.
            Err(PushError::Crm(error)) => {
                tracing::warn!(account = %account, channel = %channel.channel, error = %error, "the CRM was not told who waits");
                Ok(())
            }
            told => told,
        }
    }

    /// Brings the nudge back by a timer while the CRM is paused. It may be the one that reports that no client waits
    /// any more, and no other nudge would report that.
    async fn tell_waiting_after(&self, nudge: &WaitingNudge, pause: Duration) -> Result<(), PushError> {
        let outgoing = Outgoing::standard(nudge)?.after(Duration::from_secs(pause.as_secs() + 1));
        Ok(self.queues.send(&self.timers_url, vec![outgoing]).await?)
    }

    async fn waiting_on(&self, channel: &Channel) -> Result<Waiting, StoreError> {
        let (account, id) = (&channel.account, &channel.channel);
        let left = self.store.ring(account, id).await?.is_some_and(|ring| ring.left > 0);
        let (count, first) = if left {
            tokio::try_join!(self.store.count_waiting(account, id, None), self.store.waiting(account, id, 1))?
        } else {
            (0, Vec::new())
        };
        let members = self.store.members(account, id).await?;
        let (count, oldest) = who_waits(count, first.first());
        Ok(Waiting { count, oldest, heads: heads_of(members) })
    }

    async fn send_waiting(
        &self,
        crm: &CrmConnection,
        channel: &Channel,
        waiting: &Waiting,
    ) -> Result<(), PushError> {
        let call = self.call(crm, self.without_texts()).await?;
        Ok(crm::client(crm.kind).push_waiting_clients(&call, channel, waiting).await?)
    }
}

/// How many clients wait, and since when, from two reads: a client assigned between them is missing from one of them.
fn who_waits(count: u32, first: Option<&WaitingClient>) -> (u32, Option<Timestamp>) {
    first.map_or((0, None), |first| (count.max(1), Some(first.arrived_at)))
}

/// The heads, in the order in which they joined.
fn heads_of(mut members: Vec<Membership>) -> Vec<shared::base::ids::EmployeeId> {
    members.retain(|member| member.role == Role::Head && !member.inactive);
    members.sort_by_key(|member| member.joined_at);
    members.into_iter().take(MOST_HEADS).map(|member| member.employee).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::base::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId};

    #[test]
    fn since_when_is_told_whenever_somebody_waits() {
        let first = WaitingClient {
            v: 1,
            account: AccountId::new("a"),
            channel: ChannelId::new("c"),
            chat: ChatId::new("k"),
            contact: ContactId::new("k"),
            arrived_at: Timestamp::from_millis(7),
        };
        let at = Some(first.arrived_at);
        assert_eq!(who_waits(3, Some(&first)), (3, at));
        assert_eq!(who_waits(3, None), (0, None), "served since they were counted");
        assert_eq!(who_waits(0, Some(&first)), (1, at), "came since they were counted");
    }

    #[test]
    fn the_heads_are_named_as_they_joined() {
        let (account, channel) = (AccountId::new("a"), ChannelId::new("c"));
        let member = |name: &str, role, joined: i64| {
            let at = Timestamp::from_millis(joined);
            Membership::new(&account, &channel, &EmployeeId::new(name), role, at)
        };
        let mut gone = member("gone", Role::Head, 0);
        gone.inactive = true;
        let mut all = vec![
            member("vera", Role::Head, 9),
            gone,
            member("anna", Role::Manager, 1),
            member("oleg", Role::Head, 2),
        ];
        assert_eq!(heads_of(all.clone()), [EmployeeId::new("oleg"), EmployeeId::new("vera")]);
        all.extend((10..90).map(|at| member(&format!("h{at}"), Role::Head, at)));
        assert_eq!(heads_of(all).len(), 50);
    }
}
