//! The repository's own rules, as tests: which parts must agree, and what it must not contain.

mod layers;
mod samples;
mod template;
#[path = "../src/webhook.rs"]
mod webhook;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use template::Template;

type Names = BTreeSet<String>;

/// Pages of any origin call the API with a key: every method and every header that the API reads or sends.
#[test]
fn pages_of_any_origin_may_call_the_api() {
    let cors = Template::read().cors;
    let list = |name: &str| -> Vec<&str> { cors[name].trim_matches(['[', ']']).split(", ").collect() };
    assert_eq!(cors["AllowOrigins"], r#"["*"]"#);
    assert!(!cors.contains_key("AllowCredentials"), "a cookie proves nothing");
    assert_eq!(list("AllowMethods"), ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
    for header in ["authorization", "content-type", "idempotency-key", "if-none-match", "switchboard-account"]
    {
        assert!(list("AllowHeaders").contains(&header), "{header}");
    }
    for header in ["etag", "retry-after", "location", "www-authenticate", "apigw-requestid"] {
        assert!(list("ExposeHeaders").contains(&header), "{header}");
    }
    assert!(cors["MaxAge"].parse::<u32>().unwrap() >= 600);
}

/// The most lines of product code in a source file: one topic stays in one file, and a longer file is two topics.
const MAX_LINES: usize = 800;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folders(of: &str) -> Names {
    let entries = fs::read_dir(root().join(of)).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// All files below a folder, except built and fetched ones.
fn files(below: &Path) -> Vec<PathBuf> {
    const NOT_OURS: [&str; 6] = ["target", ".git", ".venv", ".local", ".aws-sam", "__pycache__"];
    let mut found = Vec::new();
    let entries = fs::read_dir(below).unwrap().map(Result::unwrap);
    // Of a second working tree `.git` is a file.
    for entry in entries.filter(|entry| !NOT_OURS.contains(&entry.file_name().to_str().unwrap())) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn sources(below: &str) -> Vec<PathBuf> {
    let mut found = files(&root().join(below));
    found.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    assert!(!found.is_empty(), "no sources below {below}");
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// The functions in README's table: rows that begin with a link to the function's folder.
fn functions_of_readme() -> Names {
    let readme = read("README.md");
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| [`functions/"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

#[test]
fn functions_are_the_same_in_template_folders_samples_and_readme() {
    let in_folders = folders("functions");
    assert_eq!(Template::read().functions.into_keys().collect::<Names>(), in_folders, "template.yaml");
    assert_eq!(functions_of_readme(), in_folders, "README.md");
    let mut samples = folders("events");
    for provider in shared::providers::built().map(|provider| provider.name()) {
        assert!(samples.remove(provider), "events/{provider}: no bodies of this provider");
    }
    assert_eq!(samples, in_folders, "events/");
}

/// The names of variables that the code of these files reads through `shared::platform::config`.
fn variables_read(files: &[PathBuf]) -> Names {
    let mut names = Names::new();
    for file in files {
        let code = fs::read_to_string(file).unwrap();
        for call in code.split("config::").skip(1) {
            let Some(rest) =
                ["required", "optional", "parsed"].iter().find_map(|name| call.strip_prefix(name))
            else {
                continue;
            };
            // A type between `::<` and `>` may come first; the name is the first argument in the parentheses.
            let argument = rest.split_once('(').map_or("", |(_, argument)| argument.trim_start());
            let name = argument.strip_prefix('"').and_then(|name| name.split('"').next());
            names.insert(
                name.unwrap_or_else(|| panic!("{}: a variable is read by no literal", relative(file))).into(),
            );
        }
    }
    names
}

#[test]
fn variables_in_the_template_are_the_variables_the_code_reads() {
    let template = Template::read();
    let by_all = variables_read(&sources("shared/src"));
    for (function, own) in &template.functions {
        let set: Names = own.union(&template.globals).cloned().collect();
        let read = variables_read(&sources(&format!("functions/{function}/src")));
        assert_eq!(set, read.union(&by_all).cloned().collect::<Names>(), "{function}: template.yaml | code");
    }
}

/// The names that [`shared::platform::metrics::Metric::name`] can return.
fn metrics() -> Names {
    let code = read("shared/src/platform/metrics.rs");
    let arms = code.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \""));
    let names: Names = arms.map(|(_, name)| name.trim_end_matches("\",").to_owned()).collect();
    assert!(names.contains(shared::platform::metrics::Metric::Quarantined.name()), "{names:?}");
    names
}

#[test]
fn alarms_on_our_metrics_use_their_names() {
    let (metrics, template) = (metrics(), Template::read());
    let ours: Vec<_> = template
        .alarms
        .iter()
        .filter(|alarm| alarm.namespace == shared::platform::metrics::NAMESPACE)
        .collect();
    assert!(!ours.is_empty(), "no alarm on the functions' own metrics");
    for alarm in ours {
        assert!(metrics.contains(&alarm.metric), "{}: there is no metric {}", alarm.name, alarm.metric);
        if let Some(function) = &alarm.function {
            assert!(template.functions.contains_key(function), "{}: there is no {function}", alarm.name);
        }
    }
    for alarm in &template.alarms {
        let known =
            alarm.namespace.starts_with("AWS/") || alarm.namespace == shared::platform::metrics::NAMESPACE;
        assert!(known, "{}: no function counts in {}", alarm.name, alarm.namespace);
    }
}

/// The emulator knows no condition on KMS's encryption context (`tests/local_stack.py`), so no run on it would miss this one.
#[test]
fn webhook_ingest_opens_what_is_sealed_for_webhooks_and_nothing_else() {
    let template = read("template.yaml");
    let role = template.split("\n  WebhookIngestRole:\n").nth(1).unwrap();
    let role = role.split("\n\n").next().unwrap();
    let opens = role.split("- Sid: ").filter(|statement| statement.contains("kms:")).collect::<Vec<_>>();
    let [decrypt] = opens.as_slice() else { panic!("{opens:?}") };
    assert!(decrypt.contains("Action: kms:Decrypt\n"), "{decrypt}");
    assert!(decrypt.contains("StringEquals: {kms:EncryptionContext:purpose: webhook}"), "{decrypt}");
    assert!(read("shared/src/platform/secrets.rs").contains(r#"vec![("purpose", "webhook")"#));
}

#[test]
fn no_source_file_is_too_long() {
    for file in sources("functions").into_iter().chain(sources("shared")) {
        let text = fs::read_to_string(&file).unwrap();
        let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = product.lines().count();
        assert!(lines <= MAX_LINES, "{}: {lines} lines, {MAX_LINES} at most", relative(&file));
    }
}

/// Two schemas with the same name would become one in the OpenAPI document, and one of them would be wrong.
#[test]
fn schemas_of_the_api_have_names_of_their_own() {
    let mut places: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for file in sources("functions/api/src") {
        let text = fs::read_to_string(&file).unwrap();
        for item in text
            .split("#[derive(")
            .skip(1)
            .filter(|item| item.split(')').next().unwrap().contains("ToSchema"))
        {
            let head =
                item.lines().find(|line| line.starts_with("pub struct ") || line.starts_with("pub enum "));
            let name = head.and_then(|head| head.split([' ', '<', '(', ';']).nth(2)).map(str::to_owned);
            places.entry(name.unwrap_or_default()).or_default().push(relative(&file));
        }
    }
    places.remove("");
    let twice: Vec<_> =
        places.iter().filter(|(name, files)| !name.starts_with('$') && files.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    pages.extend(
        files(&root().join("docs")).into_iter().filter(|path| path.extension().is_some_and(|e| e == "md")),
    );
    pages
}

/// The targets of a page's links, in the form `](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '\n']).next())
}

#[test]
fn links_lead_to_files_that_are_there_and_the_readme_leads_to_every_page() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for target in links(&text).filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let file = page.parent().unwrap().join(target.split('#').next().unwrap());
            assert!(file.exists(), "{}: {target} is not there", relative(&page));
        }
    }
    let readme = read("README.md");
    for page in pages().iter().map(|page| relative(page)).filter(|page| page != "README.md") {
        assert!(links(&readme).any(|target| target == page), "README.md does not lead to {page}");
    }
}

