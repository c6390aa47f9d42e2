//! Traces by which a raw record is recognized as an erased client's: strings that only this client has, and the digests
//! of the ids of their messages.

use crate::base::ids::MessageId;
use serde_json::Value;
use std::collections::HashSet;

/// Shortest string that is searched for. Shorter ones occur in the records of other clients too.
const MIN_WORD: usize = 5;
/// Shortest string that is searched for where the account is unknown: a shorter one may mean anything there.
const MIN_WORD_ANYWHERE: usize = 10;
/// Shortest text that is treated as a message id: some providers number their messages, and every client has a 17.
const MIN_MESSAGE_ID: usize = 16;
/// Longest text that is treated as a message id.
const MAX_MESSAGE_ID: usize = 512;
/// How many levels of records inside records are opened, such as a dead letter in a queue's own wrapping.
const DEPTH: u8 = 4;

/// What is searched for in raw records. It is personal data: `Debug` prints only how much there is.
#[derive(Clone, Default)]
pub struct Traces {
    words: Vec<String>,
    messages: HashSet<u128>,
}

impl std::fmt::Debug for Traces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Traces({} words, {} messages)", self.words.len(), self.messages.len())
    }
}

impl Traces {
    /// Searches for these strings: user ids, phones as digits, ids of chats. Strings that are too short to identify one
    /// client are dropped.
    pub fn of(words: impl IntoIterator<Item = String>) -> Self {
        let mut all: Vec<String> = words.into_iter().filter(|word| word.len() >= MIN_WORD).collect();
        all.sort();
        all.dedup();
        Self { words: all, messages: HashSet::new() }
    }

    /// Searches for one more string.
    pub fn add(&mut self, word: &str) {
        if word.len() >= MIN_WORD && !self.words.iter().any(|known| known == word) {
            self.words.push(word.to_owned());
        }
    }

    /// Searches for a message id too, by the digest it left: [`MessageId::in_key`].
    pub fn add_message(&mut self, digest: &str) {
        self.messages.extend(u128::from_str_radix(digest, 16));
    }

    /// The part that may be searched for in records of an unknown account: strings that are long enough in characters.
    #[must_use]
    pub fn in_any_account(&self) -> Self {
        let long = self.words.iter().filter(|word| word.chars().count() >= MIN_WORD_ANYWHERE).cloned();
        Self { words: long.collect(), messages: self.messages.clone() }
    }

    /// Whether a raw record contains anything of the client: literally, escaped as JSON, or inside another record.
    pub fn are_in(&self, record: &[u8]) -> bool {
        let text = String::from_utf8_lossy(record);
        if self.words.iter().any(|word| holds(&text, word) || holds(&text, &escaped(word))) {
            return true;
        }
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => self.in_value(&value, DEPTH),
            // Not JSON, or cut off: message ids are the pieces between characters that ids do not contain.
            Err(_) => text.split(|c: char| !is_of_id(c)).any(|piece| self.is_message(piece)),
        }
    }

    fn in_value(&self, value: &Value, depth: u8) -> bool {
        match value {
            Value::String(text) => self.in_text(text, depth),
            Value::Array(values) => values.iter().any(|value| self.in_value(value, depth)),
            Value::Object(members) => {
                members.iter().any(|(name, value)| self.in_text(name, 0) || self.in_value(value, depth))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn in_text(&self, text: &str, depth: u8) -> bool {
        if self.words.iter().any(|word| holds(text, word)) || self.is_message(text) {
            return true;
        }
        let wrapped = depth > 0 && text.trim_start().starts_with(['{', '[']);
        wrapped && serde_json::from_str::<Value>(text).is_ok_and(|inner| self.in_value(&inner, depth - 1))
    }

    fn is_message(&self, text: &str) -> bool {
        if self.messages.is_empty() || !(MIN_MESSAGE_ID..=MAX_MESSAGE_ID).contains(&text.len()) {
            return false;
        }
        u128::from_str_radix(&MessageId::new(text).in_key(), 16)
            .is_ok_and(|digest| self.messages.contains(&digest))
    }
}

/// Whether a text contains a word. A number inside a longer number does not count, because it is another number.
fn holds(text: &str, word: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let (number_first, number_last) = (digit(word.chars().next()), digit(word.chars().next_back()));
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        !(number_first && digit(before) || number_last && digit(after))
    })
}

/// A word as JSON writes it when everything beyond ASCII is escaped.
fn escaped(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for unit in word.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out
}

fn is_of_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._=+/:-@".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PHONE: &str = "79011112233";
    const MESSAGE: &str = "wamid.HBgLNzkwMTExMTIyMzMVAgASGBQz";

    fn traces() -> Traces {
        let mut traces = Traces::of([PHONE, "u2i-абв", "17"].map(str::to_owned));
        traces.add_message(&MessageId::new(MESSAGE).in_key());
        traces
    }

    #[test]
    fn p12_a_record_is_his_in_whatever_way_it_names_him() {
        let his = [
            format!("chatId=whatsapp:{PHONE}&x=1"),
            format!("{{\"chatId\": \"+{PHONE}\""),
            json!({"chat": "u2i-абв"}).to_string(),
            r#"{"chat": "u2i-\u0430\u0431\u0432", broken"#.to_owned(),
            r#"{"chat": "\u0075\u0032i-\u0430\u0431\u0432"}"#.to_owned(),
            json!({"body": json!({"user": "\u{75}2i-абв"}).to_string()}).to_string(),
            json!({"statuses": [{"messageId": MESSAGE}]}).to_string(),
            json!({"Records": [{"body": json!({"message_id": MESSAGE}).to_string()}]}).to_string(),
            format!("{{\"statuses\": [{{\"messageId\": \"{MESSAGE}\""),
        ];
        for record in his {
            assert!(traces().are_in(record.as_bytes()), "{record}");
        }
    }

    #[test]
    fn p12_a_record_of_somebody_else_stays() {
        let others = [
            format!("1{PHONE} {PHONE}4 {PHONE}0001"),
            json!({"chatId": "79011112234", "id": "17", "n": 17}).to_string(),
            json!({"messageId": format!("{MESSAGE}x")}).to_string(),
            String::new(),
            "\u{fffd}{".to_owned(),
        ];
        for record in others {
            assert!(!traces().are_in(record.as_bytes()), "{record}");
        }
        assert!(!Traces::default().are_in(PHONE.as_bytes()), "nothing to look for, nothing found");
    }

    #[test]
    fn p12_in_a_record_of_nobody_knows_which_account_only_long_strings_are_his() {
        let traces =
            Traces::of(["218485655", "u2i-абвгд", "1234567890", PHONE].map(str::to_owned)).in_any_account();
        for (text, his) in [("218485655", false), ("u2i-абвгд", false), ("1234567890", true), (PHONE, true)]
        {
            assert_eq!(traces.are_in(json!({"user": text}).to_string().as_bytes()), his, "{text}");
        }
    }

    #[test]
    fn p12_a_provider_that_counts_its_messages_gives_nobody_away() {
        let mut traces = Traces::default();
        traces.add_message(&MessageId::new("17").in_key());
        assert!(!traces.are_in(br#"{"message_id": "17"}"#));
    }

    #[test]
    fn what_is_looked_for_is_not_printed() {
        assert_eq!(format!("{:?}", traces()), "Traces(2 words, 1 messages)");
    }
}
