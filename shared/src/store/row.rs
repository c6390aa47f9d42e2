//! Rows: how values become items, and how a change becomes a narrow, conditional update.

use super::StoreError;
use super::attribute::Attribute;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};

/// An item.
pub type Item = HashMap<String, AttributeValue>;

/// The key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl Key {
    /// The key as attributes.
    pub fn attributes(&self) -> Item {
        HashMap::from([
            ("pk".into(), AttributeValue::S(self.pk.clone())),
            ("sk".into(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// A value that has a row of its own.
pub trait Row: Serialize + DeserializeOwned {
    /// Where it stands.
    fn key(&self) -> Key;

    /// Attributes that only indexes want, derived from the value; absent ones keep it out of the index.
    fn index(&self) -> Vec<(&'static str, AttributeValue)> {
        Vec::new()
    }
}

/// The whole item of a row.
pub(super) fn item_of<R: Row>(row: &R) -> Result<Item, StoreError> {
    let mut item: Item =
        serde_dynamo::aws_sdk_dynamodb_1::to_item(row).map_err(|_| StoreError::Unwritable)?;
    // A `None` becomes NULL, which no index key may be; absent is what is meant.
    item.retain(|_, value| !matches!(value, AttributeValue::Null(_)));
    item.extend(row.key().attributes());
    item.extend(row.index().into_iter().map(|(name, value)| (name.to_owned(), value)));
    Ok(item)
}

/// A row from its item. Unknown attributes are ignored: a newer deployment may have written them.
pub(super) fn row_of<R: Row>(item: Item) -> Result<R, StoreError> {
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item)
        .map_err(|_| StoreError::Unreadable(std::any::type_name::<R>()))
}

/// What must hold for a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// The row is not there.
    Absent,
    /// The row is there.
    Exists,
    /// An attribute is as it was read, absent included.
    Same(String, Option<AttributeValue>),
}

impl Condition {
    fn same<R>(attribute: Attribute<R>, read: &Item) -> Self {
        let name = attribute.name();
        Self::Same(name.to_owned(), read.get(name).cloned())
    }
}

/// One write, with what it depends on.
#[derive(Clone, Debug)]
pub struct Write {
    pub(super) key: Key,
    pub(super) conditions: Vec<Condition>,
    pub(super) effect: Effect,
}

#[derive(Clone, Debug)]
pub(super) enum Effect {
    Put(Item),
    Update { set: BTreeMap<String, AttributeValue>, remove: Vec<String> },
    Delete,
    Check,
}

impl Write {
    /// Writes a row that must not be there yet.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`], which no row of ours is.
    pub fn create<R: Row>(row: &R) -> Result<Self, StoreError> {
        Ok(Self { conditions: vec![Condition::Absent], ..Self::put(row)? })
    }

    /// Writes a row, whatever was there.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn put<R: Row>(row: &R) -> Result<Self, StoreError> {
        Ok(Self { key: row.key(), conditions: Vec::new(), effect: Effect::Put(item_of(row)?) })
    }

    /// Writes what differs between two states of a row, and only that: attributes of other writers stay as they are.
    /// `depends_on` names the attributes that the decision was made on; they must still be as in `before`. `None` when
    /// nothing differs.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn change<R: Row>(
        before: &R,
        after: &R,
        depends_on: &[Attribute<R>],
    ) -> Result<Option<Self>, StoreError> {
        let (before, mut after_item) = (item_of(before)?, item_of(after)?);
        let remove: Vec<String> =
            before.keys().filter(|name| !after_item.contains_key(*name)).cloned().collect();
        after_item.retain(|name, value| before.get(name) != Some(value));
        if remove.is_empty() && after_item.is_empty() {
            return Ok(None);
        }
        let mut conditions = vec![Condition::Exists];
        conditions.extend(depends_on.iter().map(|attribute| Condition::same(*attribute, &before)));
        let effect = Effect::Update { set: after_item.into_iter().collect(), remove };
        Ok(Some(Self { key: after.key(), conditions, effect }))
    }

    /// Deletes a row that must be there.
    pub fn delete(key: Key) -> Self {
        Self { key, conditions: vec![Condition::Exists], effect: Effect::Delete }
    }

    /// Deletes a row that is still as it was read, by the attributes that matter.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn delete_as_read<R: Row>(row: &R, depends_on: &[Attribute<R>]) -> Result<Self, StoreError> {
        Ok(Self { effect: Effect::Delete, ..Self::check(row, depends_on)? })
    }

    /// Deletes a row if it is there.
    pub fn forget(key: Key) -> Self {
        Self { key, conditions: Vec::new(), effect: Effect::Delete }
    }

    /// Only checks that a row is as it was read, by the attributes that matter.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn check<R: Row>(row: &R, depends_on: &[Attribute<R>]) -> Result<Self, StoreError> {
        let item = item_of(row)?;
        let mut conditions = vec![Condition::Exists];
        conditions.extend(depends_on.iter().map(|attribute| Condition::same(*attribute, &item)));
        Ok(Self { key: row.key(), conditions, effect: Effect::Check })
    }

    /// Only checks that there is no row.
    pub fn absent(key: Key) -> Self {
        Self { key, conditions: vec![Condition::Absent], effect: Effect::Check }
    }

    pub(super) fn expressions(&self) -> Expressions {
        let mut expressions = Expressions::default();
        for condition in &self.conditions {
            expressions.condition(condition);
        }
        if let Effect::Update { set, remove } = &self.effect {
            expressions.update(set, remove);
        }
        expressions
    }
}

/// The texts and placeholders of one write.
#[derive(Debug, Default)]
pub(super) struct Expressions {
    pub condition: Option<String>,
    pub update: Option<String>,
    pub names: HashMap<String, String>,
    pub values: HashMap<String, AttributeValue>,
}

impl Expressions {
    pub fn names(&mut self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| std::mem::take(&mut self.names))
    }

    pub fn values(&mut self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| std::mem::take(&mut self.values))
    }

    fn name(&mut self, attribute: &str) -> String {
        let known = self
            .names
            .iter()
            .find(|(_, name)| *name == attribute)
            .map(|(placeholder, _)| placeholder.clone());
        known.unwrap_or_else(|| {
            let placeholder = format!("#n{}", self.names.len());
            self.names.insert(placeholder.clone(), attribute.to_owned());
            placeholder
        })
    }

    fn value(&mut self, value: &AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value.clone());
        placeholder
    }

    fn condition(&mut self, condition: &Condition) {
        let text = match condition {
            Condition::Absent => format!("attribute_not_exists({})", self.name("pk")),
            Condition::Exists => format!("attribute_exists({})", self.name("pk")),
            Condition::Same(attribute, None) => format!("attribute_not_exists({})", self.name(attribute)),
            Condition::Same(attribute, Some(value)) => {
                format!("{} = {}", self.name(attribute), self.value(value))
            }
        };
        self.condition = Some(match self.condition.take() {
            Some(before) => format!("{before} AND {text}"),
            None => text,
        });
    }

    fn update(&mut self, set: &BTreeMap<String, AttributeValue>, remove: &[String]) {
        let mut parts = Vec::new();
        if !set.is_empty() {
            let assignments: Vec<String> = set
                .iter()
                .map(|(attribute, value)| format!("{} = {}", self.name(attribute), self.value(value)))
                .collect();
            parts.push(format!("SET {}", assignments.join(", ")));
        }
        if !remove.is_empty() {
            let names: Vec<String> = remove.iter().map(|attribute| self.name(attribute)).collect();
            parts.push(format!("REMOVE {}", names.join(", ")));
        }
        self.update = Some(parts.join(" "));
    }
}
