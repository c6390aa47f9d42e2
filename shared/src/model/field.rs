//! Fields of a form by which a system outside is connected: what it has to be told before it can be called. A page is drawn from
//! these, so that a new system needs no new page.

use crate::model::texts::Language;
use regex::Regex;

/// A field of such a form.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in requests, in the settings of a connection, and in its sealed credential.
    pub name: &'static str,
    /// What people call it.
    pub title: fn(Language) -> &'static str,
    /// How its value is checked and kept.
    pub form: Form,
    /// Whether nothing can be connected without it.
    pub required: bool,
    /// A regular expression that values match.
    pub pattern: &'static str,
    /// The same in English words, for the error about a value that does not match.
    pub shape: &'static str,
    /// A value that matches it, and opens nothing.
    pub example: &'static str,
}

/// How a field's value is checked and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A word that is no secret: an id, a name.
    Text,
    /// An address that we call: `https`, and public.
    Url,
    /// A key: visible ASCII, encrypted at once, and never shown again.
    Secret,
}

impl Field {
    /// Whether a value matches the field's pattern. A pattern that is none matches nothing, which the contract tests rule out.
    pub fn fits(&self, value: &str) -> bool {
        Regex::new(self.pattern).is_ok_and(|pattern| pattern.is_match(value))
    }
}
