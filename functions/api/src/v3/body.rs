//! Bodies as CRMs send them to Wazzup: read whatever their content type, with unknown fields ignored and numbers
//! accepted as texts. Faults are collected by field name, so that one answer names all of them.

use super::error::V3Error;
use crate::app::App;
use crate::http::auth::{Actor, Principal};
use crate::http::validate;
use axum::body::Bytes;
use axum::extract::path::Path;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::{Map, Value};
use shared::base::ids::AccountId;
use shared::model::crm::is_web_link;
use std::sync::Arc;

/// Longest id of an entity, in characters (Wazzup API v3).
pub const MAX_ID: usize = 100;
/// Longest id of a user, in characters: Wazzup names no limit.
pub const MAX_USER_ID: usize = validate::MAX_EMPLOYEE_ID;

/// The account of the request's key. The operator may name the account to act for; an employee's token is refused.
#[derive(Debug)]
pub struct Caller(pub AccountId);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = V3Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, V3Error> {
        let principal = Principal::from_request_parts(parts, app).await?;
        match principal.by {
            Actor::Operator | Actor::Key(_) => Ok(Self(principal.account)),
            Actor::Employee(_) => Err(V3Error::forbidden()),
        }
    }
}

/// A JSON body, whatever its content type says.
#[derive(Debug)]
pub struct Json(pub Value);

impl<S: Send + Sync> FromRequest<S> for Json {
    type Rejection = V3Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, V3Error> {
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => crate::http::error::ApiError::too_large().into(),
                _ => V3Error::malformed("The body cannot be read"),
            })?;
        // Some clients of the API send a byte order mark before the body.
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        let read = serde_json::from_slice(bytes);
        read.map(Self).map_err(|error| {
            V3Error::malformed(format!("No JSON: line {}, column {}", error.line(), error.column()))
        })
    }
}

/// The identifier at the end of a path. An impossible identifier is answered 404, as an unknown one is.
#[derive(Debug)]
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = V3Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, V3Error> {
        let unknown = || V3Error::not_found("id");
        let Path(id) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| unknown())?;
        if is_possible(&id) { Ok(Self(id)) } else { Err(unknown()) }
    }
}

/// Whether a text can be the id of an entity. Ids of users are the longest ones.
pub fn is_possible(id: &str) -> bool {
    !id.is_empty() && id.chars().count() <= MAX_USER_ID && !id.chars().any(char::is_control)
}

/// The fields of a JSON object, read one by one. Faults are recorded; [`Fields::finish`] returns them.
#[derive(Debug)]
pub struct Fields<'a> {
    object: Option<&'a Map<String, Value>>,
    bad: Vec<String>,
}

impl<'a> Fields<'a> {
    /// The fields of `value`; if it is no object, every required field is missing.
    pub fn of(value: &'a Value) -> Self {
        Self { object: value.as_object(), bad: Vec::new() }
    }

