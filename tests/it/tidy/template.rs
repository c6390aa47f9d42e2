//! `template.yaml`, as far as the rules need it. Its tags are CloudFormation's own, so it is read line by line: a
//! resource is everything below a name at the second column.

use super::{Names, read};
use std::collections::BTreeMap;

/// An alarm.
pub struct Alarm {
    pub name: String,
    pub namespace: String,
    pub metric: String,
    /// The function in its dimension.
    pub function: Option<String>,
}

pub struct Template {
    /// Variables that every function gets.
    pub globals: Names,
    /// Each function by its binary, with its own variables.
    pub functions: BTreeMap<String, Names>,
    pub alarms: Vec<Alarm>,
    /// Names of queues, without the stack's prefix.
    pub queues: Names,
    /// Route keys of the HTTP API.
    pub routes: Names,
    /// Members of the HTTP API's CORS configuration.
    pub cors: BTreeMap<String, String>,
}

impl Template {
    pub fn read() -> Self {
        let text = read("template.yaml");
        let mut template = Self {
            globals: Names::new(),
            functions: BTreeMap::new(),
            alarms: Vec::new(),
            queues: Names::new(),
            routes: Names::new(),
            cors: BTreeMap::new(),
        };
        for (section, name, lines) in blocks(&text) {
            if section == "Globals" {
                template.globals = variables(&lines);
            } else if section == "Resources" && name.starts_with("Fn::ForEach::") {
                for (name, lines) in expanded(&lines) {
                    template.resource(&name, &lines.iter().map(String::as_str).collect::<Vec<_>>());
                }
            } else if section == "Resources" {
                template.resource(name, &lines);
            }
        }
        assert!(!template.globals.is_empty() && !template.queues.is_empty() && !template.routes.is_empty());
        template
    }

    fn resource(&mut self, name: &str, lines: &[&str]) {
        match value(lines, "Type:") {
            Some("AWS::Serverless::Function") => {
                let binary = value(lines, "BuildProperties: {Binary:");
                let binary = binary.unwrap_or_else(|| panic!("{name}: no BuildProperties on one line"));
                let before = self.functions.insert(binary.trim_end_matches('}').to_owned(), variables(lines));
                assert!(before.is_none(), "{binary}: two functions");
            }
            Some("AWS::CloudWatch::Alarm") => {
                let word =
                    |key: &str| value(lines, key).unwrap_or_else(|| panic!("{name}: no {key}")).to_owned();
                let function = value(lines, "Dimensions: [{Name: function, Value:");
                self.alarms.push(Alarm {
                    name: name.to_owned(),
                    namespace: word("Namespace:"),
                    metric: word("MetricName:"),
                    function: function.map(|value| value.trim_end_matches("}]").to_owned()),
                });
            }
            Some("AWS::SQS::Queue") => {
                let queue = value(lines, "QueueName: !Sub ${AWS::StackName}-");
                self.queues.insert(queue.unwrap_or_else(|| panic!("{name}: no name")).to_owned());
            }
            Some("AWS::ApiGatewayV2::Route") => {
                self.routes.extend(value(lines, "RouteKey:").map(str::to_owned));
            }
            Some("AWS::ApiGatewayV2::Api") => {
                let below = lines.iter().skip_while(|line| line.trim() != "CorsConfiguration:").skip(1);
                let members = below.filter_map(|line| line.trim().split_once(": "));
                self.cors = members.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            }
            Some(_) => {}
            None => panic!("{name}: no type"),
        }
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Blocks of the second level: section, name, lines below. Comments and empty lines are left out.
fn blocks(text: &str) -> Vec<(&str, &str, Vec<&str>)> {
    let mut section = "";
    let mut blocks: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
        match (indent(line), line.trim().trim_end_matches(':')) {
            (0, name) => section = name,
            (2, name) => blocks.push((section, name, Vec::new())),
            _ => blocks.last_mut().unwrap_or_else(|| panic!("{line}: below nothing")).2.push(line),
        }
    }
    blocks
}

/// What a loop stands for: name and lines of its resources, for each of its items.
fn expanded(lines: &[&str]) -> Vec<(String, Vec<String>)> {
    let [identifier, items, below @ ..] = lines else { panic!("a loop of two lines") };
    let identifier = identifier.trim().trim_start_matches("- ");
    let items = items.trim().trim_start_matches("- [").trim_end_matches(']');
    let mut resources: Vec<(String, Vec<String>)> = Vec::new();
    for item in items.split(", ") {
        for line in below {
            let line = line.trim_start_matches([' ', '-']);
            let is_name = line.starts_with("${") && line.ends_with(':');
            let line = line.replace(&format!("${{{identifier}}}"), item);
            let line = line.replace(&format!("!Ref {identifier}"), item);
            if is_name {
                resources.push((line.trim_end_matches(':').to_owned(), Vec::new()));
            } else {
                resources.last_mut().unwrap_or_else(|| panic!("{line}: below nothing")).1.push(line);
            }
        }
    }
    resources
}

/// The rest of the first line that begins with `key`.
fn value<'a>(lines: &[&'a str], key: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| line.trim().strip_prefix(key)).map(str::trim)
}

/// The names below `Environment:`, `Variables:`.
fn variables(lines: &[&str]) -> Names {
    let Some(at) = lines.iter().position(|line| line.trim() == "Variables:") else { return Names::new() };
    let below = lines[at + 1..].iter().take_while(|line| indent(line) > indent(lines[at]));
    below.map(|line| line.trim().split(':').next().unwrap().to_owned()).collect()
}
