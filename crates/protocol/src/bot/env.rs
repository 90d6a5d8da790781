//! Environment variables of a bot. No refusal ever repeats a value.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::refusal::{EnvFault, Refusal};
use super::shown::shown_start;

/// Most variables.
pub const COUNT_MAX: usize = 200;
/// Longest name, bytes.
pub const NAME_BYTES_MAX: usize = 128;
/// Longest value, bytes: Linux takes 128 KiB for one `NAME=value`.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;
/// All names and values, bytes.
pub const TOTAL_BYTES_MAX: usize = 256 * 1024;

/// Variables that decide which code runs or where the container's own things are.
const RESERVED: &[&str] = &[
    "BASH_ENV",
    "CDPATH",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "HOME",
    "HOSTALIASES",
    "IFS",
    "LOCPATH",
    "MALLOC_TRACE",
    "NLSPATH",
    "PATH",
    "PWD",
    "RESOLV_HOST_CONF",
    "SHELL",
    "SHELLOPTS",
    "TMPDIR",
    "VIRTUAL_ENV",
];

/// Beginnings of names that are the system's.
const RESERVED_PREFIXES: &[&str] = &["LD_", "DYLD_", "PYTHON"];

/// Python's own switches that only change how it talks.
const HARMLESS: &[&str] = &[
    "PYTHONASYNCIODEBUG",
    "PYTHONDEVMODE",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONFAULTHANDLER",
    "PYTHONHASHSEED",
    "PYTHONIOENCODING",
    "PYTHONOPTIMIZE",
    "PYTHONTRACEMALLOC",
    "PYTHONUNBUFFERED",
    "PYTHONUTF8",
    "PYTHONWARNINGS",
];

/// Whether a bot may not set the variable.
pub fn is_reserved(name: &str) -> bool {
    !HARMLESS.contains(&name)
        && (RESERVED.contains(&name)
            || RESERVED_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix)))
}

/// Reads `env_vars`; absent means none.
pub fn parse(value: Option<&Value>) -> Result<BTreeMap<String, String>, Refusal> {
    match value {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(map)) => variables(map).map_err(Refusal::Env),
        Some(_) => Err(Refusal::Env(EnvFault::NotObject)),
    }
}

fn variables(map: &Map<String, Value>) -> Result<BTreeMap<String, String>, EnvFault> {
    if map.len() > COUNT_MAX {
        return Err(EnvFault::TooMany(COUNT_MAX));
    }
    let mut total = 0;
    let mut variables = BTreeMap::new();
    for (name, value) in map {
        check_name(name)?;
        let Value::String(value) = value else {
            return Err(EnvFault::NotText(name.clone()));
        };
        if value.contains('\0') {
            return Err(EnvFault::Nul(name.clone()));
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(EnvFault::TooLong(name.clone(), VALUE_BYTES_MAX));
        }
        total += name.len() + value.len();
        if total > TOTAL_BYTES_MAX {
            return Err(EnvFault::TotalTooLong(TOTAL_BYTES_MAX));
        }
        variables.insert(name.clone(), value.clone());
    }
    Ok(variables)
}

/// `^[A-Za-z_][A-Za-z0-9_]*$`, not reserved.
fn check_name(name: &str) -> Result<(), EnvFault> {
    let mut bytes = name.bytes();
    let well_formed = bytes
        .next()
        .is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    // What is no name may be a secret in the wrong place: only its beginning is repeated.
    if !well_formed {
        return Err(EnvFault::Name(shown_start(name)));
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(EnvFault::TooLong(shown_start(name), NAME_BYTES_MAX));
    }
    if is_reserved(name) {
        return Err(EnvFault::Reserved(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Failure;

    #[test]
    fn ordinary_variables_pass_whatever_their_text() {
        let given = json!({
            "BOT_TOKEN": "123456:TEST-TOKEN",
            "_x9": "",
            "MULTI": "line\nline\t\"'$`\\ привет \u{1b}",
            "PYTHONUNBUFFERED": "1",
            "path": "lower case is another name",
        });
        let variables = parse(Some(&given)).unwrap();
        assert_eq!(json!(variables), given);
        assert!(parse(None).unwrap().is_empty());
        assert!(parse(Some(&Value::Null)).unwrap().is_empty());
    }

    #[test]
    fn table_of_refusals() {
        let big = "x".repeat(VALUE_BYTES_MAX + 1);
        let total: Map<String, Value> = (0..5)
            .map(|n| (format!("A{n}"), json!("x".repeat(VALUE_BYTES_MAX))))
            .collect();
        let many: Map<String, Value> = (0..=COUNT_MAX)
            .map(|n| (format!("A{n}"), json!("")))
            .collect();
        let mut rows = vec![
            json!([]),
            json!("A=1"),
            json!(1),
            json!({"A": 1}),
            json!({"A": true}),
            json!({"A": null}),
            json!({"A": ["x"]}),
            json!({"A": "nul\u{0}"}),
            json!({"A": big}),
            json!(total),
            json!(many),
            json!({"x".repeat(NAME_BYTES_MAX + 1): ""}),
        ];
        for name in [
            "", "1A", "A-B", "A B", "A=B", "A\n", "A\0", "Ж", "А", "A.B", "$A",
        ] {
            rows.push(json!({name: "x"}));
        }
        for name in [
            "PATH",
            "HOME",
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "LD_AUDIT",
            "PYTHONPATH",
            "PYTHONHOME",
            "PYTHONSTARTUP",
            "PYTHONINSPECT",
            "PYTHON_ANYTHING",
            "BASH_ENV",
        ] {
            rows.push(json!({name: "x"}));
        }
        for row in rows {
            assert_eq!(
                parse(Some(&row)).unwrap_err().code(),
                "INVALID_ENV_VARS",
                "{row}"
            );
        }
    }

    #[test]
    fn no_refusal_repeats_a_value_or_a_misplaced_secret() {
        for given in [
            json!({"PATH": "MARKER-5f2a"}),
            json!({"A": "MARKER-5f2a\u{0}"}),
            json!({"A": ["MARKER-5f2a"]}),
            json!({"123456:xxMARKER-5f2a": "x"}),
            json!("A=MARKER-5f2a"),
        ] {
            let failure = Failure::from(parse(Some(&given)).unwrap_err());
            assert!(!json!(failure).to_string().contains("MARKER"), "{given}");
        }
    }
}
