//! CEL's timestamps and durations, to the millisecond. The cel crate has them only together with
//! a second date-time crate, so these are over jiff.

mod duration;
mod functions;
mod timestamp;

pub(crate) use duration::Duration;
pub(super) use functions::declare;
pub(crate) use timestamp::Timestamp;

use cel::ExecutionError;
use cel::common::value::Val;

/// The error of an operator that does not work on these two.
fn no_such(operator: &str, left: &dyn Val, right: &dyn Val) -> ExecutionError {
    let kinds = [left, right].map(|value| value.get_type().name().to_owned());
    ExecutionError::no_such_overload(operator, kinds.to_vec())
}

fn out_of_range(function: &str) -> ExecutionError {
    ExecutionError::function_error(function, "the time is out of range")
}
