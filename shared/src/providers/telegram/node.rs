//! Reads an update's JSON member by member, so that a member of the wrong type does not affect the others, and records
//! the first such fault by its path. Paths consist of the names that we ask for, never of the update's values.

use serde_json::{Map, Value};
use std::cell::RefCell;

/// The first fault of an update.
#[derive(Debug, Default)]
pub(super) struct Faults(RefCell<Option<String>>);

impl Faults {
    /// Records a fault, unless there was one before.
    pub fn note(&self, why: String) {
        self.0.borrow_mut().get_or_insert(why);
    }

    /// The first fault.
    pub fn first(&self) -> Option<String> {
        self.0.borrow().clone()
    }
}

/// A JSON object of an update.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    members: &'a Map<String, Value>,
    path: String,
    faults: &'a Faults,
}

impl<'a> Node<'a> {
    /// The object under this path; `None`, and a fault, where it is not an object.
    pub fn of(value: &'a Value, path: &str, faults: &'a Faults) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self { members, path: path.to_owned(), faults }),
            _ => {
                faults.note(format!("{path}: no object"));
                None
            }
        }
    }

    /// Records that a member is invalid.
    pub fn fault(&self, name: &str, wrong: &str) {
        self.faults.note(format!("{}.{name}: {wrong}", self.path));
    }

    /// A member; null counts as absent.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Whether a member is present.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The names of all members that are present.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.members.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str())
    }

    fn read<T>(&self, name: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Option<T> {
        let read = read(self.value(name)?);
        if read.is_none() {
            self.fault(name, "wrong type");
        }
        read
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.read(name, Value::as_str)
    }

    /// A text that is not blank, trimmed and cut to the longest name that is kept.
    pub fn name(&self, name: &str) -> Option<String> {
        const MAX_NAME: usize = 200;
        let text: String =
            self.text(name)?.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
        (!text.is_empty()).then_some(text)
    }

    /// An integer. Ids of chats and people need 64 bits.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.read(name, Value::as_i64)
    }

    /// A number that may have a fraction.
    pub fn float(&self, name: &str) -> Option<f64> {
        self.read(name, Value::as_f64)
    }

    /// A flag; an absent one is false.
    pub fn flag(&self, name: &str) -> bool {
        self.read(name, Value::as_bool).unwrap_or_default()
    }

    /// An object.
    pub fn object(&self, name: &str) -> Option<Self> {
        let members = self.read(name, Value::as_object)?;
        Some(Self { members, path: format!("{}.{name}", self.path), faults: self.faults })
    }

    /// The objects of a list; an absent list has none.
    pub fn objects(&self, name: &str) -> Vec<Self> {
        let list = self.read(name, Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let path = format!("{}.{name}", self.path);
        list.iter().filter_map(|value| Self::of(value, &path, self.faults)).collect()
    }

    /// The integers of a list.
    pub fn numbers(&self, name: &str) -> Vec<i64> {
        let list = self.read(name, Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let numbers: Vec<i64> = list.iter().filter_map(Value::as_i64).collect();
        if numbers.len() != list.len() {
            self.fault(name, "wrong type");
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_member_of_another_type_costs_no_other_and_is_named_once() {
        let value = json!({ "a": 1, "b": "x", "c": null, "d": { "e": [] }, "f": [{ "g": true }, 5] });
        let faults = Faults::default();
        let node = Node::of(&value, "message", &faults).unwrap();
        assert_eq!((node.number("a"), node.text("b"), node.text("c")), (Some(1), Some("x"), None));
        assert!(node.has("a") && !node.has("c") && !node.has("none"));
        assert_eq!(node.object("d").unwrap().text("e"), None);
        assert_eq!(node.objects("f").len(), 1);
        assert_eq!(node.number("b"), None);
        assert_eq!(faults.first().as_deref(), Some("message.d.e: wrong type"));
    }

    #[test]
    fn what_is_no_object_is_a_fault() {
        let faults = Faults::default();
        assert!(Node::of(&json!([1]), "message", &faults).is_none());
        assert_eq!(faults.first().as_deref(), Some("message: no object"));
    }
}
