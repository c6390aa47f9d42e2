//! Public clients of Wazzup API v3 that no registry we use has: their requests as they send them, and the members of
//! the answers that they read. Sources, without their code: the PHP SDK `ePZuz/Wazzup-SDK` (`src/Http/Api.php`,
//! `src/Dto`), the n8n nodes `zenland-dev/n8n-nodes-wazzup24` (`shared`, `nodes`), and the Python file
//! `meowk1r1/wazzup_api_python`. Clients that can be installed run in `tests/it/stack/clients.rs`.

use crate::testing::Bench;
use axum::body::to_bytes;
use axum::http::Request;
use lambda_http::Body;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;

const CHANNEL: &str = "0bba75b0-8855-41a0-b2ee-4d51f596b350";
const BOT: &str = "1cba75b0-8855-41a0-b2ee-4d51f596b350";
const MAX_BOT: &str = "2dba75b0-8855-41a0-b2ee-4d51f596b350";
const WABA: &str = "3eba75b0-8855-41a0-b2ee-4d51f596b350";
const TEMPLATE: &str = "8d255e5d-aefd-44dc-8131-c3ad6c3ab28c";

/// A kind of value that a client reads; in their languages another kind is an error.
type Kind = fn(&Value) -> bool;
/// A member of an answer, as a JSON pointer.
type Reads<'a> = &'a [(&'a str, Kind)];

const TEXT: Kind = |value| value.as_str().is_some_and(|text| !text.is_empty());
const NUMBER: Kind = Value::is_u64;
const FLAG: Kind = Value::is_boolean;
const LIST: Kind = Value::is_array;
/// In PHP a JSON object and a list are one kind.
const ARRAY: Kind = |value| value.is_array() || value.is_object();
const OBJECT: Kind = Value::is_object;

/// The members of an error that all of them read.
const ERROR: Reads<'_> = &[("/error", TEXT), ("/description", TEXT)];

/// A client, and the account that it is used with.
struct Client {
    bench: Bench,
    key: String,
    headers: &'static [(&'static str, &'static str)],
    /// What it sends as a body where it has nothing to send.
    nothing: Option<Value>,
}

impl Client {
    async fn new(headers: &'static [(&'static str, &'static str)], nothing: Option<Value>) -> Self {
        let bench = Bench::new().await;
        let key = bench.company("One").await.key;
        let channel = |id: &str, transport: &str| json!({"channelId": id, "transport": transport, "plainId": "79011112233", "state": "active"});
        let channels = [(CHANNEL, "whatsapp"), (BOT, "telegram"), (MAX_BOT, "maxbot"), (WABA, "wapi")];
        bench.world.lock().unwrap().channels =
            channels.iter().map(|(id, transport)| channel(id, transport)).collect();
        let connection = json!({"provider": "wazzup", "name": "Wazzup", "api_key": "wazzup-key"});
        bench.expect(201, &key, "POST", "/v1/connections", Some(connection)).await;
        Self { bench, key, headers, nothing }
    }

    /// An address of the CRM.
    fn webhook(&self, path: &str) -> String {
        format!("{}/crm/{path}", self.bench.outside)
    }

    /// Sends the request as the client does, and checks what it reads of the answer.
    async fn asks(&self, request: (&str, &str), body: Option<Value>, status: u16, reads: Reads<'_>) -> Value {
        let (method, path) = request;
        let body = body.or_else(|| self.nothing.clone());
        let mut built = Request::builder().method(method).uri(path);
        built = built.header("Authorization", format!("Bearer {}", self.key));
        for (name, value) in self.headers {
            built = built.header(*name, *value);
        }
        let sent = body.as_ref().map_or(Body::Empty, |body| Body::Text(body.to_string()));
        // As Lambda serves it, for paths that end with a slash.
        let service = crate::service(Arc::clone(&self.bench.app));
        let answer = service.oneshot(built.body(sent).unwrap()).await.unwrap();
        let got = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(got, status, "{method} {path} {body:?} → {answer}");
        for (member, fits) in reads {
            let read = answer.pointer(member);
            assert!(read.is_some_and(fits), "{method} {path}: {member} of {answer}");
        }
        answer
    }
}

/// It ends the paths of lists with a slash, sends `[]` as the body of every `GET` and `DELETE`, and sends all members
/// of its objects, null where it has no value.
#[tokio::test]
async fn the_php_sdk() {
    let json_both = &[("Accept", "application/json"), ("Content-Type", "application/json")];
    let php = Client::new(json_both, Some(json!([]))).await;
    let channel: Reads<'_> =
        &[("", ARRAY), ("/0/channelId", TEXT), ("/0/transport", TEXT), ("/0/state", TEXT)];
    php.asks(("GET", "/v3/channels/"), None, 200, channel).await;
    entities_of_php(&php).await;
    settings_of_php(&php).await;
    messages_of_php(&php).await;
}

async fn entities_of_php(php: &Client) {
    let user = json!({"id": "17", "name": "Анна", "phone": null});
    php.asks(("POST", "/v3/users/"), Some(json!([user])), 200, &[("", ARRAY)]).await;
    php.asks(("GET", "/v3/users/"), None, 200, &[("/0/id", TEXT), ("/0/name", TEXT)]).await;
    php.asks(("GET", "/v3/users/17"), None, 200, &[("/id", TEXT), ("/name", TEXT)]).await;

    let point = json!({"chatType": "whatsapp", "chatId": "79011112233", "username": null, "phone": null});
    let contact =
        json!({"id": "c1", "name": "Марина", "responsibleUserId": "17", "contactData": [point], "uri": null});
    php.asks(("POST", "/v3/contacts/"), Some(json!([contact])), 200, &[("", ARRAY)]).await;
    let contacts: Reads<'_> = &[
        ("/count", NUMBER),
        ("/data/0/id", TEXT),
        ("/data/0/name", TEXT),
        ("/data/0/responsibleUserId", TEXT),
        ("/data/0/contactData/0/chatType", TEXT),
        ("/data/0/contactData/0/chatId", TEXT),
    ];
    php.asks(("GET", "/v3/contacts/"), None, 200, contacts).await;
    php.asks(("GET", "/v3/contacts/c1"), None, 200, &[("/id", TEXT), ("/contactData", LIST)]).await;

    let uri = "https://crm.example.com/deals/1";
    let deal = json!({"id": "d1", "responsibleUserId": "17", "name": "Мазда 3", "uri": uri, "contacts": ["c1"], "closed": false});
    php.asks(("POST", "/v3/deals/"), Some(json!([deal])), 200, &[("", ARRAY)]).await;
    let deals: Reads<'_> = &[
        ("/count", NUMBER),
        ("/data/0/id", TEXT),
        ("/data/0/responsibleUserId", TEXT),
        ("/data/0/name", TEXT),
        ("/data/0/uri", TEXT),
        ("/data/0/closed", FLAG),
    ];
    php.asks(("GET", "/v3/deals/"), None, 200, deals).await;

    php.asks(("DELETE", "/v3/deals/d1"), None, 200, &[("", ARRAY)]).await;
    php.asks(("DELETE", "/v3/contacts/c1"), None, 200, &[("", ARRAY)]).await;
    php.asks(("DELETE", "/v3/users/17"), None, 200, &[("", ARRAY)]).await;
    php.asks(("GET", "/v3/users/17"), None, 404, ERROR).await;
    let nameless = json!([{"id": "18", "name": "", "phone": null}]);
    php.asks(("POST", "/v3/users/"), Some(nameless), 400, ERROR).await;
}

