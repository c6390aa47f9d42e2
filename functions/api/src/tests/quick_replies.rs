//! Quick replies (D5): who reads and changes which, how many there may be, and how their variables are filled in.

use super::rows;
use super::staff::Staff;
use crate::testing::Bench;
use serde_json::{Value, json};
use shared::base::ids::{AccountId, EmployeeId};
use shared::model::message::listing::{ChatListing, Listing, Price};
use shared::model::quick_reply::QuickReplyCount;
use shared::store::keys;

const LIST: &str = "/v1/quick-replies";

fn reply(title: &str, text: &str, employee: Option<&str>) -> Option<Value> {
    Some(json!({"title": title, "text": text, "employee": employee}))
}

impl Staff {
    /// Creates a quick reply and returns its id.
    async fn written(&self, who: &str, text: &str, employee: Option<&str>) -> String {
        let answer =
            self.bench.expect(201, self.key(who), "POST", LIST, reply("Title", text, employee)).await;
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn grant(&self, name: &str, sections: &[&str]) {
        let path = format!("/v1/employees/{name}/sections");
        let body = Some(json!({"sections": sections}));
        self.bench.expect(200, &self.company.key, "PUT", &path, body).await;
    }
}

#[tokio::test]
async fn a_quick_reply_is_written_read_changed_and_deleted() {
    let staff = Staff::new().await;
    let (bench, key) = (&staff.bench, &staff.company.key);
    let made =
        bench.expect(201, key, "POST", LIST, reply("Hi", "Hello {client_name}, {{{car}}}\n", None)).await;
    assert_eq!((&made["employee"], &made["variables"]), (&Value::Null, &json!(["client_name", "car"])));
    let path = format!("{LIST}/{}", made["id"].as_str().unwrap());
    assert_eq!(bench.expect(200, key, "GET", &path, None).await, made);
    bench.clock.advance(std::time::Duration::from_secs(60));
    let change = Some(json!({"title": "Bye", "text": "Bye {company}"}));
    let changed = bench.expect(200, key, "PUT", &path, change).await;
    assert_eq!((&changed["title"], &changed["text"]), (&json!("Bye"), &json!("Bye {company}")));
    assert_eq!(changed["created_at"], made["created_at"]);
    assert_ne!(changed["changed_at"], made["changed_at"]);
    let listed = bench.expect(200, key, "GET", LIST, None).await;
    assert_eq!(listed["quick_replies"], json!([changed]));
    bench.expect(204, key, "DELETE", &path, None).await;
    for (method, body) in [("GET", None), ("DELETE", None), ("PUT", Some(json!({"title": "x", "text": "x"})))]
    {
        bench.refused(key, (method, &path), body, (404, "not_found", None)).await;
    }
}

#[tokio::test]
async fn what_is_no_quick_reply_is_refused_naming_the_field() {
    let staff = Staff::new().await;
    let (bench, key) = (&staff.bench, &staff.company.key);
    let long = "ё".repeat(4097);
    for (body, code, field) in [
        (json!({"title": "", "text": "x"}), "invalid_value", "title"),
        (json!({"title": "x".repeat(101), "text": "x"}), "invalid_value", "title"),
        (json!({"title": "x", "text": " \n"}), "invalid_value", "text"),
        (json!({"title": "x", "text": long}), "invalid_value", "text"),
        (json!({"title": "x", "text": "a\u{0}b"}), "invalid_value", "text"),
        (json!({"title": "x", "text": "{price}"}), "invalid_value", "text"),
        (json!({"title": "x", "text": "{car"}), "invalid_value", "text"),
        (json!({"title": "x"}), "missing_field", "text"),
        (json!({"title": "x", "text": "x", "shared": true}), "unknown_field", "shared"),
    ] {
        bench.refused(key, ("POST", LIST), Some(body), (400, code, Some(field))).await;
    }
    let most = json!({"title": "x".repeat(100), "text": "ё".repeat(4096)});
    bench.expect(201, key, "POST", LIST, Some(most)).await;
    let answer = bench.expect(400, key, "POST", LIST, reply("x", "{price}", None)).await;
    let words = answer["error"]["message"].as_str().unwrap();
    assert!(words.contains("{price}") && words.contains("{car_price}"), "it names both: {words}");
    bench.refused(key, ("POST", LIST), reply("x", "x", Some("unknown")), (404, "not_found", None)).await;
}

#[tokio::test]
async fn a8_shared_ones_are_changed_with_the_section_and_own_ones_by_their_employee() {
    let staff = Staff::new().await;
    let bench = &staff.bench;
    let shared = staff.written("admin", "shared", None).await;
    let annas = staff.written("anna", "anna's", Some("anna")).await;
    let boriss = staff.written("admin", "boris's", Some("boris")).await;
    let (shared, annas, boriss) =
        (format!("{LIST}/{shared}"), format!("{LIST}/{annas}"), format!("{LIST}/{boriss}"));
    let anna = staff.key("anna");
    // Anna reads shared ones and her own; another employee's get the answer of an unknown id.
    bench.expect(200, anna, "GET", &shared, None).await;
    bench.expect(200, anna, "GET", &annas, None).await;
    bench.refused(anna, ("GET", &boriss), None, (404, "not_found", None)).await;
    let others = format!("{boriss}?employee=boris");
    bench.refused(anna, ("GET", &others), None, (404, "not_found", None)).await;
    for path in [format!("{LIST}?employee=boris"), format!("{LIST}?employee=unknown")] {
        bench.refused(anna, ("GET", &path), None, (404, "not_found", None)).await;
    }
    bench.refused(anna, ("POST", LIST), reply("x", "x", Some("boris")), (404, "not_found", None)).await;
    // Anna changes her own ones, and shared ones only with the section.
    let change = || Some(json!({"title": "x", "text": "changed"}));
    let denied = (403, "section_not_granted", None);
    bench.expect(200, anna, "PUT", &annas, change()).await;
    bench.refused(anna, ("PUT", &shared), change(), denied).await;
    bench.refused(anna, ("DELETE", &shared), None, denied).await;
    bench.refused(anna, ("POST", LIST), reply("x", "x", None), denied).await;
    staff.grant("anna", &["channels"]).await;
    bench.refused(anna, ("PUT", &shared), change(), denied).await;
    staff.grant("anna", &["quick_replies"]).await;
    bench.expect(200, anna, "PUT", &shared, change()).await;
    bench.refused(anna, ("DELETE", &boriss), None, (404, "not_found", None)).await;
    bench.expect(204, anna, "DELETE", &annas, None).await;
    bench.expect(204, anna, "DELETE", &shared, None).await;
    // An admin must name the employee whose quick replies they mean.
    let key = &staff.company.key;
    bench.refused(key, ("GET", &boriss), None, (404, "not_found", None)).await;
    bench.expect(204, key, "DELETE", &others, None).await;
}

#[tokio::test]
async fn lists_are_kept_apart_and_read_page_by_page() {
    let staff = Staff::new().await;
    let (bench, key) = (&staff.bench, &staff.company.key);
    let (mut shared, mut own) = (Vec::new(), Vec::new());
    for n in 0..5 {
        bench.clock.advance(std::time::Duration::from_millis(1));
        shared.push(staff.written("admin", &format!("shared {n}"), None).await);
        own.push(staff.written("anna", &format!("own {n}"), Some("anna")).await);
    }
    let ids = async |key: &str, path: &str| rows::ids(bench, key, path, "quick_replies").await;
    for key in [key.as_str(), staff.key("anna"), staff.key("boris")] {
        assert_eq!(ids(key, &format!("{LIST}?limit=2")).await, shared);
    }
    for key in [key.as_str(), staff.key("anna")] {
        assert_eq!(ids(key, &format!("{LIST}?limit=2&employee=anna")).await, own);
    }
    assert!(ids(key, &format!("{LIST}?employee=boris")).await.is_empty());
    let page = bench.expect(200, key, "GET", &format!("{LIST}?limit=2&employee=anna"), None).await;
    let foreign = format!("{LIST}?cursor={}", page["next_cursor"].as_str().unwrap());
    bench.refused(key, ("GET", &foreign), None, (400, "invalid_cursor", Some("cursor"))).await;
}

#[tokio::test]
async fn there_are_at_most_500_shared_ones_and_100_of_each_employee() {
    let staff = Staff::new().await;
    let (bench, key) = (&staff.bench, &staff.company.key);
    let account = AccountId::new(staff.company.id.as_str());
    for (employee, limit) in [(None, 500), (Some("anna"), 100)] {
        let first = staff.written("admin", "first", employee).await;
        let row = keys::quick_reply_count(&account, employee.map(EmployeeId::new).as_ref());
        let counted: QuickReplyCount =
            bench.app.store.get(&row, shared::store::Read::Consistent).await.unwrap().unwrap();
        assert_eq!(counted.count, 1);
        rows::change(bench, &counted, |counted| counted.count = limit - 1).await;
        // The last one that fits: of two concurrent requests, one is refused.
        let body = || reply("x", "x", employee);
        let (one, two) =
            tokio::join!(bench.call(key, "POST", LIST, body()), bench.call(key, "POST", LIST, body()));
        let mut statuses = [one.0, two.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 422], "{employee:?} {} {}", one.1, two.1);
        bench.refused(key, ("POST", LIST), body(), (422, "too_many", None)).await;
        let own = employee.map(|name| format!("?employee={name}")).unwrap_or_default();
        bench.expect(204, key, "DELETE", &format!("{LIST}/{first}{own}"), None).await;
        bench.expect(201, key, "POST", LIST, body()).await;
        bench.refused(key, ("POST", LIST), body(), (422, "too_many", None)).await;
    }
    // The limit is per employee.
    staff.written("admin", "boris's", Some("boris")).await;
}

