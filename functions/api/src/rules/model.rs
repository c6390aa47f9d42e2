//! Converts rules of requests to the model's, and back.

use crate::http::error::ApiError;
use crate::http::validate;
use crate::rules::view::{RuleAction, RuleBody, RuleCondition, RuleNoticeTo, RuleWhen};
use shared::base::ids::{ChannelId, EmployeeId};
use shared::model::chat::NoticeTo;
use shared::model::rules::{Action, Condition, ResponsibleTest, Rule, TagTest, TextTest, When};

/// Converts rules to the model's. `new_id` makes an id for a rule without one.
///
/// # Errors
/// 400 naming the field that is not valid.
pub fn rules_of(rules: Vec<RuleBody>, new_id: impl Fn() -> String) -> Result<Vec<Rule>, ApiError> {
    let rule = |(place, rule): (usize, RuleBody)| rule.into_rule(&format!("rules[{place}]"), &new_id);
    rules.into_iter().enumerate().map(rule).collect()
}

impl RuleBody {
    fn into_rule(self, at: &str, new_id: &impl Fn() -> String) -> Result<Rule, ApiError> {
        let conditions = self.conditions.into_iter().enumerate();
        let conditions = conditions.map(|(place, one)| one.into_condition(&format!("{at}.if[{place}]")));
        let actions = self.actions.into_iter().enumerate();
        let actions = actions.map(|(place, one)| one.into_action(&format!("{at}.then[{place}]")));
        Ok(Rule {
            id: self.id.unwrap_or_else(new_id),
            name: self.name,
            enabled: self.enabled,
            when: self.when.into(),
            conditions: conditions.collect::<Result<_, _>>()?,
            actions: actions.collect::<Result<_, _>>()?,
        })
    }
}

impl RuleCondition {
    fn into_condition(self, at: &str) -> Result<Condition, ApiError> {
        Ok(match self {
            Self::Channel { any_of } => Condition::Channel(any_of.into_iter().map(ChannelId::new).collect()),
            Self::Messenger { any_of } => Condition::Messenger(any_of),
            Self::Text { contains, equals, matches } => Condition::Text(only(
                at,
                [
                    ("contains", contains.map(TextTest::Contains)),
                    ("equals", equals.map(TextTest::Equals)),
                    ("matches", matches.map(TextTest::Matches)),
                ],
            )?),
            Self::Kind { any_of } => Condition::Kind(any_of.into_iter().collect()),
            Self::NewClient { is } => Condition::NewClient(is),
            Self::Tag { has, lacks } => {
                let tests = [("has", has.map(TagTest::Has)), ("lacks", lacks.map(TagTest::Lacks))];
                Condition::Tag(only(at, tests)?)
            }
            Self::WorkingHours { inside } => Condition::WorkingHours(inside),
            Self::Responsible { any_of, present } => {
                let any_of = any_of.map(|ids| employees(&ids, at)).transpose()?;
                let tests = [
                    ("any_of", any_of.map(ResponsibleTest::AnyOf)),
                    ("present", present.map(ResponsibleTest::Present)),
                ];
                Condition::Responsible(only(at, tests)?)
            }
        })
    }
}

impl RuleAction {
    fn into_action(self, at: &str) -> Result<Action, ApiError> {
        Ok(match self {
            Self::AutoReply { text } => Action::AutoReply { text },
            Self::Assign { employee: id, distribute } => {
                if distribute == Some(false) {
                    return Err(ApiError::invalid(format!("{at}.distribute"), "true, or left out"));
                }
                let id = id.map(|id| employee(&id, &format!("{at}.employee"))).transpose()?;
                Action::Assign(only(
                    at,
                    [("employee", id.map(Some)), ("distribute", distribute.map(|_| None))],
                )?)
            }
            Self::Tag { add, remove } => Action::Tag { add, remove },
            Self::Finish { status } => Action::Finish { status },
            Self::SetStatus { status } => Action::SetStatus(status),
            Self::Ignore {} => Action::Ignore,
            Self::Notify { to, employee: id, text } => {
                let path = format!("{at}.employee");
                let to = match (to, id) {
                    (RuleNoticeTo::Responsible, None) => NoticeTo::Responsible,
                    (RuleNoticeTo::Heads, None) => NoticeTo::Heads,
                    (RuleNoticeTo::Employee, Some(id)) => NoticeTo::Employee(employee(&id, &path)?),
                    (RuleNoticeTo::Employee, None) => return Err(ApiError::missing_field(path)),
                    (_, Some(_)) => return Err(ApiError::invalid(path, "only where to is employee")),
                };
                Action::Notify { to, text }
            }
        })
    }
}

