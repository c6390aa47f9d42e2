//! The OpenAPI 3.1 document: paths and schemas come from the handlers, and what all operations share is added here.

use axum::Extension;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use utoipa::OpenApi;

/// The document's head; the routes add the rest.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Switchboard account API",
        description = "Sets up accounts, connections, channels, employees and the CRM, and reads chats.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "operator", description = "For the operator of the deployment; only the operator's key opens it"),
        (name = "account", description = "The account and its keys"),
        (name = "connections", description = "Credentials at providers"),
        (name = "channels", description = "Numbers, profiles, bots, and their members"),
        (name = "employees", description = "The CRM's users"),
        (name = "pipelines", description = "The CRM's pipelines and stages"),
        (name = "crm", description = "The CRM connection"),
        (name = "rules", description = "Automatic actions in chats"),
        (name = "chats", description = "Chats, messages, listings"),
        (name = "quick-replies", description = "Texts written once, with variables"),
        (name = "uploads", description = "Files to send in messages"),
        (name = "numbers", description = "Whether a number has a messenger"),
        (name = "test-messages", description = "A marked message that passes through all steps of a client's message"),
        (name = "contacts", description = "Clients: found, merged, exported, erased"),
        (name = "blacklist", description = "Senders whose messages are dropped"),
        (name = "v3", description = "The API that a CRM knows from Wazzup: same paths, bodies and error codes"),
        (name = "media", description = "Files of messages, by stable links"),
        (name = "about", description = "This document")
    ),
    components(schemas(crate::http::error::ErrorAnswer, crate::http::error::ErrorDetail, crate::v3::error::V3ErrorAnswer))
)]
struct Head;

/// The document before any route is added.
pub fn head() -> utoipa::openapi::OpenApi {
    Head::openapi()
}

/// The document as text, built once.
#[derive(Clone, Debug)]
pub struct Document(Arc<str>);

impl Document {
    /// Completes the document of the routes.
    pub fn of(routes: &utoipa::openapi::OpenApi) -> Self {
        Self(complete(serde_json::to_value(routes).unwrap_or_default()).to_string().into())
    }
}

/// Get this document
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "about", security(()),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = Object, example = json!({"openapi": "3.1.0"})))
)]
pub async fn serve(Extension(document): Extension<Document>) -> Response {
    ([(CONTENT_TYPE, "application/json")], document.0.to_string()).into_response()
}

/// Adds the key, the error answers and the examples to every operation.
fn complete(mut document: Value) -> Value {
    let mut taken = document["components"]["schemas"].take();
    document["servers"] = json!([{"url": "/", "description": "Where this document was read"}]);
    document["security"] = json!([{"bearer": []}]);
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": "The operator's key, an account's (sb_…), or an employee's token (sbe_…)"}
    });
    document["components"]["parameters"] = json!({
        "account": {
            "name": crate::http::error::ACCOUNT_HEADER, "in": "header", "required": false,
            "description": "The operator names here the account that they act for. Accounts leave it out.",
            "schema": {"type": "string"}, "example": "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a10"
        },
        "if_none_match": {
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The `ETag` of the answer that the caller has. While it is current, the answer is 304 without a body.",
            "schema": {"type": "string"}, "example": TAG
        }
    });
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            let operations = item.as_object_mut().into_iter().flatten();
            for (method, operation) in operations.filter(|(_, operation)| operation.is_object()) {
                finish_operation(path, method, operation, &taken);
            }
        }
    }
    modernise(&mut taken);
    document["components"]["schemas"] = taken;
    document
}

fn finish_operation(path: &str, method: &str, operation: &mut Value, schemas: &Value) {
    let tag = operation["tags"][0].as_str().unwrap_or_default().to_owned();
    operation["operationId"] = operation_id(method, path).into();
    let has_body = operation.get("requestBody").is_some();
    if has_body {
        exemplify(&mut operation["requestBody"]["content"], schemas);
        operation["requestBody"]["required"] = true.into();
    }
    if !["operator", "about", "media"].contains(&tag.as_str()) {
        let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        parameters.push(json!({"$ref": "#/components/parameters/account"}));
        operation["parameters"] = parameters.into();
    }
    let takes_query =
        operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["in"] == "query"));
    if crate::http::etag::concerns(method, path) {
        let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        parameters.push(json!({"$ref": "#/components/parameters/if_none_match"}));
        operation["parameters"] = parameters.into();
        add_tags(&mut operation["responses"]);
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for response in responses.values_mut().filter(|response| response.get("content").is_some()) {
        exemplify(&mut response["content"], schemas);
    }
    if tag == "v3" {
        return crate::v3::document::add_errors(responses, has_body, takes_query);
    }
    for (status, code, description) in errors(&tag, path, has_body, takes_query) {
        let known = responses.remove(status);
        let own = known.as_ref().and_then(|known| known["description"].as_str());
        responses.insert(status.to_owned(), error(code, own.unwrap_or(description)));
    }
    let own: Vec<String> = responses.keys().filter(|status| status.starts_with('4')).cloned().collect();
    for status in own {
        if responses[&status].get("content").is_none() {
            let description = responses[&status]["description"].as_str().unwrap_or_default().to_owned();
            let code = description.split('`').nth(1).unwrap_or("conflict").to_owned();
            responses.insert(status, error(&code, &description));
        }
    }
}

