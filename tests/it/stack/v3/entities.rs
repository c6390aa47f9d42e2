//! Users, contacts, deals, pipelines, and the counter of unanswered chats.

use super::bench::{Bench, TRANSPORTS};
use super::table::{Case, Seen, no, ok};
use crate::stack::PATIENCE;
use crate::stack::asking::{Asker, until};
use serde_json::{Value, json};

const NOT_FOUND: (u16, &str) = (404, "NOT_FOUND");
const MANY: (u16, &str) = (400, "TOO_MANY_ENTITIES");
const INVALID: (u16, &str) = (400, "VALIDATION_ERROR");

pub async fn run(bench: &Bench, seen: &mut Seen) {
    seen.run(&bench.asker, &users()).await;
    user_limit(bench, seen).await;
    seen.run(&bench.asker, &contacts()).await;
    paging(bench, seen).await;
    seen.run(&bench.asker, &deals()).await;
    seen.run(&bench.asker, &pipelines()).await;
    unanswered(bench, seen).await;
    responsible(bench, seen).await;
}

fn nothing() -> Value {
    json!({})
}

fn many(one: impl Fn(usize) -> Value, count: usize) -> Option<Value> {
    Some((0..count).map(one).collect())
}

/// The cases that every kind of entity has: loads with their limits, then deletions.
fn common(kind: &str, entity: &Value, code: (u16, &str)) -> Vec<Case> {
    let mut cases = loads(kind, entity, code);
    cases.extend(deletions(kind));
    cases
}

fn loads(kind: &str, entity: &Value, code: (u16, &str)) -> Vec<Case> {
    let all = format!("/v3/{kind}");
    let one = |id: &str| format!("/v3/{kind}/{id}");
    let load = ("POST", all.as_str());
    let named = |id: &str| tests::wazzup::with(entity.clone(), json!({"id": id}));
    let twice = json!([{"index": 1, "fields": ["id"]}]);
    vec![
        ok("one", load, Some(json!([named("c-1")])), nothing()),
        ok("it is there", ("GET", &one("c-1")), None, named("c-1")),
        ok("the same once more", load, Some(json!([named("c-1")])), nothing()),
        ok("without its list", load, Some(named("c-2")), nothing()),
        ok(
            "an id that is a number",
            load,
            Some(json!([tests::wazzup::with(entity.clone(), json!({"id": 3}))])),
            nothing(),
        ),
        ok("it is a text", ("GET", &one("3")), None, named("3")),
        ok(
            "unknown fields",
            load,
            Some(json!([tests::wazzup::with(named("c-1"), json!({"unknownField": [1]}))])),
            nothing(),
        ),
        no("one id twice", load, Some(json!([named("c-9"), named("c-9")])), code, twice),
        no("nothing of it was loaded", ("GET", &one("c-9")), None, NOT_FOUND, Value::Null),
        ok("a hundred", load, many(|at| named(&format!("m-{at}")), 100), nothing()),
        no(
            "more than a hundred",
            load,
            many(|at| named(&format!("m-{at}")), 101),
            MANY,
            json!({"limit": 100}),
        ),
        no("no list", load, Some(json!("x")), INVALID, Value::Null),
        no("no objects", load, Some(json!([7])), code, json!([{"index": 0, "fields": "<any>"}])),
        no(
            "an id that is too long",
            load,
            Some(json!([named(&"x".repeat(201))])),
            code,
            json!([{"index": 0, "fields": ["id"]}]),
        ),
    ]
}

