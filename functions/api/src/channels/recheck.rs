//! Applies changed closing options to live chats.

use crate::app::App;
use shared::base::cache::SETTINGS;
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChannelId};
use shared::platform::nudge::Recheck;
use shared::platform::queue::{Outgoing, QueueError};
use std::time::Duration;

impl App {
    /// Schedules checks of the live chats of a channel, or of all channels of the account, because their closing
    /// options changed. A commit stays also when the queue does not accept the message: then each chat is checked
    /// within the hour.
    pub(crate) async fn recheck(&self, account: &AccountId, channel: Option<&ChannelId>) {
        if let Err(error) = self.try_to_recheck(account, channel).await {
            tracing::warn!(account = %account, error = %error, "live chats will be looked at later");
        }
    }

    async fn try_to_recheck(
        &self,
        account: &AccountId,
        channel: Option<&ChannelId>,
    ) -> Result<(), QueueError> {
        let now = self.ambient.now();
        let changed_at = end_of_minute(now);
        let recheck = Recheck::new(account, channel, changed_at);
        // By then no worker caches the previous settings.
        let wait = changed_at.since(now) + SETTINGS + Duration::from_secs(5);
        self.queues.send(&self.timers_url, vec![Outgoing::standard(&recheck)?.after(wait)]).await
    }
}

/// The end of the current minute: all settings that change in a minute take effect after it. Checks are named by it, so
/// each chat is checked once however often settings change in that minute. A client's messages must not wait behind
/// checks.
fn end_of_minute(now: Timestamp) -> Timestamp {
    const MINUTE: i64 = 60_000;
    Timestamp::from_millis((now.millis().div_euclid(MINUTE) + 1) * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_in_one_minute_is_looked_at_together_after_it() {
        let ends = |millis: i64| end_of_minute(Timestamp::from_millis(millis)).millis();
        assert_eq!([0, 1, 59_999].map(ends), [60_000; 3]);
        assert_eq!([60_000, 119_999].map(ends), [120_000; 2]);
    }
}
