//! An account's data is invisible to other accounts, on the running API and for each operation of its document: another
//! account's id is answered exactly like an unknown id.

use super::asking::{Asker, until};
use super::belongings::belongings;
use super::{Live, moment};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::account::Account;
use tests::wazzup::{messages, text};

type Ids = BTreeMap<String, String>;

/// An account with the ids of everything that can be named in it.
struct Tenant {
    account: Account,
    asker: Asker,
    ids: Ids,
}

impl Tenant {
    async fn new(live: &Live, employee: &str) -> Self {
        let account = live.account(&[600], &[employee]).await;
        let asker = Asker::new(live, &account.key);
        let ids = belongings(live, &account, employee).await;
        Self { account, asker, ids }
    }

    fn id(&self, name: &str) -> &str {
        &self.ids[name]
    }
}

/// An operation that names something in an account: method, path, and the document's example of its body.
type Operation = (String, String, Option<Value>);

async fn operations(asker: &Asker) -> Vec<Operation> {
    let document = asker.expect(200, "GET", "/v1/openapi.json", None).await;
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let foreign =
                ["operator", "about", "media"].map(|tag| json!(tag)).contains(&operation["tags"][0]);
            // A phone belongs to no account; what an account knows of it is checked below.
            if !foreign && path.contains('{') && !path.contains("{phone}") {
                let body = operation.get("requestBody");
                let body = body.map(|body| body["content"]["application/json"]["example"].clone());
                found.push((method.to_uppercase(), path.clone(), body));
            }
        }
    }
    found
}

/// The names of a path's placeholders.
fn names(path: &str) -> Vec<&str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
}

fn filled(path: &str, id: impl Fn(usize, &str) -> String) -> String {
    let fill = |path: String, (at, name): (usize, &str)| path.replace(&format!("{{{name}}}"), &id(at, name));
    names(path).into_iter().enumerate().fold(path.to_owned(), fill)
}

/// Asserts that the two answers differ only in their request's id.
async fn same(
    asker: &Asker,
    method: &str,
    (foreign, unknown): (&str, &str),
    bodies: [Option<Value>; 2],
) -> u16 {
    let [body, unknown_body] = bodies;
    let foreign_answer = asker.ask(method, foreign, body.as_ref()).await;
    let unknown_answer = asker.ask(method, unknown, unknown_body.as_ref()).await;
    let told = |mut body: Value| {
        for id in ["request_id", "requestId"] {
            body.as_object_mut().map(|body| body.remove(id));
        }
        // The requested id may be repeated in the answer.
        body["data"].as_object_mut().map(|data| data.remove("channelId"));
        body
    };
    assert_eq!(
        foreign_answer.status, unknown_answer.status,
        "{method} {foreign} {body:?} {}",
        foreign_answer.text
    );
    let status = foreign_answer.status;
    assert_eq!(told(foreign_answer.body), told(unknown_answer.body), "{method} {foreign} {body:?}");
    status
}

/// Method, path, what the body names, and the body with that id.
type Case<'a> = (&'a str, &'a str, &'a str, &'a dyn Fn(&str) -> Value);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_accounts_ids_are_as_unknown_ones_on_the_deployed_api() {
    let live = Live::get();
    let (one, two) = (Tenant::new(live, "anna").await, Tenant::new(live, "boris").await);
    let operations = operations(&two.asker).await;
    assert!(operations.len() >= 45, "{}", operations.len());
    for (method, path, body) in &operations {
        let missing: Vec<_> = names(path).into_iter().filter(|name| !one.ids.contains_key(*name)).collect();
        assert!(missing.is_empty(), "the account has no such ids: {missing:?} {path}");
        let foreign = filled(path, |_, name| one.id(name).to_owned());
        let unknown = filled(path, |_, _| "x".to_owned());
        let status = same(&two.asker, method, (&foreign, &unknown), [body.clone(), body.clone()]).await;
        let expected = match path.as_str() {
            "/v3/message/{id}" => 400,
            // As at Wazzup, a user without a role has a counter of 0.
            "/v3/unanswered/{id}" => 200,
            _ => 404,
        };
        assert_eq!(status, expected, "{method} {foreign}");
        if names(path).len() > 1 {
            // A foreign id below an own resource.
            let own = |at: usize, name: &str, other: &str| {
                if at == 0 { two.id(name).to_owned() } else { other.to_owned() }
            };
            let foreign = filled(path, |at, name| own(at, name, one.id(name)));
            let unknown = filled(path, |at, name| own(at, name, "x"));
            same(&two.asker, method, (&foreign, &unknown), [body.clone(), body.clone()]).await;
        }
    }
    named_in_bodies(&one, &two).await;
    asked_for(&one, &two).await;
    // The ids were right, and the foreign requests changed nothing.
    for (method, path, _) in operations.iter().filter(|(method, ..)| method == "GET") {
        let own = filled(path, |_, name| one.id(name).to_owned());
        one.asker.expect(200, method, &own, None).await;
    }
}