#[test]
fn paths_that_the_documents_name_are_there() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        let is_path = |word: &&str| {
            ["shared/", "functions/", "tests/", "docs/", "events/"].iter().any(|root| word.starts_with(root))
        };
        for path in quoted.filter(is_path).filter(|word| !word.contains(['{', '*', ' ', '…'])) {
            assert!(root().join(path).exists(), "{}: {path} is not there", relative(&page));
        }
    }
}

#[test]
fn no_path_of_somebodys_machine_is_in_the_repository() {
    // The paths are composed here, so that this file does not contain them either.
    let paths = ["work", "farm", "root", "home"].map(|folder| format!("/{folder}/"));
    for file in files(&root()) {
        // A file that is not text has no path that a reader would follow.
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            let found = paths.iter().find(|path| line.contains(path.as_str()));
            assert!(found.is_none(), "{}:{}: {}", relative(&file), number + 1, found.unwrap());
        }
    }
}

#[test]
fn p9_the_access_log_holds_the_route_key_and_never_what_may_hold_a_token_or_a_phone() {
    let template = read("template.yaml");
    let format =
        template.split("AccessLogSettings:").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    assert!(format.contains("$context.routeKey"), "{format}");
    let logged: BTreeSet<&str> =
        format.split("$context.").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let allowed = [
        "requestId",
        "routeKey",
        "status",
        "responseLatency",
        "integrationErrorMessage",
        "protocol",
        "responseLength",
    ];
    assert_eq!(logged, BTreeSet::from(allowed));
}
