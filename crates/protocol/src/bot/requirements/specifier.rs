//! Version specifiers: `>=3,<4`.

use std::collections::BTreeSet;

use super::super::refusal::RequirementFault;
use super::scan::Scan;
use super::version::Version;

/// Longest first, so that `==` isn't taken for the beginning of `===`.
const OPERATORS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];

/// Reads specifiers, in parentheses or not, and yields them sorted, each once; empty if none.
pub(super) fn set(scan: &mut Scan<'_>) -> Result<String, RequirementFault> {
    let closed = scan.eat("(");
    let mut specifiers = BTreeSet::new();
    scan.skip_space();
    if closed || scan.next_is(|c| matches!(c, '<' | '>' | '=' | '!' | '~')) {
        loop {
            scan.skip_space();
            specifiers.insert(one(scan)?);
            scan.skip_space();
            if !scan.eat(",") {
                break;
            }
        }
    }
    if closed && !scan.eat(")") {
        return Err(RequirementFault::Version);
    }
    let specifiers: Vec<String> = specifiers.into_iter().collect();
    Ok(specifiers.join(","))
}

fn one(scan: &mut Scan<'_>) -> Result<String, RequirementFault> {
    let Some(operator) = OPERATORS.into_iter().find(|operator| scan.eat(operator)) else {
        let single = scan.eat("=");
        return Err(if single {
            RequirementFault::SingleEquals
        } else {
            RequirementFault::Version
        });
    };
    scan.skip_space();
    let text = scan.take_while(|c| c.is_ascii_graphic() && !matches!(c, ',' | ';' | '(' | ')'));
    let version = match operator {
        "===" => arbitrary(text),
        "==" | "!=" => match text.strip_suffix(".*") {
            Some(prefix) => prefix_of(prefix),
            None => Version::parse(text).map(|version| version.shortest()),
        },
        "~=" => compatible(text),
        _ => Version::parse(text)
            .filter(Version::is_public)
            .map(|version| version.shortest()),
    };
    version
        .map(|version| format!("{operator}{version}"))
        .ok_or(RequirementFault::Version)
}

/// `===` compares texts: nothing is normalised, so only what a version can be made of is taken.
fn arbitrary(text: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-+!*".contains(&b);
    (!text.is_empty() && text.bytes().all(plain)).then(|| text.to_owned())
}

/// `1.2.*`: trailing zeros mean something here.
fn prefix_of(text: &str) -> Option<String> {
    let version = Version::parse(text)?;
    (version.is_public() && !version.is_development()).then(|| format!("{}.*", version.full()))
}

/// `~=1.2`: at least two numbers, and their count means something.
fn compatible(text: &str) -> Option<String> {
    let version = Version::parse(text)?;
    (version.is_public() && version.numbers() >= 2).then(|| version.full())
}
