//! Quick replies (D5): the shared ones in one partition, each employee's in a partition of its own.

use super::row::{Item, Key, Row, Write};
use super::{Page, Read, Store, StoreError, keys};
use crate::base::ids::{AccountId, EmployeeId};
use crate::model::quick_reply::{QuickReply, QuickReplyCount};

impl Row for QuickReply {
    fn key(&self) -> Key {
        keys::quick_reply(&self.account, self.employee.as_ref(), &self.id)
    }
}

impl Row for QuickReplyCount {
    fn key(&self) -> Key {
        keys::quick_reply_count(&self.account, self.employee.as_ref())
    }
}

impl Store {
    /// A page of the shared quick replies, or of an employee's own, the oldest first; as of the last write.
    ///
    /// # Errors
    /// As [`Store::get`], here and in all reads below.
    pub async fn quick_replies(
        &self,
        account: &AccountId,
        employee: Option<&EmployeeId>,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<QuickReply>, StoreError> {
        let partition = keys::quick_reply_partition(account, employee);
        self.query_prefix(&partition, keys::QUICK_REPLY, limit, from, Read::Consistent).await
    }

    /// A quick reply by its id: a shared one, or one of `employee`'s own.
    pub async fn quick_reply(
        &self,
        account: &AccountId,
        employee: Option<&EmployeeId>,
        id: &str,
    ) -> Result<Option<QuickReply>, StoreError> {
        let mut wanted = vec![keys::quick_reply(account, None, id)];
        wanted.extend(employee.map(|_| keys::quick_reply(account, employee, id)));
        let found: Vec<QuickReply> = self.get_many(&wanted, Read::Consistent).await?;
        Ok(found.into_iter().next())
    }

    /// Deletes all of an employee's own quick replies, because the employee was deleted. Safe to repeat.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_quick_replies(
        &self,
        account: &AccountId,
        employee: &EmployeeId,
    ) -> Result<(), StoreError> {
        let partition = keys::quick_reply_partition(account, Some(employee));
        let own: Vec<QuickReply> = self.query_all(&partition, keys::QUICK_REPLY, Read::Consistent).await?;
        // The count goes last, so that no quick reply is left uncounted.
        let rows = own.iter().map(Row::key);
        let count = keys::quick_reply_count(account, Some(employee));
        self.commit_in_parts(rows.chain([count]).map(Write::forget).collect()).await
    }
}
