//! Fields of the form that connects an external system, as answers show them.

use serde::Serialize;
use shared::model::field::{Field, Form};
use shared::model::texts::Language;
use utoipa::ToSchema;

/// A field of a form.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldView {
    /// Its name in requests.
    name: &'static str,
    /// Its title for people, in the account's language.
    title: &'static str,
    /// Whether it is a credential; credentials are never shown again.
    secret: bool,
    /// Whether it is required.
    required: bool,
    /// A regular expression (ECMA 262) that its values match. The request still checks the value.
    pattern: &'static str,
    /// A value that matches.
    example: &'static str,
}

impl FieldView {
    /// A field with its title in the given language.
    pub fn of(field: &Field, language: Language) -> Self {
        Self {
            name: field.name,
            title: (field.title)(language),
            secret: field.form == Form::Secret,
            required: field.required,
            pattern: field.pattern,
            example: field.example,
        }
    }
}
