//! What a chat's events are folded by: its account's and its channel's settings.

use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::MessageId;
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::chat::closing::Closing;
use shared::model::rules::Compiled;
use shared::model::rules::automatic::FreshIds;
use std::sync::Arc;

/// The settings, as of now, and what else a decision wants.
pub struct RoutingContext {
    /// Whose chat.
    pub owner: Account,
    /// Its channel; none when that is gone.
    pub channel: Option<Channel>,
    /// How it ends.
    pub closing: Closing,
    /// The account's rules, where it has any.
    pub rules: Option<Compiled>,
    /// Whether nobody knew the client before these events.
    pub is_new_client: bool,
    /// The present moment.
    pub now: Timestamp,
    /// Where fresh ids come from.
    pub ambient: Arc<dyn Ambient>,
    /// Those of messages that are written here.
    pub ids: FreshIds,
}

impl RoutingContext {
    /// Whether somebody works at a moment, by the channel's hours, else the account's; always where neither says.
    pub fn in_working_hours(&self, at: Timestamp) -> bool {
        let own = self.channel.as_ref().and_then(|channel| channel.hours.as_ref());
        own.or(self.owner.hours.as_ref()).is_none_or(|hours| hours.is_open(at))
    }

    /// The channel, where failed sends are told in the chat (E2).
    pub fn tells_failures(&self) -> Option<&Channel> {
        self.channel.as_ref().filter(|_| !self.owner.hide_send_errors)
    }

    /// An id for a message that is written here.
    pub fn fresh_id(&self) -> MessageId {
        self.ids.next(&*self.ambient)
    }
}
