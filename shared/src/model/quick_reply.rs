//! Quick replies (D5): texts that are written once, with variables that are filled in at each use.
//!
//! `{client_name}` is replaced by a value, `{{` and `}}` by a brace; a single closing brace is kept. There are no other
//! signs, so no template can make a text larger than its values are.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, EmployeeId};
use crate::model::message::listing::Price;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of quick replies shared in an account.
pub const MAX_SHARED: u32 = 500;
/// Maximum number of quick replies of one employee.
pub const MAX_PERSONAL: u32 = 100;
/// Longest title, in characters.
pub const MAX_TITLE: usize = 100;
/// Longest text, in characters, before it is filled in.
pub const MAX_TEXT: usize = 4096;
/// How much of an unknown variable's name an error shows, in characters.
const SHOWN: usize = 50;

/// A quick reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReply {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// Its id: a UUID v7.
    pub id: String,
    /// The employee it belongs to; `None`: it is shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee: Option<EmployeeId>,
    /// The title by which it is chosen.
    pub title: String,
    /// The text with its variables.
    pub text: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// The number of quick replies in one list; written together with each reply that is created or deleted, so that the
/// limit holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReplyCount {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The employee whose list it is; `None`: the shared list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee: Option<EmployeeId>,
    /// The number.
    pub count: u32,
}

/// Maximum number of quick replies in a list: an employee's, or the shared one.
pub fn limit_of(employee: Option<&EmployeeId>) -> u32 {
    if employee.is_some() { MAX_PERSONAL } else { MAX_SHARED }
}

/// A variable of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// The client's name, as the messenger reports it.
    ClientName,
    /// The name of the employee who sends the message.
    EmployeeName,
    /// The title of the car that the chat is about.
    Car,
    /// Its price, with the currency.
    CarPrice,
    /// The link to it.
    CarLink,
    /// The channel's name.
    ChannelName,
    /// The account's name.
    Company,
}

impl Variable {
    /// All variables.
    pub const ALL: [Self; 7] = [
        Self::ClientName,
        Self::EmployeeName,
        Self::Car,
        Self::CarPrice,
        Self::CarLink,
        Self::ChannelName,
        Self::Company,
    ];

    /// The name between the braces.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientName => "client_name",
            Self::EmployeeName => "employee_name",
            Self::Car => "car",
            Self::CarPrice => "car_price",
            Self::CarLink => "car_link",
            Self::ChannelName => "channel_name",
            Self::Company => "company",
        }
    }

    /// Whether its value comes from the listing that the chat is about.
    pub fn is_of_car(self) -> bool {
        matches!(self, Self::Car | Self::CarPrice | Self::CarLink)
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variable| variable.name() == name)
    }
}

/// Why a text is not a valid template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is no such variable; its name, shortened.
    #[error("there is no variable {{{0}}}; there are {known}", known = known())]
    Unknown(String),
    /// A brace is opened but not closed.
    #[error("a brace is not closed; {{{{ stands for a brace itself")]
    Unclosed,
}

fn known() -> String {
    Variable::ALL.map(|variable| format!("{{{}}}", variable.name())).join(", ")
}

/// A variable of the template has no value here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing is known that {{{name}}} could stand for", name = .0.name())]
pub struct MissingVariable(pub Variable);

/// The values of variables in one chat. An empty value counts as none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<Variable, String>);

impl Values {
    /// Sets a value, if there is one.
    pub fn set(&mut self, variable: Variable, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            self.0.insert(variable, value);
        }
    }

    /// A variable's value.
    pub fn get(&self, variable: Variable) -> Option<&str> {
        self.0.get(&variable).map(String::as_str)
    }
}

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// A price as people write it: `1 250 000 ₽`, with no-break spaces.
pub fn price_text(price: &Price) -> String {
    let digits = price.amount.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    let sign = if price.currency == "RUB" { "₽" } else { &price.currency };
    format!("{text}\u{a0}{sign}")
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Variable(Variable),
}

/// A text parsed as a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template<'a>(Vec<Part<'a>>);