async fn settings_of_php(php: &Client) {
    let pipeline = json!({"id": "1", "name": "Продажи", "stages": [{"id": "10", "name": "Новый"}]});
    php.asks(("POST", "/v3/pipelines/"), Some(json!([pipeline])), 200, &[("", ARRAY)]).await;
    let pipelines: Reads<'_> = &[("/0/id", TEXT), ("/0/name", TEXT), ("/0/stages", LIST)];
    php.asks(("GET", "/v3/pipelines/"), None, 200, pipelines).await;

    // It names the fourth switch as no document does.
    let on = json!({"messagesAndStatuses": true, "contactsAndDealsCreation": true, "channelsUpdates": false, "templateStatuses": false});
    let hooks = json!({"webhooksUri": php.webhook("php"), "subscriptions": on});
    php.asks(("PATCH", "/v3/webhooks/"), Some(hooks), 200, &[("", ARRAY)]).await;
    php.asks(("GET", "/v3/webhooks/"), None, 200, &[("/webhooksUri", TEXT), ("/subscriptions", ARRAY)]).await;
}

async fn messages_of_php(php: &Client) {
    let message = json!({
        "channelId": CHANNEL, "chatType": "whatsapp", "chatId": "79011112233", "text": "Добрый день!", "contentUri": null,
        "refMessageId": null, "crmUserId": null, "crmMessageId": null, "username": null, "phone": null,
        "clearUnanswered": true, "templateId": null, "templateValues": null, "buttonsObject": null
    });
    let sent: Reads<'_> = &[("/messageId", TEXT), ("/chatId", TEXT)];
    php.asks(("POST", "/v3/message/"), Some(message.clone()), 201, sent).await;
    let mut asked = message;
    asked["channelId"] = json!(BOT);
    (asked["chatType"], asked["chatId"]) = (json!("telegram"), json!("5550017002"));
    asked["buttonsObject"] =
        json!({"buttons": [{"text": "Да", "id": null, "payload": null, "type": "text"}]});
    php.asks(("POST", "/v3/message/"), Some(asked), 201, sent).await;
}

