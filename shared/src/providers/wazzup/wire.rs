//! Parses Wazzup's JSON: tolerant of its double spellings, exact about the place of a fault.

use crate::base::clock::Timestamp;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_path_to_error::Segment;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

/// The most that is kept of a provider's word (kind, state).
const MAX_WORD: usize = 100;

/// A JSON object's members in order, not parsed. A repeated name is kept twice.
pub(super) struct Members<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Object<'a> {
            type Value = Members<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object(PhantomData))
    }
}

/// A text, or a number as it is written: ids come as both.
pub(super) struct Id(pub String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        match raw.as_bytes().first() {
            Some(b'"') => {
                serde_json::from_str(raw).map(Self).map_err(|_| D::Error::custom("unreadable text"))
            }
            Some(b'-' | b'0'..=b'9') => Ok(Self(raw.to_owned())),
            _ => Err(D::Error::custom("neither text nor number")),
        }
    }
}

/// A moment; one that cannot be parsed never fails an entry. Messages carry RFC 3339, channel updates milliseconds
/// (Wazzup API v3, Webhooks); numbers of seconds are read too.
#[derive(Clone, Copy, Default)]
pub(super) struct When(Option<Timestamp>);

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let text = serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned());
        Ok(Self(moment(text.trim())))
    }
}

impl When {
    /// The moment, or when we accepted the entry if Wazzup sent none.
    pub fn or_accepted(when: Option<Self>, accepted_at: Timestamp) -> Timestamp {
        when.and_then(|when| when.0).unwrap_or(accepted_at)
    }
}

/// Numbers below it are seconds since the epoch, from it on milliseconds: 1973 in milliseconds, the year 5138 in
/// seconds.
const FIRST_MILLIS: i64 = 100_000_000_000;

/// Seconds or milliseconds since the epoch, or RFC 3339; without an offset it is read as UTC. Digits beyond the
/// nanosecond are dropped.
fn moment(text: &str) -> Option<Timestamp> {
    let millis = |ms: i64| jiff::Timestamp::from_millisecond(ms).ok().map(|_| Timestamp::from_millis(ms));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if let Ok(number) = whole.parse::<i64>()
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
    {
        if number.checked_abs()? >= FIRST_MILLIS {
            return millis(number);
        }
        let part: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        return millis(number * 1000 + part);
    }
    let text = match text.split_once('.') {
        Some((seconds, rest)) => {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let point = if digits == 0 { "" } else { "." };
            format!("{seconds}{point}{}{}", &rest[..digits.min(9)], &rest[digits..])
        }
        None => text.to_owned(),
    };
    Timestamp::parse_rfc3339(&text).or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        Some(Timestamp::from_millis(at.as_millisecond()))
    })
}

/// Parses an object or null. Serde's derived structs would also accept an array as an object.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_map(self)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }
    deserializer.deserialize_option(Object(PhantomData))
}

/// Parses one entry.
///
/// # Errors
/// The place of the fault by field path, without content.
pub(super) fn strict<T: DeserializeOwned>(place: &str, raw: &RawValue) -> Result<T, String> {
    if !raw.get().starts_with('{') {
        return Err(format!("{place}: no object"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let wrong = if error.inner().is_data() { "wrong type" } else { "unreadable" };
        format!("{place}{}: {wrong}", fields(error.path()))
    })
}

/// The path as far as it consists of field names: deeper keys may be personal data.
fn fields(path: &serde_path_to_error::Path) -> String {
    let mut text = String::new();
    for segment in path.iter().take(2) {
        match segment {
            Segment::Map { key } if key.len() <= 30 && key.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                text.push('.');
                text.push_str(key);
            }
            _ => break,
        }
    }
    text
}

/// Parses what is valid of an entry that [`strict`] refused: every member that is valid by itself, the first of a name.
pub(super) fn salvage<T: DeserializeOwned + Default>(raw: &RawValue) -> T {
    let Ok(Members(members)) = serde_json::from_str(raw.get()) else { return T::default() };
    let mut seen = HashSet::new();
    let mut good = Vec::new();
    for (name, value) in members {
        if !seen.insert(name.clone()) {
            continue;
        }
        let Ok(name) = serde_json::to_string(&name) else { continue };
        let member = format!("{name}:{}", value.get());
        if serde_json::from_str::<T>(&format!("{{{member}}}")).is_ok() {
            good.push(member);
        }
    }
    serde_json::from_str(&format!("{{{}}}", good.join(","))).unwrap_or_default()
}

/// A text that is not blank; otherwise `None`.
pub(super) fn filled(text: Option<impl Into<String>>) -> Option<String> {
    text.map(Into::into).filter(|text: &String| !text.trim().is_empty())
}

/// A provider's word, bounded.
pub(super) fn word(text: &str) -> String {
    text.trim().chars().take(MAX_WORD).collect()
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_spelling() {
        let at = |text: &str| moment(text).map(Timestamp::rfc3339);
        for text in [
            "2025-05-06T14:16:00.002Z",
            "2025-05-06T14:16:00.002",
            "2025-05-06T17:16:00.002+03:00",
            "1746540960002",
            "1746540960002.7",
            "1746540960.002",
            "2025-05-06 14:16:00.002",
            "2025-05-06T14:16:00.0020000000000Z",
            "2025-05-06T14:16:00.0020",
        ] {
            assert_eq!(at(text).as_deref(), Some("2025-05-06T14:16:00.002Z"), "{text}");
        }
        assert_eq!(at("2025-05-06T14:16:00.5").as_deref(), Some("2025-05-06T14:16:00.500Z"));
        assert_eq!(at("2025-05-06T14:16:00.Z").as_deref(), Some("2025-05-06T14:16:00.000Z"));
        assert_eq!(at("2025-05-06T14:16").as_deref(), Some("2025-05-06T14:16:00.000Z"));
        assert_eq!(at("1746540960").as_deref(), Some("2025-05-06T14:16:00.000Z"), "seconds");
        assert_eq!(at("1746540960.5").as_deref(), Some("2025-05-06T14:16:00.500Z"));
        assert_eq!(at("0").as_deref(), Some("1970-01-01T00:00:00.000Z"));
        for text in ["", "вчера", "2025-13-06T14:16:00Z", "99999999999999999999", "9223372036854775807", ".", "1.x", "-9223372036854775808"]
        {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_keeps_the_digits_of_a_number() {
        let read = |json: &str| serde_json::from_str::<Option<Id>>(json).ok().map(|id| id.map(|id| id.0));
        assert_eq!(
            read("123456789012345678901234567890"),
            Some(Some("123456789012345678901234567890".into()))
        );
        assert_eq!(read(r#""a\u0062""#), Some(Some("ab".into())));
        assert_eq!(read("null"), Some(None));
        assert_eq!(read("true"), None);
        assert_eq!(read("[]"), None);
        assert_eq!(read(r#""\ud800""#), None);
    }
}
