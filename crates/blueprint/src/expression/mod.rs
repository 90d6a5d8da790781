//! CEL expressions: compiled once, evaluated within bounds.
//!
//! The language is CEL with one addition, `a ?? b`: the value of `a`, or that of `b` when a key
//! on the way to `a` is missing or its value is null. It binds more tightly than comparisons and
//! less than arithmetic, so `input.count ?? 0 > 5` asks whether the count, if there is one, is
//! above five.
//!
//! Nothing an expression or its input says can hang or overflow the process: its length and its
//! nesting are bounded when it is compiled, and its work when it is evaluated: see `meter`.

mod charge;
mod compile;
mod convert;
mod error;
mod evaluate;
mod functions;
mod meter;
mod rewrite;
pub(crate) mod scan;
mod scope;
mod text;
mod time;
mod walk;

pub use compile::{Expression, compile};
pub use error::{CompileError, EvaluateError};
pub use functions::FUNCTIONS;
pub use meter::WORK_MAX;
pub use scope::{Entry, Scope};
pub use walk::Use;
