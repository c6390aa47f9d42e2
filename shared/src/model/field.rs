//! Fields of a form by which a system outside is connected: what it has to be told before it can be called.

use crate::model::texts::Language;

/// A field of such a form.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in requests and in the settings of a connection.
    pub name: &'static str,
    /// What people call it.
    pub title: fn(Language) -> &'static str,
    /// How its value is checked and kept.
    pub form: Form,
    /// Whether nothing can be connected without it.
    pub required: bool,
    /// A regular expression that values match.
    pub pattern: &'static str,
    /// A value that matches it.
    pub example: &'static str,
}

/// How a field's value is checked and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An address that we call: `https`, and public.
    Url,
    /// A key: visible ASCII, encrypted at once, and never shown again.
    Secret,
}
