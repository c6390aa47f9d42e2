//! `/v3` in the OpenAPI document: its errors, in Wazzup's shape, and its bodies. Handlers read them more tolerantly
//! than described here (numbers for texts, `"true"` for `true`, one entity without its list, unknown fields).
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
    /// The responsible's user id in the CRM.
    #[schema(min_length = 1, max_length = 200)]
    responsible_user_id: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The addresses at which the contact can be reached.
    #[schema(max_items = 20)]
    contact_data: Vec<LoadedPoint>,
    /// Link to the contact's card: `http` or `https`.
    #[schema(max_length = 200)]
    uri: Option<String>,
}

/// An address of a contact: at least one of the three.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LoadedPoint {
    /// The messenger, by Wazzup's name: `whatsapp`, `telegram`, `avito`.
    #[schema(min_length = 1, max_length = 32)]
    chat_type: String,
    /// The contact's id in the messenger: in WhatsApp and Viber a phone.
    #[schema(max_length = 200)]
    chat_id: Option<String>,
    /// In Telegram. Stored, but not used to find a client.
    #[schema(max_length = 200)]
    username: Option<String>,
    /// The contact's phone in Telegram and MAX.
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
    /// The responsible's user id in the CRM.
    #[schema(min_length = 1, max_length = 200)]
    responsible_user_id: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The CRM's ids of the deal's contacts.
    #[schema(max_items = 100)]
    contacts: Vec<String>,
    /// Whether the deal is closed; false when left out.
    closed: Option<bool>,
    /// Link to the deal's card: `http` or `https`. `link` is accepted too.
    #[schema(max_length = 200)]
    uri: Option<String>,
}

/// A user as the CRM loads them.
#[derive(ToSchema)]
pub struct LoadedUser {
    /// The CRM's user id, without `/ \ ? # %`.
    #[schema(min_length = 1, max_length = 200)]
    id: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// When left out, or no phone, the stored phone stays; null or an empty text removes it.
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
    /// Its stages in order; left out if there are none.
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

/// The webhooks' address, and which webhooks to send.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WantedWebhooks {
    /// `http` or `https`, a public address. Required the first time; `webhooksUrl` is accepted too.
    #[schema(max_length = 200)]
    webhooks_uri: Option<String>,
    subscriptions: Option<WantedSubscriptions>,
}

/// Which webhooks the CRM wants. A flag that is left out stays unchanged.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WantedSubscriptions {
    messages_and_statuses: Option<bool>,
    contacts_and_deals_creation: Option<bool>,
    channels_updates: Option<bool>,
    template_status: Option<bool>,
    /// Another name of `templateStatus`.
    waba_templates_status: Option<bool>,
    /// Ours: the end of a chat (`chatFinished`).
    chat_finished: Option<bool>,
    /// Ours: how many clients wait because no employee is eligible (`waitingClients`).
    waiting_clients: Option<bool>,
    /// Ours: a rule's notice to users (`notification`).
    notification: Option<bool>,
    /// Ours: `stage` in `createDeal`.
    deal_stage: Option<bool>,
    /// Ours: a failed send as a message in the chat, besides its status.
    error_notice: Option<bool>,
    /// Ours: marks before the texts of echoes, stories and groups.
    text_marks: Option<bool>,
}

/// Adds the errors that all routes of `/v3` share to an operation's answers; its own descriptions stay.
pub fn add_errors(responses: &mut Map<String, Value>, has_body: bool, takes_query: bool) {
    let mut errors = vec![
        ("401", "UNAUTHORIZED", "No key, or an invalid one"),
        ("403", "FORBIDDEN", "The key is not an account's"),
        ("500", "UNKNOWN_ERROR", "Internal fault; the log has the request's id"),
        ("503", "SERVICE_UNAVAILABLE", "Not now: try again after `Retry-After` seconds"),
    ];
    if has_body || takes_query || responses.contains_key("400") {
        errors.push(("400", "VALIDATION_ERROR", "Something in the request is wrong; `data` says what"));
    }
    // Also the answer to a header that names another account.
    errors.push(("404", "NOT_FOUND", "Does not exist, or belongs to another account"));
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
    let too_many = "More than 500 in five seconds: try again after `Retry-After` seconds. The body is empty";
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
