//! The story: what clients and the company write and what becomes of it, as the provider's webhook entries.

use crate::world::CHANNEL;
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::base::clock::Timestamp;
use std::time::Duration;

/// The second channel of the account.
pub const OTHER_CHANNEL: &str = "c17b464c-1111-4cac-8413-ba0000000982";

/// Spellings of one phone, as Telegram and MAX may report it.
pub const SPELLINGS: [&str; 5] =
    ["+7 901 111-22-33", "8 (901) 111-22-33", "89011112233", "79011112233", " 7 901 1112233"];

/// The address of a chat: messenger and id, and whether the messenger verifies the phone above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub messenger: &'static str,
    pub id: &'static str,
    pub vouched: bool,
}

const fn place(messenger: &'static str, id: &'static str, vouched: bool) -> Place {
    Place { messenger, id, vouched }
}

/// The first three belong to one person. Those of Telegram share a user name, which proves nothing.
pub const PLACES: [Place; 7] = [
    place("whatsapp", "79011112233", false),
    place("telegram", "218485655", true),
    place("viber", "79011112233", false),
    place("whatsapp", "79025556677", false),
    place("telegram", "900800700", false),
    place("instagram", "17841400001", false),
    place("whatsgroup", "120363041234567890", false),
];

/// A message and everything that happens to it.
#[derive(Clone, Debug)]
pub struct Line {
    pub place: usize,
    pub other_channel: bool,
    pub company: bool,
    /// Seconds after the beginning of the story by the provider's clock; two messages may share one.
    pub second: u16,
    /// The spelling of the phone, if it is reported at all.
    pub spelling: Option<usize>,
    pub edits: u8,
    pub deleted: bool,
    /// Status reports, as indices of [`REPORTS`]; the company's messages only.
    pub reports: Vec<usize>,
}

pub const REPORTS: [&str; 4] = ["sent", "delivered", "read", "error"];

/// A webhook's entry, and the list of the webhook that it belongs to.
#[derive(Clone, Debug)]
pub struct Entry {
    pub list: &'static str,
    pub value: Value,
}

/// The story begins twenty minutes before the World's clock does.
const BEGIN: &str = "2026-11-21T08:40:00Z";

pub fn at(second: u64) -> String {
    (Timestamp::parse_rfc3339(BEGIN).unwrap() + Duration::from_secs(second)).rfc3339()
}

impl Line {
    pub fn channel(&self) -> &'static str {
        if self.other_channel { OTHER_CHANNEL } else { CHANNEL }
    }

    /// The message itself, as an entry; `id` is unique in the story.
    fn said(&self, id: &str) -> Value {
        let place = PLACES[self.place];
        let mut entry = json!({
            "messageId": id, "channelId": self.channel(), "chatType": place.messenger, "chatId": place.id,
            "dateTime": at(self.second.into()), "type": "text", "isEcho": self.company,
            "status": if self.company { "sent" } else { "inbound" },
            "text": format!("{id} first"), "contact": {"name": format!("Client {}", place.id)},
        });
        if place.messenger == "telegram" {
            entry["contact"]["username"] = json!("marina_86");
        }
        if let Some(spelling) = self.spelling.filter(|_| place.vouched) {
            entry["contact"]["phone"] = json!(SPELLINGS[spelling]);
        }
        entry
    }

    fn edit(&self, id: &str, edit: u8) -> Value {
        let text = |edit: u8| if edit == 0 { format!("{id} first") } else { format!("{id} edit {edit}") };
        let mut entry = self.said(id);
        entry["dateTime"] = json!(at(u64::from(self.second) + u64::from(edit)));
        entry["isEdited"] = json!(true);
        entry["text"] = json!(text(edit));
        entry["oldInfo"] = json!({"oldText": text(edit - 1)});
        entry
    }

    fn report(&self, id: &str, report: usize) -> Value {
        let word = REPORTS[report];
        let after = u64::from(self.second) + report as u64;
        let mut entry = json!({"messageId": id, "status": word, "timestamp": at(after)});
        if word == "error" {
            entry["error"] = json!({"error": "BAD_CONTACT", "description": "no such contact"});
        }
        entry
    }

    /// All entries, in the order in which they happened.
    pub fn entries(&self, number: usize) -> Vec<Entry> {
        let id = id(number);
        let message = |value| Entry { list: "messages", value };
        let mut entries = vec![message(self.said(&id))];
        entries.extend((1..=self.edits).map(|edit| message(self.edit(&id, edit))));
        if self.deleted {
            let mut entry = self.said(&id);
            entry["isDeleted"] = json!(true);
            entries.push(message(entry));
        }
        let reports = self.reports.iter().filter(|_| self.company);
        entries.extend(reports.map(|report| Entry { list: "statuses", value: self.report(&id, *report) }));
        entries
    }
}

pub fn id(number: usize) -> String {
    format!("6a2087e0-0000-4c3d-9e5f-{number:012}")
}

pub fn entries(lines: &[Line]) -> Vec<Entry> {
    lines.iter().enumerate().flat_map(|(number, line)| line.entries(number)).collect()
}

pub fn line() -> impl Strategy<Value = Line> {
    let becomes = (0..=2u8, prop::bool::weighted(0.2), prop::collection::vec(0..REPORTS.len(), 0..3));
    let told = (0..PLACES.len(), prop::bool::weighted(0.3), any::<bool>(), 0..1100u16);
    (told, prop::option::of(0..SPELLINGS.len()), becomes).prop_map(
        |((place, other_channel, company, second), spelling, (edits, deleted, reports))| Line {
            place,
            other_channel,
            company,
            second,
            spelling,
            edits,
            deleted,
            reports,
        },
    )
}

pub fn lines(most: usize) -> impl Strategy<Value = Vec<Line>> {
    prop::collection::vec(line(), 1..=most)
}
