//! Clients of Wazzup API v3 that a package registry has, pinned in `requirements.txt` and unchanged but for the base
//! URL, against the deployed stack: every method, its answers parsed by the client's own models, and its webhook
//! listener fed with our webhooks.
//!
//! PyPI has one: `wazzup-pysdk`. Its `wazzup` is a client of WhatsApp's Cloud API, and its `wazzup-api-python` holds no
//! module; npm has none. Clients that are only repositories are conformance cases in
//! `functions/api/src/tests/v3/clients.rs`.

mod driver;
mod listener;

use super::Live;
use super::asking::until;
use super::v3::bench::{Bench, LATE, LATE_PHONE, TRANSPORTS, uuid};
use driver::Driver;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// One test for both, because all that the client offers is counted over both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wazzup_pysdk_works_with_another_base_url_alone() {
    let bench = Bench::new(Live::get()).await;
    let report = every_method(&bench).await;
    let listened = listener::hears(&bench).await;
    let names = |list: &Value| -> BTreeSet<String> { serde_json::from_value(list.clone()).unwrap() };
    let left_out: BTreeSet<String> = report["left_out"].as_object().unwrap().keys().cloned().collect();
    let used: BTreeSet<String> = &names(&report["used"]) | &names(&listened);
    let both: Vec<&String> = used.intersection(&left_out).collect();
    assert!(both.is_empty(), "left out, and used: {both:?}");
    let (covered, offered) = (&used | &left_out, names(&report["offered"]));
    assert_eq!(covered, offered, "covered | offered");
    println!("wazzup-pysdk: {} methods, {} of them left out", offered.len(), left_out.len());
    assert!(used.len() >= 80, "{}", used.len());
}

/// Calls every method once, with what there is in the account.
async fn every_method(bench: &Bench) -> Value {
    let channels: Map<String, Value> = TRANSPORTS
        .iter()
        .map(|(transport, kind, chat)| {
            let written = bench.written(transport);
            let channel =
                json!({"id": bench.channel(transport), "chatType": kind, "chat": chat, "written": written});
            ((*transport).to_owned(), channel)
        })
        .collect();
    let path = format!("/v1/chats?channel={}", bench.own_channel("whatsapp"));
    let user = until("the WhatsApp client's responsible", || async {
        let chats = bench.asker.expect(200, "GET", &path, None).await;
        chats["chats"][0]["responsible"].as_str().map(str::to_owned)
    })
    .await;
    let sandbox = &bench.live.sandbox;
    let given = json!({
        "base": bench.live.stack.api_url, "key": bench.account.key, "channels": channels, "user": user,
        "unknown": uuid(), "template": uuid(), "late": LATE, "late_phone": LATE_PHONE,
        "webhook": sandbox.crm_webhook_url(&bench.account.crm), "no_webhook": sandbox.crm_webhook_url("none"),
    });
    let mut driver = Driver::start("pysdk_methods.py", &given);
    let report = driver.end();
    let wrong: Vec<String> = serde_json::from_value(report["wrong"].clone()).unwrap();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    report
}
