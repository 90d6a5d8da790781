//! The pattern that says a bot is ready.

use regex_lite::{Regex, RegexBuilder};
use serde_json::Value;

use super::refusal::Refusal;
use super::shown::shown;
use crate::Failure;

/// Longest pattern, bytes.
pub const PATTERN_BYTES_MAX: usize = 500;
/// Largest compiled pattern, bytes. The engine needs time in proportion to it for every line.
const PROGRAM_BYTES_MAX: usize = 256 * 1024;

/// Reads `ready_regex`; null and the empty text mean none.
pub fn parse(value: Option<&Value>) -> Result<Option<String>, Refusal> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(pattern)) if pattern.is_empty() => Ok(None),
        Some(Value::String(pattern)) => build(pattern).map(|_| Some(pattern.clone())),
        Some(_) => Err(invalid("it must be text")),
    }
}

/// Compiles a pattern with the bounds it was checked with. Matching takes linear time.
pub fn compile(pattern: &str) -> Result<Regex, Failure> {
    Ok(build(pattern)?)
}

fn build(pattern: &str) -> Result<Regex, Refusal> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(invalid(&format!(
            "it is longer than {PATTERN_BYTES_MAX} bytes"
        )));
    }
    RegexBuilder::new(pattern)
        .size_limit(PROGRAM_BYTES_MAX)
        .build()
        .map_err(|error| invalid(&error.to_string()))
}

fn invalid(reason: &str) -> Refusal {
    Refusal::InvalidReadyRegex {
        reason: shown(reason),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_compile_or_are_refused() {
        assert_eq!(parse(None), Ok(None));
        assert_eq!(parse(Some(&json!(""))), Ok(None));
        assert_eq!(
            parse(Some(&json!("Run polling"))),
            Ok(Some("Run polling".to_owned()))
        );
        assert!(
            compile("^Бот (готов|запущен)")
                .unwrap()
                .is_match("Бот готов")
        );
        for bad in [
            json!("("),
            json!("a{9999}{9999}"),
            json!("x".repeat(501)),
            json!(1),
            json!([]),
        ] {
            assert_eq!(
                parse(Some(&bad)).unwrap_err().code(),
                "INVALID_READY_REGEX",
                "{bad}"
            );
        }
        assert!(parse(Some(&json!("(".repeat(400)))).is_err());
    }
}
