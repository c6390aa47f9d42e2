//! Conformance of `/v3` to Wazzup's API v3 (`docs/UNIVERSAL-CRM.md` lists the differences): tables with every route,
//! its successful answer, and each documented error, run on the deployed stack; then the webhooks as a CRM gets them.

pub(super) mod bench;
mod codes;
mod entities;
mod hooks;
mod messages;
mod settings;
mod table;

use super::Live;
use bench::Bench;
use std::collections::BTreeSet;
use table::Seen;

/// The operations of the document, as method and path with its placeholders.
async fn operations(bench: &Bench) -> BTreeSet<(String, String)> {
    let document = bench.asker.expect(200, "GET", "/v1/openapi.json", None).await;
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|_| path.starts_with("/v3/")) {
            operations.insert((method.to_uppercase(), path.clone()));
        }
    }
    operations
}

/// Whether a path matches a template: the last part of the paths of `/v3` may be an id.
fn is_of(template: &str, path: &str) -> bool {
    match template.strip_suffix("{id}") {
        Some(before) => path.strip_prefix(before).is_some_and(|id| !id.is_empty() && id != "bulk_delete"),
        None => template == path,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_of_v3_answers_as_documented() {
    let bench = Bench::new(Live::get()).await;
    let mut seen = Seen::default();
    settings::run(&bench, &mut seen).await;
    entities::run(&bench, &mut seen).await;
    messages::run(&bench, &mut seen).await;
    let unseen = codes::given().into_iter().filter(|code| !seen.codes.contains(code));
    seen.wrong.extend(unseen.map(|code| format!("not provoked: {code}")));
    let operations = operations(&bench).await;
    assert!(operations.len() >= 25, "{}", operations.len());
    for (method, template) in operations {
        let mut done = seen.done.iter().filter(|(done, _)| *done == method);
        if !done.any(|(_, path)| is_of(&template, path)) {
            seen.wrong.push(format!("never carried out: {method} {template}"));
        }
    }
    assert!(seen.wrong.is_empty(), "{} wrong:\n{}", seen.wrong.len(), seen.wrong.join("\n"));
}