/// The only value among several alternatives.
fn only<T, const N: usize>(at: &str, said: [(&str, Option<T>); N]) -> Result<T, ApiError> {
    let names = said.each_ref().map(|(name, _)| *name).join(", ");
    let mut values = said.into_iter().filter_map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(ApiError::invalid(at, format!("exactly one of {names}"))),
    }
}

fn employee(id: &str, path: &str) -> Result<EmployeeId, ApiError> {
    validate::crm_id(path, id)?;
    Ok(EmployeeId::new(id))
}

fn employees(ids: &[String], at: &str) -> Result<Vec<EmployeeId>, ApiError> {
    ids.iter().enumerate().map(|(place, id)| employee(id, &format!("{at}.any_of[{place}]"))).collect()
}

impl From<RuleWhen> for When {
    fn from(when: RuleWhen) -> Self {
        match when {
            RuleWhen::MessageIn {} => Self::MessageIn,
            RuleWhen::MessageOut {} => Self::MessageOut,
            RuleWhen::Call {} => Self::Call,
            RuleWhen::ChatOpened {} => Self::ChatOpened,
            RuleWhen::ChatFinished {} => Self::ChatFinished,
            RuleWhen::Idle { minutes } => Self::Idle { minutes },
        }
    }
}

impl From<When> for RuleWhen {
    fn from(when: When) -> Self {
        match when {
            When::MessageIn => Self::MessageIn {},
            When::MessageOut => Self::MessageOut {},
            When::Call => Self::Call {},
            When::ChatOpened => Self::ChatOpened {},
            When::ChatFinished => Self::ChatFinished {},
            When::Idle { minutes } => Self::Idle { minutes },
        }
    }
}

impl From<&Rule> for RuleBody {
    fn from(rule: &Rule) -> Self {
        Self {
            id: Some(rule.id.clone()),
            name: rule.name.clone(),
            enabled: rule.enabled,
            when: rule.when.into(),
            conditions: rule.conditions.iter().map(Into::into).collect(),
            actions: rule.actions.iter().map(Into::into).collect(),
        }
    }
}

fn words<T: std::fmt::Display>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

impl From<&Condition> for RuleCondition {
    fn from(condition: &Condition) -> Self {
        match condition.clone() {
            Condition::Channel(ids) => Self::Channel { any_of: words(&ids) },
            Condition::Messenger(any_of) => Self::Messenger { any_of },
            Condition::Text(test) => {
                let (mut contains, mut equals, mut matches) = (None, None, None);
                match test {
                    TextTest::Contains(text) => contains = Some(text),
                    TextTest::Equals(text) => equals = Some(text),
                    TextTest::Matches(text) => matches = Some(text),
                }
                Self::Text { contains, equals, matches }
            }
            Condition::Kind(kinds) => Self::Kind { any_of: kinds.into_iter().collect() },
            Condition::NewClient(is) => Self::NewClient { is },
            Condition::Tag(TagTest::Has(tag)) => Self::Tag { has: Some(tag), lacks: None },
            Condition::Tag(TagTest::Lacks(tag)) => Self::Tag { has: None, lacks: Some(tag) },
            Condition::WorkingHours(inside) => Self::WorkingHours { inside },
            Condition::Responsible(ResponsibleTest::AnyOf(ids)) => {
                Self::Responsible { any_of: Some(words(&ids)), present: None }
            }
            Condition::Responsible(ResponsibleTest::Present(is)) => {
                Self::Responsible { any_of: None, present: Some(is) }
            }
        }
    }
}

impl From<&Action> for RuleAction {
    fn from(action: &Action) -> Self {
        match action.clone() {
            Action::AutoReply { text } => Self::AutoReply { text },
            Action::Assign(Some(id)) => Self::Assign { employee: Some(id.to_string()), distribute: None },
            Action::Assign(None) => Self::Assign { employee: None, distribute: Some(true) },
            Action::Tag { add, remove } => Self::Tag { add, remove },
            Action::Finish { status } => Self::Finish { status },
            Action::SetStatus(status) => Self::SetStatus { status },
            Action::Ignore => Self::Ignore {},
            Action::Notify { to, text } => {
                let (to, employee) = match to {
                    NoticeTo::Responsible => (RuleNoticeTo::Responsible, None),
                    NoticeTo::Heads => (RuleNoticeTo::Heads, None),
                    NoticeTo::Employee(id) => (RuleNoticeTo::Employee, Some(id.to_string())),
                };
                Self::Notify { to, employee, text }
            }
        }
    }
}
