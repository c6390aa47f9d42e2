//! Checks of rules that are to be saved. Paths in errors are those of the API's JSON: `rules[2].if[0].matches`.

use super::compiled::{pattern, weight};
use super::{
    Action, Condition, MAX_ACTIONS, MAX_BYTES, MAX_CONDITIONS, MAX_EMPLOYEES, MAX_IDLE, MAX_IDLE_MINUTES,
    MAX_NAME, MAX_PATTERN, MAX_PATTERN_BYTES, MAX_PATTERNS, MAX_RULES, MAX_TAG, MAX_TEXT, MAX_VALUES,
    ResponsibleTest, Rule, RuleSet, TagTest, TextTest, VARIABLES, When,
};
use crate::base::ids::{AccountId, ChannelId, EmployeeId};
use crate::model::chat::{MAX_CHAT_TAGS, NoticeTo};
use crate::model::messenger::Messenger;
use crate::model::quick_reply::Template;
use std::collections::{BTreeMap, BTreeSet};

/// Longest id of a rule, in characters.
const MAX_ID: usize = 100;

/// Advice for making a pattern smaller.
const SMALLER: &str = "fewer or shorter repetitions, and (?-u:\\w), (?-u:\\d) for Latin letters and digits alone, where \\w and \\d \
                       know all scripts";

/// What is wrong with rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}")]
pub struct BadRule {
    /// The field at fault, as `rules[2].if[0].matches`.
    pub path: String,
    /// The kind of fault.
    pub fault: Fault,
    /// What is wrong, and what to do.
    pub why: String,
}

/// The kind of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Such a value is allowed in no account.
    Invalid,
    /// The account has no such channel.
    UnknownChannel,
    /// The account has no such employee.
    UnknownEmployee,
    /// The employee may write on no channel.
    MayNotWrite,
}

/// The ids that rules may name in an account.
#[derive(Clone, Debug, Default)]
pub struct KnownIds {
    /// Its channels.
    pub channels: BTreeSet<ChannelId>,
    /// Its employees, as far as rules name them, and whether each has a role that may write on some channel.
    pub employees: BTreeMap<EmployeeId, bool>,
}

type Checked = Result<(), BadRule>;

/// The employees that rules name, and that [`KnownIds`] must cover; `true` for those to whom clients are assigned.
pub fn named_employees(rules: &[Rule]) -> BTreeMap<EmployeeId, bool> {
    let mut named = BTreeMap::new();
    let mut name = |employee: &EmployeeId, is_given_clients: bool| {
        *named.entry(employee.clone()).or_insert(false) |= is_given_clients;
    };
    for rule in rules {
        for condition in &rule.conditions {
            if let Condition::Responsible(ResponsibleTest::AnyOf(any_of)) = condition {
                any_of.iter().for_each(|employee| name(employee, false));
            }
        }
        for action in &rule.actions {
            match action {
                Action::Assign(Some(employee)) => name(employee, true),
                Action::Notify { to: NoticeTo::Employee(employee), .. } => name(employee, false),
                _ => {}
            }
        }
    }
    named
}

/// Checks rules that are to be saved, after [`check_size`].
///
/// # Errors
/// The first error found.
pub fn check(rules: &[Rule], known: &KnownIds) -> Result<(), BadRule> {
    check_size(rules)?;
    let mut ids = BTreeSet::new();
    for (place, rule) in rules.iter().enumerate() {
        let at = format!("rules[{place}]");
        one(rule, &at, known)?;
        if !ids.insert(&rule.id) {
            return bad(&at, "id", "another rule has the same id");
        }
    }
    if patterns(rules).map(weight).sum::<usize>() > MAX_PATTERN_BYTES {
        return bad("", "rules", format!("the patterns (matches) are too large together: {SMALLER}"));
    }
    Ok(())
}

fn patterns(rules: &[Rule]) -> impl Iterator<Item = &str> {
    rules.iter().flat_map(|rule| &rule.conditions).filter_map(|condition| match condition {
        Condition::Text(TextTest::Matches(text)) => Some(text.as_str()),
        _ => None,
    })
}

