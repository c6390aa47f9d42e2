//! Everything that folding a chat's events reads: account, channel, rules, clock.

use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::MessageId;
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::chat::closing::Closing;
use shared::model::rules::Compiled;
use shared::model::rules::automatic::FreshIds;
use std::sync::Arc;

/// The settings as of now, and other inputs of the decisions.
pub struct RoutingContext {
    /// The account.
    pub owner: Account,
    /// The chat's channel; `None` if it does not exist any more.
    pub channel: Option<Channel>,
    /// The closing settings of the chat.
    pub closing: Closing,
    /// The account's rules, if it has any.
    pub rules: Option<Compiled>,
    /// Whether the client was unknown before these events.
    pub is_new_client: bool,
    /// The present moment.
    pub now: Timestamp,
    /// The source of fresh ids.
    pub ambient: Arc<dyn Ambient>,
    /// Ids of messages that are written here.
    pub ids: FreshIds,
}

impl RoutingContext {
    /// Whether a moment is within working hours: the channel's, else the account's; always true if neither has any.
    pub fn in_working_hours(&self, at: Timestamp) -> bool {
        let own = self.channel.as_ref().and_then(|channel| channel.hours.as_ref());
        own.or(self.owner.hours.as_ref()).is_none_or(|hours| hours.is_open(at))
    }

    /// The channel, if failed sends are shown in the chat (E2).
    pub fn tells_failures(&self) -> Option<&Channel> {
        self.channel.as_ref().filter(|_| !self.owner.hide_send_errors)
    }

    /// An id for a message that is written here.
    pub fn fresh_id(&self) -> MessageId {
        self.ids.next(&*self.ambient)
    }
}
