//! Wazzup24 API v3: its webhooks read into events, the calls that connect an account, and what goes out by it.
//!
//! The protocol is told on Wazzup's own pages, cited below by their titles: "Wazzup API v3, Webhooks", "… Working with
//! channels", "… Sending messages", "… Common errors". Webhooks are not signed; the URL's token is the only proof of who posts.

pub mod limits;

mod advert;
mod api;
mod cards;
mod details;
mod loose;
mod message;
mod reports;
mod send;
mod templates;
mod wire;
mod words;

#[cfg(test)]
mod content_tests;
#[cfg(test)]
mod expected;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use crate::providers::wazzup::send::{RATE, SEND_KEY_LASTS};
pub use api::WazzupApi;
pub use templates::WabaTemplate;

use super::{Item, Parsed};
use crate::base::clock::Timestamp;
use crate::model::connection::WebhookToken;
use serde_json::value::RawValue;
use wire::Members;

/// The provider's name in our webhook URLs and in channel ids.
pub const NAME: &str = "wazzup";

/// Reads a webhook's body (Wazzup API v3, Webhooks): one object with `messages[]`, `statuses[]` and `channelsUpdates[]`
/// in any combination, or one that this bridge has no use for. Every entry is read by itself, so that a bad one harms
/// no other; bytes that are no UTF-8 become U+FFFD for the same reason.
pub fn parse(token: &WebhookToken, body: &[u8], accepted_at: Timestamp) -> Parsed {
    let text = String::from_utf8_lossy(body);
    let Ok(Members(members)) = serde_json::from_str(text.trim_start_matches('\u{feff}')) else {
        return Parsed::Unreadable("no JSON object".into());
    };
    let mut found = Found { token, accepted_at, items: Vec::new(), readable: false, wrong: None };
    let mut probe = false;
    for (name, value) in members {
        match name.as_str() {
            "messages" => found.entries("messages", value, message::read),
            "statuses" => found.entries("statuses", value, reports::status),
            "channelsUpdates" => found.entries("channelsUpdates", value, reports::channel),
            "templateStatus" => found.known("template_status"),
            "createContact" => found.known("create_contact"),
            "createDeal" => found.known("create_deal"),
            "test" if value.get() == "true" => probe = true,
            _ => found.items.push(Item::Ignored("unknown_member")),
        }
    }
    match found {
        Found { readable: true, items, .. } => Parsed::Items(items),
        Found { wrong: Some(why), .. } => Parsed::Unreadable(why),
        _ if probe => Parsed::Probe,
        _ => Parsed::Unreadable("no known member".into()),
    }
}

/// What a body has given so far.
struct Found<'a> {
    token: &'a WebhookToken,
    accepted_at: Timestamp,
    items: Vec<Item>,
    /// Whether a known member could be read.
    readable: bool,
    /// The first known member that could not.
    wrong: Option<String>,
}

impl Found<'_> {
    /// Reads a list's entries, each by itself.
    fn entries(
        &mut self,
        member: &str,
        value: &RawValue,
        read: fn(&WebhookToken, &str, &RawValue, Timestamp) -> Item,
    ) {
        let Ok(entries) = serde_json::from_str::<Option<Vec<&RawValue>>>(value.get()) else {
            let why = format!("{member}: no list");
            self.items.push(Item::Poison { why: why.clone(), raw: value.get().to_owned(), event: None });
            self.wrong.get_or_insert(why);
            return;
        };
        self.readable = true;
        for (index, entry) in entries.unwrap_or_default().into_iter().enumerate() {
            self.items.push(read(self.token, &format!("{member}[{index}]"), entry, self.accepted_at));
        }
    }

    /// Counts a member that this version has no use for.
    fn known(&mut self, name: &'static str) {
        self.readable = true;
        self.items.push(Item::Ignored(name));
    }
}