/// It percent-encodes ids, asks for pages of 100, and points at the input by an error's `data`.
#[tokio::test]
async fn the_n8n_nodes() {
    let n8n =
        Client::new(&[("Accept", "application/json"), ("Content-Type", "application/json")], None).await;
    let channel: Reads<'_> = &[
        ("/0/channelId", TEXT),
        ("/0/transport", TEXT),
        ("/0/plainId", TEXT),
        ("/0/name", TEXT),
        ("/0/state", TEXT),
    ];
    n8n.asks(("GET", "/v3/channels"), None, 200, channel).await;
    entities_of_n8n(&n8n).await;
    settings_of_n8n(&n8n).await;
    messages_of_n8n(&n8n).await;
}

async fn entities_of_n8n(n8n: &Client) {
    let users = json!([{"id": "17", "name": "Анна", "phone": "79261234567"}, {"id": "18", "name": "Борис"}]);
    n8n.asks(("POST", "/v3/users"), Some(users), 200, &[]).await;
    n8n.asks(("GET", "/v3/users"), None, 200, &[("", LIST), ("/1/id", TEXT), ("/1/name", TEXT)]).await;
    let point =
        json!({"chatType": "telegram", "chatId": "5550017001", "username": "marina", "phone": "79011112244"});
    let contact = |id: &str| {
        json!({
            "id": id, "responsibleUserId": "17", "name": "Марина", "contactData": [point], "uri": "https://crm.example.com/c/1"
        })
    };
    n8n.asks(("POST", "/v3/contacts"), Some(json!([contact("c1"), contact("c 2/+")])), 200, &[]).await;
    let page: Reads<'_> = &[("/count", NUMBER), ("/data", LIST), ("/data/1/id", TEXT)];
    n8n.asks(("GET", "/v3/contacts?offset=0"), None, 200, page).await;
    let deal = json!({
        "id": "d1", "responsibleUserId": "17", "name": "Мазда 3", "uri": "https://crm.example.com/d/1", "contacts": ["c1"],
        "closed": true
    });
    n8n.asks(("POST", "/v3/deals"), Some(json!([deal])), 200, &[]).await;
    n8n.asks(("GET", "/v3/deals?offset=0"), None, 200, &[("/count", NUMBER), ("/data/0/id", TEXT)]).await;
    let pipelines = json!([{"id": "1", "name": "Продажи", "stages": [{"id": "10", "name": "Новый"}]}, {"id": "2", "name": "Сервис"}]);
    n8n.asks(("POST", "/v3/pipelines"), Some(pipelines), 200, &[]).await;
    n8n.asks(("GET", "/v3/pipelines"), None, 200, &[("", LIST)]).await;
    let counter = n8n.asks(("GET", "/v3/unanswered/17"), None, 200, &[("/counterV2", NUMBER)]).await;
    assert!(counter.get("type").is_some() && counter.get("lastMsgDateTime").is_some(), "{counter}");
    let wrong = json!([contact("c3"), {"id": "c4", "responsibleUserId": "17", "contactData": [point]}]);
    let data: Reads<'_> = &[("/error", TEXT), ("/data/0/index", NUMBER), ("/data/0/fields", LIST)];
    let told = n8n.asks(("POST", "/v3/contacts"), Some(wrong), 400, data).await;
    assert_eq!((&told["error"], &told["data"][0]["index"]), (&json!("INVALID_CONTACTS_DATA"), &json!(1)));
    let gone = json!(["c1", "c9", "c 2/+"]);
    let unknown = n8n.asks(("PATCH", "/v3/contacts/bulk_delete"), Some(gone), 200, &[("", LIST)]).await;
    assert_eq!(unknown, json!(["c9"]));
    n8n.asks(("DELETE", "/v3/deals/d1"), None, 200, &[]).await;
    n8n.asks(("GET", "/v3/contacts/c%202%2F%2B"), None, 404, ERROR).await;
}

