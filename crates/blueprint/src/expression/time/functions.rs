//! Making times, and their parts. As in CEL's standard library: months and days of the month
//! count from 0 (`getDate` from 1), Sunday is day 0, parts are in UTC unless a time zone is named.

use cel::common::types::{CelInt, CelString, INT_TYPE, STRING_TYPE, Type};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};
use jiff::Zoned;
use jiff::tz::{Offset, TimeZone};

use super::{Duration, Timestamp, out_of_range};
use crate::duration;

type Called<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

pub(in crate::expression) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    let time = || Timestamp::cel_type().to_owned();
    let length = || Duration::cel_type().to_owned();
    env.add_type(time())?;
    env.add_type(length())?;
    env.add_overload(
        "timestamp",
        "string_to_timestamp",
        vec![STRING_TYPE],
        to_timestamp,
    )?;
    env.add_overload(
        "timestamp",
        "int64_to_timestamp",
        vec![INT_TYPE],
        to_timestamp,
    )?;
    env.add_overload(
        "timestamp",
        "timestamp_to_timestamp",
        vec![time()],
        to_timestamp,
    )?;
    env.add_overload(
        "duration",
        "string_to_duration",
        vec![STRING_TYPE],
        to_duration,
    )?;
    env.add_overload(
        "duration",
        "duration_to_duration",
        vec![length()],
        to_duration,
    )?;
    env.add_overload("int", "timestamp_to_int64", vec![time()], to_seconds)?;
    env.add_overload("int", "duration_to_int64", vec![length()], to_seconds)?;
    env.add_overload("string", "timestamp_to_string", vec![time()], to_text)?;
    env.add_overload("string", "duration_to_string", vec![length()], to_text)?;
    parts_of_time(env, &time)?;
    for (name, part) in [
        ("getHours", hours as cel::common::functions::Function),
        ("getMinutes", minutes),
        ("getSeconds", to_seconds),
        ("getMilliseconds", milliseconds),
    ] {
        env.add_member_overload(name, &format!("duration.{name}()"), length(), vec![], part)?;
    }
    Ok(())
}

/// Declares methods of a timestamp, each without and with a time zone.
macro_rules! parts {
    ($($name:literal => $part:expr),* $(,)?) => {
        fn parts_of_time(env: &mut Env, time: &dyn Fn() -> Type) -> Result<(), DeclarationError> {
            $({
                fn part<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Called<'b, 'v> {
                    let zoned = zoned(&args)?;
                    let part: fn(&Zoned) -> i64 = $part;
                    Ok(CowVal::owned(CelInt::from(part(&zoned))))
                }
                env.add_member_overload($name, concat!("timestamp.", $name, "()"), time(), vec![], part)?;
                env.add_member_overload(
                    $name, concat!("timestamp.", $name, "(string)"), time(), vec![STRING_TYPE], part,
                )?;
            })*
            Ok(())
        }
    };
}

parts! {
    "getFullYear" => |time| time.year().into(),
    "getMonth" => |time| i64::from(time.month()) - 1,
    "getDate" => |time| time.day().into(),
    "getDayOfMonth" => |time| i64::from(time.day()) - 1,
    "getDayOfYear" => |time| i64::from(time.day_of_year()) - 1,
    "getDayOfWeek" => |time| time.weekday().to_sunday_zero_offset().into(),
    "getHours" => |time| time.hour().into(),
    "getMinutes" => |time| time.minute().into(),
    "getSeconds" => |time| time.second().into(),
    "getMilliseconds" => |time| time.millisecond().into(),
}

/// The time of the first argument in the zone of the second, UTC without one.
fn zoned(args: &[CowVal<'_, '_>]) -> Result<Zoned, ExecutionError> {
    let time = args
        .first()
        .and_then(|time| time.downcast_ref::<Timestamp>());
    let time = time.and_then(|time| jiff::Timestamp::from_millisecond(time.0).ok());
    let time = time.ok_or_else(|| out_of_range("timestamp"))?;
    let name = args
        .get(1)
        .and_then(|name| name.downcast_ref::<CelString<'_>>());
    let name = name.map_or("UTC", CelString::inner);
    let zone = TimeZone::get(name).ok().or_else(|| offset(name));
    let zone = zone
        .ok_or_else(|| ExecutionError::function_error("timestamp", "there is no such time zone"))?;
    Ok(time.to_zoned(zone))
}

/// `+03:00`, `-02:30`, `03:00`.
fn offset(text: &str) -> Option<TimeZone> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if !(0..24).contains(&hours) || !(0..60).contains(&minutes) {
        return None;
    }
    let offset = Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()?;
    Some(TimeZone::fixed(offset))
}

fn to_timestamp<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Called<'b, 'v> {
    let value = first(args)?;
    if value.downcast_ref::<Timestamp>().is_some() {
        return Ok(value);
    }
    let ms = match value.downcast_ref::<CelString<'_>>() {
        Some(text) => {
            let time: Result<jiff::Timestamp, _> = text.inner().trim().parse();
            let time = time.map_err(|_| {
                ExecutionError::function_error(
                    "timestamp",
                    "the text is not a time like 2026-11-21T18:00:00Z",
                )
            })?;
            Some(time.as_millisecond())
        }
        None => value
            .downcast_ref::<CelInt>()
            .and_then(|seconds| seconds.inner().checked_mul(1_000)),
    };
    let time = ms.map(Timestamp).filter(|time| time.to_text().is_some());
    time.map(CowVal::owned)
        .ok_or_else(|| out_of_range("timestamp"))
}

fn to_duration<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Called<'b, 'v> {
    let value = first(args)?;
    let Some(text) = value.downcast_ref::<CelString<'_>>() else {
        return Ok(value);
    };
    let text = text.inner().trim();
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text),
    };
    let ms = duration::parse_ms(text).map_err(|error| {
        ExecutionError::function_error("duration", format!("{error}; {}", duration::EXAMPLE))
    })?;
    let ms = i64::try_from(ms).map_err(|_| out_of_range("duration"))?;
    Ok(CowVal::owned(Duration(sign * ms)))
}

fn to_text<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Called<'b, 'v> {
    let value = first(args)?;
    let time = value
        .downcast_ref::<Timestamp>()
        .and_then(|time| time.to_text());
    let length = value
        .downcast_ref::<Duration>()
        .map(|length| length.to_text());
    let text = time.or(length).ok_or_else(|| out_of_range("string"))?;
    Ok(CowVal::owned(CelString::from(text)))
}

fn to_seconds<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Called<'b, 'v> {
    whole(args, 1_000)
}

fn hours<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Called<'b, 'v> {
    whole(args, 3_600_000)
}

fn minutes<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Called<'b, 'v> {
    whole(args, 60_000)
}

fn milliseconds<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Called<'b, 'v> {
    whole(args, 1)
}

/// How many whole units of so many milliseconds a time or duration is.
fn whole<'b, 'v>(args: Vec<CowVal<'b, 'v>>, unit_ms: i64) -> Called<'b, 'v> {
    let value = first(args)?;
    let time = value
        .downcast_ref::<Timestamp>()
        .map(|time| time.0.div_euclid(unit_ms));
    let length = value
        .downcast_ref::<Duration>()
        .map(|length| length.0 / unit_ms);
    let number = time.or(length).ok_or_else(|| out_of_range("int"))?;
    Ok(CowVal::owned(CelInt::from(number)))
}

fn first<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Called<'b, 'v> {
    let mut args = args.into_iter();
    args.next()
        .ok_or_else(ExecutionError::missing_argument_or_target)
}
