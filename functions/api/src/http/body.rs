//! Extractors of body, path and query; their errors name the field at fault.

use crate::http::error::ApiError;
use axum::body::Bytes;
use axum::extract::path::Path;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use shared::base::clock::Timestamp;
use std::fmt;
use std::marker::PhantomData;

/// Longest body, in bytes.
pub const MAX_BODY: usize = 1 << 20;
/// Longest identifier in a path, in characters: ids of employees are the longest ones.
const MAX_ID: usize = crate::http::validate::MAX_EMPLOYEE_ID;

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::unsupported_media_type());
        }
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
                _ => ApiError::malformed("the body cannot be read"),
            })?;
        read_json(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // Serde would accept a list as an object, as [`Object`] explains.
    let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut json);
    match read {
        Ok(_) if begins != Some(&b'{') => Err(ApiError::malformed("the body is a JSON object")),
        Ok(value) => match json.end() {
            Ok(()) => Ok(value),
            Err(_) => Err(ApiError::malformed("something follows the JSON object")),
        },
        Err(error) => {
            let path = error.path().to_string();
            let inner = error.into_inner();
            if inner.is_data() {
                Err(fault(&path, &inner.to_string()))
            } else if serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
                // Another kind of value in the place of an enum's word: serde calls it a syntax error, although it is
                // JSON.
                Err(ApiError::invalid(path, "none of the values that may stand here"))
            } else {
                Err(ApiError::malformed(format!("no JSON: line {}, column {}", inner.line(), inner.column())))
            }
        }
    }
}

/// Serde's error as an API error: the field, and what is wrong with it.
fn fault(path: &str, message: &str) -> ApiError {
    let path = if path == "." { "" } else { path };
    let message = message.split(" at line ").next().unwrap_or_default();
    let named = |before: &str| -> Option<String> {
        let name = message.strip_prefix(before)?.split('`').next()?;
        // The path may already end with the field.
        let there = path == name || path.ends_with(&format!(".{name}"));
        Some(match path {
            path if there => path.to_owned(),
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        })
    };
    if let Some(field) = named("unknown field `") {
        ApiError::unknown_field(field)
    } else if let Some(field) = named("missing field `") {
        ApiError::missing_field(field)
    } else if let Some(field) = named("duplicate field `") {
        ApiError::invalid(field, "the field stands twice")
    } else {
        ApiError::invalid(path, in_plain_words(message))
    }
}

/// What serde expected, in plain words: neither Rust's names nor what was sent.
fn in_plain_words(message: &str) -> String {
    let Some((_, expected)) = message.split_once(", expected ") else { return message.to_owned() };
    let plain = match expected {
        "a string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "unit" => "null",
        _ if expected.starts_with(['u', 'i']) && expected[1..].starts_with(|c: char| c.is_ascii_digit()) => {
            "a whole number in its range"
        }
        _ if expected.starts_with('f') && expected[1..].starts_with(|c: char| c.is_ascii_digit()) => {
            "a number"
        }
        _ if expected.contains('`') => return expected.replace('`', ""),
        _ if ["struct", "map", "a map", "an object"].iter().any(|word| expected.starts_with(word)) => {
            "an object"
        }
        _ => "another kind of value",
    };
    plain.to_owned()
}

/// An identifier in a path. An impossible identifier is answered 404, as an unknown one is.
#[derive(Clone, Debug)]
pub struct Id(pub String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        let possible = !id.is_empty() && id.chars().count() <= MAX_ID && !id.chars().any(char::is_control);
        if possible { Ok(Self(id)) } else { Err(D::Error::custom("no such id")) }
    }
}

/// The identifiers in the path.
#[derive(Debug)]
pub struct Ids<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Ids<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(ids) =
            Path::<T>::from_request_parts(parts, state).await.map_err(|_| ApiError::not_found("id"))?;
        Ok(Self(ids))
    }
}

/// The query's parameters.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let read = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        read.map(Self).map_err(|error| fault(&error.path().to_string(), &error.inner().to_string()))
    }
}

/// A JSON object read as a `T`. Serde's derived structs would also accept a list, by the order of their fields.
#[derive(Debug)]
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Only<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Only<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Only(PhantomData)).map(Self)
    }
}

/// Deserializes a field that holds a list of objects.
///
/// # Errors
/// Those of the values; the same for the functions below.
pub fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Object(value)| value).collect())
}

/// Deserializes a field that may be absent, and holds a list of objects when present.
pub fn present_objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    objects(deserializer).map(Some)
}

/// Deserializes a field that may be absent, null or an object, where each means something else.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<Object<T>>::deserialize(deserializer).map(|object| Some(object.map(|Object(value)| value)))
}

/// Deserializes a field that may be absent or null, or holds an object.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::<Object<T>>::deserialize(deserializer).map(|object| object.map(|Object(value)| value))
}

/// Deserializes a field that may be absent, and holds a `T` when present: null is refused unless `T` is optional.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Entries of a page when the request sets no limit.
const PAGE: u32 = 50;
/// Most entries of a page.
const MAX_PAGE: u32 = 100;

/// A page's size as DynamoDB takes it.
///
/// # Errors
/// 400 when it is not 1 to 100.
pub fn page_size(limit: Option<u32>) -> Result<i32, ApiError> {
    match limit.unwrap_or(PAGE) {
        limit @ 1..=MAX_PAGE => Ok(i32::try_from(limit).unwrap_or(1)),
        _ => Err(ApiError::invalid("limit", format!("1 to {MAX_PAGE}"))),
    }
}

/// A timestamp as answers show it: RFC 3339, UTC, milliseconds.
pub fn moment(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::rfc3339)
}