/// Deletions of the entities that [`loads`] created.
fn deletions(kind: &str) -> Vec<Case> {
    let one = |id: &str| format!("/v3/{kind}/{id}");
    let bulk = format!("/v3/{kind}/bulk_delete");
    let bulk = ("PATCH", bulk.as_str());
    vec![
        ok("gone", ("DELETE", &one("c-1")), None, nothing()),
        no("not any more", ("GET", &one("c-1")), None, NOT_FOUND, Value::Null),
        no("not any more", ("DELETE", &one("c-1")), None, NOT_FOUND, Value::Null),
        ok("several gone", bulk, many(|at| json!(format!("m-{at}")), 100), json!([])),
        no("they are", ("GET", &one("m-99")), None, NOT_FOUND, Value::Null),
        ok(
            "by an object, unknown ones too",
            bulk,
            Some(json!({"ids": ["c-2", 3, "nobody"]})),
            json!(["nobody"]),
        ),
        no("they are", ("GET", &one("3")), None, NOT_FOUND, Value::Null),
        no("too many", bulk, many(|at| json!(at.to_string()), 101), MANY, Value::Null),
        no("no ids", bulk, Some(json!({"a": 1})), INVALID, Value::Null),
    ]
}

fn users() -> Vec<Case> {
    let code = (400, "INVALID_USERS_DATA");
    let load = ("POST", "/v3/users");
    let phone = |id: &str, phone: &str| json!([{"id": id, "name": "Вера", "phone": phone}]);
    let mut cases = common("users", &json!({"name": "Вера"}), code);
    cases.extend([
        no(
            "wrong fields",
            load,
            Some(
                json!([{"id": "v-1", "name": "Вера"}, {"id": "v-2", "name": ""}, {"name": 1, "phone": "x"}]),
            ),
            code,
            json!([{"index": 1, "fields": ["name"]}, {"index": 2, "fields": ["id"]}]),
        ),
        ok("a phone", load, Some(phone("v-1", "79011117101")), nothing()),
        ok(
            "it is shown",
            ("GET", "/v3/users/v-1"),
            None,
            json!({"id": "v-1", "name": "Вера", "phone": "79011117101"}),
        ),
        no(
            "another's phone",
            load,
            Some(phone("v-2", "+7 901 111-71-01")),
            (400, "DUPLICATE_PHONE_NUMBER"),
            Value::Null,
        ),
        ok("the same user's phone again", load, Some(phone("v-1", "89011117101")), nothing()),
        ok("none any more", load, Some(phone("v-1", "")), nothing()),
        ok("so another may have it", load, Some(phone("v-2", "79011117101")), nothing()),
        ok("all", ("GET", "/v3/users"), None, json!("<any>")),
    ]);
    cases
}

/// An account has at most a thousand users.
async fn user_limit(bench: &Bench, seen: &mut Seen) {
    let account = bench.live.account(&[600], &[]).await;
    let asker = Asker::new(bench.live, &account.key);
    let load = ("POST", "/v3/users");
    let user = |from: usize| move |at: usize| json!({"id": format!("u-{}", from + at), "name": "Вера"});
    let hundreds: Vec<Case> =
        (0..10).map(|hundred| ok("a hundred", load, many(user(hundred * 100), 100), nothing())).collect();
    seen.run(&asker, &hundreds).await;
    let limit = (400, "USER_LIMIT_EXCEEDED");
    seen.run(
        &asker,
        &[
            no("the thousand and first", load, many(user(1000), 1), limit, Value::Null),
            ok("one who is known", load, many(user(7), 1), nothing()),
        ],
    )
    .await;
    let all = asker.expect(200, "GET", "/v3/users", None).await;
    if all.as_array().map(Vec::len) != Some(1000) {
        seen.wrong.push(format!("not a thousand users: {}", all.as_array().map_or(0, Vec::len)));
    }
}

fn contact() -> Value {
    json!({
        "responsibleUserId": "anna", "name": "Марина", "uri": "https://crm.example.com/contacts/1",
        "contactData": [{"chatType": "telegram", "chatId": "5559990001", "username": "marina"}]
    })
}

