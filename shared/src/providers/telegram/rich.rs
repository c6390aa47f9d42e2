//! The plain text of a rich message (Bot API 10.1 and later, RichMessage): blocks that contain texts, lists and tables.
//! Additions of a later version are read as far as their text has the same member names.

use serde_json::{Map, Value};

/// How deep nested texts are read.
const MAX_DEPTH: usize = 32;
/// Longest text that is kept, in bytes.
const MAX_TEXT: usize = 32_768;

/// Members of a block that hold its text, in reading order.
const WORDS: &[&str] = &["summary", "text", "expression", "alternative_text", "credit"];
/// Members of a block that hold further blocks, list items or rows of cells, each on a line of its own.
const BLOCKS: &[&str] = &["blocks", "items", "cells", "rows", "caption"];

/// The text; `None` if the message has none.
pub(super) fn plain(message: &Map<String, Value>) -> Option<String> {
    let mut text = String::new();
    block(message, &mut text, 0);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Reads a block: its own text, then the blocks in it.
fn block(block: &Map<String, Value>, text: &mut String, depth: usize) {
    for name in WORDS {
        if let Some(value) = block.get(*name) {
            words(value, text, depth + 1);
        }
    }
    for name in BLOCKS {
        if let Some(value) = block.get(*name) {
            lines(value, text, depth + 1);
        }
    }
}

/// Reads blocks, each on its own line.
fn lines(value: &Value, text: &mut String, depth: usize) {
    if depth > MAX_DEPTH || text.len() > MAX_TEXT {
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|value| lines(value, text, depth + 1)),
        Value::Object(members) => {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            block(members, text, depth + 1);
        }
        value => words(value, text, depth),
    }
}

/// Reads a RichText: a string, a list of RichTexts, or an object around one.
fn words(value: &Value, text: &mut String, depth: usize) {
    if depth > MAX_DEPTH || text.len() > MAX_TEXT {
        return;
    }
    match value {
        Value::String(word) => text.extend(word.chars().take(MAX_TEXT)),
        Value::Array(list) => list.iter().for_each(|value| words(value, text, depth + 1)),
        Value::Object(members) => WORDS.iter().filter_map(|name| members.get(*name)).for_each(|value| {
            words(value, text, depth + 1);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Option<String> {
        plain(value.as_object().unwrap())
    }

    #[test]
    fn blocks_are_lines_and_marked_words_stand_in_them() {
        let message = json!({ "blocks": [
            { "type": "heading", "size": 1, "text": "Заказ 15" },
            { "type": "paragraph", "text": ["Белая, ", { "type": "bold", "text": ["новая"] }, "."] },
            { "type": "list", "items": [{ "label": "1.", "blocks": [{ "type": "paragraph", "text": "Осмотр" }] },
                { "label": "2.", "blocks": [{ "type": "paragraph", "text": "Тест-драйв" }] }] },
            { "type": "table", "cells": [[{ "text": "Цена" }, { "text": "1 320 000 ₽" }]] },
            { "type": "photo", "photo": [], "caption": { "text": "Вид спереди" } },
        ]});
        let expected = "Заказ 15\nБелая, новая.\nОсмотр\nТест-драйв\nЦена\n1 320 000 ₽\nВид спереди";
        assert_eq!(read(message).as_deref(), Some(expected));
    }

    #[test]
    fn what_holds_no_text_gives_none() {
        for nothing in
            [json!({}), json!({ "blocks": null }), json!({ "blocks": [{ "type": "divider" }, 5, []] })]
        {
            assert_eq!(read(nothing.clone()), None, "{nothing}");
        }
        let mut deep = json!("x");
        for _ in 0..100 {
            deep = json!([deep]);
        }
        assert_eq!(read(json!({ "blocks": [{ "text": deep }] })), None);
    }
}