/// An entity tag, for examples.
const TAG: &str = "\"6f1ad3a477f58a089a0e2d3c6f0d8b11\"";

/// Adds the header and the answer of entity tags to a read.
fn add_tags(responses: &mut Value) {
    let tag = json!({"ETag": {
        "description": "Identifies this answer: see `If-None-Match`", "schema": {"type": "string"}, "example": TAG
    }});
    if let Some(answer) = responses["200"].as_object_mut() {
        answer.insert("headers".to_owned(), tag.clone());
    }
    let unchanged = "Unchanged: `If-None-Match` has the current tag. No body";
    responses["304"] = json!({"description": unchanged, "headers": tag});
}

/// The errors that an operation may answer besides its own.
fn errors(
    tag: &str,
    path: &str,
    has_body: bool,
    takes_query: bool,
) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut errors = vec![("500", "internal", "Internal fault; the log has the request's id")];
    if tag == "about" {
        return errors;
    }
    if tag == "media" {
        errors.push(("503", "unavailable", "Not now: try again after `Retry-After` seconds"));
        return errors;
    }
    errors.push(("401", "unauthorized", "No key, or an invalid one"));
    errors.push(("503", "unavailable", "Not now: try again after `Retry-After` seconds"));
    if tag == "operator" {
        errors.push(("403", "forbidden", "An account's key on an operator's route"));
    } else {
        errors.push((
            "403",
            "section_not_granted",
            "An employee may not: `admin_only`, `section_not_granted`, or by their roles",
        ));
    }
    errors.push((
        "429",
        "too_many_requests",
        "More than 500 in five seconds: try again after `Retry-After` seconds",
    ));
    if has_body || takes_query || tag != "operator" {
        errors.push(("400", "invalid_value", "Something in the request is wrong; `field` says what"));
    }
    if path.contains('{') || tag != "operator" {
        errors.push(("404", "not_found", "Does not exist, or belongs to another account"));
    }
    if has_body {
        errors.push(("413", "payload_too_large", "More than 1 MiB"));
        errors.push(("415", "unsupported_media_type", "Not `application/json`"));
    }
    errors
}

fn error(code: &str, description: &str) -> Value {
    let mut example = json!({"error": {"code": code, "message": "…"}, "request_id": "JKJaXmPLvHcESHA="});
    if code == "invalid_value" {
        example["error"]["field"] = "name".into();
    }
    let content = json!({"schema": {"$ref": "#/components/schemas/ErrorAnswer"}, "example": example});
    json!({"description": description, "content": {"application/json": content}})
}

/// `PUT /v1/channels/{channel}/employees/{employee}` → `put_channels_channel_employees_employee`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path
        .trim_start_matches("/v1")
        .trim_start_matches('/')
        .split(['/', '.'])
        .map(|word| word.trim_matches(['{', '}']));
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// Gives a body the example of its schema, composed of its parts' examples if it has none of its own.
fn exemplify(content: &mut Value, schemas: &Value) {
    let Some(media) = content.as_object_mut() else { return };
    for body in media.values_mut().filter(|body| body.get("example").is_none()) {
        if let Some(example) = example_of(&body["schema"], schemas) {
            body["example"] = example;
        }
    }
}

fn example_of(schema: &Value, schemas: &Value) -> Option<Value> {
    if let Some(example) = schema.get("example") {
        return Some(example.clone());
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return example_of(schemas.get(name)?, schemas);
    }
    if let Some(parts) = schema["oneOf"].as_array() {
        return parts.iter().find(|part| part["type"] != "null").and_then(|part| example_of(part, schemas));
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.first().cloned();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"].as_array()?.first()?.as_str())?;
    match kind {
        "object" => {
            let parts = schema["properties"].as_object()?.iter();
            let parts = parts.filter_map(|(name, part)| Some((name.clone(), example_of(part, schemas)?)));
            Some(Value::Object(parts.collect::<Map<_, _>>()))
        }
        "array" => Some(Value::Array(example_of(&schema["items"], schemas).into_iter().collect())),
        "string" if schema["format"] == "date-time" => Some("2026-11-21T09:10:00.000Z".into()),
        "string" => Some("…".into()),
        "boolean" => Some(false.into()),
        "integer" => Some(1.into()),
        _ => None,
    }
}

/// JSON Schema 2020-12 has `examples`; `example` is OpenAPI 3.0's.
fn modernise(value: &mut Value) {
    let Some(schemas) = value.as_object_mut() else { return };
    for schema in schemas.values_mut().filter_map(Value::as_object_mut) {
        if let Some(example) = schema.remove("example") {
            schema.insert("examples".into(), json!([example]));
        }
    }
}
