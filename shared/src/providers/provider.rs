//! The constants of a provider, known without a call: its fields, limits, rates and words.

use crate::model::channel::Channel;
use crate::model::field::Field;
use crate::model::limits::{By, Edits, Limits};
use crate::model::messenger::Messenger;
use crate::model::outbound::call::FailureReason;
use crate::model::texts::Language;
use std::time::Duration;

/// A provider's constants. Pure, so that functions which call no provider (routing, the API's reads) link no HTTP
/// client through it.
pub trait Provider: Sync {
    /// The word in `/webhooks/{provider}/{token}`, in rows and in logs.
    fn name(&self) -> &'static str;

    /// Its name as its makers write it, for people.
    fn title(&self, language: Language) -> &'static str;

    /// The address of its API. A deployment may override it by name, for tests.
    fn base_url(&self) -> &'static str;

    /// The fields of a connection's credential.
    fn credential_fields(&self) -> &'static [Field];

    /// Its guarantees about sends, and its rates.
    fn guarantees(&self) -> SendGuarantees;

    /// The limits of a channel (E5). `messenger` is the chat's, for channels about which the provider has reported
    /// nothing yet.
    fn limits(&self, channel: &Channel, messenger: &Messenger) -> &'static Limits;

    /// All rows of its limits table: one for each kind of channel.
    fn limit_table(&self) -> &'static [Limits];

    /// Our reason for one of its error codes, in a send's answer or in a status.
    fn failure_reason(&self, code: &str) -> FailureReason;

    /// Whether the provider's list of channels contains this one. Telegram has no list of the business accounts that
    /// use a bot.
    fn lists(&self, _channel: &Channel) -> bool {
        true
    }

    /// Whether the provider can check if a number has the messenger (E3).
    fn checks_numbers(&self) -> bool {
        false
    }

    /// The capabilities of a channel.
    fn capabilities(&self, channel: &Channel, messenger: &Messenger) -> ChannelCapabilities {
        ChannelCapabilities::of(self.limits(channel, messenger), self.checks_numbers())
    }
}

/// A provider's guarantees about sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendGuarantees {
    /// How long after the first call it deduplicates a repeat by our id; `None` if it never does.
    pub repeat_window: Option<Duration>,
    /// Its limits on calls; empty if no source states any.
    pub rates: &'static [Rate],
}

/// A limit on calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Which calls are counted together.
    pub scope: RateScope,
    /// How many calls …
    pub calls: u32,
    /// … in which time.
    pub per: Duration,
}

/// Which calls a rate counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateScope {
    /// All calls with one credential.
    Connection,
    /// The calls for one channel.
    Channel,
    /// The messages into one chat with a person.
    Chat,
    /// The messages into one group.
    Group,
}

/// The capabilities of a channel, for pages and for the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelCapabilities {
    /// By which address a chat with a new person can be started; empty if it cannot.
    pub write_first: &'static [By],
    /// Whether the text of a sent message can be edited.
    pub edit_text: bool,
    /// Whether the file of a sent message can be replaced.
    pub edit_file: bool,
    /// Whether a sent message can be deleted.
    pub delete: bool,
    /// Whether a message can quote another one.
    pub quote: bool,
    /// Whether buttons can be added below a text.
    pub buttons: bool,
    /// Whether approved templates can be sent.
    pub templates: bool,
    /// Whether the channel receives comments.
    pub comments: bool,
    /// Whether the provider can check if a number has the messenger.
    pub check_number: bool,
}

impl ChannelCapabilities {
    /// The capabilities that follow from a channel's limits.
    pub fn of(limits: &Limits, check_number: bool) -> Self {
        Self {
            write_first: limits.first,
            edit_text: limits.edits != Edits::No,
            edit_file: limits.edits == Edits::All,
            delete: limits.deletes,
            quote: limits.quotes,
            buttons: limits.buttons.is_some(),
            templates: limits.template.is_some(),
            comments: limits.comments,
            check_number,
        }
    }
}