impl<'a> Template<'a> {
    /// Parses a text.
    ///
    /// # Errors
    /// [`TemplateError`] says why the text is not a template.
    pub fn parse(text: &'a str) -> Result<Self, TemplateError> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            parts.push(Part::Text(before));
            if from.starts_with("{{") || from.starts_with("}}") {
                parts.push(Part::Text(&from[..1]));
                rest = &from[2..];
            } else if let Some(after) = from.strip_prefix('{') {
                let (name, behind) = after.split_once('}').ok_or(TemplateError::Unclosed)?;
                let unknown = || TemplateError::Unknown(name.chars().take(SHOWN).collect());
                parts.push(Part::Variable(Variable::named(name).ok_or_else(unknown)?));
                rest = behind;
            } else {
                parts.push(Part::Text(&from[..1]));
                rest = &from[1..];
            }
        }
        parts.push(Part::Text(rest));
        Ok(Self(parts))
    }

    /// The variables that it contains.
    pub fn variables(&self) -> BTreeSet<Variable> {
        let variable = |part: &Part<'_>| match part {
            Part::Variable(variable) => Some(*variable),
            Part::Text(_) => None,
        };
        self.0.iter().filter_map(variable).collect()
    }

    /// The text with its values filled in. A value is never parsed as a template.
    ///
    /// # Errors
    /// [`MissingVariable`] names the first variable that has no value.
    pub fn render(&self, values: &Values) -> Result<String, MissingVariable> {
        let mut text = String::new();
        for part in &self.0 {
            text.push_str(match part {
                Part::Text(words) => words,
                Part::Variable(variable) => values.get(*variable).ok_or(MissingVariable(*variable))?,
            });
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let mut values = Values::default();
        values.set(Variable::ClientName, Some("Иван {car}".into()));
        values.set(Variable::Company, Some("Автосалон".into()));
        values.set(Variable::Car, Some(" ".into()));
        values
    }

    fn rendered(text: &str) -> String {
        Template::parse(text).unwrap().render(&values()).unwrap()
    }

    #[test]
    fn variables_are_filled_in_once_and_braces_escape() {
        for (text, expected) in [
            ("Здравствуйте, {client_name}!", "Здравствуйте, Иван {car}!"),
            ("{company}{company}", "АвтосалонАвтосалон"),
            ("{{client_name}}", "{client_name}"),
            ("{{{company}}}", "{Автосалон}"),
            ("a } b", "a } b"),
            ("скидка }} {{ 5 %", "скидка } { 5 %"),
            ("ё{company}ё", "ёАвтосалонё"),
            ("", ""),
        ] {
            assert_eq!(rendered(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused_with_what_there_is() {
        for (text, name) in [("{клиент}", "клиент"), ("{}", ""), ("{ car }", " car "), ("{car:>9}", "car:>9")]
        {
            assert_eq!(Template::parse(text), Err(TemplateError::Unknown(name.into())), "{text}");
        }
        for text in ["{", "{car", "текст {client_name"] {
            assert_eq!(Template::parse(text), Err(TemplateError::Unclosed), "{text}");
        }
        let error = Template::parse("{price}").unwrap_err().to_string();
        assert!(error.starts_with("there is no variable {price}; there are {client_name}, "), "{error}");
        assert!(error.contains("{car_price}") && error.ends_with("{company}"), "{error}");
        assert_eq!(
            TemplateError::Unclosed.to_string(),
            "a brace is not closed; {{ stands for a brace itself"
        );
        let Err(TemplateError::Unknown(long)) = Template::parse(&format!("{{{}}}", "x".repeat(4000))) else {
            panic!("no such variable");
        };
        assert_eq!(long.len(), SHOWN);
    }

    #[test]
    fn prices_are_written_as_people_do() {
        for (amount, currency, expected) in [
            (1_250_000, "RUB", "1 250 000 ₽"),
            (999, "RUB", "999 ₽"),
            (1000, "EUR", "1 000 EUR"),
            (0, "RUB", "0 ₽"),
        ] {
            let price = Price { amount, currency: currency.into() };
            assert_eq!(price_text(&price), expected.replace(' ', "\u{a0}"));
        }
    }

    #[test]
    fn a_variable_without_a_value_is_named() {
        let template = Template::parse("{client_name}: {car}, {car_price}").unwrap();
        let missing = template.render(&values()).unwrap_err();
        assert_eq!(missing, MissingVariable(Variable::Car), "a blank value is none");
        assert_eq!(missing.to_string(), "nothing is known that {car} could stand for");
        assert!(template.variables().into_iter().eq([
            Variable::ClientName,
            Variable::Car,
            Variable::CarPrice
        ]));
    }

    #[test]
    fn every_variable_can_be_used_and_no_value_prints() {
        for variable in Variable::ALL {
            let text = format!("{{{}}}", variable.name());
            let template = Template::parse(&text).unwrap();
            assert!(template.variables().into_iter().eq([variable]));
        }
        assert!(!format!("{:?}", values()).contains("Иван"));
    }
}