/// Checks what concerns all rules together, before anything is read for them.
///
/// # Errors
/// The first limit that is exceeded.
pub fn check_size(rules: &[Rule]) -> Result<(), BadRule> {
    if rules.len() > MAX_RULES {
        return bad("", "rules", format!("at most {MAX_RULES} rules"));
    }
    if patterns(rules).count() > MAX_PATTERNS {
        return bad("", "rules", format!("at most {MAX_PATTERNS} patterns (matches) in all rules together"));
    }
    let idle: BTreeSet<When> = rules.iter().map(|rule| rule.when).filter(|when| is_idle(*when)).collect();
    if idle.len() > MAX_IDLE {
        return bad(
            "",
            "rules",
            format!("at most {MAX_IDLE} different minutes of silence in all rules together"),
        );
    }
    if named_employees(rules).len() > MAX_EMPLOYEES {
        return bad("", "rules", format!("at most {MAX_EMPLOYEES} employees in all rules together"));
    }
    let set = RuleSet { v: 1, account: AccountId::new(""), version: 0, rules: rules.to_vec() };
    if serde_json::to_vec(&set).map_or(usize::MAX, |json| json.len()) > MAX_BYTES {
        return bad("", "rules", format!("at most {MAX_BYTES} bytes in all"));
    }
    Ok(())
}

fn is_idle(when: When) -> bool {
    matches!(when, When::Idle { .. })
}

fn one(rule: &Rule, at: &str, known: &KnownIds) -> Checked {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !(1..=MAX_ID).contains(&rule.id.len()) || !rule.id.chars().all(fits) {
        return bad(at, "id", format!("1 to {MAX_ID} Latin letters, digits, - and _"));
    }
    words(&rule.name, at, "name", MAX_NAME, false)?;
    if let When::Idle { minutes } = rule.when
        && !(1..=MAX_IDLE_MINUTES).contains(&minutes)
    {
        return bad(at, "when.minutes", format!("1 to {MAX_IDLE_MINUTES} minutes"));
    }
    if rule.conditions.len() > MAX_CONDITIONS {
        return bad(at, "if", format!("at most {MAX_CONDITIONS} conditions"));
    }
    if !(1..=MAX_ACTIONS).contains(&rule.actions.len()) {
        return bad(at, "then", format!("1 to {MAX_ACTIONS} actions"));
    }
    for (place, condition) in rule.conditions.iter().enumerate() {
        check_condition(condition, rule.when, &format!("{at}.if[{place}]"), known)?;
    }
    for (place, action) in rule.actions.iter().enumerate() {
        check_action(action, rule, &format!("{at}.then[{place}]"), known)?;
    }
    Ok(())
}

fn check_condition(condition: &Condition, when: When, at: &str, known: &KnownIds) -> Checked {
    if matches!(condition, Condition::Text(_) | Condition::Kind(_)) && !when.has_message() {
        return bad(at, "type", "only where there is a message: message_in, message_out, call, chat_opened");
    }
    match condition {
        Condition::Channel(any_of) => listed(any_of, at, |id, path| channel(id, path, known)),
        Condition::Messenger(any_of) => listed(any_of, at, |word, path| messenger(word, path)),
        Condition::Kind(any_of) => listed(any_of, at, |_, _| Ok(())),
        Condition::Responsible(ResponsibleTest::AnyOf(any_of)) => {
            listed(any_of, at, |id, path| employee(id, path, known))
        }
        Condition::Text(TextTest::Contains(text)) => words(text, at, "contains", MAX_TEXT, true),
        Condition::Text(TextTest::Equals(text)) => words(text, at, "equals", MAX_TEXT, true),
        Condition::Text(TextTest::Matches(text)) => check_pattern(text, at),
        Condition::Tag(TagTest::Has(tag)) => words(tag, at, "has", MAX_TAG, false),
        Condition::Tag(TagTest::Lacks(tag)) => words(tag, at, "lacks", MAX_TAG, false),
        Condition::NewClient(_)
        | Condition::WorkingHours(_)
        | Condition::Responsible(ResponsibleTest::Present(_)) => Ok(()),
    }
}

