//! Tables of requests with their expected answers, and how a table is run.

use crate::stack::asking::{Answer, Asker};
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A request and its expected answer.
#[derive(Clone, Debug)]
pub struct Case {
    pub what: String,
    pub method: &'static str,
    pub path: String,
    pub body: Option<Value>,
    pub status: u16,
    /// The shape of the answer, see [`fits`].
    pub shape: Value,
}

/// A request that succeeds: 200, or 201 where the shape has a new entity.
pub fn ok(what: &str, (method, path): (&'static str, &str), body: Option<Value>, shape: Value) -> Case {
    Case { what: what.to_owned(), method, path: path.to_owned(), body, status: 200, shape }
}

/// A request that is refused, with code and details; null details are not checked.
pub fn no(
    what: &str,
    (method, path): (&'static str, &str),
    body: Option<Value>,
    (status, code): (u16, &str),
    data: Value,
) -> Case {
    let mut shape = json!({"status": status, "requestId": "<text>", "error": code, "description": "<text>"});
    if !data.is_null() {
        shape["data"] = data;
    }
    Case { what: what.to_owned(), method, path: path.to_owned(), body, status, shape }
}

/// The results of the tables that were run.
#[derive(Debug, Default)]
pub struct Seen {
    /// Error codes.
    pub codes: BTreeSet<String>,
    /// Method and path of the requests that succeeded.
    pub done: BTreeSet<(String, String)>,
    /// Unexpected answers.
    pub wrong: Vec<String>,
}

impl Seen {
    /// Sends the requests of all cases in order.
    pub async fn run(&mut self, asker: &Asker, cases: &[Case]) {
        for case in cases {
            let answer = asker.ask(case.method, &case.path, case.body.as_ref()).await;
            self.note(case, &answer);
        }
    }

    pub fn note(&mut self, case: &Case, answer: &Answer) {
        let path = case.path.split('?').next().unwrap_or_default().to_owned();
        match answer.status {
            200..300 => {
                self.done.insert((case.method.to_owned(), path));
            }
            _ => self.codes.extend(answer.body["error"].as_str().map(str::to_owned)),
        }
        let typed = answer.headers.get("content-type").is_some_and(|kind| kind == "application/json");
        let told = match fits(&case.shape, &answer.body) {
            _ if answer.status != case.status => Err(format!("status {}", answer.status)),
            Ok(()) if typed => Ok(()),
            Ok(()) => Err("the type of the body".to_owned()),
            Err(at) => Err(at),
        };
        if let Err(why) = told {
            let asked = case.body.as_ref().map(ToString::to_string).unwrap_or_default();
            let asked: String = asked.chars().take(300).collect();
            let Case { what, method, path, shape, .. } = case;
            self.wrong.push(format!(
                "{what}: {why}\n  {method} {path} {asked}\n  expected {} {shape}\n  answered {} {}",
                case.status, answer.status, answer.text
            ));
        }
    }
}

/// Whether a value has a shape: objects may have more members, lists may not; `<text>`, `<number>`, `<flag>`, `<uuid>`
/// and `<time>` match any value of their type, `<any>` matches anything.
pub fn fits(shape: &Value, value: &Value) -> Result<(), String> {
    match (shape, value) {
        (Value::String(kind), value) if kind.starts_with('<') => {
            if is_a(kind, value) {
                Ok(())
            } else {
                Err(format!("{value} is no {kind}"))
            }
        }
        (Value::Object(shape), Value::Object(object)) => shape.iter().try_for_each(|(name, shape)| {
            let value = object.get(name).ok_or_else(|| format!("{name} is missing"))?;
            fits(shape, value).map_err(|why| format!("{name}: {why}"))
        }),
        (Value::Array(shapes), Value::Array(list)) if shapes.len() == list.len() => {
            let mut pairs = shapes.iter().zip(list).enumerate();
            pairs.try_for_each(|(at, (shape, value))| {
                fits(shape, value).map_err(|why| format!("[{at}]: {why}"))
            })
        }
        (shape, value) if shape == value => Ok(()),
        (shape, value) => Err(format!("{value} instead of {shape}")),
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    let matches = |pattern: &str| {
        value.as_str().is_some_and(|text| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text)))
    };
    match kind {
        "<any>" => true,
        "<text>" => value.as_str().is_some_and(|text| !text.is_empty()),
        "<number>" => value.is_number(),
        "<flag>" => value.is_boolean(),
        "<uuid>" => matches("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
        "<time>" => matches(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"),
        _ => false,
    }
}

#[test]
fn a_shape_fits_what_it_says_and_nothing_else() {
    let shape = json!({"id": "<uuid>", "at": "<time>", "list": [1, "<text>"]});
    let value = |at: &str, list: Value| json!({"id": "01a1fda1-c0ac-70f5-842b-a1c63dbfadb8", "at": at, "list": list, "more": true});
    assert_eq!(fits(&shape, &value("2026-11-21T10:23:20.095Z", json!([1, "x"]))), Ok(()));
    for wrong in [
        value("2026-11-21", json!([1, "x"])),
        value("2026-11-21T10:23:20.095Z", json!([1])),
        value("2026-11-21T10:23:20.095Z", json!([2, "x"])),
        value("2026-11-21T10:23:20.095Z", json!([1, ""])),
        json!({"id": "x"}),
        json!([]),
    ] {
        assert!(fits(&shape, &wrong).is_err(), "{wrong}");
    }
    assert!(fits(&json!("<thing>"), &json!("x")).is_err(), "an unknown kind fits nothing");
}
