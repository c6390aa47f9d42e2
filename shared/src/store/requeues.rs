//! Requeues: their rows, the chats that they concern, and the writes that begin, carry out and end them.

use super::attribute::RING;
use super::attribute::WORKS_BY;
use super::chat_lists::{EMPLOYEE_CHATS, PageFrom, Part, UNANSWERED};
use super::keys::{self, Due, due};
use super::row::{Condition, Effect, Item, Key, Row, Write};
use super::settings::member_writes;
use super::{Page, Read, RetryPolicy, Store, StoreError, retry_on_conflict};
use crate::base::clock::Ambient;
use crate::base::ids::{AccountId, ChannelId, ChatId, EmployeeId};
use crate::model::assignment::requeue::{Requeue, RequeueScope};
use crate::model::channel::Channel;
use crate::model::chat::assignment_reason::AssignmentReason;
use crate::model::chat::state::ChatState;
use crate::model::employee::{Employee, Membership};
use crate::store::attribute;
use crate::store::attribute::Attribute;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;
use std::time::Duration;

/// Chats of one page.
const PAGE: i32 = 50;
/// How often a refusal is decided again while the employee or their memberships change.
const RETRIES: RetryPolicy = RetryPolicy::growing(6, Duration::from_millis(50));
/// The attributes of an employee on which a refusal depends: loading the employee again ends it.
const REFUSED: [Attribute<Employee>; 1] = [attribute::employee::REFUSED_AT];

impl Row for Requeue {
    fn key(&self) -> Key {
        key_of(&self.account, &self.whose)
    }

    fn index(&self) -> Vec<(&'static str, AttributeValue)> {
        due(&self.id, Some(self.check_at))
    }
}

fn key_of(account: &AccountId, whose: &RequeueScope) -> Key {
    match whose {
        RequeueScope::Employee { employee, channel } => keys::requeue(account, employee, channel.as_ref()),
        RequeueScope::Unclaimed { channel } => keys::gather(account, channel),
    }
}

/// A part of the chats that a requeue may concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// The live chats.
    Live,
    /// The cases.
    Cases,
    /// Chats whose client has no answer, finished ones too.
    Unanswered,
}

impl Among {
    /// All parts, the live chats first.
    pub const ALL: [Self; 3] = [Self::Live, Self::Cases, Self::Unanswered];
}

/// The reason why a client is requeued: it must still hold at the commit.
#[derive(Clone, Debug, PartialEq)]
pub enum Because {
    /// The employee has no membership on the channel.
    NoPlace {
        /// The employee.
        employee: EmployeeId,
        /// The channel.
        channel: ChannelId,
    },
    /// The state of the employee's membership.
    Place(Box<Membership>),
    /// The membership is active, but the CRM refuses the employee.
    Refused(Box<Employee>),
    /// The channel's distribution.
    Channel(Box<Channel>),
}

impl Store {
    /// A requeue, as of the last write.
    ///
    /// # Errors
    /// As [`Store::get`], here and in all reads below.
    pub async fn requeue(
        &self,
        account: &AccountId,
        whose: &RequeueScope,
    ) -> Result<Option<Requeue>, StoreError> {
        self.get(&key_of(account, whose), Read::Consistent).await
    }

    /// A page of the chats that a requeue may concern, from the index; the chats themselves say whether they are
    /// concerned.
    pub async fn chats_to_pass_on(
        &self,
        requeue: &Requeue,
        among: Among,
        start: Option<Item>,
    ) -> Result<Page<ChatId>, StoreError> {
        let partition = match &requeue.whose {
            RequeueScope::Employee { employee, .. } => keys::of_employee(&requeue.account, employee),
            RequeueScope::Unclaimed { channel } => keys::unclaimed(&requeue.account, channel),
        };
        let (index, part) = match among {
            Among::Live => (EMPLOYEE_CHATS, Part::of_list(Some(ChatState::Live))),
            Among::Cases => (EMPLOYEE_CHATS, Part::of_list(Some(ChatState::Case))),
            Among::Unanswered => (UNANSWERED, Part::All),
        };
        let page = self.index_page(index, partition, part, PageFrom { limit: PAGE, start }).await?;
        let chats = page.items.iter().filter_map(|key| match Due::parse(key)? {
            Due::Chat(_, chat) => Some(chat),
            _ => None,
        });
        Ok(Page { items: chats.collect(), next: page.next })
    }

