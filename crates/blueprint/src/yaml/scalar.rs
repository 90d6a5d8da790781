//! What a plain scalar means: the core schema of YAML 1.2, as far as JSON has it.

use serde_json::Number;

use super::Kind;

/// The value of a plain scalar that is not a string; `None` for strings.
///
/// # Errors
/// A number JSON cannot hold.
pub(super) fn resolve(text: &str) -> Result<Option<Kind>, &'static str> {
    Ok(Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ => match number(text)? {
            Some(number) => Kind::Number(number),
            None => return Ok(None),
        },
    }))
}

fn number(text: &str) -> Result<Option<Number>, &'static str> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(digits) = text.strip_prefix("0x") {
        return Ok(u64::from_str_radix(digits, 16).ok().map(Number::from));
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return Ok(u64::from_str_radix(digits, 8).ok().map(Number::from));
    }
    if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(&unsigned) {
        return Err("infinite numbers and NaN have no place in JSON");
    }
    if !looks_like_a_number(unsigned) {
        return Ok(None);
    }
    let plain = text.strip_prefix('+').unwrap_or(text);
    if let Ok(whole) = plain.parse::<i64>() {
        return Ok(Some(whole.into()));
    }
    if let Ok(whole) = plain.parse::<u64>() {
        return Ok(Some(whole.into()));
    }
    let number = plain.parse::<f64>().ok().and_then(Number::from_f64);
    number.map(Some).ok_or("the number is too large")
}

/// Digits with at most one point and an exponent, as the core schema has it.
fn looks_like_a_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_read_by_the_core_schema() {
        let shown = |text: &str| match resolve(text) {
            Ok(Some(Kind::Number(number))) => number.to_string(),
            Ok(Some(Kind::Bool(value))) => value.to_string(),
            Ok(Some(Kind::Null)) => "null".to_owned(),
            Ok(_) => format!("'{text}'"),
            Err(error) => error.to_owned(),
        };
        for (text, expected) in [
            ("", "null"),
            ("~", "null"),
            ("true", "true"),
            ("on", "'on'"),
            ("yes", "'yes'"),
            ("12", "12"),
            ("-12", "-12"),
            ("+3", "3"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("1.5", "1.5"),
            (".5", "0.5"),
            ("1e3", "1000.0"),
            ("1.2.3", "'1.2.3'"),
            ("30s", "'30s'"),
            ("18446744073709551615", "18446744073709551615"),
            ("-", "'-'"),
            (".", "'.'"),
            ("1e", "'1e'"),
            ("v1", "'v1'"),
            ("e5", "'e5'"),
            ("1e999", "the number is too large"),
            (".nan", "infinite numbers and NaN have no place in JSON"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
