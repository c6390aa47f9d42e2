//! Fields of the form for connecting an external system: the data needed to call it. The web page renders these fields,
//! so that a new system needs no new page.

use crate::model::texts::Language;
use regex::Regex;

/// A field of such a form.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in requests, in the settings of a connection, and in its sealed credential.
    pub name: &'static str,
    /// Its label for people.
    pub title: fn(Language) -> &'static str,
    /// How its value is checked and stored.
    pub form: Form,
    /// Whether the system cannot be connected without it.
    pub required: bool,
    /// A regular expression that values match.
    pub pattern: &'static str,
    /// The pattern in English words, for the error about a value that does not match.
    pub shape: &'static str,
    /// A value that matches the pattern and gives access to nothing.
    pub example: &'static str,
}

/// How a field's value is checked and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A value that is not secret: an id, a name.
    Text,
    /// An address that we call: `https`, and public.
    Url,
    /// A key: visible ASCII, encrypted at once, and never shown again.
    Secret,
}

impl Field {
    /// Whether a value matches the field's pattern. An invalid pattern matches nothing; the contract tests rule such
    /// patterns out.
    pub fn fits(&self, value: &str) -> bool {
        Regex::new(self.pattern).is_ok_and(|pattern| pattern.is_match(value))
    }
}
