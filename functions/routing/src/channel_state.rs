//! A provider's reports of a channel's state, of which the latest counts, and of a template's state.

use crate::changes::RoutingError;
use crate::{ATTEMPTS, Routing, retry};
use shared::base::clock::Timestamp;
use shared::base::ids::AccountId;
use shared::model::channel::Channel;
use shared::model::chat::closing::LOST_NUDGE_AFTER;
use shared::model::crm::CrmKind;
use shared::model::event::{ChannelStateEvent, TemplateState};
use shared::platform::disposition::Disposition;
use shared::store::attribute;
use shared::store::row::Write;
use shared::store::{Read, RetryPolicy, StoreError, retry_on_conflict};

impl Routing {
    pub(crate) async fn channel_state(
        &self,
        account: &AccountId,
        report: &ChannelStateEvent,
        receive_count: u32,
    ) -> Disposition {
        let taken = retry_on_conflict(RetryPolicy::at_once(ATTEMPTS), &*self.ambient, || {
            self.take_report(account, report)
        });
        match taken.await {
            Ok(known) => self.tell_crm(known, receive_count).await,
            Err(error) => retry(&error.into(), receive_count),
        }
    }

    /// Nudges the CRM about a message template's state. Nothing of it is stored: the provider lists its templates.
    pub(crate) async fn template_state(
        &self,
        account: &AccountId,
        accepted_at: Timestamp,
        template: TemplateState,
        receive_count: u32,
    ) -> Disposition {
        let told = async {
            let owner = self.settings.owner(&self.store, account, self.ambient.now()).await?;
            if owner.is_some_and(|owner| owner.crm_kind != CrmKind::None) {
                self.nudger.template_state(account, template, accepted_at).await?;
            }
            Ok::<_, RoutingError>(Disposition::Done)
        };
        told.await.unwrap_or_else(|error| retry(&error, receive_count))
    }

    /// Nudges the CRM about the channel's state: after every report, because a worker may have died before its nudge.
    async fn tell_crm(&self, channel: Option<Channel>, receive_count: u32) -> Disposition {
        let Some(channel) = channel.filter(|channel| channel.check_at.is_some()) else {
            return Disposition::Done;
        };
        let sent = self.nudger.channel_state(&channel.account, &channel.channel).await;
        sent.map_or_else(|error| retry(&error.into(), receive_count), |()| Disposition::Done)
    }

    /// Stores a report. Returns the channel in its new state, if the account owns it.
    async fn take_report(
        &self,
        account: &AccountId,
        report: &ChannelStateEvent,
    ) -> Result<Option<Channel>, StoreError> {
        let now = self.ambient.now();
        let owner = self.settings.owner(&self.store, account, now).await?;
        let has_crm = owner.is_some_and(|owner| owner.crm_kind != CrmKind::None);
        let look = has_crm.then(|| now + LOST_NUDGE_AFTER);
        let Some(known) = self.store.channel(account, &report.channel.id, Read::Consistent).await? else {
            let mut channel = Channel::new(account, &report.connection, &report.channel, self.ambient.now());
            apply(&mut channel, report, look);
            return match self.store.create_channel(&channel).await {
                // Another account owns the channel: its state does not concern this account.
                Err(StoreError::Lost(places)) if !places.contains(&0) => {
                    tracing::warn!(account = %account, channel = %report.channel.id, "a report on another account's channel");
                    Ok(None)
                }
                done => done.map(|()| Some(channel)),
            };
        };
        if report.at <= known.state_at {
            return Ok(Some(known));
        }
        let mut next = known.clone();
        apply(&mut next, report, look);
        let write = Write::change(&known, &next, &[attribute::channel::STATE_AT])?;
        self.store.commit(write.into_iter().collect()).await?;
        Ok(Some(next))
    }
}

fn apply(channel: &mut Channel, report: &ChannelStateEvent, look: Option<Timestamp>) {
    channel.report(report.state, Some(report.raw_state.clone()), report.at, look);
}
