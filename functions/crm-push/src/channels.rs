//! Reports a channel's state: once per change, to a CRM that subscribes to it.
//!
//! `check_at` in the channel's row says that the CRM lacks the state; a newer report sets it again.

use crate::{CrmPush, PushError, topics};
use shared::base::clock::Timestamp;
use shared::crm;
use shared::crm::client::CrmError;
use shared::model::channel::Channel;
use shared::model::crm::CrmConnection;
use shared::platform::nudge::ChannelNudge;
use shared::store::Read;
use shared::store::attribute;
use shared::store::row::Write;
use std::time::Duration;

/// When a failed CRM is tried again, unless it names another time.
const AGAIN: Duration = Duration::from_secs(60);
/// The same if the CRM does not accept our key: a person has to set another one.
const AFTER_REFUSAL: Duration = Duration::from_secs(900);

impl CrmPush {
    /// Sends a channel's state to the CRM, if it lacks it. A failure of the CRM postpones the report.
    pub(crate) async fn tell_channel(
        &self,
        nudge: &ChannelNudge,
        last_call: Timestamp,
    ) -> Result<(), PushError> {
        let channel = self.store.channel(&nudge.account, &nudge.channel, Read::Consistent).await?;
        let Some(channel) = channel.filter(|channel| channel.check_at.is_some()) else { return Ok(()) };
        let wants = |crm: &CrmConnection| topics(crm).channel_states;
        let crm = self.store.crm(&nudge.account, Read::Consistent).await?.filter(wants);
        let Some(crm) = crm else { return self.look_at(&channel, None).await };
        let now = self.ambient.now();
        if let Some(until) = crm.paused_until.filter(|until| *until > now) {
            return self.look_at(&channel, Some(until)).await;
        }
        if now > last_call {
            return self.look_at(&channel, Some(now)).await;
        }
        match self.tell_state(&crm, &channel).await {
            Ok(()) => self.look_at(&channel, None).await,
            Err(PushError::Crm(error)) => {
                tracing::warn!(account = %nudge.account, channel = %nudge.channel, error = %error, "the CRM was not told of the channel's state");
                let again = match error {
                    // A CRM that does not support such bodies loses nothing by refusing them.
                    CrmError::Never { .. } => None,
                    CrmError::Unauthorized => Some(now + AFTER_REFUSAL),
                    CrmError::Later { after: Some(after), .. } => Some(now + after.max(AGAIN)),
                    _ => Some(now + AGAIN),
                };
                self.look_at(&channel, again).await
            }
            Err(error) => Err(error),
        }
    }

    async fn tell_state(&self, crm: &CrmConnection, channel: &Channel) -> Result<(), PushError> {
        let call = self.call(crm, self.without_texts()).await?;
        Ok(crm::client(crm.kind).push_channel_state(&call, channel).await?)
    }

    /// Sets when the channel is checked again; `None` if the CRM has its state. The write depends on the state that was
    /// sent: a worker that stored a newer one has nudged for it.
    async fn look_at(&self, channel: &Channel, at: Option<Timestamp>) -> Result<(), PushError> {
        let after = Channel { check_at: at, ..channel.clone() };
        let write =
            Write::change(channel, &after, &[attribute::channel::STATE_AT, attribute::channel::CHECK_AT])?;
        match self.store.commit(write.into_iter().collect()).await {
            Err(error) if !error.is_conflict() => Err(error.into()),
            _ => Ok(()),
        }
    }
}
