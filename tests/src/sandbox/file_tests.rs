//! Files of the sandbox, and how the CRM handles messages with a file.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::Error;
use super::faults::{Action, Fault};
use super::state::{CrmSetup, FileState};
use super::tests::{Scene, message, scene, with};
use super::words::MessageType;

const PICTURE: &[u8] = b"\xff\xd8\xffpicture";

impl Scene {
    async fn fault(&self, action: Action) -> u64 {
        self.client.add_fault(&Fault::file("a.jpg", action).times(1)).await.unwrap()
    }

    async fn get(&self, link: &str) -> reqwest::Result<reqwest::Response> {
        self.http.get(link).timeout(Duration::from_secs(5)).send().await
    }

    async fn file(&self, name: &str) -> FileState {
        self.client.files().await.unwrap().into_iter().find(|file| file.name == name).unwrap()
    }
}

async fn served() -> (Scene, String) {
    let mut scene = scene(CrmSetup::default()).await;
    // The test reads redirects and must not follow them.
    scene.http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let link = scene.client.put_file("a.jpg", "image/jpeg", PICTURE).await.unwrap();
    (scene, link)
}

#[tokio::test]
async fn a_file_is_served_as_it_was_put_and_counted() {
    let (scene, link) = served().await;
    let got = scene.get(&link).await.unwrap();
    assert_eq!((got.status().as_u16(), got.headers()["content-type"].to_str().unwrap()), (200, "image/jpeg"));
    assert_eq!(got.headers()["content-length"], PICTURE.len().to_string().as_str());
    assert_eq!(got.bytes().await.unwrap(), PICTURE);
    let head = scene.http.head(&link).bearer_auth("x").send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.bytes().await.unwrap().len()), (200, 0));
    assert_eq!(scene.get(&scene.client.file_url("none")).await.unwrap().status().as_u16(), 404);
    let put = scene
        .http
        .put(scene.client.file_url("b"))
        .header("content-disposition", "attachment; filename=\"b.pdf\"");
    put.body("b").send().await.unwrap();
    let named = scene.get(&scene.client.file_url("b")).await.unwrap();
    assert_eq!(named.headers()["content-disposition"], "attachment; filename=\"b.pdf\"");
    assert_eq!(named.headers()["content-type"], "application/octet-stream");

    let told = scene.file("a.jpg").await;
    assert_eq!((told.bytes, told.content_type.as_deref()), (PICTURE.len(), Some("image/jpeg")));
    let asked: Vec<_> =
        told.requests.iter().map(|r| (r.method.as_str(), r.authorization, r.answer)).collect();
    assert_eq!(asked, [("GET", false, Some(200)), ("HEAD", true, Some(200))]);
    let missing = scene.file("none").await;
    assert_eq!((missing.content_type, missing.requests[0].answer), (None, Some(404)));
}

#[tokio::test]
async fn a_file_fails_on_demand() {
    let (scene, link) = served().await;
    for action in [
        Action::retry_after(503, 7),
        Action::garbage(),
        Action::wrong_type("text/html"),
        Action::redirect("http://169.254.169.254/latest"),
        Action::too_large(200_000),
        Action::too_large_untold(200_000),
        Action::delay(Duration::from_millis(20)),
        Action::act_then_drop(),
    ] {
        scene.fault(action).await;
    }
    let limited = scene.get(&link).await.unwrap();
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (503, "7"));
    let garbage = scene.get(&link).await.unwrap();
    assert!(garbage.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let typed = scene.get(&link).await.unwrap();
    assert_eq!(typed.headers()["content-type"], "text/html");
    assert_eq!(typed.bytes().await.unwrap(), PICTURE);
    let redirect = scene.get(&link).await.unwrap();
    assert_eq!(redirect.status().as_u16(), 302);
    assert_eq!(redirect.headers()["location"], "http://169.254.169.254/latest");
    for told in [Some(200_000), None] {
        let large = scene.get(&link).await.unwrap();
        assert_eq!(
            (large.content_length(), &large.headers()["content-type"]),
            (told, &"image/jpeg".parse().unwrap())
        );
        assert_eq!(large.bytes().await.unwrap().len(), 200_000);
    }
    assert_eq!(scene.get(&link).await.unwrap().bytes().await.unwrap(), PICTURE);
    assert!(scene.get(&link).await.is_err_and(|error| !error.is_timeout()));
    assert_eq!(scene.get(&link).await.unwrap().bytes().await.unwrap(), PICTURE);
    let requests = scene.file("a.jpg").await.requests;
    assert_eq!((requests.len(), requests.iter().filter(|request| request.fault.is_some()).count()), (9, 8));
}

#[tokio::test]
async fn faults_of_files_are_for_files() {
    let (scene, _) = served().await;
    for (fault, wrong) in [
        (Fault::crm("garage", "any", Action::redirect("http://a.example")), true),
        (Fault::wazzup("key", "any", Action::wrong_type("text/html")), true),
        (Fault::crm("garage", "any", Action::too_large(1)), true),
        (Fault::file("a.jpg", Action::too_large(1 << 40)), true),
        (Fault::file("", Action::status(404)), true),
        (Fault::file("other.jpg", Action::status(404)), false),
    ] {
        let set = scene.client.add_fault(&fault).await;
        assert_eq!(matches!(set, Err(Error::Refused { status: 400, .. })), wrong, "{fault:?}");
    }
    assert_eq!(scene.get(&scene.client.file_url("a.jpg")).await.unwrap().status().as_u16(), 200);
}

