//! Faults that the code might have, made on the wire: its requests are changed, the code itself is not.

use crate::world::wire::Mutation;
use serde_json::{Map, Value};
use std::sync::Arc;

/// No write has a condition.
pub fn unconditional() -> Mutation {
    Arc::new(|operation, request| match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => strip(request),
        "TransactWriteItems" => {
            let Value::Array(items) = &mut request["TransactItems"] else { return };
            items.retain(|item| item.get("ConditionCheck").is_none());
            for item in items {
                item.as_object_mut().unwrap().values_mut().for_each(strip);
            }
        }
        _ => {}
    })
}

/// No row whose key contains this text is written in a transaction of several writes.
pub fn forgetful(key: &'static str) -> Mutation {
    Arc::new(move |operation, request| {
        let Value::Array(items) = &mut request["TransactItems"] else { return };
        if operation == "TransactWriteItems" && items.len() > 1 {
            items.retain(|item| !keys(item).contains(key));
        }
    })
}

/// One text in every request is replaced by another, so that for example two keys become one.
pub fn confused(one: &'static str, other: &'static str) -> Mutation {
    Arc::new(move |_, request| {
        *request = serde_json::from_str(&request.to_string().replace(one, other)).unwrap();
    })
}

/// The key of a transaction's write.
fn keys(item: &Value) -> String {
    let write = item.as_object().and_then(|kinds| kinds.values().next()).cloned().unwrap_or_default();
    let part = |name: &str| {
        let of = if write["Key"].is_null() { &write["Item"] } else { &write["Key"] };
        of[name]["S"].as_str().unwrap_or_default().to_owned()
    };
    format!("{} {}", part("pk"), part("sk"))
}

/// Removes the condition, and the names and values that only it used, because the table refuses unused ones.
fn strip(write: &mut Value) {
    let Some(write) = write.as_object_mut() else { return };
    write.remove("ConditionExpression");
    let update = write.get("UpdateExpression").and_then(Value::as_str).unwrap_or_default().to_owned();
    for member in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let Some(Value::Object(names)) = write.get_mut(member) else { continue };
        let used = |name: &String| update.split([' ', ',']).any(|word| word == name);
        let left: Map<String, Value> =
            std::mem::take(names).into_iter().filter(|(name, _)| used(name)).collect();
        if left.is_empty() {
            write.remove(member);
        } else {
            write.insert(member.to_owned(), Value::Object(left));
        }
    }
}
