//! How chats finish and open again, end to end (F1–F5, B5).

mod farewell;
mod places;
mod reopening;
mod reservations;
mod settings;
