//! Fields of a form by which a system outside is connected, as answers show them.

use serde::Serialize;
use shared::model::field::{Field, Form};
use shared::model::texts::Language;
use utoipa::ToSchema;

/// A field of a form.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldView {
    /// Its name in requests.
    name: &'static str,
    /// What people call it, in the account's language.
    title: &'static str,
    /// Whether it is a credential: it is never shown again.
    secret: bool,
    /// Whether nothing is connected without it.
    required: bool,
    /// A regular expression (ECMA 262) that its values match. Which of them are taken, the request says.
    pattern: &'static str,
    /// A value that matches.
    example: &'static str,
}

impl FieldView {
    /// A field with its title in one language.
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
