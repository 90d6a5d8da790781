//! The variables an expression sees.

use cel::common::types::CelBool;
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use serde_json::{Map, Value};

use super::convert;
use super::time::Timestamp;

/// The variables of one evaluation. Nothing is converted before an expression asks for it, and
/// then only the part it asks for.
#[derive(Clone, Debug, Default)]
pub struct Scope<'a> {
    entries: Vec<(&'a str, Entry<'a>)>,
}

/// A variable.
#[derive(Clone, Debug)]
pub enum Entry<'a> {
    /// A value that lives elsewhere.
    Value(&'a Value),
    /// An object that lives elsewhere.
    Object(&'a Map<String, Value>),
    /// A value made for this evaluation.
    Owned(Value),
    /// A point in time, milliseconds since the Unix epoch.
    Time(u64),
}

/// What a path of names leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    Value(&'a Value),
    Object(&'a Map<String, Value>),
    Time(Timestamp),
}

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// There is no such variable.
    Variable,
    /// The name at this place of the path is not a key of what is before it.
    Key(usize),
    /// What is before the name at this place has no keys.
    NotAnObject(usize),
}

impl<'a> Scope<'a> {
    /// Adds a variable; it hides an earlier one of this name.
    pub fn set(&mut self, name: &'a str, entry: Entry<'a>) {
        self.entries.push((name, entry));
    }

    fn root(&self, name: &str) -> Option<&Entry<'a>> {
        let mut entries = self.entries.iter().rev();
        entries
            .find(|(known, _)| *known == name)
            .map(|(_, entry)| entry)
    }

    /// What a path of names leads to.
    pub(crate) fn find<'p>(
        &self,
        path: impl IntoIterator<Item = &'p str>,
    ) -> Result<Found<'_>, Missing> {
        let mut path = path.into_iter();
        let root = path.next().and_then(|name| self.root(name));
        let mut found = match root.ok_or(Missing::Variable)? {
            Entry::Value(value) => Found::Value(value),
            Entry::Object(map) => Found::Object(map),
            Entry::Owned(value) => Found::Value(value),
            Entry::Time(ms) => Found::Time(Timestamp(i64::try_from(*ms).unwrap_or(i64::MAX))),
        };
        for (index, name) in path.enumerate() {
            let next = match found {
                Found::Object(map) | Found::Value(Value::Object(map)) => map.get(name),
                Found::Value(_) | Found::Time(_) => return Err(Missing::NotAnObject(index + 1)),
            };
            found = Found::Value(next.ok_or(Missing::Key(index + 1))?);
        }
        Ok(found)
    }
}

impl Found<'_> {
    pub(crate) fn to_value(self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Object(map) => Value::Object(map.clone()),
            Self::Time(time) => time.to_text().map_or(Value::Null, Value::String),
        }
    }

    pub(crate) fn is_null(self) -> bool {
        matches!(self, Self::Value(Value::Null))
    }
}

/// Before a path: whether it leads anywhere is asked, not where to.
pub(super) const ASK: &str = "?";

impl Scope<'_> {
    /// Whether a path leads anywhere: not where a key is missing, or what it is in is null. No
    /// answer where something without keys is on the way.
    fn leads_anywhere(&self, path: &str) -> Option<bool> {
        let names: Vec<&str> = path.split('.').collect();
        match self.find(names.iter().copied()) {
            Ok(_) => Some(true),
            Err(Missing::Key(_)) => Some(false),
            Err(Missing::NotAnObject(at)) => {
                let before = self.find(names.iter().copied().take(at));
                before.is_ok_and(Found::is_null).then_some(false)
            }
            Err(Missing::Variable) => None,
        }
    }
}

impl VariableResolver for Scope<'_> {
    /// CEL asks for the longest name first: `input.order.total`, then `input.order`, then
    /// `input`. So only what is used is converted.
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        if let Some(path) = variable.strip_prefix(ASK) {
            let found = self.leads_anywhere(path)?;
            return Some(CowVal::owned(CelBool::from(found)));
        }
        let value = match self.find(variable.split('.')).ok()? {
            Found::Value(value) => convert::to_cel(value)?,
            Found::Object(map) => convert::map_to_cel(map)?,
            Found::Time(time) => Box::new(time),
        };
        Some(CowVal::Owned(value))
    }
}