async fn settings_of_n8n(n8n: &Client) {
    let hooks: Reads<'_> = &[
        ("/webhooksUri", TEXT),
        ("/subscriptions/messagesAndStatuses", FLAG),
        ("/subscriptions/contactsAndDealsCreation", FLAG),
        ("/subscriptions/channelsUpdates", FLAG),
        ("/subscriptions/templateStatus", FLAG),
    ];
    let before = n8n.asks(("GET", "/v3/webhooks"), None, 200, &[("", OBJECT)]).await;
    assert_eq!(before["webhooksUri"], "", "it takes an empty address for none");
    let uri = n8n.webhook("n8n?token=0123456789abcdef");
    let on = json!({"messagesAndStatuses": true, "contactsAndDealsCreation": true, "channelsUpdates": false, "templateStatus": true});
    let set = json!({"webhooksUri": uri, "subscriptions": on});
    n8n.asks(("PATCH", "/v3/webhooks"), Some(set), 200, &[("", OBJECT)]).await;
    let read = n8n.asks(("GET", "/v3/webhooks"), None, 200, hooks).await;
    // It compares both with what it set, and sets them again where they differ.
    assert_eq!(read["webhooksUri"], uri.as_str());
    for (name, value) in on.as_object().unwrap() {
        assert_eq!(read["subscriptions"][name], *value, "{name}");
    }
    n8n.bench.world.lock().unwrap().templates = json!([{
        "templateGuid": TEMPLATE, "title": "Welcome", "name": "welcome", "language": "ru", "status": "approved",
        "templateCode": format!("@template: {TEMPLATE} {{ [[bodyVar1]] }}"), "channels": [CHANNEL],
        "components": [{"type": "BODY", "text": "{{1}}, добро пожаловать", "example": {"body_text": [["Анна"]]}}]
    }]);
    let template: Reads<'_> = &[
        ("/0/templateGuid", TEXT),
        ("/0/title", TEXT),
        ("/0/language", TEXT),
        ("/0/status", TEXT),
        ("/0/templateCode", TEXT),
        ("/0/channels/0", TEXT),
        ("/0/components/0/example/body_text/0/0", TEXT),
    ];
    n8n.asks(("GET", "/v3/templates/whatsapp?limit=100&offset=0"), None, 200, template).await;
    // The chat window is not available yet.
    let window = json!({"user": {"id": "17", "name": "Анна"}, "scope": "global"});
    n8n.asks(("POST", "/v3/iframe"), Some(window), 404, ERROR).await;
}

