//! The reads of a drain: a channel's ring, and the number of open chats of its employees.

use super::row::Row;
use super::rows_assignment::Turn;
use super::{Page, Read, Store, StoreError, failure, keys, text};
use crate::base::ids::{AccountId, ChannelId, EmployeeId};
use crate::model::assignment::{RingPlace, WaitingClient};
use crate::model::employee::Membership;
use aws_sdk_dynamodb::types::Select;
use futures::future::try_join_all;

impl Store {
    /// A channel's members, as of the last write; `None` if they are more than `most`.
    ///
    /// # Errors
    /// As [`Store::get`], here and in all reads below.
    pub async fn few_members(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        most: usize,
    ) -> Result<Option<Vec<Membership>>, StoreError> {
        let limit = i32::try_from(most + 1).unwrap_or(i32::MAX);
        let partition = keys::ring_partition(account, channel);
        let page: Page<Membership> =
            self.query_prefix(&partition, "MEMBER#", limit, None, Read::Consistent).await?;
        Ok((page.items.len() <= most && page.next.is_none()).then_some(page.items))
    }

    /// The next members in the ring behind a place who receive new clients and are available; and whether there are
    /// more until the ring's end.
    pub async fn turns(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        after: Option<&RingPlace>,
        limit: i32,
    ) -> Result<(Vec<Membership>, bool), StoreError> {
        let partition = keys::ring_partition(account, channel);
        // A page continues behind a key, whether a row exists there or not.
        let from = after.map(|place| keys::turn(account, channel, place, true).attributes());
        let page: Page<Turn> =
            self.query_prefix(&partition, keys::IN_TURN, limit, from, Read::Consistent).await?;
        Ok((page.items.into_iter().map(|turn| turn.member).collect(), page.next.is_some()))
    }

    /// Whether any member of a channel receives new clients, available or not.
    pub async fn anybody_takes_clients(
        &self,
        account: &AccountId,
        channel: &ChannelId,
    ) -> Result<bool, StoreError> {
        let partition = keys::ring_partition(account, channel);
        for list in [keys::IN_TURN, keys::RESTING] {
            let page: Page<Turn> = self.query_prefix(&partition, list, 1, None, Read::Consistent).await?;
            if !page.items.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many chats employees have open on a channel, each counted up to the employee's cap, as of the last write; in
    /// the order of `caps`.
    pub async fn count_open_chats(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        caps: &[(EmployeeId, u32)],
    ) -> Result<Vec<u32>, StoreError> {
        try_join_all(caps.iter().map(|(employee, cap)| async move {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(keys::open_chats(account, channel, employee)))
                .select(Select::Count)
                .limit(i32::try_from(*cap).unwrap_or(i32::MAX).max(1))
                .consistent_read(true)
                .send()
                .await
                .map_err(|error| failure(&error))?;
            Ok(u32::try_from(answer.count).unwrap_or_default())
        }))
        .await
    }

    /// The clients that wait on a channel behind one of them, in the order of arrival, at most `limit`; and whether
    /// there are more.
    pub async fn waiting_behind(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        behind: Option<&WaitingClient>,
        limit: i32,
    ) -> Result<(Vec<WaitingClient>, bool), StoreError> {
        let partition = keys::ring_partition(account, channel);
        let from = behind.map(|client| client.key().attributes());
        let page = self.query_prefix(&partition, "WAITING#", limit, from, Read::Consistent).await?;
        Ok((page.items, page.next.is_some()))
    }
}
