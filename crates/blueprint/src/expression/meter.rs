//! The work of one evaluation, counted and bounded.
//!
//! CEL has no endless loops, but loops inside loops over large lists, and strings added to each
//! other, would do. So everything that copies or repeats is charged to a meter: reading a
//! variable costs its size, a loop costs the size of what it goes over, a list or mapping literal
//! the size of its parts, and `+` the size of its result. When [`WORK_MAX`] is used up, every
//! further charge fails and the evaluation ends.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use cel::ExecutionError;
use cel::common::ast::IdedExpr;
use cel::common::types::{CelBytes, CelList, CelMap, CelString};
use cel::common::value::{CowVal, Val};

/// Units of work one evaluation may cost. A unit is a value, or 32 bytes of text; a million of
/// them take well under a second.
pub const WORK_MAX: u64 = 1_000_000;
/// Bytes of text that cost as much as a value.
const UNIT_BYTES: u64 = 32;

/// The operands of one `??`, which are evaluated only when they are needed.
#[derive(Debug)]
pub(super) struct Alternative {
    /// The path the first one is, if it is one of the job's variables'.
    pub(super) path: Option<String>,
    pub(super) first: IdedExpr,
    pub(super) second: IdedExpr,
}

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(0) };
    static ALTERNATIVES: RefCell<Arc<[Alternative]>> = RefCell::new(Arc::from([]));
}

/// Runs an evaluation with a full meter; also tells whether it was used up.
pub(super) fn metered<T>(alternatives: &Arc<[Alternative]>, work: impl FnOnce() -> T) -> (T, bool) {
    LEFT.set(WORK_MAX);
    let outer = ALTERNATIVES.replace(Arc::clone(alternatives));
    let result = work();
    ALTERNATIVES.set(outer);
    (result, LEFT.get() == 0)
}

/// The operands of the `??` of this number in the expression under evaluation.
pub(super) fn alternatives() -> Arc<[Alternative]> {
    ALTERNATIVES.with_borrow(Arc::clone)
}

/// Charges work. `false` when there was not that much left; then nothing is left.
pub(super) fn charge(units: u64) -> bool {
    let left = LEFT.get();
    LEFT.set(left.saturating_sub(units));
    left > units
}

pub(super) fn exhausted() -> ExecutionError {
    ExecutionError::function_error("limit", "the expression takes too much work")
}

/// What text of this length costs.
pub(super) fn text_units(bytes: usize) -> u64 {
    1 + u64::try_from(bytes).unwrap_or(u64::MAX) / UNIT_BYTES
}

/// Charges what a value weighs, and gives it back.
pub(super) fn weigh<'b, 'v>(value: CowVal<'b, 'v>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    if charge_value(value.as_ref()) {
        Ok(value)
    } else {
        Err(exhausted())
    }
}

fn charge_value(value: &dyn Val) -> bool {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return charge(text_units(text.inner().len()));
    }
    if let Some(bytes) = value.downcast_ref::<CelBytes<'_>>() {
        return charge(text_units(bytes.inner().len()));
    }
    if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        return charge(1) && list.inner().iter().all(|item| charge_value(item.as_ref()));
    }
    if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        return charge(1)
            && map
                .inner()
                .values()
                .all(|item| charge(1) && charge_value(item.as_ref()));
    }
    charge(1)
}
