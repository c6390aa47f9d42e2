//! Which module may import which, checked against the paths in the sources: layers of `shared`, folders of the API, no
//! cycles.

use super::{relative, root, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A layer of `shared/src`, and the layers that it may import.
const LAYERS: [(&str, &[&str]); 8] = [
    ("base", &[]),
    ("model", &["base"]),
    ("wazzup_v3", &["base", "model"]),
    ("platform", &["base", "model"]),
    ("store", &["base", "model", "platform"]),
    ("providers", &["base", "model", "platform", "wazzup_v3"]),
    ("crm", &["base", "model", "platform", "wazzup_v3"]),
    ("service", &["base", "model", "platform", "wazzup_v3", "store", "providers", "crm"]),
];

/// The layers without any input or output: types and policies.
const PURE: [&str; 3] = ["base", "model", "wazzup_v3"];

/// A module of a crate: its path (`model::chat::closing`), and its product code.
struct Module {
    path: String,
    file: String,
    code: String,
}

/// The product code: without comments, and without the inline tests at the end.
fn product(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines();
    lines.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_of_tests(file: &Path) -> bool {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let in_tests = file.iter().any(|part| part == "tests") && !file.starts_with(root().join("tests"));
    // A provider's fixtures and their expected results are used by its tests alone.
    in_tests || stem.ends_with("tests") || ["testing", "fixtures", "expected", "contract"].contains(&stem)
}

fn modules(below: &str) -> Vec<Module> {
    let folder = root().join(below);
    let files = sources(below).into_iter().filter(|file| !is_of_tests(file));
    files
        .map(|file| {
            let inside = file.strip_prefix(&folder).unwrap().with_extension("");
            let mut parts: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
            if ["mod", "lib"].contains(parts.last().unwrap()) {
                parts.pop();
            }
            let text = fs::read_to_string(&file).unwrap();
            Module { path: parts.join("::"), file: relative(&file), code: product(&text) }
        })
        .collect()
}

fn is_of_path(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_' || char == ':'
}

/// The paths in some code that begin with `head` (`crate`, `shared`), with groups in braces expanded.
fn paths_from<'a>(code: &'a str, head: &'a str) -> impl Iterator<Item = String> + 'a {
    let begins =
        move |at: usize| !code[..at].ends_with(is_of_path) && code[at + head.len()..].starts_with("::");
    code.match_indices(head).filter(move |(at, _)| begins(*at)).flat_map(move |(at, _)| {
        let rest = &code[at + head.len() + 2..];
        let path = &rest[..rest.find(|char| !is_of_path(char)).unwrap_or(rest.len())];
        match path.strip_suffix("::") {
            Some(parent) if rest[path.len()..].starts_with('{') => {
                let group = rest[path.len() + 1..].split('}').next().unwrap();
                let leaves = group.split([',', '{']).map(str::trim).filter(|leaf| !leaf.is_empty());
                leaves.map(|leaf| format!("{parent}::{leaf}")).collect::<Vec<_>>()
            }
            _ => vec![path.to_owned()],
        }
    })
}

/// What a module imports from its own crate: paths from the crate's root, and those by `super`.
fn imports(module: &Module) -> Vec<String> {
    let mut found: Vec<String> = paths_from(&module.code, "crate").collect();
    let parent = module.path.rsplit_once("::").map_or("", |(parent, _)| parent);
    found.extend(paths_from(&module.code, "super").map(|path| format!("{parent}::{path}")));
    found
}

/// The imports of each module. A path leads to the longest module that it begins with.
fn graph(modules: &[Module]) -> BTreeMap<&str, BTreeSet<&str>> {
    let names: BTreeSet<&str> = modules.iter().map(|module| module.path.as_str()).collect();
    let find = |path: &str| {
        let mut path = path;
        loop {
            if let Some(name) = names.get(path) {
                return Some(*name);
            }
            path = path.rsplit_once("::")?.0;
        }
    };
    let of = |module| imports(module).iter().filter_map(|path| find(path)).collect::<BTreeSet<_>>();
    modules.iter().map(|module| (module.path.as_str(), of(module))).collect()
}

/// All modules that a module's imports lead to; the module itself only in a cycle.
fn reached<'a>(from: &str, graph: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = graph[from].iter().copied().filter(|name| *name != from).collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(&graph[next]);
        }
    }
    found
}

/// The folder whose files may import each other both ways, because they form one unit.
fn folder(path: &str, depth: usize) -> String {
    path.split("::").take(depth).collect::<Vec<_>>().join("::")
}

fn assert_no_circle(below: &str, unit: impl Fn(&str) -> String) {
    let modules = modules(below);
    let graph = graph(&modules);
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        graph.keys().map(|name| (*name, reached(name, &graph))).collect();
    for (name, beyond) in &reach {
        for other in beyond.iter().filter(|other| **other != *name && reach[**other].contains(name)) {
            assert_eq!(unit(name), unit(other), "{below}: {name} and {other} import each other in a circle");
        }
    }
}

#[test]
fn layers_of_shared_import_downward_only() {
    let modules = modules("shared/src");
    for module in modules.iter().filter(|module| !module.path.is_empty()) {
        let own = module.path.split("::").next().unwrap();
        let (_, below) =
            LAYERS.iter().find(|(name, _)| *name == own).unwrap_or_else(|| panic!("{own}: no layer"));
        for path in imports(module) {
            let layer = path.split("::").next().unwrap();
            let known = LAYERS.iter().any(|(name, _)| *name == layer);
            assert!(
                !known || layer == own || below.contains(&layer),
                "{}: {own} imports {path}",
                module.file
            );
        }
    }
}

