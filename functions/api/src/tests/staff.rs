//! A channel with employees of every role, for tests of who may see and do what.

use super::rows;
use crate::testing::{Bench, Company};
use serde_json::json;
use shared::base::ids::EmployeeId;
use shared::model::chat::Chat;
use std::collections::HashMap;

/// Everybody, the admin with the account's key included: a manager to whom new clients come, one to whom none come, a head,
/// quality control, and somebody without a place on the channel.
pub const EVERYBODY: [&str; 6] = ["admin", "anna", "boris", "head", "quality", "stranger"];

/// An account at work.
pub struct Staff {
    pub bench: Bench,
    pub company: Company,
    /// The channel.
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

    /// Puts an employee on the channel.
    pub async fn place(&self, name: &str, role: &str, receives: bool) {
        let path = format!("/v1/channels/{}/employees/{name}", self.channel);
        let place = json!({"role": role, "receives_new_clients": receives});
        self.bench.expect(200, &self.company.key, "PUT", &path, Some(place)).await;
    }

    /// With what somebody comes.
    pub fn key(&self, who: &str) -> &str {
        self.keys.get(who).unwrap_or(&self.company.key)
    }

    /// A chat of an employee's, of nobody's yet (`pool`), or of a client who waits.
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
