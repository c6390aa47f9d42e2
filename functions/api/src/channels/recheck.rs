//! Settings of how chats end take effect on chats that are live.

use crate::app::App;
use shared::base::cache::SETTINGS;
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChannelId};
use shared::platform::nudge::Recheck;
use shared::platform::queue::{Outgoing, QueueError};
use std::time::Duration;

impl App {
    /// Lets the live chats of a channel be looked at, or those of all channels of the account, because how they end was set
    /// anew. What was committed stays also when the queue does not take it: then each chat is looked at within the hour.
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
        // By then no worker holds the settings of before.
        let wait = changed_at.since(now) + SETTINGS + Duration::from_secs(5);
        self.queues.send(&self.timers_url, vec![Outgoing::standard(&recheck)?.after(wait)]).await
    }
}

/// The minute after which all that is set in it takes effect. The checks are named by it, so however often settings change in
/// a minute, each chat is looked at once for it: a client's messages must not wait behind checks.
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
