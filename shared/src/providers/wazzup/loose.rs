//! Reads data that Wazzup passes on without documenting it: by the likely names, at the likely depths, and without
//! errors. It is foreign data, so everything is bounded.

use serde_json::{Map, Value};

/// The most that is kept of a text.
const MAX_TEXT: usize = 1000;
/// The longest accepted link.
const MAX_LINK: usize = 2048;

/// Whether a value is not empty: an empty object, list or text counts as absent.
pub(super) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// A text, or a number as it is written; bounded and trimmed, `None` if it is empty.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().chars().take(MAX_TEXT).collect(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// A number, or a text that is one, with a point or a comma.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().replace(',', ".").parse().ok()?,
        value => value.as_f64()?,
    };
    Some(number).filter(|number: &f64| number.is_finite())
}

/// A web link; one without its scheme (`//host/…`) gets `https`.
pub(super) fn link(value: &Value) -> Option<String> {
    let link = value.as_str()?.trim();
    let link = if link.starts_with("//") { format!("https:{link}") } else { link.to_owned() };
    let scheme = link.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let web = matches!(scheme.as_deref(), Some("http" | "https"));
    (web && link.len() <= MAX_LINK && !link.contains(char::is_whitespace)).then_some(link)
}

/// The objects that may contain the members: the value itself, and the objects inside it under one of these names.
pub(super) fn layers<'a>(value: &'a Value, inside: &[&str]) -> Vec<&'a Map<String, Value>> {
    let Some(outer) = value.as_object() else { return Vec::new() };
    let inner = inside.iter().filter_map(|name| outer.get(*name)?.as_object());
    std::iter::once(outer).chain(inner).collect()
}

/// The value of the first of the names that has one.
pub(super) fn first<T>(
    layers: &[&Map<String, Value>],
    names: &[&str],
    read: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    names.iter().find_map(|name| layers.iter().find_map(|layer| read(layer.get(*name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_numbers_and_links_are_read_from_what_they_may_be() {
        assert_eq!(text(&json!(" a ")).as_deref(), Some("a"));
        assert_eq!(text(&json!(12_345_678_901_234_567_890_u64)).as_deref(), Some("12345678901234567890"));
        for nothing in [json!(""), json!(" "), json!(null), json!(true), json!(["a"]), json!({})] {
            assert_eq!(text(&nothing), None, "{nothing}");
        }
        assert_eq!(text(&json!("я".repeat(5000))).map(|text| text.chars().count()), Some(MAX_TEXT));
        assert_eq!((number(&json!("55,75")), number(&json!(-1))), (Some(55.75), Some(-1.0)));
        for nothing in [json!("NaN"), json!("inf"), json!(""), json!([1]), json!(null)] {
            assert_eq!(number(&nothing), None, "{nothing}");
        }
        assert_eq!(link(&json!("//img.example/1")).as_deref(), Some("https://img.example/1"));
        assert_eq!(link(&json!("HTTP://img.example")).as_deref(), Some("HTTP://img.example"));
        for nothing in ["javascript:alert(1)", "ftp://a/b", "/media/1", "https://a b", "текст"] {
            assert_eq!(link(&json!(nothing)), None, "{nothing}");
        }
    }

    #[test]
    fn the_first_name_that_says_something_counts() {
        let value = json!({ "title": "", "name": "A", "item": { "title": "B" } });
        let layers = layers(&value, &["item", "offer"]);
        assert_eq!(first(&layers, &["title", "name"], text).as_deref(), Some("B"));
        assert_eq!(first(&layers, &["none"], text), None);
    }
}