fn contacts() -> Vec<Case> {
    let code = (400, "INVALID_CONTACTS_DATA");
    let load = ("POST", "/v3/contacts");
    let mut cases = common("contacts", &contact(), code);
    let wrong = |members: Value, fields: Value| {
        let body = tests::wazzup::with(contact(), json!({"id": "w-1"}));
        let body = tests::wazzup::with(body, members);
        no("wrong fields", load, Some(json!([body])), code, json!([{"index": 0, "fields": fields}]))
    };
    cases.extend([
        no(
            "nothing but an id",
            load,
            Some(json!([{"id": "w-1"}])),
            code,
            json!([{"index": 0, "fields": ["responsibleUserId", "name", "contactData"]}]),
        ),
        wrong(json!({"name": "x".repeat(201)}), json!(["name"])),
        wrong(json!({"uri": "x".repeat(201)}), json!(["uri"])),
        wrong(json!({"contactData": {}}), json!(["contactData"])),
        wrong(json!({"contactData": [{"chatType": "telegram"}]}), json!(["contactData"])),
        wrong(json!({"contactData": [{"chatId": "1"}]}), json!(["contactData"])),
        wrong(json!({"id": ""}), json!(["id"])),
    ]);
    cases
}

/// Pages are selected by `offset` and have a hundred entities each.
async fn paging(bench: &Bench, seen: &mut Seen) {
    let named = |at: usize| tests::wazzup::with(contact(), json!({"id": format!("p-{at:03}")}));
    let load = ("POST", "/v3/contacts");
    let list = |query: &'static str| ("GET", query);
    seen.run(
        &bench.asker,
        &[
            ok("a hundred", load, many(named, 100), nothing()),
            ok("one more", load, Some(named(100)), nothing()),
        ],
    )
    .await;
    seen.run(
        &bench.asker,
        &[
            ok("the first page", list("/v3/contacts"), None, json!({"count": 101, "data": "<any>"})),
            ok(
                "the second",
                list("/v3/contacts?offset=100"),
                None,
                json!({"count": 101, "data": [{"id": "<text>"}]}),
            ),
            ok("beyond", list("/v3/contacts?offset=101"), None, json!({"count": 101, "data": []})),
            no("no number", list("/v3/contacts?offset=-1"), None, INVALID, json!({"fields": ["offset"]})),
        ],
    )
    .await;
    let mut ids = std::collections::BTreeSet::new();
    for offset in [0, 100] {
        let page = bench.asker.expect(200, "GET", &format!("/v3/contacts?offset={offset}"), None).await;
        let page = page["data"].as_array().cloned().unwrap_or_default();
        ids.extend(page.iter().filter_map(|contact| contact["id"].as_str().map(str::to_owned)));
    }
    if ids.len() != 101 {
        seen.wrong.push(format!("two pages hold {} contacts", ids.len()));
    }
}

fn deals() -> Vec<Case> {
    let code = (400, "INVALID_DEALS_DATA");
    let load = ("POST", "/v3/deals");
    let deal = json!({
        "responsibleUserId": "anna", "name": "Мазда 3", "uri": "https://crm.example.com/deals/1",
        "contacts": ["p-000"], "closed": false
    });
    let mut cases = common("deals", &deal, code);
    let named = |members: Value| {
        json!([tests::wazzup::with(tests::wazzup::with(deal.clone(), json!({"id": "d-1"})), members)])
    };
    let shown = |members: Value| named(members)[0].clone();
    cases.extend([
        no(
            "wrong fields",
            load,
            Some(json!([{"id": "d-1", "contacts": 7, "closed": "perhaps"}])),
            code,
            json!([{"index": 0, "fields": "<any>"}]),
        ),
        ok(
            "the link by its other name",
            load,
            Some(named(json!({"uri": null, "link": "https://crm.example.com/2"}))),
            nothing(),
        ),
        ok("it is shown", ("GET", "/v3/deals/d-1"), None, shown(json!({"uri": "https://crm.example.com/2"}))),
        ok("closed, in words", load, Some(named(json!({"closed": "true"}))), nothing()),
        ok("it is shown", ("GET", "/v3/deals/d-1"), None, shown(json!({"closed": true}))),
        ok("all", ("GET", "/v3/deals?offset=0"), None, json!({"count": 1, "data": [{"id": "d-1"}]})),
    ]);
    cases
}