fn check_action(action: &Action, rule: &Rule, at: &str, known: &KnownIds) -> Checked {
    match action {
        Action::AutoReply { text } => {
            words(text, at, "text", MAX_TEXT, true)?;
            template(text, at)
        }
        Action::Assign(Some(id)) => {
            let path = format!("{at}.employee");
            employee(id, &path, known)?;
            let writes = known.employees.get(id).copied().unwrap_or_default();
            let why = "he has no role that writes, on any channel";
            if writes { Ok(()) } else { fault(&path, Fault::MayNotWrite, why) }
        }
        Action::Tag { add, remove } => {
            if add.is_empty() && remove.is_empty() {
                return bad(at, "add", "a tag to add or to remove");
            }
            for (field, tags) in [("add", add), ("remove", remove)] {
                if tags.len() > MAX_CHAT_TAGS {
                    return bad(at, field, format!("at most {MAX_CHAT_TAGS} tags"));
                }
                for (place, tag) in tags.iter().enumerate() {
                    words(tag, at, &format!("{field}[{place}]"), MAX_TAG, false)?;
                }
            }
            Ok(())
        }
        Action::Notify { to, text } => {
            words(text, at, "text", MAX_TEXT, true)?;
            match to {
                NoticeTo::Employee(id) => employee(id, &format!("{at}.employee"), known),
                NoticeTo::Responsible | NoticeTo::Heads => Ok(()),
            }
        }
        Action::Ignore if rule.actions.len() > 1 => {
            bad(at, "type", "ignore stands alone: nothing else can be done with a message that is dropped")
        }
        Action::Ignore if !matches!(rule.when, When::MessageIn | When::Call) => {
            bad(at, "type", "only a client's message can be ignored: message_in, call")
        }
        Action::Ignore | Action::Assign(None) | Action::Finish { .. } | Action::SetStatus(_) => Ok(()),
    }
}

fn listed<T>(values: &[T], at: &str, each: impl Fn(&T, &str) -> Checked) -> Checked {
    if !(1..=MAX_VALUES).contains(&values.len()) {
        return bad(at, "any_of", format!("1 to {MAX_VALUES} of them"));
    }
    values.iter().enumerate().try_for_each(|(place, value)| each(value, &format!("{at}.any_of[{place}]")))
}

fn channel(id: &ChannelId, path: &str, known: &KnownIds) -> Checked {
    let is_known = known.channels.contains(id);
    if is_known { Ok(()) } else { fault(path, Fault::UnknownChannel, "there is no such channel") }
}

fn employee(id: &EmployeeId, path: &str, known: &KnownIds) -> Checked {
    let is_known = known.employees.contains_key(id);
    if is_known { Ok(()) } else { fault(path, Fault::UnknownEmployee, "there is no such employee") }
}

fn messenger(word: &str, path: &str) -> Checked {
    let named = serde_json::from_value::<Messenger>(word.into());
    let is_known = named.is_ok_and(|named| !matches!(named, Messenger::Other(_)));
    if is_known {
        Ok(())
    } else {
        fault(path, Fault::Invalid, "no messenger of ours, as whatsapp or telegram")
    }
}

/// Checks that a text is not blank, and on one line unless `lines`.
fn words(text: &str, at: &str, field: &str, max: usize, lines: bool) -> Checked {
    let fits = |c: char| !c.is_control() || (lines && matches!(c, '\n' | '\t'));
    if text.trim().is_empty() {
        bad(at, field, "may not be empty")
    } else if text.chars().count() > max {
        bad(at, field, format!("at most {max} characters"))
    } else if !text.chars().all(fits) {
        bad(
            at,
            field,
            if lines { "no control characters but line ends and tabs" } else { "no control characters" },
        )
    } else {
        Ok(())
    }
}

fn check_pattern(text: &str, at: &str) -> Checked {
    words(text, at, "matches", MAX_PATTERN, true)?;
    match pattern(text) {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => {
            bad(at, "matches", format!("the pattern is too large: {SMALLER}"))
        }
        Err(error) => {
            // The last line of the error says why; those before it show the pattern.
            let error = error.to_string();
            let why = error.lines().last().unwrap_or_default();
            bad(at, "matches", format!("no regular expression: {}", why.trim_start_matches("error: ")))
        }
    }
}

fn template(text: &str, at: &str) -> Checked {
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(error) => return bad(at, "text", error.to_string()),
    };
    match template.variables().into_iter().find(|variable| !VARIABLES.contains(variable)) {
        None => Ok(()),
        Some(variable) => {
            let known = VARIABLES.map(|variable| format!("{{{}}}", variable.name())).join(", ");
            bad(at, "text", format!("{{{}}} cannot stand in a rule; there are {known}", variable.name()))
        }
    }
}

fn bad(at: &str, field: &str, why: impl Into<String>) -> Checked {
    let path = if at.is_empty() { field.to_owned() } else { format!("{at}.{field}") };
    fault(&path, Fault::Invalid, why)
}

fn fault(path: &str, fault: Fault, why: impl Into<String>) -> Checked {
    Err(BadRule { path: path.to_owned(), fault, why: why.into() })
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
