//! Methods of strings, as in CEL's own strings extension but charged where they can grow, and
//! `lower` and `upper` for all letters.

use cel::common::types::{CelInt, CelList, CelString, LIST_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::meter;

type Called<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

#[expect(
    elided_lifetimes_in_paths,
    reason = "the macro takes the types by name alone"
)]
pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_member_overload!(env, fn lower: (CelString) -> CelString)?;
    cel::add_member_overload!(env, fn upper: (CelString) -> CelString)?;
    cel::add_member_overload!(env, fn lower_ascii: (CelString) -> CelString)?;
    cel::add_member_overload!(env, fn upper_ascii: (CelString) -> CelString)?;
    cel::add_member_overload!(env, fn trim: (CelString) -> CelString)?;
    cel::add_member_overload!(env, fn char_at: (CelString, CelInt) -> Result<CelString>)?;
    cel::add_member_overload!(env, fn index_of: (CelString, CelString) -> CelInt)?;
    cel::add_member_overload!(env, fn substring_from: (CelString, CelInt) -> Result<CelString>,
        name = "substring")?;
    cel::add_member_overload!(env, fn substring: (CelString, CelInt, CelInt) -> Result<CelString>)?;
    cel::add_member_overload!(env, fn replace: (CelString, CelString, CelString) -> Result<CelString>)?;
    cel::add_member_overload!(env, fn split: (CelString, CelString) -> Result<CelList>)?;
    env.add_member_overload("join", "list.join()", LIST_TYPE, vec![], join)?;
    env.add_member_overload(
        "join",
        "list.join(string)",
        LIST_TYPE,
        vec![STRING_TYPE],
        join,
    )
}

fn lower(this: &CelString<'_>) -> CelString<'static> {
    CelString::from(this.inner().to_lowercase())
}

fn upper(this: &CelString<'_>) -> CelString<'static> {
    CelString::from(this.inner().to_uppercase())
}

fn lower_ascii(this: &CelString<'_>) -> CelString<'static> {
    CelString::from(this.inner().to_ascii_lowercase())
}

fn upper_ascii(this: &CelString<'_>) -> CelString<'static> {
    CelString::from(this.inner().to_ascii_uppercase())
}

fn trim(this: &CelString<'_>) -> CelString<'static> {
    CelString::from(this.inner().trim().to_owned())
}

fn index_of(this: &CelString<'_>, part: &CelString<'_>) -> CelInt {
    let text = this.inner();
    let before = text.find(part.inner()).and_then(|at| text.get(..at));
    CelInt::from(before.map_or(-1, |before| count(before.chars().count())))
}

fn char_at(this: &CelString<'_>, at: &CelInt) -> Result<CelString<'static>, ExecutionError> {
    between(
        this.inner(),
        *at.inner(),
        at.inner().saturating_add(1),
        "charAt",
    )
}

fn substring_from(
    this: &CelString<'_>,
    from: &CelInt,
) -> Result<CelString<'static>, ExecutionError> {
    let end = count(this.inner().chars().count());
    between(this.inner(), *from.inner(), end, "substring")
}

fn substring(
    this: &CelString<'_>,
    from: &CelInt,
    to: &CelInt,
) -> Result<CelString<'static>, ExecutionError> {
    between(this.inner(), *from.inner(), *to.inner(), "substring")
}

/// The characters `from` to before `to`.
fn between(
    text: &str,
    from: i64,
    to: i64,
    function: &str,
) -> Result<CelString<'static>, ExecutionError> {
    let length = count(text.chars().count());
    let out = |at: i64| ExecutionError::function_error(function, format!("there is no place {at}"));
    if from < 0 || from > to {
        return Err(out(from));
    }
    if to > length {
        return Err(out(to));
    }
    let skip = usize::try_from(from).unwrap_or(0);
    let take = usize::try_from(to - from).unwrap_or(0);
    Ok(CelString::from(
        text.chars().skip(skip).take(take).collect::<String>(),
    ))
}

fn replace(
    this: &CelString<'_>,
    part: &CelString<'_>,
    with: &CelString<'_>,
) -> Result<CelString<'static>, ExecutionError> {
    let (text, part, with) = (this.inner(), part.inner(), with.inner());
    let times = text.matches(part).count();
    spend(text.len().saturating_add(times.saturating_mul(with.len())))?;
    Ok(CelString::from(text.replace(part, with)))
}

fn split(
    this: &CelString<'_>,
    separator: &CelString<'_>,
) -> Result<CelList<'static>, ExecutionError> {
    let mut parts: Vec<Box<dyn Val>> = Vec::new();
    let mut add = |part: &str| -> Result<(), ExecutionError> {
        spend(part.len())?;
        parts.push(Box::new(CelString::from(part.to_owned())));
        Ok(())
    };
    if separator.inner().is_empty() {
        let mut buffer = [0_u8; 4];
        for character in this.inner().chars() {
            add(character.encode_utf8(&mut buffer))?;
        }
    } else {
        for part in this.inner().split(separator.inner()) {
            add(part)?;
        }
    }
    Ok(CelList::from(parts))
}

fn join<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Called<'b, 'v> {
    let mut args = args.into_iter();
    let list = args
        .next()
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    let separator = args.next();
    let separator = separator
        .as_ref()
        .and_then(|value| value.downcast_ref::<CelString<'_>>())
        .map_or("", CelString::inner);
    let items = list
        .downcast_ref::<CelList<'_>>()
        .map_or(&[][..], CelList::inner);
    let mut joined = String::new();
    for (index, item) in items.iter().enumerate() {
        let Some(text) = item.downcast_ref::<CelString<'_>>() else {
            return Err(ExecutionError::function_error(
                "join",
                format!(
                    "every item must be a string, not a {}",
                    item.get_type().name()
                ),
            ));
        };
        if index > 0 {
            joined.push_str(separator);
        }
        spend(text.inner().len() + separator.len())?;
        joined.push_str(text.inner());
    }
    Ok(CowVal::owned(CelString::from(joined)))
}

fn spend(bytes: usize) -> Result<(), ExecutionError> {
    if meter::charge(meter::text_units(bytes)) {
        Ok(())
    } else {
        Err(meter::exhausted())
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
