//! What expressions can call.

use std::sync::{Arc, LazyLock};

use cel::common::types::{CelBool, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString};
use cel::common::value::{CowVal, Val as _};
use cel::{Context, DeclarationError, Env, ExecutionError, FunctionContext, Value};

use super::scope::ASK;
use super::{convert, meter, rewrite, text, time};

/// Charges the weight of a value: every part of a literal, and what a loop goes over.
pub(super) const WEIGH: &str = "__weigh";
/// Charges what a loop goes over, and has it go over the keys of a map in order.
pub(super) const RANGE: &str = "__range";
/// `has(…)` of a variable of the job.
pub(super) const HAS: &str = "__has";
/// `+`, charged.
pub(super) const ADD: &str = "__add";
/// Charges the compilation of a regular expression, and bounds its length.
pub(super) const PATTERN: &str = "__pattern";
/// Bytes of a regular expression.
const PATTERN_BYTES_MAX: usize = 500;
/// What compiling one costs.
const PATTERN_UNITS: u64 = 500;

/// The functions, methods and macros expressions can call.
pub const FUNCTIONS: [&str; 57] = [
    "all",
    "bool",
    "bytes",
    "charAt",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "exists",
    "exists_one",
    "filter",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "has",
    "hasValue",
    "indexOf",
    "int",
    "join",
    "lower",
    "lowerAscii",
    "map",
    "matches",
    "math.abs",
    "math.ceil",
    "math.floor",
    "math.greatest",
    "math.least",
    "math.round",
    "math.sign",
    "math.trunc",
    "none",
    "of",
    "ofNonZeroValue",
    "or",
    "orValue",
    "replace",
    "size",
    "split",
    "startsWith",
    "string",
    "substring",
    "timestamp",
    "trim",
    "type",
    "uint",
    "upper",
    "upperAscii",
    "value",
];

/// A function of the context's.
type Contextual = Box<
    dyn for<'c, 'v> Fn(&mut FunctionContext<'c, 'v>) -> Result<CowVal<'c, 'v>, ExecutionError>
        + Send
        + Sync,
>;

/// What expressions are parsed and run with. Making it is dear, so there is one.
pub(super) struct Library {
    pub(super) env: Arc<Env>,
    pub(super) root: Context<'static, 'static>,
}

/// The library; a string if it could not be put together, which its test rules out.
pub(super) static LIBRARY: LazyLock<Result<Library, String>> =
    LazyLock::new(|| library().map_err(|error| error.to_string()));

fn library() -> Result<Library, DeclarationError> {
    let mut env = Env::stdlib();
    text::declare(&mut env)?;
    time::declare(&mut env)?;
    cel::extensions::math(&mut env)?;
    let env = Arc::new(env);
    let mut root = Context::with_env(Arc::clone(&env));
    let or: Contextual = Box::new(alternative);
    root.add_function(rewrite::OR, or)?;
    let add: Contextual = Box::new(add);
    root.add_function(ADD, add)?;
    let weigh: Contextual = Box::new(|call| meter::weigh(argument(call)?));
    root.add_function(WEIGH, weigh)?;
    let has: Contextual = Box::new(|call| {
        let path = argument(call)?;
        let path = path
            .downcast_ref::<CelString<'_>>()
            .map_or("", CelString::inner);
        Ok(CowVal::owned(CelBool::from(!is_absent(call, path)?)))
    });
    root.add_function(HAS, has)?;
    let range: Contextual = Box::new(|call| range(argument(call)?));
    root.add_function(RANGE, range)?;
    let pattern: Contextual = Box::new(|call| pattern(argument(call)?));
    root.add_function(PATTERN, pattern)?;
    Ok(Library { env, root })
}

/// The first argument.
fn argument<'c, 'v>(call: &mut FunctionContext<'c, 'v>) -> Result<CowVal<'c, 'v>, ExecutionError> {
    if call.args.is_empty() {
        return Err(ExecutionError::missing_argument_or_target());
    }
    Ok(call.args.remove(0))
}