    /// A value unchanged; null counts as absent.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.object?.get(name).filter(|value| !value.is_null())
    }

    /// Whether the field is present, even as null.
    pub fn has(&self, name: &str) -> bool {
        self.object.is_some_and(|object| object.contains_key(name))
    }

    /// The first present one of several spellings.
    pub fn any_of(&self, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| self.value(name))
    }

    /// An optional text of at most `max` characters; a number is accepted as a text. An empty text counts as absent.
    pub fn text(&mut self, name: &str, max: usize) -> Option<String> {
        let text = match self.value(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => {
                self.mark(name);
                return None;
            }
        };
        if text.chars().count() > max || text.contains('\0') {
            self.mark(name);
            return None;
        }
        Some(text).filter(|text| !text.is_empty())
    }

    /// A required text, not blank, of at most `max` characters.
    pub fn required(&mut self, name: &str, max: usize) -> String {
        let before = self.bad.len();
        let text = self.text(name, max).filter(|text| !text.trim().is_empty());
        if text.is_none() && self.bad.len() == before {
            self.mark(name);
        }
        text.unwrap_or_default()
    }

    /// A required id: a text on one line, or a whole number. Its other characters are up to the CRM; an id that no path
    /// can hold is deleted by `bulk_delete`.
    pub fn id(&mut self, name: &str) -> String {
        self.id_of(name, MAX_ID)
    }

    /// The same for the id of a user, which may be longer.
    pub fn user_id(&mut self, name: &str) -> String {
        self.id_of(name, MAX_USER_ID)
    }

    fn id_of(&mut self, name: &str, max: usize) -> String {
        if self.value(name).is_some_and(|value| plain_id(value, max).is_none()) {
            self.mark(name);
            return String::new();
        }
        self.required(name, max)
    }

    /// An optional link for people: `http` or `https`, of at most `max` characters. An empty link counts as absent.
    pub fn link(&mut self, name: &str, max: usize) -> Option<String> {
        let text = self.text(name, max)?;
        if !is_web_link(&text) {
            self.mark(name);
            return None;
        }
        Some(text)
    }

    /// An optional flag; Wazzup's documents also write `"true"`, and some CRMs 1 and 0.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.value(name)?;
        let flag = flag(value);
        if flag.is_none() {
            self.mark(name);
        }
        flag
    }

    /// A list; an absent one is empty.
    pub fn list(&mut self, name: &str) -> &'a [Value] {
        match self.value(name) {
            None => &[],
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.mark(name);
                &[]
            }
        }
    }

    /// Records a field as invalid.
    pub fn mark(&mut self, name: impl Into<String>) {
        let name = name.into();
        if !self.bad.contains(&name) {
            self.bad.push(name);
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// The names of the invalid fields.
    pub fn finish(self) -> Result<(), Vec<String>> {
        if self.bad.is_empty() { Ok(()) } else { Err(self.bad) }
    }
}

/// An id in a list or field: a text on one line, or a whole number, of 1 to `max` characters.
pub fn plain_id(value: &Value, max: usize) -> Option<String> {
    let id = match value {
        Value::String(id) => id.clone(),
        Value::Number(id) if id.is_i64() || id.is_u64() => id.to_string(),
        _ => return None,
    };
    Some(id).filter(|id| is_possible(id) && id.chars().count() <= max)
}

/// Reads `true`, `"true"`, `1` and their opposites.
pub fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(word) if word.eq_ignore_ascii_case("true") || word == "1" => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("false") || word == "0" => Some(false),
        Value::Number(number) => match number.as_u64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_that_is_wrong_is_named_once() {
        let body = json!({"id": 7, "name": "  ", "long": "xxx", "list": {}, "flag": "yes", "nothing": null});
        let mut fields = Fields::of(&body);
        assert_eq!(fields.required("id", 100), "7");
        assert_eq!(fields.required("name", 100), "");
        assert_eq!(fields.text("long", 2), None);
        assert_eq!(fields.text("nothing", 2), None);
        assert!(fields.list("list").is_empty() && fields.list("absent").is_empty());
        assert_eq!(fields.flag("flag"), None);
        fields.required("name", 100);
        assert_eq!(fields.finish(), Err(["name", "long", "list", "flag"].map(str::to_owned).into()));
    }

    #[test]
    fn an_id_is_a_text_on_one_line_or_a_whole_number() {
        for (given, read) in [
            (json!("a/b ?#%"), Some("a/b ?#%")),
            (json!(17), Some("17")),
            (json!(-1), Some("-1")),
            (json!(u64::MAX), Some("18446744073709551615")),
            (json!(1.5), None),
            (json!(1e30), None),
            (json!("a\nb"), None),
            (json!("a\u{7f}"), None),
            (json!("x".repeat(101)), None),
            (json!(" "), None),
            (json!(""), None),
            (json!(null), None),
            (json!(true), None),
        ] {
            let body = json!({"id": given});
            let mut fields = Fields::of(&body);
            let id = fields.id("id");
            assert_eq!(fields.finish().is_ok().then_some(id.as_str()), read, "{body}");
        }
    }

    #[test]
    fn a_link_is_one_that_a_browser_only_reads() {
        for (given, read) in [
            (json!("https://crm.example.com/contacts/1"), Some(true)),
            (json!("HTTP://crm.example.com"), Some(true)),
            (json!(""), Some(false)),
            (json!(null), Some(false)),
            (json!("javascript:alert(1)"), None),
            (json!("data:text/html,x"), None),
            (json!("/contacts/1"), None),
            (json!(17), None),
        ] {
            let body = json!({"uri": given});
            let mut fields = Fields::of(&body);
            let is_there = fields.link("uri", 200).is_some();
            assert_eq!(fields.finish().is_ok().then_some(is_there), read, "{body}");
        }
    }

    #[test]
    fn what_is_no_object_lacks_everything() {
        let body = json!(["id"]);
        let mut fields = Fields::of(&body);
        fields.required("id", 100);
        assert_eq!(fields.finish(), Err(vec!["id".to_owned()]));
    }

    #[test]
    fn flags_come_in_several_spellings() {
        for (value, read) in [
            (json!(true), Some(true)),
            (json!("true"), Some(true)),
            (json!("False"), Some(false)),
            (json!(1), Some(true)),
            (json!("0"), Some(false)),
            (json!("yes"), None),
            (json!(2), None),
        ] {
            assert_eq!(flag(&value), read, "{value}");
        }
    }
}
