//! Employees who go and who come back: whose clients pass on, and to whom new ones come again.

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
    /// Lets `assignment` put clients back into the queue. What was committed stays also when the queue does not take it: the due
    /// index brings the departure back.
    pub(crate) async fn nudge_requeue(&self, requeue: &Requeue) {
        let sent = self.nudger.requeue(&requeue.account, &requeue.whose).await;
        log_untaken(&requeue.account, None, sent);
    }

    /// Employees who were loaded are there again, whatever the CRM said of them before: their places say so. It is done after
    /// their rows say it, and looks at every place, so that loading them once more goes on where it stopped; a place that was
    /// written meanwhile by a refusal that has ended is found too. Then the channels are nudged, where somebody may wait for them.
    ///
    /// # Errors
    /// As [`shared::store::Store::commit`]; lost when one of them is refused or removed at the same time.
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
