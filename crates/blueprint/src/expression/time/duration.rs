//! A length of time.

use std::any::Any;
use std::cmp::Ordering;

use cel::ExecutionError;
use cel::common::traits::{Adder, Comparer, Subtractor};
use cel::common::types::{DURATION_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};

use super::{Timestamp, no_such, out_of_range};

static TYPE: Type = DURATION_TYPE;

/// A length of time, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duration(pub(in crate::expression) i64);

impl Duration {
    /// In seconds, as CEL writes durations: `90s`, `0.5s`.
    pub(in crate::expression) fn to_text(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (seconds, ms) = (self.0.unsigned_abs() / 1_000, self.0.unsigned_abs() % 1_000);
        if ms == 0 {
            return format!("{sign}{seconds}s");
        }
        let fraction = format!("{ms:03}");
        format!("{sign}{seconds}.{}s", fraction.trim_end_matches('0'))
    }
}

impl Val for Duration {
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

impl StaticVal for Duration {}

impl Adder for Duration {
    fn add<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if let Some(time) = other.downcast_ref::<Timestamp>() {
            let sum = time.as_adder().map(|adder| adder.add(self));
            return match sum {
                Some(sum) => Ok(CowVal::Owned(sum?.into_owned())),
                None => Err(no_such("_+_", self, other)),
            };
        }
        let duration = other
            .downcast_ref::<Self>()
            .ok_or_else(|| no_such("_+_", self, other))?;
        let sum = self.0.checked_add(duration.0);
        sum.map(|ms| CowVal::owned(Self(ms)))
            .ok_or_else(|| out_of_range("+"))
    }
}

impl Subtractor for Duration {
    fn sub<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let duration = other
            .downcast_ref::<Self>()
            .ok_or_else(|| no_such("_-_", self, other))?;
        let rest = self.0.checked_sub(duration.0);
        rest.map(|ms| CowVal::owned(Self(ms)))
            .ok_or_else(|| out_of_range("-"))
    }
}

impl Comparer for Duration {
    fn compare(&self, other: &dyn Val) -> Result<Ordering, ExecutionError> {
        let duration = other.downcast_ref::<Self>();
        let ordering = duration.map(|duration| self.0.cmp(&duration.0));
        ordering.ok_or_else(|| no_such("_<_", self, other))
    }
}
