//! Environment markers: what follows the `;` of a requirement.

use std::collections::BTreeSet;

use super::scan::Scan;

/// The variables PEP 508 knows.
const VARIABLES: [&str; 12] = [
    "extra",
    "implementation_name",
    "implementation_version",
    "os_name",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_full_version",
    "python_version",
    "sys_platform",
];

const OPERATORS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];

/// Deepest nesting of parentheses.
const DEPTH_MAX: usize = 8;

/// Reads a marker and yields it in canonical form: one space around words, double quotes, no
/// needless parentheses, what `and` and `or` join sorted and each once.
pub(super) fn canonical(scan: &mut Scan<'_>) -> Option<String> {
    any(scan, 0).map(|marker| marker.to_string())
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Marker {
    Compare(String),
    All(BTreeSet<Marker>),
    Any(BTreeSet<Marker>),
}

fn any(scan: &mut Scan<'_>, depth: usize) -> Option<Marker> {
    let mut parts = BTreeSet::new();
    loop {
        match all(scan, depth)? {
            Marker::Any(inner) => parts.extend(inner),
            other => drop(parts.insert(other)),
        }
        scan.skip_space();
        if !scan.eat_word("or") {
            return Some(joined(parts, Marker::Any));
        }
    }
}

fn all(scan: &mut Scan<'_>, depth: usize) -> Option<Marker> {
    let mut parts = BTreeSet::new();
    loop {
        match one(scan, depth)? {
            Marker::All(inner) => parts.extend(inner),
            other => drop(parts.insert(other)),
        }
        scan.skip_space();
        if !scan.eat_word("and") {
            return Some(joined(parts, Marker::All));
        }
    }
}

/// A single part needs no joining.
fn joined(mut parts: BTreeSet<Marker>, join: fn(BTreeSet<Marker>) -> Marker) -> Marker {
    match (parts.len(), parts.pop_first()) {
        (1, Some(only)) => only,
        (_, first) => join(first.into_iter().chain(parts).collect()),
    }
}

fn one(scan: &mut Scan<'_>, depth: usize) -> Option<Marker> {
    scan.skip_space();
    if scan.eat("(") {
        if depth == DEPTH_MAX {
            return None;
        }
        let inner = any(scan, depth + 1)?;
        scan.skip_space();
        return scan.eat(")").then_some(inner);
    }
    let left = value(scan)?;
    let operator = operator(scan)?;
    let right = value(scan)?;
    // Two texts compared depend on nothing: a slip of the pen.
    let literal = |side: &str| side.starts_with('"');
    if literal(&left) && literal(&right) {
        return None;
    }
    Some(Marker::Compare(format!("{left} {operator} {right}")))
}

fn value(scan: &mut Scan<'_>) -> Option<String> {
    scan.skip_space();
    for quote in ["\"", "'"] {
        if scan.eat(quote) {
            let text = scan.take_while(is_text);
            return scan.eat(quote).then(|| format!("\"{text}\""));
        }
    }
    let word = scan.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
    VARIABLES.contains(&word).then(|| word.to_owned())
}

/// Fewer characters than PEP 508 has: `$` and `#` mean something to installers, and without
/// quotes inside every text can be written in double quotes.
fn is_text(c: char) -> bool {
    c.is_ascii_alphanumeric() || " ().{}-_*:;,/?[]!~^&=+|<>%".contains(c)
}

fn operator(scan: &mut Scan<'_>) -> Option<&'static str> {
    scan.skip_space();
    if scan.eat_word("in") {
        return Some("in");
    }
    if scan.eat_word("not") {
        scan.skip_space();
        return scan.eat_word("in").then_some("not in");
    }
    OPERATORS.into_iter().find(|operator| scan.eat(operator))
}

impl std::fmt::Display for Marker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (parts, word) = match self {
            Self::Compare(text) => return f.write_str(text),
            Self::All(parts) => (parts, " and "),
            Self::Any(parts) => (parts, " or "),
        };
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                f.write_str(word)?;
            }
            match (self, part) {
                (Self::All(_), Self::Any(_)) => write!(f, "({part})")?,
                _ => write!(f, "{part}")?,
            }
        }
        Ok(())
    }
}
