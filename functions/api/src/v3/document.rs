//! `/v3` in the OpenAPI document: its errors, which have Wazzup's shape, and the bodies that handlers read more tolerantly
//! than these say (numbers for texts, `"true"` for `true`, one entity without its list, fields that nobody knows).
#![expect(dead_code, reason = "bodies that are described here are read field by field")]

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// A contact as the CRM loads it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LoadedContact {
    /// The CRM's id, on one line.
    #[schema(min_length = 1, max_length = 100)]
    id: String,
    /// The CRM's user who is responsible.
    #[schema(min_length = 1, max_length = 100)]
    responsible_user_id: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Where he can be written to.
    #[schema(max_items = 20)]
    contact_data: Vec<LoadedPoint>,
    /// Link to its card: `http` or `https`.
    #[schema(max_length = 200)]
    uri: Option<String>,
}

/// Where a contact can be written to: by one of the three at least.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LoadedPoint {
    /// The messenger, in Wazzup's word: `whatsapp`, `telegram`, `avito`.
    #[schema(min_length = 1, max_length = 32)]
    chat_type: String,
    /// His id in it: of WhatsApp and Viber a phone.
    #[schema(max_length = 200)]
    chat_id: Option<String>,
    /// Kept; finds nobody.
    #[schema(max_length = 200)]
    username: Option<String>,
    /// His phone in Telegram.
    #[schema(max_length = 200)]
    phone: Option<String>,
}

/// A deal as the CRM loads it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LoadedDeal {
    /// The CRM's id, on one line.
    #[schema(min_length = 1, max_length = 100)]
    id: String,
    /// The CRM's user who is responsible.
    #[schema(min_length = 1, max_length = 100)]
    responsible_user_id: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The CRM's ids of its contacts.
    #[schema(max_items = 100)]
    contacts: Vec<String>,
    /// Whether it is over; nothing said, it is not.
    closed: Option<bool>,
    /// Link to its card: `http` or `https`. `link` is taken for it too.
    #[schema(max_length = 200)]
    uri: Option<String>,
}

/// A user as the CRM loads him.
#[derive(ToSchema)]
pub struct LoadedUser {
    /// The CRM's user id: without `/ \ ? # %`.
    #[schema(min_length = 1, max_length = 100)]
    id: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Left out, the one that is known stays; null or an empty one takes it away.
    #[schema(max_length = 100)]
    phone: Option<String>,
}

/// A pipeline as the CRM loads it.
#[derive(ToSchema)]
pub struct LoadedPipeline {
    /// The CRM's id.
    #[schema(min_length = 1, max_length = 100)]
    id: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Its stages in order; left out where there are none.
    #[schema(min_items = 1)]
    stages: Option<Vec<LoadedStage>>,
}

/// A stage of a pipeline.
#[derive(ToSchema)]
pub struct LoadedStage {
    /// The CRM's id.
    #[schema(min_length = 1, max_length = 100)]
    id: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Where webhooks are to go, and which of them.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WantedWebhooks {
    /// `https`, a public address. It must be told the first time; `webhooksUrl` is taken for it too.
    #[schema(max_length = 200)]
    webhooks_uri: Option<String>,
    subscriptions: Option<WantedSubscriptions>,
}

/// Which webhooks the CRM wants. What is left out stays as it is.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WantedSubscriptions {
    messages_and_statuses: Option<bool>,
    contacts_and_deals_creation: Option<bool>,
    channels_updates: Option<bool>,
    template_status: Option<bool>,
    /// The same under its other name.
    waba_templates_status: Option<bool>,
}

/// Adds to an operation's answers the errors that all routes of `/v3` may give; what it says of one itself stays.
pub fn add_errors(responses: &mut Map<String, Value>, has_body: bool, takes_query: bool) {
    let mut errors = vec![
        ("401", "UNAUTHORIZED", "No key, or one that opens nothing"),
        ("403", "FORBIDDEN", "A key that is no account's"),
        ("500", "UNKNOWN_ERROR", "Our fault; the log knows the request's id"),
        ("503", "SERVICE_UNAVAILABLE", "Not now: try again after `Retry-After` seconds"),
    ];
    if has_body || takes_query || responses.contains_key("400") {
        errors.push(("400", "VALIDATION_ERROR", "Something in the request is wrong; `data` says what"));
    }
    // Also for a header that names another account.
    errors.push(("404", "NOT_FOUND", "Not there, or another account's"));
    if has_body {
        errors.push(("413", "PAYLOAD_TOO_LARGE", "More than 1 MiB"));
    }
    for (status, code, description) in errors {
        let own = responses.get(status).and_then(|known| known["description"].as_str()).map(str::to_owned);
        let own_code = own.as_deref().and_then(|text| text.split('`').nth(1)).map(str::to_owned);
        let description = own.unwrap_or_else(|| description.to_owned());
        responses
            .insert(status.to_owned(), answer(status, own_code.as_deref().unwrap_or(code), &description));
    }
    let too_many = "More than 500 in five seconds: again after `Retry-After` seconds. The body is empty";
    responses.insert("429".to_owned(), json!({"description": too_many}));
}

fn answer(status: &str, code: &str, description: &str) -> Value {
    let example = json!({
        "status": status.parse::<u16>().unwrap_or_default(), "requestId": "JKJaXmPLvHcESHA=", "error": code,
        "description": "…"
    });
    let content = json!({"schema": {"$ref": "#/components/schemas/V3ErrorAnswer"}, "example": example});
    json!({"description": description, "content": {"application/json": content}})
}
