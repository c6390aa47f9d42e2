//! Another account's ids below one's own resources, in bodies and in queries: each gets the answer of an unknown id.

use super::access::document;
use super::rows;
use super::tenants::{belongings, operations_on_ids, told};
use crate::testing::{Bench, Company};
use serde_json::{Value, json};

/// An id in our format that does not exist.
const NOBODYS: &str = "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a91";

/// Two accounts: one that has a resource of each kind, and one with its own channel, chat, contact and employee.
struct Neighbours {
    bench: Bench,
    two: Company,
    /// The ids of the first account.
    foreign: Vec<(&'static str, String)>,
    /// The ids of the second account, of the kinds that come first in paths.
    own: Vec<(&'static str, String)>,
}

impl Neighbours {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let (one, two) = (bench.company("One").await, bench.company("Two").await);
        let mut foreign = belongings(&bench, &one).await;
        let file = json!({"name": "a.pdf", "mime": "application/pdf", "bytes": 10});
        let upload = bench.expect(201, &one.key, "POST", "/v1/uploads", Some(file)).await;
        foreign.push(("upload", upload["id"].as_str().unwrap().to_owned()));
        let (channels, _) = bench.connected(&two.key, &["c2"]).await;
        let load = json!({"employees": [{"id": "8", "name": "Boris"}]});
        bench.expect(200, &two.key, "PUT", "/v1/employees", Some(load)).await;
        rows::contact(&bench, &two, "contact", Some("+79011112233"), &[]).await;
        rows::contact(&bench, &two, "second", None, &[]).await;
        rows::chat(&bench, &two, &channels[0], "chat-2", 1, 1).await;
        let own = vec![
            ("channel", channels[0].clone()),
            ("chat", "chat-2".to_owned()),
            ("contact", "second".to_owned()),
            ("employee", "8".to_owned()),
        ];
        Self { bench, two, foreign, own }
    }

    fn foreign(&self, name: &str) -> &str {
        &self.foreign.iter().find(|(known, _)| *known == name).unwrap().1
    }

    fn own(&self, name: &str) -> &str {
        &self.own.iter().find(|(known, _)| *known == name).unwrap().1
    }

    /// Asserts that both requests get the same answer, and no success.
    async fn same(&self, method: &str, paths: [&str; 2], bodies: [Option<Value>; 2]) {
        let [foreign, unknown] = bodies;
        let words = format!("{method} {} {foreign:?}", paths[0]);
        let (status, foreign) = self.bench.call(&self.two.key, method, paths[0], foreign).await;
        let (unknown_status, unknown) = self.bench.call(&self.two.key, method, paths[1], unknown).await;
        assert!((400..500).contains(&status), "{words} → {status} {foreign}");
        assert_eq!((status, told(foreign)), (unknown_status, told(unknown)), "{words}");
    }
}

/// Method, path, the kind of id in the body, and the body with this id.
type Case<'a> = (&'a str, &'a str, &'a str, &'a dyn Fn(&str) -> Value);

#[tokio::test]
async fn below_ones_own_things() {
    let neighbours = Neighbours::new().await;
    let operations = operations_on_ids(&document(&neighbours.bench).await);
    let mut visible = 0;
    for (method, path, body) in operations {
        let names: Vec<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        // Removing a member from a channel succeeds whether or not they are one.
        let [first, rest] = names[..] else { continue };
        let place = path.replace(&format!("{{{first}}}"), neighbours.own(first));
        let fill = |id: &str| place.replace(&format!("{{{rest}}}"), id);
        let (foreign, unknown) = (fill(neighbours.foreign(rest)), fill(NOBODYS));
        neighbours.same(&method, [&foreign, &unknown], [body.clone(), body]).await;
        visible += 1;
    }
    assert!(visible >= 6, "{visible}");
}

#[tokio::test]
async fn in_bodies() {
    let neighbours = Neighbours::new().await;
    let chat = format!("/v1/chats/{}", neighbours.own("chat"));
    let messages = format!("{chat}/messages");
    let merge = format!("/v1/contacts/{}/merge", neighbours.own("contact"));
    let channel = neighbours.own("channel");
    let cases: [Case<'_>; 10] = [
        ("POST", &messages, "upload", &|id| json!({"upload": id})),
        ("POST", &messages, "reply", &|id| json!({"quick_reply": id})),
        ("POST", &messages, "message", &|id| json!({"text": "Yes", "quote": id})),
        ("POST", &messages, "employee", &|id| json!({"text": "Yes", "employee": id})),
        (
            "POST",
            "/v1/chats",
            "channel",
            &|id| json!({"channel": id, "phone": "+79011112244", "message": {"text": "Yes"}}),
        ),
        (
            "POST",
            "/v1/chats",
            "from",
            &|id| json!({"channel": channel, "contact": id, "message": {"text": "Yes"}}),
        ),
        ("POST", &format!("{chat}/assign"), "employee", &|id| json!({"employee": id})),
        ("POST", &merge, "from", &|id| json!({"into": id})),
        ("PATCH", "/v1/account", "channel", &|id| json!({"default_channels": {"whatsapp": id}})),
        (
            "POST",
            "/v1/quick-replies",
            "employee",
            &|id| json!({"title": "Hi", "text": "Hello", "employee": id}),
        ),
    ];
    for (method, path, name, body) in cases {
        let bodies = [Some(body(neighbours.foreign(name))), Some(body(NOBODYS))];
        neighbours.same(method, [path, path], bodies).await;
    }
    let to = |channel: &str, members: Value| {
        let mut body =
            json!({"channelId": channel, "chatType": "whatsapp", "chatId": "79011112233", "text": "Yes"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Some(body)
    };
    let quote = |id: &str| to("c2", json!({"refMessageId": id}));
    let bodies = [quote(neighbours.foreign("message")), quote(NOBODYS)];
    neighbours.same("POST", ["/v3/message"; 2], bodies).await;
    // The answer names the channel that the request names.
    for id in ["c1", neighbours.foreign("channel")] {
        let body = to(id, json!({}));
        let answer = neighbours.bench.expect(400, &neighbours.two.key, "POST", "/v3/message", body).await;
        assert_eq!(
            (&answer["error"], &answer["data"]),
            (&json!("CHANNEL_NOT_FOUND"), &json!({"channelId": id}))
        );
    }
}

#[tokio::test]
async fn in_queries() {
    let neighbours = Neighbours::new().await;
    let channel = neighbours.foreign("channel");
    for path in ["/v1/chats?channel=", "/v1/chats?list=unclaimed&channel="] {
        let (foreign, unknown) = (format!("{path}{channel}"), format!("{path}{NOBODYS}"));
        neighbours.same("GET", [&foreign, &unknown], [None, None]).await;
    }
    for path in ["/v1/chats?employee=7", "/v1/chats?unanswered_by=7", "/v1/chats/search?q=%2B79011112299"] {
        let (_, answer) = neighbours.bench.call(&neighbours.two.key, "GET", path, None).await;
        assert!(answer["chats"].as_array().is_none_or(Vec::is_empty), "{path} {answer}");
    }
}
