//! The table as `template.yaml` defines it, for tests on a table engine in the process. A test compares it with the
//! deployed one.

use serde_json::{Value, json};

/// Why the table could not be created.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// No answer came.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// The engine refused.
    #[error("the table was refused: {0}")]
    Refused(String),
}

/// Creates the table at an engine's URL.
///
/// # Errors
/// [`TableError`].
pub async fn create(url: &str, name: &str) -> Result<(), TableError> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let answer = http
        .post(url)
        .header("x-amz-target", "DynamoDB_20120810.CreateTable")
        .header("content-type", "application/x-amz-json-1.0")
        .header("authorization", AUTHORIZATION)
        .header("x-amz-date", "20260101T000000Z")
        .body(definition(name).to_string())
        .send()
        .await?;
    if answer.status().is_success() { Ok(()) } else { Err(TableError::Refused(answer.text().await?)) }
}

/// The table engine in the process requires the form of a signature, and checks none.
pub const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, \
    SignedHeaders=host, Signature=0";

/// The table's definition, as `CreateTable` takes it.
#[must_use]
pub fn definition(name: &str) -> Value {
    let key = |hash: &str, range: &str| json!([{"AttributeName": hash, "KeyType": "HASH"}, {"AttributeName": range, "KeyType": "RANGE"}]);
    let index = |name: &str, hash: &str, range: &str, projection: &str| json!({"IndexName": name, "KeySchema": key(hash, range), "Projection": {"ProjectionType": projection}});
    let attributes = [
        ("pk", "S"),
        ("sk", "S"),
        ("shown", "S"),
        ("seq", "N"),
        ("list_key", "S"),
        ("list_at", "N"),
        ("employee_key", "S"),
        ("employee_sort", "S"),
        ("unanswered_at", "N"),
        ("due_shard", "S"),
        ("check_at", "N"),
    ];
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes.map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind})),
        "KeySchema": key("pk", "sk"),
        "LocalSecondaryIndexes": [index("by_time", "pk", "shown", "ALL"), index("by_seq", "pk", "seq", "ALL")],
        "GlobalSecondaryIndexes": [
            index("chat_list", "list_key", "list_at", "KEYS_ONLY"),
            index("employee_chats", "employee_key", "employee_sort", "KEYS_ONLY"),
            index("unanswered", "employee_key", "unanswered_at", "KEYS_ONLY"),
            index("due", "due_shard", "check_at", "KEYS_ONLY"),
        ],
    })
}
