//! What loading, listing and deleting entities share: lists of at most 100, faults named by index and field.

use super::body::{Fields, MAX_ID, plain_id};
use super::error::V3Error;
use serde::Serialize;
use serde_json::{Value, json};
use shared::model::crm::entities::MAX_ENTITIES;
use std::collections::HashSet;
use utoipa::ToSchema;

/// How many rows or entities are written concurrently.
pub const SIDE_BY_SIDE: usize = 8;
/// Entities per page.
pub const PAGE: usize = 100;
/// Longest name and link of an entity, in characters (Wazzup API v3).
pub const MAX_NAME: usize = 200;
/// See [`MAX_NAME`].
pub const MAX_URI: usize = 200;

/// An answer without data: the status says it all.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({}))]
pub struct Done {}

/// Reads a list of entities, each by `read`; `code` is the error for invalid entities. A single entity without a list
/// is accepted as a list of one.
///
/// # Errors
/// `TOO_MANY_ENTITIES`; `code` with the index and fields of each invalid entity, also for a repeated id.
pub fn read_all<T>(
    body: &Value,
    code: &'static str,
    read: impl Fn(&mut Fields<'_>) -> T,
    id: impl Fn(&T) -> &str,
) -> Result<Vec<T>, V3Error> {
    let list = match body {
        Value::Array(list) => list.as_slice(),
        Value::Object(_) => std::slice::from_ref(body),
        _ => return Err(V3Error::malformed("The body is a list")),
    };
    at_most(list.len())?;
    let (mut entities, mut faults, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (index, entry) in list.iter().enumerate() {
        let mut fields = Fields::of(entry);
        let entity = read(&mut fields);
        if !id(&entity).is_empty() && !seen.insert(id(&entity).to_owned()) {
            fields.mark("id");
        }
        match fields.finish() {
            Ok(()) => entities.push(entity),
            Err(fields) => faults.push(json!({"index": index, "fields": fields})),
        }
    }
    if faults.is_empty() {
        return Ok(entities);
    }
    Err(V3Error::bad(code, "Some entities are invalid: data says which, and which of their fields")
        .with(faults.into()))
}

fn at_most(count: usize) -> Result<(), V3Error> {
    if count <= MAX_ENTITIES {
        return Ok(());
    }
    let data = json!({"limit": MAX_ENTITIES});
    Err(V3Error::bad("TOO_MANY_ENTITIES", format!("At most {MAX_ENTITIES} entities at once")).with(data))
}

/// Reads the ids of a bulk deletion: a list, or an object with a list as `ids`. Each id is returned once, in its order;
/// impossible ids are returned too.
///
/// # Errors
/// `VALIDATION_ERROR` when it is no list of ids; `TOO_MANY_ENTITIES`.
pub fn read_ids(body: &Value) -> Result<Vec<String>, V3Error> {
    let list = body.as_array().or_else(|| body["ids"].as_array());
    let list = list.ok_or_else(|| V3Error::malformed("The body is a list of ids"))?;
    at_most(list.len())?;
    let id = |entry: &Value| match entry {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    };
    let mut ids: Vec<String> =
        list.iter().map(id).collect::<Option<_>>().ok_or_else(|| V3Error::malformed("An id is a text"))?;
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    Ok(ids)
}

/// A number of the query; `otherwise` when it is absent.
///
/// # Errors
/// `VALIDATION_ERROR` when the parameter is no number.
pub fn number(query: Option<&str>, name: &str, otherwise: usize) -> Result<usize, V3Error> {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let Some((_, text)) = pairs.into_iter().find(|(key, _)| key == name) else { return Ok(otherwise) };
    let wrong = || V3Error::malformed(format!("{name} is a number")).with_fields(&[name.to_owned()]);
    text.parse::<u32>().map_err(|_| wrong()).map(|number| number as usize)
}

/// The ids of a list that may hold numbers; an entry that is no id marks `name` as invalid.
pub fn ids_of(fields: &mut Fields<'_>, name: &str) -> Vec<String> {
    let list = fields.list(name);
    let ids: Option<Vec<String>> = list.iter().map(|id| plain_id(id, MAX_ID)).collect();
    ids.unwrap_or_else(|| {
        fields.mark(name);
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &Value) -> Result<Vec<String>, V3Error> {
        read_all(body, "INVALID_CONTACTS_DATA", |fields| fields.required("id", MAX_ID), |id| id)
    }

    #[test]
    fn a_list_or_a_single_one_of_at_most_a_hundred() {
        assert_eq!(read(&json!([{"id": "1"}, {"id": 2}])).unwrap(), ["1", "2"]);
        assert_eq!(read(&json!({"id": "1"})).unwrap(), ["1"]);
        assert!(read(&json!([])).unwrap().is_empty());
        let many = |count: usize| Value::from((0..count).map(|id| json!({"id": id})).collect::<Vec<_>>());
        assert_eq!(read(&many(100)).unwrap().len(), 100);
        assert!(read(&many(101)).is_err() && read(&json!("1")).is_err());
        assert!(read(&json!([{"id": "1"}, {"id": 1}])).is_err(), "one id twice");
    }

    #[test]
    fn ids_come_as_a_list_or_in_an_object() {
        for body in [json!(["2", 1, "2"]), json!({"ids": ["2", "1"]})] {
            assert_eq!(read_ids(&body).unwrap(), ["2", "1"], "{body}");
        }
        for body in [json!({}), json!("1"), json!([["1"]]), json!({"ids": "1"})] {
            assert!(read_ids(&body).is_err(), "{body}");
        }
    }

    #[test]
    fn numbers_of_queries() {
        assert_eq!(number(Some("a=1&offset=20"), "offset", 0).unwrap(), 20);
        assert_eq!(number(None, "offset", 7).unwrap(), 7);
        assert!(number(Some("offset=-1"), "offset", 0).is_err());
    }
}