/// `a ?? b`. The argument is the number of the pair in the expression.
fn alternative<'c, 'v>(
    call: &mut FunctionContext<'c, 'v>,
) -> Result<CowVal<'c, 'v>, ExecutionError> {
    let number = argument(call)?;
    let number = number
        .downcast_ref::<CelInt>()
        .map(|number| *number.inner());
    let pairs = meter::alternatives();
    let pair = number
        .and_then(|number| usize::try_from(number).ok())
        .and_then(|number| pairs.get(number))
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    if let Some(path) = &pair.path
        && is_absent(call, path).is_ok_and(|absent| absent)
    {
        let value = Value::resolve_val(&pair.second, call.ptx)?;
        return Ok(CowVal::Owned(value.into_owned()));
    }
    match Value::resolve_val(&pair.first, call.ptx) {
        Ok(value) if value.downcast_ref::<CelNull>().is_none() => {
            Ok(CowVal::Owned(value.into_owned()))
        }
        Err(error) if !is_absence(&error) => Err(error),
        Ok(_) | Err(_) => {
            let value = Value::resolve_val(&pair.second, call.ptx)?;
            Ok(CowVal::Owned(value.into_owned()))
        }
    }
}

/// Whether a path of the job's variables leads nowhere, without a conversion of what is on the
/// way.
fn is_absent(call: &FunctionContext<'_, '_>, path: &str) -> Result<bool, ExecutionError> {
    let answer = call.ptx.get_variable(format!("{ASK}{path}"));
    let answer = answer
        .as_ref()
        .and_then(|answer| answer.downcast_ref::<CelBool>());
    answer
        .map(|found| !*found.inner())
        .ok_or_else(|| ExecutionError::no_such_overload("_._", vec!["value".to_owned()]))
}

/// Whether an error says that a key is not there, or that null has none.
pub(super) fn is_absence(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_) => true,
        ExecutionError::NoSuchOverload(overload) => {
            matches!(overload.function(), "_._" | "_[_]")
                && overload
                    .argument_types()
                    .first()
                    .is_some_and(|kind| kind == "null_type")
        }
        _ => false,
    }
}

fn add<'c, 'v>(call: &mut FunctionContext<'c, 'v>) -> Result<CowVal<'c, 'v>, ExecutionError> {
    let left = argument(call)?;
    let right = argument(call)?;
    let overload = || {
        let kinds = [&left, &right].map(|value| value.get_type().name().to_owned());
        ExecutionError::no_such_overload("_+_", kinds.to_vec())
    };
    let adder = left.as_adder().ok_or_else(overload)?;
    let sum = adder.add(right.as_ref()).map_err(|error| match error {
        ExecutionError::UnsupportedBinaryOperator(..) | ExecutionError::UnexpectedType { .. } => {
            overload()
        }
        error => error,
    })?;
    meter::weigh(CowVal::Owned(sum.into_owned()))
}

/// Maps keep no order, but the same job must go the same way each time.
fn range<'c, 'v>(range: CowVal<'c, 'v>) -> Result<CowVal<'c, 'v>, ExecutionError> {
    let range = meter::weigh(range)?;
    let Some(map) = range.downcast_ref::<CelMap<'_>>() else {
        return Ok(range);
    };
    let mut keys: Vec<&CelMapKey<'_>> = map.inner().keys().collect();
    keys.sort_by_key(|key| convert::key_text(key));
    let keys = keys.into_iter().map(|key| match key {
        CelMapKey::Bool(value) => value.clone_as_boxed(),
        CelMapKey::Int(value) => value.clone_as_boxed(),
        CelMapKey::UInt(value) => value.clone_as_boxed(),
        CelMapKey::String(text) => text.clone_as_boxed(),
    });
    Ok(CowVal::owned(CelList::from(keys.collect::<Vec<_>>())))
}

fn pattern<'c, 'v>(pattern: CowVal<'c, 'v>) -> Result<CowVal<'c, 'v>, ExecutionError> {
    let length = pattern
        .downcast_ref::<CelString<'_>>()
        .map_or(0, |pattern| pattern.inner().len());
    if length > PATTERN_BYTES_MAX {
        return Err(ExecutionError::function_error(
            "matches",
            format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes"),
        ));
    }
    if !meter::charge(PATTERN_UNITS) {
        return Err(meter::exhausted());
    }
    Ok(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_can_be_put_together() {
        assert!(library().is_ok());
        assert!(FUNCTIONS.is_sorted());
    }
}
