//! How chats end and begin again, over the whole of it (F1–F5, B5).

mod farewell;
mod places;
mod reopening;
mod reservations;
mod settings;
