//! A point in time.

use std::any::Any;
use std::cmp::Ordering;

use cel::ExecutionError;
use cel::common::traits::{Adder, Comparer, Subtractor};
use cel::common::types::{TIMESTAMP_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};

use super::{Duration, no_such, out_of_range};

static TYPE: Type = TIMESTAMP_TYPE;

/// A point in time, milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timestamp(pub(in crate::expression) i64);

impl Timestamp {
    /// As RFC 3339 has it, in UTC.
    pub(in crate::expression) fn to_text(self) -> Option<String> {
        let time = jiff::Timestamp::from_millisecond(self.0).ok()?;
        Some(time.to_string())
    }

    /// Moves it, within the years the calendar has.
    fn moved(
        self,
        by_ms: Option<i64>,
        operator: &str,
    ) -> Result<CowVal<'static, 'static>, ExecutionError> {
        let at_ms = by_ms.and_then(|by_ms| self.0.checked_add(by_ms));
        let moved = at_ms.map(Self).filter(|time| time.to_text().is_some());
        moved
            .map(CowVal::owned)
            .ok_or_else(|| out_of_range(operator))
    }
}

impl Val for Timestamp {
    fn get_type(&self) -> &Type {
        &TYPE
    }

    fn cel_type() -> &'static Type {
        &TYPE
    }

    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_subtractor<'b, 'v>(&'b self) -> Option<&'b (dyn Subtractor + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_comparer(&self) -> Option<&dyn Comparer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>() == Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Timestamp {}

impl Adder for Timestamp {
    fn add<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match other.downcast_ref::<Duration>() {
            Some(duration) => self.moved(Some(duration.0), "+"),
            None => Err(no_such("_+_", self, other)),
        }
    }
}

impl Subtractor for Timestamp {
    fn sub<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if let Some(duration) = other.downcast_ref::<Duration>() {
            return self.moved(duration.0.checked_neg(), "-");
        }
        match other.downcast_ref::<Self>() {
            Some(time) => Ok(CowVal::owned(Duration(self.0 - time.0))),
            None => Err(no_such("_-_", self, other)),
        }
    }
}

impl Comparer for Timestamp {
    fn compare(&self, other: &dyn Val) -> Result<Ordering, ExecutionError> {
        let other_time = other.downcast_ref::<Self>();
        let ordering = other_time.map(|time| self.0.cmp(&time.0));
        ordering.ok_or_else(|| no_such("_<_", self, other))
    }
}
