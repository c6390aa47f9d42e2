//! Rechecks live chats after a change of the closing settings. A check that finds nothing to do moves the chat's next
//! check to the time that the new settings give.

use crate::{AutoClose, SweepError};
use shared::platform::nudge::{ListPlace, Recheck};
use shared::platform::queue::Outgoing;
use std::time::Duration;

/// Chats whose checks are posted at once: some 10,000 a minute for one change, so that clients' messages, which go
/// through the same queue, never wait long.
const PAGE: i32 = 500;
/// The pause between two such pages.
const PAUSE: Duration = Duration::from_secs(3);

impl AutoClose {
    /// Posts checks for a page of a channel's live chats, and a timer for the next page. For a whole account, does this
    /// for each of its channels.
    pub(crate) async fn recheck(&self, recheck: &Recheck) -> Result<(), SweepError> {
        let Some(channel) = &recheck.channel else { return self.recheck_all(recheck).await };
        let after = recheck.after.as_ref();
        let (chats, next) = self.store.live_chats(&recheck.account, channel, PAGE, after).await?;
        let checks = chats.into_iter().map(|chat| {
            let digest = recheck.check_id(&chat);
            self.check_as(recheck.account.clone(), chat, digest)
        });
        let checks = checks.collect::<Result<Vec<_>, _>>()?;
        let untaken = self.queues.send_each(&self.inbound_url, &checks).await;
        if untaken.len() == checks.len()
            && let Some((_, error)) = untaken.into_iter().next()
        {
            return Err(error.into());
        }
        // A check that SQS does not accept is made up within the hour, when the chat is checked anyway.
        match next {
            Some(after) => self.go_on(recheck, after).await,
            None => Ok(()),
        }
    }

    async fn go_on(&self, recheck: &Recheck, after: ListPlace) -> Result<(), SweepError> {
        let next = Recheck { after: Some(after), ..recheck.clone() };
        let outgoing = Outgoing::standard(&next)?.after(PAUSE);
        Ok(self.queues.send(&self.timers_url, vec![outgoing]).await?)
    }

    async fn recheck_all(&self, recheck: &Recheck) -> Result<(), SweepError> {
        let channels = self.store.channels(&recheck.account).await?;
        let each = channels.into_iter().map(|channel| {
            Outgoing::standard(&Recheck { channel: Some(channel.channel), ..recheck.clone() })
        });
        Ok(self.queues.send(&self.timers_url, each.collect::<Result<_, _>>()?).await?)
    }
}
