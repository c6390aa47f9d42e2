//! A field of a credential or of settings, as forms show it: a page is drawn from these, so that a new system needs no new page.

use crate::model::texts::Language;
use regex::Regex;

/// One field of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in requests and in the sealed map.
    pub name: &'static str,
    /// Its title in Russian and in English, for people.
    pub title: (&'static str, &'static str),
    /// Whether its value is secret: sealed, and never shown again.
    pub secret: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// The shape of its value: a regular expression over the whole value.
    pub pattern: &'static str,
    /// The same in English words, for whoever's value does not fit.
    pub shape: &'static str,
    /// A value that fits the pattern and opens nothing.
    pub example: &'static str,
}

impl Field {
    /// Whether a value has the field's shape. A pattern that is none fits nothing, which the contract test rules out.
    pub fn fits(&self, value: &str) -> bool {
        Regex::new(&format!("^(?:{})$", self.pattern)).is_ok_and(|pattern| pattern.is_match(value))
    }

    /// Its title in a language.
    pub fn title(&self, language: Language) -> &'static str {
        match language {
            Language::Ru => self.title.0,
            Language::En => self.title.1,
        }
    }
}
