//! Requeues the clients of employees who leave, and reactivates employees who come back.

use crate::app::App;
use shared::base::ids::{AccountId, ChannelId, EmployeeId};
use shared::model::assignment::requeue::Requeue;
use shared::model::channel::Channel;
use shared::model::employee::{Employee, Membership};
use shared::platform::nudger::log_untaken;
use shared::store::attribute;
use shared::store::attribute::RING;
use shared::store::row::{Key, Write};
use shared::store::settings::member_writes;
use shared::store::{Read, StoreError, keys};
use std::collections::{BTreeSet, HashMap};

impl App {
    /// Nudges `assignment` to requeue clients. A nudge that the queue does not accept is only logged, because the due
    /// index finds the stored requeue.
    pub(crate) async fn nudge_requeue(&self, requeue: &Requeue) {
        let sent = self.nudger.requeue(&requeue.account, &requeue.whose).await;
        log_untaken(&requeue.account, None, sent);
    }

    /// Reactivates the memberships of employees who were loaded, whatever the CRM said of them before. It runs after
    /// their rows are written, and checks every membership, so that loading them once more continues where it stopped,
    /// and finds a membership that was written meanwhile by a refusal that has ended. Then it nudges the channels,
    /// because clients may wait there.
    ///
    /// # Errors
    /// As [`shared::store::Store::commit`]; a conflict when one of them is refused or removed at the same time.
    pub(crate) async fn reactivate(
        &self,
        account: &AccountId,
        employees: &[Employee],
    ) -> Result<(), StoreError> {
        let channels = self.store.channels(account).await?;
        let by_id: HashMap<&EmployeeId, &Employee> =
            employees.iter().map(|employee| (&employee.employee, employee)).collect();
        let key = |channel: &Channel, employee| keys::membership(account, &channel.channel, employee);
        let wanted =
            channels.iter().flat_map(|channel| by_id.keys().map(move |employee| key(channel, employee)));
        let wanted: Vec<Key> = wanted.collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let places: Vec<Membership> = self.store.get_many(&wanted, Read::Consistent).await?;
        let mut back = BTreeSet::new();
        for before in places.into_iter().filter(|place| place.inactive) {
            let Some(employee) = by_id.get(&before.employee) else { continue };
            let after = Membership { inactive: false, ..before.clone() };
            let mut writes = member_writes(Some(&before), Some(&after), &RING)?;
            writes.push(Write::check(*employee, &[attribute::employee::REFUSED_AT])?);
            self.store.commit(writes).await?;
            back.insert(before.channel);
        }
        self.nudge(account, &back.into_iter().collect::<Vec<ChannelId>>()).await;
        Ok(())
    }
}