#[test]
fn no_circle_is_left() {
    // The store, each aggregate of the model and each system's folder are one unit; a single file is its own.
    assert_no_circle("shared/src", |path| folder(path, if path.starts_with("store") { 1 } else { 2 }));
    assert_no_circle("functions/api/src", str::to_owned);
    for function in super::folders("functions").iter().filter(|function| *function != "api") {
        assert_no_circle(&format!("functions/{function}/src"), str::to_owned);
    }
}

/// Whether a line of code uses `word` as the beginning of a name.
fn uses(line: &str, word: &str) -> bool {
    let starts_a_name =
        |at: usize| !line[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '_');
    line.match_indices(word).any(|(at, _)| starts_a_name(at))
}

#[test]
fn domain_modules_know_neither_aws_nor_http_nor_the_environment() {
    for layer in PURE {
        for module in modules(&format!("shared/src/{layer}")) {
            for line in module.code.lines() {
                for word in ["aws_", "reqwest", "std::env", "tokio::net", "async fn"] {
                    assert!(!uses(line, word), "{}: {line}: a domain module with {word}", module.file);
                }
            }
        }
    }
}

#[test]
fn a_function_imports_shared_and_no_other_function() {
    let functions = super::folders("functions");
    for function in &functions {
        for module in modules(&format!("functions/{function}/src")) {
            for other in functions.iter().filter(|other| *other != function) {
                let found = paths_from(&module.code, &other.replace('-', "_")).next();
                // `crate::api` does not count: a path begins with a function's name only where no path precedes it.
                assert_eq!(found, None, "{} imports {other}", module.file);
            }
        }
    }
}

/// The systems with a folder of their own below `shared/src/{registry}`.
fn systems(registry: &str) -> Vec<String> {
    super::folders(&format!("shared/src/{registry}")).into_iter().collect()
}

/// Code without the examples of the OpenAPI page (`example = json!(…)`), which are documentation like comments.
fn without_examples(code: &str) -> String {
    const BEGINS: &str = "example = json!(";
    let Some(at) = code.find(BEGINS) else { return code.to_owned() };
    let rest = &code[at + BEGINS.len()..];
    let (mut depth, mut in_text, mut escaped) = (1, false, false);
    let ends = rest.find(|char| {
        match char {
            '"' if !escaped => in_text = !in_text,
            '(' if !in_text => depth += 1,
            ')' if !in_text => depth -= 1,
            _ => {}
        }
        escaped = char == '\\' && !escaped;
        depth == 0
    });
    format!("{}{}", &code[..at], without_examples(&rest[ends.unwrap_or(rest.len())..]))
}

/// The modules that may not name a system: all except the registries themselves, and the API's Wazzup-compatible part,
/// which belongs to the universal CRM.
fn outside_the_registries() -> impl Iterator<Item = Module> {
    let layers = ["model", "platform", "store", "service"].map(|layer| format!("shared/src/{layer}"));
    let functions = super::folders("functions").into_iter().map(|name| format!("functions/{name}/src"));
    let all = layers.into_iter().chain(functions).flat_map(|below| modules(&below));
    all.filter(|module| !module.file.starts_with("functions/api/src/v3/"))
}

#[test]
fn no_crm_is_named_outside_its_folder() {
    let crms = systems("crm");
    assert!(!crms.is_empty());
    for module in outside_the_registries() {
        let code = without_examples(&module.code);
        for crm in &crms {
            let (word, path) = (format!("\"{crm}\""), format!("crm::{crm}"));
            assert!(!code.contains(&word), "{}: the text {word}", module.file);
            let mut imported = ["crate", "shared"].iter().flat_map(|head| paths_from(&code, head));
            let in_group = imported.any(|named| named.starts_with(&path));
            assert!(!in_group && !code.contains(&path), "{}: {path}", module.file);
        }
    }
}

#[test]
fn a_system_imports_no_other_system() {
    for registry in ["providers", "crm"] {
        let systems = systems(registry);
        for system in &systems {
            for module in modules(&format!("shared/src/{registry}/{system}")) {
                for path in paths_from(&module.code, "crate") {
                    let foreign = systems.iter().find(|other| {
                        *other != system && (path.starts_with(&format!("{registry}::{other}::")))
                    });
                    assert_eq!(foreign, None, "{}: {path}", module.file);
                }
            }
        }
    }
}

#[test]
fn no_providers_name_stands_outside_its_folder() {
    let messenger = |word: &str| {
        use shared::model::messenger::Messenger;
        !matches!(Messenger::named(word.to_owned()), None | Some(Messenger::Other(_)))
    };
    for module in outside_the_registries() {
        let code = without_examples(&module.code);
        for word in shared::providers::WORDS {
            assert!(!code.contains(&format!("providers::{word}")), "{}: providers::{word}", module.file);
            // A word that is also a messenger's name may mean the messenger.
            let named = !messenger(word) && code.contains(&format!("\"{word}\""));
            assert!(!named, "{}: \"{word}\"", module.file);
        }
    }
}

#[test]
fn webhook_ingest_imports_what_reads_webhooks_and_nothing_that_calls() {
    for module in modules("functions/webhook-ingest/src") {
        for path in paths_from(&module.code, "shared") {
            let is_way_out = path.starts_with("providers") || path.starts_with("crm");
            let reads = ["providers::inbound", "crm::inbound"].iter().any(|open| path.starts_with(open));
            assert!(!is_way_out || reads, "{}: {path}", module.file);
        }
    }
}
