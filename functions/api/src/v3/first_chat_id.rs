//! The messenger's id of a chat that begins by phone or user name, for the answer to its first message: as at Wazzup, the
//! CRM gets it at once, and so has one chat of the client's and not two.
//!
//! The message goes the way of every other: `delivery` sends it and stores the id. The request only looks whether it has.

use crate::app::App;
use shared::model::chat::Chat;
use std::time::Duration;

/// The pauses before each look, in milliseconds: five seconds together.
const PAUSES: [u64; 8] = [150, 250, 350, 500, 650, 850, 1050, 1200];

/// The chat with the messenger's id, if a message on its way brings it in time. Else the chat as it is by then: its
/// message was accepted, whatever the table answers now.
pub async fn with_its_id(app: &App, mut chat: Chat) -> Chat {
    for pause in PAUSES {
        if !chat.awaits_its_id() {
            break;
        }
        app.ambient.pause(Duration::from_millis(pause)).await;
        match app.store.chat(&chat.account, &chat.chat).await {
            Ok(Some(now)) => chat = now,
            // Erased meanwhile.
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(account = %chat.account, chat = %chat.chat, error = %error, "the chat's id is not known yet");
            }
        }
    }
    chat
}