/// A chat about a car, which has a value for every variable.
async fn about_a_car(staff: &Staff) -> String {
    let chat = staff.chat("about-a-car", "anna", 1_000_000).await;
    rows::contact(&staff.bench, &staff.company, "contact", None, &[]).await;
    let listing = Listing {
        id: "2508461773".into(),
        title: Some("Lada Vesta, 2021".into()),
        price: Some(Price { amount: 1_250_000, currency: "RUB".into() }),
        url: Some("https://www.avito.ru/2508461773".into()),
        ..Listing::default()
    };
    let row = ChatListing::tell(None, &chat.account, &chat.chat, &listing, chat.listed_at).unwrap();
    rows::create(&staff.bench, &[row]).await;
    rows::change(&staff.bench, &chat, |chat| chat.listing = Some(listing.mark())).await;
    chat.chat.to_string()
}

#[tokio::test]
async fn a_quick_reply_says_what_is_known_in_the_chat() {
    let staff = Staff::new().await;
    let bench = &staff.bench;
    let title = Some(json!({"title": "Showroom"}));
    bench.expect(200, &staff.company.key, "PATCH", &format!("/v1/channels/{}", staff.channel), title).await;
    let chat = about_a_car(&staff).await;
    let text = "{client_name} {employee_name} {car} {car_price} {car_link} {channel_name} {company} {{}}";
    let id = staff.written("admin", text, None).await;
    let path = format!("/v1/chats/{chat}/quick-replies/{id}");
    let said = bench.expect(200, staff.key("anna"), "POST", &path, None).await;
    let expected = "Name of contact Name of anna Lada Vesta, 2021 1\u{a0}250\u{a0}000\u{a0}₽ \
                    https://www.avito.ru/2508461773 Showroom One {}";
    assert_eq!(said["text"], expected);
    let for_her = format!("{path}?employee=anna");
    assert_eq!(bench.expect(200, staff.key("admin"), "POST", &for_her, None).await["text"], expected);
    // The account itself has no employee's name.
    let missing = (422, "variable_missing", Some("employee_name"));
    bench.refused(staff.key("admin"), ("POST", &path), None, missing).await;
    // An employee who may not see the chat learns nothing of it.
    for who in ["boris", "stranger"] {
        bench.refused(staff.key(who), ("POST", &path), None, (404, "not_found", None)).await;
    }
    let own = staff.written("boris", "his own", Some("boris")).await;
    let path = format!("/v1/chats/{chat}/quick-replies/{own}");
    bench.refused(staff.key("anna"), ("POST", &path), None, (404, "not_found", None)).await;
    let path = format!("{path}?employee=boris");
    bench.refused(staff.key("anna"), ("POST", &path), None, (404, "not_found", None)).await;
    assert_eq!(bench.expect(200, staff.key("admin"), "POST", &path, None).await["text"], "his own");
}

