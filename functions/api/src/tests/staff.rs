//! A channel with employees of every role, for tests of who may see and do what.

use super::rows;
use crate::testing::{Bench, Company};
use serde_json::json;
use shared::base::ids::EmployeeId;
use shared::model::chat::Chat;
use std::collections::HashMap;

/// All callers: the admin, who uses the account's key; a manager who receives new clients and one who does not; a head;
/// quality control; and an employee who is not a member of the channel.
pub const EVERYBODY: [&str; 6] = ["admin", "anna", "boris", "head", "quality", "stranger"];

/// An account with one channel and its employees.
pub struct Staff {
    pub bench: Bench,
    pub company: Company,
    /// The channel's id.
    pub channel: String,
    keys: HashMap<&'static str, String>,
}

impl Staff {
    pub async fn new() -> Self {
        let bench = Bench::new().await;
        let company = bench.company("One").await;
        let (channels, _) = bench.connected(&company.key, &["c1"]).await;
        let employees: Vec<_> = EVERYBODY[1..]
            .iter()
            .map(|name| json!({"id": name, "name": format!("Name of {name}")}))
            .collect();
        let load = json!({"employees": employees});
        bench.expect(200, &company.key, "PUT", "/v1/employees", Some(load)).await;
        let mut staff = Self { bench, company, channel: channels[0].clone(), keys: HashMap::new() };
        for (name, role, receives) in [
            ("anna", "manager", true),
            ("boris", "manager", false),
            ("head", "head", false),
            ("quality", "quality_control", false),
        ] {
            staff.place(name, role, receives).await;
        }
        for name in &EVERYBODY[1..] {
            let path = format!("/v1/employees/{name}/tokens");
            let made = staff.bench.expect(201, &staff.company.key, "POST", &path, Some(json!({}))).await;
            staff.keys.insert(name, made["token"].as_str().unwrap().to_owned());
        }
        staff
    }

    /// Makes an employee a member of the channel.
    pub async fn place(&self, name: &str, role: &str, receives: bool) {
        let path = format!("/v1/channels/{}/employees/{name}", self.channel);
        let place = json!({"role": role, "receives_new_clients": receives});
        self.bench.expect(200, &self.company.key, "PUT", &path, Some(place)).await;
    }

    /// The caller's token; the account's key for the admin.
    pub fn key(&self, who: &str) -> &str {
        self.keys.get(who).unwrap_or(&self.company.key)
    }

    /// Creates a chat whose responsible is this employee, that is offered to all (`pool`), or that waits (`waiting`).
    pub async fn chat(&self, id: &str, whose: &str, at: i64) -> Chat {
        let waits = rows::chat(&self.bench, &self.company, &self.channel, id, at, 2).await;
        match whose {
            "waiting" => waits,
            "pool" => rows::change(&self.bench, &waits, Chat::offer_to_all).await,
            whose => {
                rows::change(&self.bench, &waits, |chat| chat.set_responsible(&EmployeeId::new(whose))).await
            }
        }
    }
}
