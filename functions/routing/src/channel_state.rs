//! What a provider says of a channel's state: the latest report counts.

use crate::commit::RoutingError;
use crate::{ATTEMPTS, Routing, retry};
use shared::channel::Channel;
use shared::disposition::Disposition;
use shared::event::ChannelStateEvent;
use shared::ids::AccountId;
use shared::store::row::Write;
use shared::store::{Read, StoreError};

impl Routing {
    pub(crate) async fn channel_state(
        &self,
        account: &AccountId,
        report: &ChannelStateEvent,
        receive_count: u32,
    ) -> Disposition {
        let mut last = StoreError::Busy("lost every race".into());
        for _ in 0..ATTEMPTS {
            match self.take_report(account, report).await {
                Ok(()) => return Disposition::Done,
                Err(error) if error.wants_new_decision() => last = error,
                Err(error) => return retry(&error.into(), receive_count),
            }
        }
        retry(&RoutingError::from(last), receive_count)
    }

    async fn take_report(&self, account: &AccountId, report: &ChannelStateEvent) -> Result<(), StoreError> {
        let Some(known) = self.store.channel(account, &report.channel.id, Read::Consistent).await? else {
            let mut channel = Channel::new(account, &report.connection, &report.channel, self.ambient.now());
            apply(&mut channel, report);
            return match self.store.create_channel(&channel).await {
                // Another account's channel: its state is none of this account's business.
                Err(StoreError::Lost(places)) if !places.contains(&0) => {
                    tracing::warn!(account = %account, channel = %report.channel.id, "a report on another account's channel");
                    Ok(())
                }
                done => done,
            };
        };
        if report.at <= known.state_at {
            return Ok(());
        }
        let mut next = known.clone();
        apply(&mut next, report);
        let write = Write::change(&known, &next, &["state_at"])?;
        self.store.commit(write.into_iter().collect()).await
    }
}

fn apply(channel: &mut Channel, report: &ChannelStateEvent) {
    channel.state = report.state;
    channel.raw_state = Some(report.raw_state.clone());
    channel.state_at = report.at;
}
