//! What becomes of a send tells whether the number has the messenger (E3).

use crate::base::phone::Phone;
use crate::model::chat::Chat;
use crate::model::contact::Identity;
use crate::model::contact::number_check::CHECKED;
use crate::model::message::DeliveryStatus;

/// The code of a send that failed because nobody is there.
const NOBODY_THERE: &str = "BAD_CONTACT";

/// The client's number, and whether it has the messenger, as far as a delivery's status tells it: one that was delivered to
/// somebody who has not written yet proves it, one that was refused as nobody's says that it has not.
pub fn number_news(chat: &Chat, status: DeliveryStatus, code: Option<&str>) -> Option<(Phone, bool)> {
    if !CHECKED.contains(&chat.messenger) {
        return None;
    }
    let has = match status {
        // Whoever wrote is there: that was noted when he did.
        DeliveryStatus::Delivered | DeliveryStatus::Read if chat.client_count == 0 => true,
        DeliveryStatus::Failed if code == Some(NOBODY_THERE) => false,
        _ => return None,
    };
    let identity = Identity {
        messenger: chat.messenger.clone(),
        group: chat.group,
        user: chat.provider_chat_id.clone(),
    };
    identity.phone().map(|phone| (phone, has))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::chat::tests::new_chat;
    use crate::model::event::Messenger;

    #[test]
    fn e3_a_delivery_proves_a_number_and_a_refusal_as_nobodys_the_contrary() {
        use DeliveryStatus::{Delivered, Failed, Read, Sent};
        let mut chat = new_chat();
        let told = |chat: &Chat, status, code| number_news(chat, status, code).map(|(_, has)| has);
        for (status, code, expected) in [
            (Delivered, None, Some(true)),
            (Read, None, Some(true)),
            (Sent, None, None),
            (Failed, Some("BAD_CONTACT"), Some(false)),
            (Failed, Some("SPAM"), None),
            (Failed, None, None),
        ] {
            assert_eq!(told(&chat, status, code), expected, "{status:?} {code:?}");
        }
        chat.client_count = 1;
        assert_eq!(told(&chat, Delivered, None), None, "he wrote: that is known");
        chat.messenger = Messenger::Telegram;
        assert_eq!(told(&chat, Failed, Some("BAD_CONTACT")), None, "no number");
    }
}
