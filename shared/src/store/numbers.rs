//! Known facts about numbers (E3).

use super::row::{Condition, Key, Row, Write};
use super::{Read, RetryPolicy, Store, StoreError, keys, number, retry_on_conflict};
use crate::base::clock::{Machine, Timestamp};
use crate::base::phone::Phone;
use crate::model::account::Account;
use crate::model::contact::number_check::{LearnedFrom, NumberFact, digest, learn};
use crate::model::messenger::Messenger;

/// Without a pause, because few writers meet at a number.
const RETRIES: RetryPolicy = RetryPolicy::at_once(3);

impl Row for NumberFact {
    fn key(&self) -> Key {
        keys::number(&self.account, &self.digest)
    }
}

impl Store {
    /// The known fact about a number in a messenger, as of the last write.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn number_fact(
        &self,
        owner: &Account,
        messenger: &Messenger,
        phone: &Phone,
    ) -> Result<Option<NumberFact>, StoreError> {
        let key = keys::number(&owner.account, &digest(&owner.id_salt, messenger, phone));
        self.get(&key, Read::Consistent).await
    }

    /// Stores whether a number has a messenger, as of `at`. Does nothing if the account switched the number check off,
    /// or has the fact already. Callers ignore a failure, because the fact will be learned another time.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn learn_number(
        &self,
        owner: &Account,
        (messenger, phone): (&Messenger, &Phone),
        has: bool,
        from: LearnedFrom,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if owner.no_number_check {
            return Ok(());
        }
        let report = NumberFact {
            v: 1,
            account: owner.account.clone(),
            digest: digest(&owner.id_salt, messenger, phone),
            messenger: messenger.clone(),
            has,
            learned_at: at,
            from,
        };
        retry_on_conflict(RETRIES, &Machine, || self.learn_once(&report)).await
    }

    async fn learn_once(&self, report: &NumberFact) -> Result<(), StoreError> {
        let known: Option<NumberFact> = self.get(&report.key(), Read::Consistent).await?;
        let Some(fact) = learn(known.as_ref(), report.clone()) else { return Ok(()) };
        let condition = match &known {
            None => Condition::Absent,
            Some(known) => Condition::Same("learned_at".into(), Some(number(known.learned_at.millis()))),
        };
        self.commit(vec![Write { conditions: vec![condition], ..Write::put(&fact)? }]).await
    }
}
