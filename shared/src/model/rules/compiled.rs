//! Rules prepared to run: each pattern is compiled once.

use super::{Condition, LOOKED_AT, ResponsibleTest, Rule, RuleFacts, RuleSet, TagTest, TextTest};
use regex::{Regex, RegexBuilder};
use std::sync::Arc;

/// Maximum size of a compiled pattern, in bytes: each of them may be visited for each character of a text. This is
/// enough for an e-mail address of Latin letters; one with letters of all scripts takes five times as much.
const PATTERN_BYTES: usize = 128 * 1024;
/// Maximum size of its cache of states at run time; beyond that it runs without one, still linear but slower.
const CACHE_BYTES: usize = 256 * 1024;
/// The steps in which the size of a compiled pattern is measured.
const STEPS: [usize; 4] = [4 * 1024, 16 * 1024, 64 * 1024, PATTERN_BYTES];

/// Compiles a pattern within our limits. Its running time is linear in the text, whatever the pattern is.
pub(super) fn pattern(text: &str) -> Result<Regex, regex::Error> {
    within(text, PATTERN_BYTES)
}

/// The size of a pattern that can be compiled, as an upper bound in bytes.
pub(super) fn weight(text: &str) -> usize {
    STEPS.into_iter().find(|bytes| within(text, *bytes).is_ok()).unwrap_or(PATTERN_BYTES)
}

fn within(text: &str, bytes: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(bytes).dfa_size_limit(CACHE_BYTES).nest_limit(50).build()
}

/// A set of rules that is ready to run. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Compiled(Arc<Ready>);

#[derive(Debug)]
struct Ready {
    set: RuleSet,
    /// For each rule, the tests of its conditions.
    tests: Vec<Vec<Test>>,
}

/// The prepared test of a condition on a text.
enum Test {
    /// The condition is not about a text.
    NoText,
    Contains(String),
    Equals(String),
    /// `None`: the pattern cannot be compiled, and matches nothing. Such a rule cannot be saved.
    Matches(Option<Regex>),
}

impl std::fmt::Debug for Test {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Test(…)")
    }
}

impl Test {
    fn of(condition: &Condition) -> Self {
        match condition {
            Condition::Text(TextTest::Contains(text)) => Self::Contains(compared(text)),
            Condition::Text(TextTest::Equals(text)) => Self::Equals(compared(text)),
            Condition::Text(TextTest::Matches(text)) => Self::Matches(pattern(text).ok()),
            _ => Self::NoText,
        }
    }
}

/// The result of matching a rule against what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchResult {
    /// The rule runs.
    Runs,
    /// The rule is switched off.
    Disabled,
    /// The rule waits for another trigger.
    NotCalled,
    /// The condition at this index, from 0, is the first that does not hold.
    Fails(usize),
}

/// A message's text for conditions: only as much of it as they may check.
struct ComparedText<'a> {
    raw: Option<&'a str>,
    compared: Option<String>,
}

impl<'a> ComparedText<'a> {
    fn at(text: Option<&'a str>) -> Self {
        let raw = text.map(|text| text.char_indices().nth(LOOKED_AT).map_or(text, |(end, _)| &text[..end]));
        Self { raw, compared: raw.map(compared) }
    }
}

/// A text without case and surrounding space. Each character is converted by itself, so that a part of a text becomes
/// the same part.
fn compared(text: &str) -> String {
    text.trim().chars().flat_map(char::to_lowercase).collect()
}

impl Compiled {
    /// Prepares a set.
    pub fn new(set: &RuleSet) -> Self {
        let tests = set.rules.iter().map(|rule| rule.conditions.iter().map(Test::of).collect()).collect();
        Self(Arc::new(Ready { set: set.clone(), tests }))
    }

    /// The set that it was prepared from.
    pub fn set(&self) -> &RuleSet {
        &self.0.set
    }

    /// The rules that run, in their order. All are matched against the chat as it is in `facts`: no rule sees what
    /// another one does.
    pub fn matching(&self, facts: &RuleFacts<'_>) -> Vec<&Rule> {
        let outcomes = self.outcomes(facts);
        self.0
            .set
            .rules
            .iter()
            .zip(outcomes)
            .filter(|(_, o)| *o == MatchResult::Runs)
            .map(|(r, _)| r)
            .collect()
    }

    /// The result of each rule, in their order.
    pub fn outcomes(&self, facts: &RuleFacts<'_>) -> Vec<MatchResult> {
        let text = ComparedText::at(facts.text);
        let rules = self.0.set.rules.iter().zip(&self.0.tests);
        rules.map(|(rule, tests)| outcome(rule, tests, facts, &text)).collect()
    }
}

fn outcome(rule: &Rule, tests: &[Test], facts: &RuleFacts<'_>, text: &ComparedText<'_>) -> MatchResult {
    if !rule.enabled {
        return MatchResult::Disabled;
    }
    if !facts.happened.contains(&rule.when.happened()) {
        return MatchResult::NotCalled;
    }
    let mut conditions = rule.conditions.iter().zip(tests);
    match conditions.position(|(condition, test)| !holds(condition, test, facts, text)) {
        Some(place) => MatchResult::Fails(place),
        None => MatchResult::Runs,
    }
}

fn holds(condition: &Condition, test: &Test, facts: &RuleFacts<'_>, text: &ComparedText<'_>) -> bool {
    let chat = facts.chat;
    match condition {
        Condition::Channel(any_of) => any_of.contains(&chat.channel),
        Condition::Messenger(any_of) => any_of.iter().any(|messenger| messenger == chat.messenger.as_str()),
        Condition::Text(_) => is_like(text, test),
        Condition::Kind(any_of) => facts.kind.is_some_and(|kind| any_of.contains(&kind)),
        Condition::NewClient(wanted) => facts.is_new_client == *wanted,
        Condition::Tag(TagTest::Has(tag)) => chat.tags.contains(tag),
        Condition::Tag(TagTest::Lacks(tag)) => !chat.tags.contains(tag),
        Condition::WorkingHours(wanted) => facts.in_working_hours == *wanted,
        Condition::Responsible(ResponsibleTest::AnyOf(any_of)) => {
            chat.responsible.as_ref().is_some_and(|responsible| any_of.contains(responsible))
        }
        Condition::Responsible(ResponsibleTest::Present(wanted)) => chat.responsible.is_some() == *wanted,
    }
}

fn is_like(text: &ComparedText<'_>, test: &Test) -> bool {
    let (Some(raw), Some(compared)) = (text.raw, &text.compared) else { return false };
    match test {
        Test::Contains(part) => compared.contains(part.as_str()),
        Test::Equals(whole) => compared == whole,
        Test::Matches(pattern) => pattern.as_ref().is_some_and(|pattern| pattern.is_match(raw)),
        Test::NoText => false,
    }
}
