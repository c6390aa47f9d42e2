//! How many messages Telegram accepts (Bots FAQ, "My bot is hitting limits, how do I avoid this?"): about 30 a second
//! in all, one a second in a chat, 20 a minute in a group. It allows short bursts without documenting their size: here
//! it is three messages in a chat.

use std::collections::BTreeMap;

/// Messages a second, in all.
const ALL: Rate = Rate { most: 30, every_ms: 1000 / 30 };
/// Messages in a chat: a burst, then one a second.
const CHAT: Rate = Rate { most: 3, every_ms: 1000 };
/// Messages in a group.
const GROUP: Rate = Rate { most: 20, every_ms: 3000 };

/// A burst of `most` messages, and one more after each pause.
#[derive(Clone, Copy, Debug)]
struct Rate {
    most: i64,
    every_ms: i64,
}

/// The used capacity: the time at which all of it is available again, in all and for each chat.
#[derive(Clone, Debug, Default)]
pub(super) struct Spent {
    all: i64,
    chats: BTreeMap<usize, i64>,
}

impl Spent {
    /// Counts a message to a chat, given by its index. The error is the number of seconds to wait, if it is one too
    /// many.
    pub(super) fn count(&mut self, chat: usize, is_group: bool, now: i64) -> Result<(), i64> {
        let rate = if is_group { GROUP } else { CHAT };
        let of_chat = self.chats.entry(chat).or_default();
        let waits = [rate.wait(*of_chat, now), ALL.wait(self.all, now)];
        if let Some(wait) = waits.into_iter().max().filter(|wait| *wait > 0) {
            return Err(wait.unsigned_abs().div_ceil(1000).cast_signed());
        }
        *of_chat = now.max(*of_chat) + rate.every_ms;
        self.all = now.max(self.all) + ALL.every_ms;
        Ok(())
    }
}

impl Rate {
    /// Milliseconds until one more message is allowed.
    fn wait(self, back_at: i64, now: i64) -> i64 {
        back_at - now - (self.most - 1) * self.every_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(chat: impl Fn(usize) -> usize, is_group: bool) -> (usize, i64) {
        let mut spent = Spent::default();
        let count = |n| spent.count(chat(n), is_group, 1_000_000).err().map(|wait| (n, wait));
        (0..100).find_map(count).unwrap()
    }

    #[test]
    fn a_burst_passes_and_what_is_above_it_waits() {
        assert_eq!(taken(|_| 7, false), (3, 1), "a chat");
        assert_eq!(taken(|_| 7, true), (20, 3), "a group");
        assert_eq!(taken(|n| n, false), (30, 1), "all");
    }

    #[test]
    fn one_a_second_is_never_too_many() {
        let mut spent = Spent::default();
        assert!((0..1000).all(|second| spent.count(7, false, second * 1000).is_ok()));
    }
}