async fn messages_of_n8n(n8n: &Client) {
    let sent: Reads<'_> = &[("/messageId", TEXT), ("/chatId", TEXT)];
    let post = ("POST", "/v3/message");
    let text = json!({"channelId": CHANNEL, "chatType": "whatsapp", "chatId": "79011112233", "text": "Добрый день!", "clearUnanswered": false, "crmMessageId": "n8n-1"});
    let answer = n8n.asks(post, Some(text.clone()), 201, sent).await;
    let again = n8n.asks(post, Some(text), 400, ERROR).await;
    assert_eq!(again["error"], "REPEATED_CRM_MESSAGE_ID");
    let other = json!({"channelId": CHANNEL, "chatType": "vk", "chatId": "1", "text": "Добрый день!"});
    let refused = n8n.asks(post, Some(other), 400, &[("/data", OBJECT)]).await;
    assert_eq!(refused["error"], "WRONG_TRANSPORT");
    let layouts = [
        (
            BOT,
            "telegram",
            json!({"replyMarkup": "inline", "buttons": [[{"text": "Сайт", "url": "https://example.com"}], [{"text": "Да", "callbackData": "yes"}]]}),
        ),
        (
            BOT,
            "telegram",
            json!({"replyMarkup": "reply", "buttons": [[{"text": "Да"}, {"text": "Нет"}]], "oneTimeKeyboard": true}),
        ),
        (BOT, "telegram", json!({"replyMarkup": "reply", "removeKeyboard": true})),
        (
            MAX_BOT,
            "max",
            json!({"chatType": "max", "buttons": [
                [{"type": "callback", "text": "Да", "payload": "yes", "intent": "positive"}],
                [{"type": "link", "text": "Сайт", "url": "https://example.com"}, {"type": "message", "text": "Позже"}]
            ]}),
        ),
    ];
    for (channel, kind, buttons) in layouts {
        let body = json!({"channelId": channel, "chatType": kind, "chatId": "5550017002", "text": "Удобно?", "buttonsObject": buttons});
        n8n.asks(post, Some(body), 201, sent).await;
    }
    let template = json!({
        "channelId": WABA, "chatType": "whatsapp", "chatId": "79011112255", "templateId": TEMPLATE, "templateValues": ["Марина"],
        "buttonsObject": {"buttons": [{"payload": "yes"}, {"payload": ""}]}
    });
    n8n.asks(post, Some(template), 201, sent).await;
    let path = format!("/v3/message/{}", answer["messageId"].as_str().unwrap());
    n8n.asks(("PATCH", &path), Some(json!({"text": "Добрый вечер!"})), 200, &[("", OBJECT)]).await;
    n8n.asks(("DELETE", &path), None, 200, &[]).await;
}

/// A file to copy into a project: users are looked up before they are made, and every message names its author.
#[tokio::test]
async fn the_python_file() {
    let python = Client::new(&[("Content-Type", "application/json")], None).await;
    let message = json!({"channelId": CHANNEL, "chatId": "79011112233", "chatType": "whatsapp", "text": "Добрый день!", "crmUserId": "17"});
    python.asks(("POST", "/v3/message"), Some(message), 201, &[("/messageId", TEXT)]).await;
    python.asks(("GET", "/v3/users/17"), None, 404, &[]).await;
    python.asks(("POST", "/v3/users"), Some(json!([{"id": "17", "name": "Анна"}])), 200, &[]).await;
    python.asks(("GET", "/v3/users/17"), None, 200, &[("", OBJECT)]).await;
    python.asks(("GET", "/v3/users?offset=0&sort=name"), None, 200, &[("", LIST)]).await;
    let points = json!([{"chatType": "whatsapp", "chatId": "79011112233"}, {"chatType": "whatsapp", "chatId": "79011112244"}]);
    let contacts = json!([{"id": 4711, "responsibleUserId": "17", "name": "Марина", "contactData": points}]);
    python.asks(("POST", "/v3/contacts"), Some(contacts), 200, &[]).await;
    python.asks(("GET", "/v3/contacts?offset=0"), None, 200, &[("/data/0/id", TEXT)]).await;
    python.asks(("PATCH", "/v3/contacts/bulk_delete"), Some(json!([4711])), 200, &[]).await;
    python.asks(("PATCH", "/v3/users/bulk_delete"), Some(json!(["17"])), 200, &[]).await;
    python.asks(("GET", "/v3/channels"), None, 200, &[("", LIST)]).await;
}
