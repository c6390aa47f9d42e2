//! Employees' open chats, which their caps count (B4): when a chat ends, a waiting client may get its place.

use super::rows_assignment::OpenChat;
use super::{Store, StoreError};
use crate::base::ids::{AccountId, ChannelId};
use crate::model::chat::Chat;

impl Store {
    /// Whether the last drain of a channel left clients waiting, as of the last write. A writer that freed a place asks
    /// this, so that it nudges only if a client may get the place.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn clients_wait(&self, account: &AccountId, channel: &ChannelId) -> Result<bool, StoreError> {
        Ok(self.ring(account, channel).await?.is_some_and(|ring| ring.left > 0))
    }
}

/// Whether a change of a chat frees a place under its employee's cap: the employee does not have it open any more.
pub fn frees_place(before: &Chat, after: &Chat) -> bool {
    let had = OpenChat::of(before);
    had.is_some() && had != OpenChat::of(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::base::ids::EmployeeId;
    use crate::model::chat::state::FinishReason;
    use crate::model::chat::tests::{new_chat, text_event};
    use crate::model::event::Side;

    #[test]
    fn a_place_is_freed_when_the_chat_finishes_or_goes_to_somebody_else() {
        let at = Timestamp::from_millis(5);
        let mut chat = new_chat();
        chat.receive(&text_event("m1", Side::Client), None, at);
        let waiting = chat.clone();
        chat.set_responsible(&EmployeeId::new("anna"));
        assert!(!frees_place(&waiting, &chat), "she got him");
        assert!(!frees_place(&chat, &chat));
        let (mut finished, mut passed, mut back) = (chat.clone(), chat.clone(), chat.clone());
        finished.finish(FinishReason::Inactivity, at);
        passed.set_responsible(&EmployeeId::new("boris"));
        back.unassign(at);
        for after in [finished, passed, back] {
            assert!(frees_place(&chat, &after));
        }
    }
}
