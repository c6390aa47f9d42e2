//! `docs/ACCESS.md` as data: the table's words for every combination.

use shared::base::clock::Timestamp;
use shared::base::ids::EmployeeId;
use shared::model::access::Operation;
use shared::model::channel::Distribution;
use shared::model::chat::Chat;
use shared::model::chat::state::AssignmentState;
use shared::model::employee::Role;
use std::collections::BTreeMap;

/// The columns of the table that are operations, in their order.
pub const OPERATIONS: [&str; 12] = [
    "List",
    "Search",
    "Open",
    "Count",
    "Notify",
    "Send",
    "Edit",
    "Mark",
    "Finish",
    "SetStatus",
    "Tag",
    "Assign",
];

/// Who may be responsible for the client.
pub const WHOSE: [&str; 7] = [
    "me",
    "me, asked first",
    "other",
    "other, asked first",
    "none, waiting",
    "none, unclaimed",
    "none, silent",
];

/// How a channel distributes new clients.
pub const DISTRIBUTIONS: [(&str, Distribution); 3] = [
    ("round robin", Distribution::RoundRobin),
    ("first responder", Distribution::FirstResponder),
    ("by CRM", Distribution::ByCrm),
];

/// The roles of the caller; the account's rows have no role.
pub const ROLES: [(&str, Option<Role>); 5] = [
    ("manager", Some(Role::Manager)),
    ("head", Some(Role::Head)),
    ("quality control", Some(Role::QualityControl)),
    ("none", None),
    ("account", None),
];

/// One combination: role, responsible, distribution, B2.
pub type Case = (&'static str, &'static str, &'static str, bool);

/// The page's table: for every combination, the word of each operation.
pub type Table = BTreeMap<Case, BTreeMap<&'static str, String>>;

/// Reads the table from the page. Every combination is in exactly one row.
pub fn read() -> Table {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ACCESS.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows: Vec<Vec<String>> = page.lines().filter_map(cells).filter(|row| row.len() == 16).collect();
    let (head, rows) = rows.split_first().unwrap();
    assert_eq!(head[4..], OPERATIONS.map(str::to_owned), "the operations, in this order");
    let mut table = Table::new();
    for row in rows.iter().filter(|row| !row[0].starts_with("---")) {
        for case in cases(row) {
            let words = OPERATIONS.into_iter().zip(row[4..].iter().cloned()).collect();
            assert!(table.insert(case, words).is_none(), "{case:?} is in two rows");
        }
    }
    assert_eq!(table.len(), ROLES.len() * WHOSE.len() * DISTRIBUTIONS.len() * 2, "all combinations");
    table
}

fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
}

/// The combinations of a row. Panics on a word that its column does not have.
fn cases(row: &[String]) -> Vec<Case> {
    let pick = |word: &str, all: &[&'static str]| -> Vec<&'static str> {
        let picked: Vec<&'static str> =
            all.iter().copied().filter(|known| word == "any" || word == *known).collect();
        assert!(!picked.is_empty(), "{word} is none of {all:?}");
        picked
    };
    let mut found = Vec::new();
    for role in pick(&row[0], &ROLES.map(|(name, _)| name)) {
        for whose in pick(&row[1], &WHOSE) {
            for how in pick(&row[2], &DISTRIBUTIONS.map(|(name, _)| name)) {
                found.extend(
                    pick(&row[3], &["on", "off"]).into_iter().map(|b2| (role, whose, how, b2 == "on")),
                );
            }
        }
    }
    found
}

/// Puts a chat whose client has written into the state that the words name, for the employee `me`.
pub fn place(chat: &mut Chat, whose: &str, me: &EmployeeId, other: &EmployeeId, now: Timestamp) {
    match whose {
        "me" => chat.set_responsible(me),
        "other" => chat.set_responsible(other),
        "me, asked first" | "other, asked first" => {
            chat.set_responsible(if whose.starts_with("me") { me } else { other });
            chat.enqueue(None, now);
        }
        "none, waiting" => {
            assert_eq!((chat.assignment_state, &chat.responsible), (AssignmentState::Waiting, &None))
        }
        "none, unclaimed" => chat.offer_to_all(),
        _ => assert_eq!((whose, chat.assignment_state), ("none, silent", AssignmentState::Silent)),
    }
}

/// The operation of a column.
pub fn operation(name: &str, how: Distribution) -> Operation {
    match name {
        "List" => Operation::List,
        "Search" => Operation::Search,
        "Open" => Operation::Open,
        "Count" => Operation::Count,
        "Notify" => Operation::Notify,
        "Send" => Operation::Send(how),
        "Edit" => Operation::Edit(how),
        "Mark" => Operation::Mark,
        "Finish" => Operation::Finish,
        "SetStatus" => Operation::SetStatus,
        "Tag" => Operation::Tag,
        _ => Operation::Assign,
    }
}
