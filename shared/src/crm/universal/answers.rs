//! What a universal CRM's answers say: accepted, refused, or created under which id (Wazzup API v3, "Webhooks").

use super::hooks::plain_id;
use crate::crm::client::{CrmError, CrmRecord, sort};
use crate::model::crm::is_web_link;
use crate::platform::http::Answer;
use serde_json::Value;

/// The status and the error word by which a CRM says that it does not know the responsible, or assigns them no clients:
/// our addition.
const RESPONSIBLE_REFUSED: (u16, &str) = (422, "responsible_not_found");

/// The members by which a CRM that answers 200 to everything names an error.
const ERRORS: [&str; 2] = ["error", "errors"];
/// The members by which such a CRM says whether it succeeded.
const SUCCESSES: [&str; 2] = ["ok", "success"];

/// Whether an answer to either creation refuses the responsible.
pub(super) fn refuses_responsible(answer: &Answer) -> bool {
    let (status, word) = RESPONSIBLE_REFUSED;
    let said = |body| serde_json::from_slice::<Value>(body).ok()?.get("error")?.as_str().map(str::to_owned);
    answer.status == status && said(&answer.body).as_deref() == Some(word)
}

/// The JSON of an answer that accepts a request; `Null` if the body is none, because any 2xx accepts.
///
/// # Errors
/// [`CrmError`] by the status, and [`CrmError::Later`] for a 2xx whose JSON names an error.
pub(super) fn accepted(answer: Answer) -> Result<Value, CrmError> {
    let answer = sort(answer)?;
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    match refusal(&body) {
        Some(member) => {
            let why = format!("HTTP {} whose `{member}` refuses it", answer.status);
            Err(CrmError::Later { after: None, why })
        }
        None => Ok(body),
    }
}

/// The member of a JSON answer that refuses the request.
fn refusal(body: &Value) -> Option<&'static str> {
    let named = ERRORS.into_iter().find(|name| body.get(name).is_some_and(says_something));
    let denied = |name: &&str| body.get(name).and_then(Value::as_bool) == Some(false);
    named.or_else(|| SUCCESSES.into_iter().find(denied))
}

/// Whether an error's value says that there is one: `null`, `false`, 0 and what is empty say that there is none.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(code) => code.as_f64() != Some(0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// The record that an accepting answer names.
pub(super) fn created(body: &Value) -> CrmRecord {
    let link = body.get("uri").and_then(Value::as_str).filter(|uri| is_web_link(uri));
    CrmRecord { id: body.get("id").and_then(id), uri: link.map(str::to_owned) }
}

/// An id as text: CRMs send ids as text or as numbers. Zero and what is empty are no ids.
fn id(value: &Value) -> Option<String> {
    let text = plain_id(value)?.trim().to_owned();
    (!text.is_empty() && text.parse::<f64>() != Ok(0.0)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_word_for_it_refuses_the_responsible() {
        for (status, body, refused) in [
            (422, r#"{"error":"responsible_not_found"}"#, true),
            (422, r#"{"error":"responsible_not_found","description":"17 is gone"}"#, true),
            (400, r#"{"error":"responsible_not_found"}"#, false),
            (200, r#"{"error":"responsible_not_found"}"#, false),
            (422, r#"{"error":"invalid"}"#, false),
            (422, r#"{"error":7}"#, false),
            (422, r#"["responsible_not_found"]"#, false),
            (422, "responsible_not_found", false),
            (422, "", false),
        ] {
            let answer = Answer { status, retry_after: None, body: body.as_bytes().to_vec() };
            assert_eq!(refuses_responsible(&answer), refused, "{status} {body}");
        }
    }

    #[test]
    fn only_a_link_that_can_be_followed_is_kept() {
        for (uri, kept) in [
            (json!("https://crm.example.com/contacts/4711"), true),
            (json!("http://crm.example.com/4711"), true),
            (json!("javascript:alert(1)"), false),
            (json!("data:text/html,x"), false),
            (json!("/contacts/4711"), false),
            (json!(4711), false),
            (json!(null), false),
        ] {
            let made = created(&json!({"id": 4711, "uri": uri}));
            assert_eq!((made.id.as_deref(), made.uri.is_some()), (Some("4711"), kept), "{uri}");
        }
    }

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, retry_after: None, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn any_2xx_is_accepted_unless_its_json_says_otherwise() {
        for body in [
            "",
            "OK",
            "<html>Thanks</html>",
            "[]",
            "null",
            r#""error""#,
            r#"{"status":"ok"}"#,
            r#"{"ok":true}"#,
            r#"{"error":null}"#,
            r#"{"error":""}"#,
            r#"{"error":false}"#,
            r#"{"errors":[]}"#,
            r#"{"errors":{}}"#,
            r#"{"error":0}"#,
            r#"{"success":true,"error":" "}"#,
            r#"{"ok":0}"#,
            r#"{"success":"false"}"#,
            "{",
        ] {
            for status in [200, 201, 202, 204] {
                assert!(accepted(answer(status, body)).is_ok(), "{status} {body}");
            }
        }
        for (body, member) in [
            (r#"{"error":"no such chat"}"#, "error"),
            (r#"{"error":{"code":7}}"#, "error"),
            (r#"{"error":true}"#, "error"),
            (r#"{"error":17}"#, "error"),
            (r#"{"errors":["text"]}"#, "errors"),
            (r#"{"id":"4711","errors":{"name":"too long"}}"#, "errors"),
            (r#"{"ok":false}"#, "ok"),
            (r#"{"success":false,"id":5}"#, "success"),
        ] {
            let refused = accepted(answer(200, body));
            let why = format!("HTTP 200 whose `{member}` refuses it");
            assert_eq!(refused, Err(CrmError::Later { after: None, why }), "{body}");
        }
        assert!(accepted(answer(500, r#"{"ok":true}"#)).is_err());
    }

    #[test]
    fn an_id_is_a_text_or_a_number_that_is_not_zero() {
        for (value, expected) in [
            (json!("4711"), Some("4711")),
            (json!(" 4711 "), Some("4711")),
            (json!(4711), Some("4711")),
            (json!("a-1"), Some("a-1")),
            (json!(0), None),
            (json!(0.0), None),
            (json!("0"), None),
            (json!(""), None),
            (json!("  "), None),
            (json!(false), None),
            (json!(true), None),
            (json!(null), None),
            (json!({"id": 1}), None),
        ] {
            assert_eq!(created(&json!({"id": value})).id.as_deref(), expected, "{value}");
        }
        for body in [json!({"status": "ok"}), json!(null), json!([]), json!("4711")] {
            assert_eq!(created(&body), CrmRecord { id: None, uri: None }, "{body}");
        }
    }
}