    /// Records that the CRM refuses an employee: deactivates their memberships and begins a requeue of their clients.
    /// Repeating it begins the requeue again.
    ///
    /// # Errors
    /// As [`Store::commit`]; earlier writes stay.
    pub async fn begin_refusal(
        &self,
        account: &AccountId,
        employee: &EmployeeId,
        ambient: &dyn Ambient,
    ) -> Result<Requeue, StoreError> {
        let whose = RequeueScope::Employee { employee: employee.clone(), channel: None };
        let requeue = Requeue::begin(account, whose, AssignmentReason::RefusedByCrm, ambient);
        // A membership created after these writes is inactive from the start; one created meanwhile is found by the
        // second pass.
        for is_begun in [false, true] {
            retry_on_conflict(RETRIES, ambient, || self.refuse(&requeue, employee, is_begun, ambient))
                .await?;
        }
        Ok(requeue)
    }

    async fn refuse(
        &self,
        requeue: &Requeue,
        employee: &EmployeeId,
        is_begun: bool,
        ambient: &dyn Ambient,
    ) -> Result<(), StoreError> {
        let before = self.employee(&requeue.account, employee).await?;
        let places = self.refusal_writes(&requeue.account, employee, ambient).await?;
        let mut writes = Vec::new();
        if is_begun {
            // An employee who was loaded again since is not refused any more.
            let refused = before.filter(|before| before.refused_at.is_some() && !places.is_empty());
            let Some(refused) = refused else { return Ok(()) };
            writes.push(Write::check(&refused, &REFUSED)?);
        } else {
            writes.push(Write::put(requeue)?);
            if let Some(before) = before {
                let after = Employee { refused_at: Some(requeue.begun_at), ..before.clone() };
                writes.extend(Write::change(&before, &after, &REFUSED)?);
            }
        }
        writes.extend(places);
        self.commit_in_parts(writes).await
    }

    /// The writes that deactivate a refused employee's memberships, and begin a requeue on those channels that offer
    /// their clients to all.
    async fn refusal_writes(
        &self,
        account: &AccountId,
        employee: &EmployeeId,
        ambient: &dyn Ambient,
    ) -> Result<Vec<Write>, StoreError> {
        let mut writes = Vec::new();
        for (channel, before) in self.places_of(account, employee).await? {
            let after = Membership { inactive: true, ..before.clone() };
            writes.extend(member_writes(Some(&before), Some(&after), &RING)?);
            let left = Requeue::gather_left(&channel, Some(&before), Some(&after), ambient);
            writes.extend(left.as_ref().map(Write::put).transpose()?);
        }
        Ok(writes)
    }

    /// An employee's memberships, as of the last write, with their channels.
    async fn places_of(
        &self,
        account: &AccountId,
        employee: &EmployeeId,
    ) -> Result<Vec<(Channel, Membership)>, StoreError> {
        let channels = self.channels(account).await?;
        let wanted: Vec<Key> =
            channels.iter().map(|channel| keys::membership(account, &channel.channel, employee)).collect();
        let found: Vec<Membership> = self.get_many(&wanted, Read::Consistent).await?;
        let mut found: HashMap<ChannelId, Membership> =
            found.into_iter().map(|place| (place.channel.clone(), place)).collect();
        let place = |channel: Channel| found.remove(&channel.channel).map(|place| (channel, place));
        Ok(channels.into_iter().filter_map(place).collect())
    }
}

impl Because {
    /// The check that the reason still holds.
    ///
    /// # Errors
    /// As [`Write::check`].
    pub fn check(&self, account: &AccountId) -> Result<Write, StoreError> {
        match self {
            Self::NoPlace { employee, channel } => {
                Ok(Write::absent(keys::membership(account, channel, employee)))
            }
            Self::Place(place) => Write::check(&**place, &WORKS_BY),
            Self::Refused(employee) => Write::check(&**employee, &REFUSED),
            Self::Channel(channel) => Write::check(&**channel, &[attribute::channel::DISTRIBUTION]),
        }
    }
}

/// Ends a requeue, unless another one has begun in its place.
pub fn end_write(requeue: &Requeue) -> Write {
    let id = AttributeValue::S(requeue.id.clone());
    Write {
        key: requeue.key(),
        conditions: vec![Condition::Same("id".to_owned(), Some(id))],
        effect: Effect::Delete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::{Manual, Timestamp};

    #[test]
    fn the_due_index_leads_back_to_a_requeue() {
        let (account, channel, employee) =
            (AccountId::new("a"), ChannelId::new("c"), EmployeeId::new("анна*"));
        let clock = Manual::new(Timestamp::from_millis(5));
        for requeue in [
            Requeue::of(&account, &employee, None, &clock),
            Requeue::of(&account, &employee, Some(&channel), &clock),
            Requeue::gather(&account, &channel, &clock),
        ] {
            let found = Due::parse(&requeue.key());
            assert_eq!(found, Some(Due::Requeue(account.clone(), requeue.whose.clone())));
            let item = super::super::row::item_of(&requeue).unwrap();
            assert!(item.contains_key("due_shard") && item.contains_key("check_at"));
            assert_eq!(super::super::row::row_of::<Requeue>(item).unwrap(), requeue);
        }
    }
}