/// Foreign ids in bodies.
async fn named_in_bodies(one: &Tenant, two: &Tenant) {
    let chat = format!("/v1/chats/{}", two.id("chat"));
    let messages = format!("{chat}/messages");
    let external = |tenant: &Tenant| tenant.account.channels[0].external.clone();
    let v3 = |channel: &str, more: Value| {
        let body =
            json!({"channelId": channel, "chatType": "whatsapp", "chatId": "79011118001", "text": "Да"});
        tests::wazzup::with(body, more)
    };
    let own_merge = format!("/v1/contacts/{}/merge", two.id("contact"));
    let unknown = "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a91";
    let cases: [Case<'_>; 11] = [
        ("POST", &messages, "upload", &|id| json!({"upload": id})),
        ("POST", &messages, "reply", &|id| json!({"quick_reply": id})),
        ("POST", &messages, "message", &|id| json!({"text": "Да", "quote": id})),
        ("POST", &messages, "employee", &|id| json!({"text": "Да", "employee": id})),
        (
            "POST",
            "/v1/chats",
            "channel",
            &|id| json!({"channel": id, "phone": "+79011118005", "message": {"text": "Да"}}),
        ),
        (
            "POST",
            "/v1/chats",
            "contact",
            &|id| json!({"channel": two.id("channel"), "contact": id, "message": {"text": "Да"}}),
        ),
        ("POST", &format!("{chat}/assign"), "employee", &|id| json!({"employee": id})),
        ("POST", &own_merge, "contact", &|id| json!({"into": id})),
        ("PATCH", "/v1/account", "channel", &|id| json!({"default_channels": {"whatsapp": id}})),
        ("POST", "/v1/quick-replies", "employee", &|id| json!({"title": "Да", "text": "Да", "employee": id})),
        ("POST", "/v3/message", "message", &|id| v3(&external(two), json!({"refMessageId": id}))),
    ];
    for (method, path, name, body) in cases {
        let bodies = [Some(body(one.id(name))), Some(body(unknown))];
        let status = same(&two.asker, method, (path, path), bodies).await;
        assert!((400..500).contains(&status), "{method} {path} {name}: {status}");
        let taken = two.asker.ask(method, path, Some(&body(two.id(name)))).await;
        let known = taken.status != status || name == "message" || name == "upload";
        assert!(known, "the case proves nothing: {method} {path} {name} {}", taken.text);
    }
    let bodies = [Some(v3(&external(one), json!({}))), Some(v3(unknown, json!({})))];
    assert_eq!(same(&two.asker, "POST", ("/v3/message", "/v3/message"), bodies).await, 400);
}

/// Foreign ids, phones and cursors in queries.
async fn asked_for(one: &Tenant, two: &Tenant) {
    let channel = one.id("channel");
    for (foreign, unknown) in [
        (format!("/v1/chats?channel={channel}"), "/v1/chats?channel=x".to_owned()),
        (
            format!("/v1/chats?list=unclaimed&channel={channel}"),
            "/v1/chats?list=unclaimed&channel=x".to_owned(),
        ),
        ("/v1/chats?employee=anna".to_owned(), "/v1/chats?employee=x".to_owned()),
        ("/v1/chats?unanswered_by=anna".to_owned(), "/v1/chats?unanswered_by=x".to_owned()),
        ("/v1/quick-replies?employee=anna".to_owned(), "/v1/quick-replies?employee=x".to_owned()),
    ] {
        same(&two.asker, "GET", (&foreign, &unknown), [None, None]).await;
    }
    // A client whom only the one account wrote to.
    let begun = json!({"channel": channel, "phone": "+79011118055", "message": {"text": "Да"}});
    one.asker.expect(202, "POST", "/v1/chats", Some(&begun)).await;
    for path in ["/v1/chats/search?q=%2B79011118055", "/v1/contacts?phone=%2B79011118055"] {
        let (mine, theirs) =
            (one.asker.expect(200, "GET", path, None).await, two.asker.expect(200, "GET", path, None).await);
        let found = |answer: &Value| {
            answer.as_object().unwrap().values().filter_map(Value::as_array).map(Vec::len).sum::<usize>()
        };
        assert_eq!((found(&mine), found(&theirs)), (1, 0), "{path} {mine} {theirs}");
    }
    // A client who wrote to that account.
    let id = format!("wrote-{}", one.account.id);
    let wrote = text(&one.account.channels[0].external, "79011118066", &id, &moment(), "Здравствуйте");
    assert_eq!(one.account.post(&messages(&[wrote])).await.unwrap().status, Some(200));
    let number = "/v1/numbers/%2B79011118066?messenger=whatsapp";
    until("what is known of the number", || async {
        let mine = one.asker.expect(200, "GET", number, None).await;
        (mine["whatsapp"] == "has").then_some(())
    })
    .await;
    assert_eq!(two.asker.expect(200, "GET", number, None).await["whatsapp"], "unknown");
    let page = |tenant: &Tenant| format!("/v1/chats?channel={}&limit=1", tenant.id("channel"));
    let mine = one.asker.expect(200, "GET", &page(one), None).await;
    let cursor = mine["next_cursor"].as_str().unwrap();
    let theirs = two.asker.ask("GET", &format!("{}&cursor={cursor}", page(two)), None).await;
    assert_eq!(
        (theirs.status, &theirs.body["error"]["code"]),
        (400, &json!("invalid_cursor")),
        "{}",
        theirs.text
    );
    // Both accounts use the same idempotency key for a send.
    let sent = futures::future::join_all([one, two].map(|tenant| async move {
        let path = format!("/v1/chats/{}/messages", tenant.id("chat"));
        let body = json!({"text": "Да"}).to_string();
        tenant
            .asker
            .raw("POST", &path, Some(("application/json", body)), &[("idempotency-key", "same")])
            .await
    }));
    assert!(sent.await.iter().all(|answer| answer.status == 202), "each account has its own keys");
}