fn text_then_file(link: &str) -> [Value; 2] {
    let first = message("m1", "[Продажи] [Изображение]");
    let file = with(with(first.clone(), "isEdited", json!(true)), "type", json!("image"));
    [first, with(with(file, "contentUri", json!(link)), "text", json!("[Продажи]"))]
}

#[tokio::test]
async fn a_file_may_follow_its_text_as_an_edit() {
    let (scene, link) = served().await;
    let stable = scene.client.file_url("stable");
    scene.client.add_fault(&Fault::file("stable", Action::redirect(&link))).await.unwrap();
    let [first, then] = text_then_file(&stable);
    assert_eq!(scene.push(json!({ "messages": [first] })).await, 200);
    let held = scene.crm().await.chats[0].messages[0].clone();
    assert_eq!((held.kind, held.content_uri, held.file_seq), (MessageType::Text, None, None));
    assert!(matches!(scene.client.fetch_file("garage", "m1").await, Err(Error::Refused { status: 409, .. })));
    assert_eq!(scene.push(json!({ "messages": [then] })).await, 200);

    let state = scene.crm().await;
    assert!(state.refused.is_empty() && state.anomalies.is_empty(), "{state:?}");
    let held = &state.chats[0].messages[0];
    assert_eq!((held.kind, held.content_uri.as_deref()), (MessageType::Image, Some(stable.as_str())));
    assert!(held.file_followed() && held.file.is_none(), "nothing is fetched unasked");
    let got = scene.client.fetch_file("garage", "m1").await.unwrap();
    assert_eq!((got.status, got.redirected, got.error.as_deref()), (Some(200), true, None));
    assert_eq!((got.content_type.as_deref(), got.bytes), (Some("image/jpeg"), PICTURE.len()));
    assert_eq!(scene.crm().await.chats[0].messages[0].file, Some(got));
    assert!(!scene.file("a.jpg").await.requests[0].authorization);
}

#[tokio::test]
async fn the_crm_follows_one_redirect_to_a_web_link() {
    let (scene, link) = served().await;
    let [_, with_file] = text_then_file(&link);
    scene.push(json!({ "messages": [with_file] })).await;
    for (redirect, wrong) in
        [(link.as_str(), "more than one redirect"), ("ftp://127.0.0.1/a", "no http(s) link")]
    {
        let id = scene.client.add_fault(&Fault::file("a.jpg", Action::redirect(redirect))).await.unwrap();
        let got = scene.client.fetch_file("garage", "m1").await.unwrap();
        assert_eq!((got.redirected, got.error.as_deref()), (true, Some(wrong)));
        scene.client.remove_fault(id).await.unwrap();
    }
    scene.fault(Action::status(404)).await;
    let gone = scene.client.fetch_file("garage", "m1").await.unwrap();
    assert_eq!((gone.status, gone.redirected, gone.error), (Some(404), false, None));
    for (crm, id) in [("garage", "m9"), ("other", "m1")] {
        assert!(matches!(scene.client.fetch_file(crm, id).await, Err(Error::Refused { status: 404, .. })));
    }
    let bad = with(message("m2", "а"), "contentUri", json!("/media/1"));
    assert_eq!(scene.push(json!({ "messages": [bad] })).await, 400);
}

#[tokio::test]
async fn the_page_shows_prefix_quote_listing_post_and_file() {
    let (scene, link) = served().await;
    let [first, then] = text_then_file(&link);
    let quoting =
        with(message("m2", "Да <b>"), "quotedMessage", json!({ "messageId": "m1", "text": "Белая <i>?" }));
    let advert = json!({ "title": "Авто <u>", "price": "300 000 ₽", "url": "https://avito.example/17" });
    let listed = with(message("m3", "Торг?"), "advert", advert);
    let bad = with(message("m4", "Ещё"), "advert", json!({ "id": 5, "url": "javascript:alert(1)" }));
    let post = json!({ "id": "1", "description": "Пост", "src": "https://instagram.example/p/1" });
    let comment = with(message("m5", "Сколько?"), "instPost", post);
    scene.push(json!({ "messages": [first, quoting, listed, bad, comment] })).await;
    scene.push(json!({ "messages": [then] })).await;
    scene.client.fetch_file("garage", "m1").await.unwrap();
    let html = scene.get(&scene.sandbox.url()).await.unwrap().text().await.unwrap();
    for part in [
        "<mark>[Продажи]</mark>",
        "text in delivery 1, file in delivery 2",
        &format!("fetched: image/jpeg, {} bytes, 200", PICTURE.len()),
        "<blockquote>Белая &lt;i&gt;?</blockquote>",
        "about <a href=\"https://avito.example/17\" rel=noreferrer>Авто &lt;u&gt;</a>, 300 000 ₽",
        "about 5</div>",
        "comment under <a href=\"https://instagram.example/p/1\" rel=noreferrer>Пост</a>",
        "Да &lt;b&gt;",
        "<td>a.jpg</td>",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    assert!(!html.contains("javascript:"));
    scene.client.reset().await.unwrap();
    assert!(scene.client.files().await.unwrap().is_empty());
}