fn pipelines() -> Vec<Case> {
    let load = ("POST", "/v3/pipelines");
    let code = (400, "INVALID_PIPELINES_DATA");
    let stages = json!([{"id": "new", "name": "Новый"}, {"id": "done", "name": "Сделка"}]);
    let sales = json!({"id": "sales", "name": "Продажи", "stages": stages});
    let bare = json!({"id": "service", "name": "Сервис"});
    let wrong = |stages: Value, fields: Value| {
        let body = json!([{"id": "sales", "name": "Продажи", "stages": stages}]);
        no("wrong stages", load, Some(body), code, json!([{"index": 0, "fields": fields}]))
    };
    vec![
        ok("a load", load, Some(json!([sales, bare])), nothing()),
        ok("as loaded", ("GET", "/v3/pipelines"), None, json!([sales, bare])),
        ok("the next takes its place", load, Some(json!([sales])), nothing()),
        ok("as loaded", ("GET", "/v3/pipelines"), None, json!([sales])),
        wrong(json!([]), json!(["stages"])),
        wrong(json!([{"id": "1"}]), json!(["stages[0].name"])),
        wrong(json!([{"id": "1", "name": "a"}, {"id": "1", "name": "b"}]), json!(["stages[1].id"])),
        no("no name", load, Some(json!([{"id": "1"}])), code, json!([{"index": 0, "fields": ["name"]}])),
        ok("it stays", ("GET", "/v3/pipelines"), None, json!([sales])),
    ]
}

async fn unanswered(bench: &Bench, seen: &mut Seen) {
    // The WhatsApp client was assigned to one of the two; both are members of that channel and of no other.
    let counter = |who: &'static str| format!("/v3/unanswered/{who}");
    let responsible = until("the WhatsApp client's responsible", || async {
        let chats = bench
            .asker
            .expect(200, "GET", &format!("/v1/chats?channel={}", bench.own_channel("whatsapp")), None)
            .await;
        chats["chats"][0]["responsible"].as_str().map(str::to_owned)
    })
    .await;
    let (his, other) = if responsible == "anna" { ("anna", "boris") } else { ("boris", "anna") };
    let none = json!({"counterV2": 0, "type": null, "lastMsgDateTime": null});
    let red = json!({"counterV2": 1, "type": "red", "lastMsgDateTime": "<time>"});
    seen.run(
        &bench.asker,
        &[
            ok("the responsible's client waits", ("GET", &counter(his)), None, red),
            ok("no client of the other's waits", ("GET", &counter(other)), None, none.clone()),
            ok("without a role", ("GET", &counter("v-1")), None, none.clone()),
            ok("an unknown user", ("GET", &counter("nobody")), None, none),
        ],
    )
    .await;
}

/// The CRM names the responsible of a contact that it created for a client of ours: the employee becomes responsible at
/// once.
async fn responsible(bench: &Bench, seen: &mut Seen) {
    let (_, kind, chat) = TRANSPORTS[0];
    let made = |crm: &tests::sandbox::state::CrmState| !crm.contacts.is_empty();
    let crm = bench.live.sandbox.crm_until(&bench.account.crm, PATIENCE, made).await.unwrap();
    let path = format!("/v1/chats?channel={}", bench.own_channel("whatsapp"));
    for who in ["anna", "boris"] {
        let body = json!([{
            "id": crm.contacts[0].id, "responsibleUserId": who, "name": "Марина",
            "contactData": [{"chatType": kind, "chatId": chat}]
        }]);
        let load = ok("a client's contact", ("POST", "/v3/contacts"), Some(body), nothing());
        seen.run(&bench.asker, &[load]).await;
        let chats = bench.asker.expect(200, "GET", &path, None).await;
        if chats["chats"][0]["responsible"] != who {
            seen.wrong.push(format!("{who} is not responsible: {chats}"));
        }
    }
}
