//! The keyboard that a CRM sends with a message: kept as the CRM wrote it, and read for providers with other terms.

use crate::model::message::content::Button;
use serde::{Deserialize, Serialize};

/// A keyboard. A provider with the CRM's terms gets it unchanged; the others are told what it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyboard {
    /// The JSON object as the CRM wrote it: members that we do not know are part of it. A text, because a row of the
    /// table holds no arbitrary JSON (nesting, precision of numbers).
    pub written: String,
    /// What it does.
    pub layout: Layout,
}

/// What a keyboard does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Buttons below the message, row by row.
    Inline(Vec<Vec<Key>>),
    /// Buttons in place of the client's own keyboard, which send their title.
    Reply {
        /// The buttons, row by row.
        rows: Vec<Vec<Key>>,
        /// Whether the keyboard is hidden after the first press.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        one_time: bool,
    },
    /// The keyboard that replaces the client's own goes away.
    Remove,
}

/// A button of a keyboard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The text on it; empty where a template already has it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What a press does; `None`: it sends the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub does: Option<Press>,
}

/// What a press of a button does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Press {
    /// Opens this link.
    Open(String),
    /// Sends this data to the company.
    Send(String),
}

impl Keyboard {
    /// The rows of its buttons; none for one that removes a keyboard.
    pub fn rows(&self) -> &[Vec<Key>] {
        match &self.layout {
            Layout::Inline(rows) | Layout::Reply { rows, .. } => rows,
            Layout::Remove => &[],
        }
    }

    /// Its buttons as the chat shows them, without their rows.
    pub fn buttons(&self) -> Vec<Button> {
        let shown = |key: &Key| Button {
            title: key.title.clone(),
            payload: key.does.as_ref().map(|does| match does {
                Press::Open(to) | Press::Send(to) => to.clone(),
            }),
        };
        self.rows().iter().flatten().map(shown).collect()
    }
}