#[tokio::test]
async fn a_variable_without_a_value_is_an_error_that_names_it() {
    let staff = Staff::new().await;
    staff.chat("plain", "anna", 1_000_000).await;
    for variable in ["car", "car_price", "car_link"] {
        let id = staff.written("anna", &format!("About {{{variable}}}"), Some("anna")).await;
        let path = format!("/v1/chats/plain/quick-replies/{id}");
        let missing = (422, "variable_missing", Some(variable));
        staff.bench.refused(staff.key("anna"), ("POST", &path), None, missing).await;
    }
    // Without a contact row, the chat's own name is used.
    let id = staff.written("anna", "{client_name}", Some("anna")).await;
    let path = format!("/v1/chats/plain/quick-replies/{id}");
    assert_eq!(staff.bench.expect(200, staff.key("anna"), "POST", &path, None).await["text"], "Ivan");
}

#[tokio::test]
async fn what_an_employee_has_of_his_own_can_be_forgotten() {
    let staff = Staff::new().await;
    let account = AccountId::new(staff.company.id.as_str());
    staff.written("anna", "own", Some("anna")).await;
    let boriss = staff.written("boris", "own", Some("boris")).await;
    for _ in 0..2 {
        staff.bench.app.store.forget_quick_replies(&account, &EmployeeId::new("anna")).await.unwrap();
    }
    let key = &staff.company.key;
    let list = |name: &str| format!("{LIST}?employee={name}");
    assert!(rows::ids(&staff.bench, key, &list("anna"), "quick_replies").await.is_empty());
    assert_eq!(rows::ids(&staff.bench, key, &list("boris"), "quick_replies").await, [boriss]);
    staff.written("anna", "anew", Some("anna")).await;
}

