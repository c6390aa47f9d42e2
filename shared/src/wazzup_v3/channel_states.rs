//! A channel's state in Wazzup's words. `GET /v3/channels` and the webhook `channelsUpdates` spell some of them
//! differently (Wazzup API v3, "Working with channels", "Webhooks").

use crate::model::channel::Channel;
use crate::model::messenger::ChannelState;

/// A word in the list, and in the webhook, which has seven of them: another one goes as the nearest.
type Words = (&'static str, &'static str);

const WORDS: [Words; 13] = [
    ("active", "active"),
    ("init", "disabled"),
    ("disabled", "disabled"),
    ("phoneUnavailable", "phoneUnavailable"),
    ("qridle", "qr"),
    ("openelsewhere", "openElsewhere"),
    ("notEnoughMoney", "notEnoughMoney"),
    ("foreignphone", "unauthorized"),
    ("unauthorized", "unauthorized"),
    ("waitForPassword", "unauthorized"),
    ("blocked", "disabled"),
    ("onModeration", "disabled"),
    ("rejected", "disabled"),
];

/// The state in `GET /v3/channels`.
pub fn listed(channel: &Channel) -> &'static str {
    words(channel).0
}

/// The state in `channelsUpdates`.
pub fn told(channel: &Channel) -> &'static str {
    words(channel).1
}

/// The provider's own word if Wazzup has it; otherwise the nearest one to our state.
fn words(channel: &Channel) -> Words {
    let plain = |word: &str| -> String {
        word.trim().chars().filter(|c| *c != '_' && *c != '-').flat_map(char::to_lowercase).collect()
    };
    let raw = channel.raw_state.as_deref().map(plain).unwrap_or_default();
    let by_list = WORDS.iter().find(|(list, _)| plain(list) == raw);
    let known = by_list.or_else(|| WORDS.iter().find(|(_, hook)| plain(hook) == raw));
    let nearest = match channel.state {
        ChannelState::Active => 0,
        ChannelState::Pending => 1,
        ChannelState::Disabled => 2,
        ChannelState::NeedsAttention => 3,
        ChannelState::Unauthorized => 8,
    };
    known.copied().unwrap_or(WORDS[nearest])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::chat::tests::channel;

    #[test]
    fn both_spellings_give_the_word_of_the_place() {
        for (raw, state, list, hook) in [
            (Some("qr"), ChannelState::NeedsAttention, "qridle", "qr"),
            (Some("qridle"), ChannelState::NeedsAttention, "qridle", "qr"),
            (Some("openElsewhere"), ChannelState::NeedsAttention, "openelsewhere", "openElsewhere"),
            (Some("active"), ChannelState::Active, "active", "active"),
            (Some("on_moderation"), ChannelState::Pending, "onModeration", "disabled"),
            (Some("not_listed"), ChannelState::Disabled, "disabled", "disabled"),
            (Some("somethingNew"), ChannelState::NeedsAttention, "phoneUnavailable", "phoneUnavailable"),
            (None, ChannelState::Unauthorized, "unauthorized", "unauthorized"),
            (None, ChannelState::Pending, "init", "disabled"),
            (Some("blocked"), ChannelState::Disabled, "blocked", "disabled"),
            (Some("waitForPassword"), ChannelState::NeedsAttention, "waitForPassword", "unauthorized"),
            (None, ChannelState::Active, "active", "active"),
        ] {
            let channel = Channel { state, raw_state: raw.map(str::to_owned), ..channel() };
            assert_eq!((listed(&channel), told(&channel)), (list, hook), "{raw:?}");
        }
    }
}
