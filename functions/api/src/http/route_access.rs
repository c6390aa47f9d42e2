//! Which routes change settings, which section each belongs to, and who may use them (A8).

use crate::http::error::ApiError;
use axum::http::Method;
use shared::model::employee::{Employee, Section};

/// Who may use a settings route besides the operator and the account's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    /// No other caller.
    Admin,
    /// Employees to whom the section is granted: they change it, and read in it what they may change.
    Granted(Section),
}

/// The settings routes by path prefix, the narrower ones first. Other routes are not settings: they take employees by
/// their roles, or only admins.
pub const ROUTES: [(&str, Opens); 25] = [
    ("/v1/accounts", Opens::Admin),
    ("/v1/keys", Opens::Admin),
    ("/v1/tokens", Opens::Admin),
    ("/v1/audit", Opens::Admin),
    ("/v1/erasures", Opens::Admin),
    ("/v1/employees/{employee}/tokens", Opens::Admin),
    ("/v1/employees/{employee}/sections", Opens::Admin),
    ("/v1/employees/{employee}/unanswered", Opens::Admin),
    ("/v1/connections", Opens::Granted(Section::Connections)),
    ("/v1/providers", Opens::Granted(Section::Connections)),
    ("/v1/channels", Opens::Granted(Section::Channels)),
    ("/v1/test-messages", Opens::Granted(Section::Channels)),
    ("/v1/employees", Opens::Granted(Section::Employees)),
    ("/v1/crm", Opens::Granted(Section::Crm)),
    ("/v1/crms", Opens::Granted(Section::Crm)),
    ("/v1/pipelines", Opens::Granted(Section::Crm)),
    ("/v1/account", Opens::Granted(Section::Account)),
    ("/v1/setup-check", Opens::Granted(Section::Account)),
    ("/v1/rules", Opens::Granted(Section::Account)),
    ("/v1/blacklist", Opens::Granted(Section::Blacklist)),
    ("/v1/quick-replies", Opens::Granted(Section::QuickReplies)),
    ("/v1/contacts", Opens::Granted(Section::Contacts)),
    // A CRM that speaks Wazzup's API sets these; no employee's token opens them.
    ("/v3/webhooks", Opens::Admin),
    ("/v3/users", Opens::Admin),
    ("/v3/pipelines", Opens::Admin),
];

/// Who may use a settings route; `None` for other routes.
pub fn opens(method: &Method, route: &str) -> Option<Opens> {
    // Only for admins, because erasing cannot be undone.
    if method == Method::DELETE && route == "/v1/contacts/{contact}" {
        return Some(Opens::Admin);
    }
    let below = |begins: &str| {
        route.strip_prefix(begins).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    ROUTES.iter().find(|(begins, _)| below(begins)).map(|(_, opens)| *opens)
}

/// Whether a request belongs in the audit trail: every change of settings, and every read of a key's secret. Left out
/// are the creation of an account (its row has the time), the tokens that a CRM creates all day, and test messages and
/// dry runs of rules, which change nothing.
pub fn is_audited(method: &Method, route: &str) -> bool {
    match (method, route) {
        (&Method::GET, "/v1/keys/{key}/secret") => true,
        (&Method::GET | &Method::HEAD | &Method::OPTIONS, _) => false,
        (_, "/v1/accounts" | "/v1/test-messages" | "/v1/rules/dry-run")
        | (&Method::POST, "/v1/employees/{employee}/tokens") => false,
        _ => opens(method, route).is_some(),
    }
}

/// Whether an employee may use a settings route.
///
/// # Errors
/// 403 that says what they lack.
pub fn check(employee: &Employee, method: &Method, route: &str) -> Result<(), ApiError> {
    match opens(method, route) {
        Some(Opens::Granted(section)) if employee.sections.contains(&section) => Ok(()),
        Some(Opens::Granted(section)) => {
            let word = serde_json::json!(section);
            Err(ApiError::denied("section_not_granted", format!("the section {word} is not granted to you")))
        }
        Some(Opens::Admin) | None => {
            Err(ApiError::denied("admin_only", "only a key of the account opens this, or the operator's"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_found_by_whole_parts_of_its_path() {
        let get = |route: &str| opens(&Method::GET, route);
        assert_eq!(get("/v1/account"), Some(Opens::Granted(Section::Account)));
        assert_eq!(get("/v1/accounts/{account}/keys"), Some(Opens::Admin));
        assert_eq!(
            get("/v1/channels/{channel}/employees/{employee}"),
            Some(Opens::Granted(Section::Channels))
        );
        assert_eq!(get("/v1/employees/{employee}"), Some(Opens::Granted(Section::Employees)));
        assert_eq!(get("/v1/employees/{employee}/tokens"), Some(Opens::Admin));
        assert_eq!(get("/v1/chats/{chat}"), None);
        assert_eq!(get("/v1/contacts/{contact}"), Some(Opens::Granted(Section::Contacts)));
        assert_eq!(opens(&Method::DELETE, "/v1/contacts/{contact}"), Some(Opens::Admin));
    }

    #[test]
    fn changes_are_written_down_and_reads_are_not_but_of_keys() {
        for (method, route, written) in [
            (Method::PATCH, "/v1/channels/{channel}", true),
            (Method::GET, "/v1/channels/{channel}", false),
            (Method::GET, "/v1/keys/{key}/secret", true),
            (Method::DELETE, "/v1/contacts/{contact}", true),
            (Method::POST, "/v1/employees/{employee}/tokens", false),
            (Method::DELETE, "/v1/employees/{employee}/tokens", true),
            (Method::POST, "/v1/accounts", false),
            (Method::POST, "/v1/accounts/{account}/keys", true),
            (Method::POST, "/v1/chats/{chat}/read", false),
            (Method::PATCH, "/v3/webhooks", true),
        ] {
            assert_eq!(is_audited(&method, route), written, "{method} {route}");
        }
    }
}