#[tokio::test]
async fn another_accounts_quick_reply_is_an_unknown_one() {
    let bench = Bench::new().await;
    let (one, two) = (bench.company("One").await, bench.company("Two").await);
    let made = bench.expect(201, &one.key, "POST", LIST, reply("x", "x", None)).await;
    let path = format!("{LIST}/{}", made["id"].as_str().unwrap());
    bench.refused(&two.key, ("GET", &path), None, (404, "not_found", None)).await;
    assert_eq!(bench.expect(200, &two.key, "GET", LIST, None).await["quick_replies"], json!([]));
}

#[tokio::test]
async fn an_employees_id_that_nobody_can_have_is_refused_naming_it() {
    let staff = Staff::new().await;
    staff.chat("chat", "anna", 1_000_000).await;
    let (bench, key) = (&staff.bench, &staff.company.key);
    let id = staff.written("admin", "x", None).await;
    let refusal = (400, "invalid_value", Some("employee"));
    for whose in ["", "%20", "a%2Fb", "a%00b", &"x".repeat(201), &"x".repeat(3000)] {
        for (method, path, body) in [
            ("GET", LIST.to_owned(), None),
            ("GET", format!("{LIST}/{id}"), None),
            ("PUT", format!("{LIST}/{id}"), Some(json!({"title": "x", "text": "x"}))),
            ("DELETE", format!("{LIST}/{id}"), None),
            ("POST", format!("/v1/chats/chat/quick-replies/{id}"), None),
        ] {
            bench.refused(key, (method, &format!("{path}?employee={whose}")), body, refusal).await;
        }
    }
    for whose in ["", "a/b", &"x".repeat(201), &"x".repeat(3000)] {
        bench.refused(key, ("POST", LIST), reply("x", "x", Some(whose)), refusal).await;
    }
}

#[tokio::test]
async fn what_is_shared_is_read_by_those_who_work_somewhere() {
    let staff = Staff::new().await;
    let bench = &staff.bench;
    let shared = format!("{LIST}/{}", staff.written("admin", "shared", None).await);
    for who in ["admin", "anna", "boris", "head", "quality"] {
        for path in [LIST, &shared] {
            bench.expect(200, staff.key(who), "GET", path, None).await;
        }
    }
    let stranger = staff.key("stranger");
    for path in [LIST, &shared] {
        bench.refused(stranger, ("GET", path), None, (403, "no_role", None)).await;
    }
    bench.expect(200, stranger, "GET", &format!("{LIST}?employee=stranger"), None).await;
    // An employee who maintains the texts need not be a member of a channel.
    staff.grant("stranger", &["quick_replies"]).await;
    bench.expect(200, stranger, "GET", &shared, None).await;
}
