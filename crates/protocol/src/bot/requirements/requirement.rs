//! One requirement: name, extras, versions, condition.

use std::collections::BTreeSet;

use super::super::refusal::RequirementFault;
use super::scan::Scan;
use super::{marker, specifier};

/// The canonical form: PEP 503 name, sorted extras, sorted specifiers, plain marker.
pub(super) fn canonical(text: &str) -> Result<String, RequirementFault> {
    let mut scan = Scan::new(text);
    let mut line = name(&mut scan).ok_or(RequirementFault::Name)?;
    scan.skip_space();
    if scan.eat("[") {
        let extras = extras(&mut scan).ok_or(RequirementFault::Extras)?;
        if !extras.is_empty() {
            let extras: Vec<String> = extras.into_iter().collect();
            line.push_str(&format!("[{}]", extras.join(",")));
        }
        scan.skip_space();
    }
    line.push_str(&specifier::set(&mut scan)?);
    scan.skip_space();
    if scan.eat(";") {
        let marker = marker::canonical(&mut scan).ok_or(RequirementFault::Marker)?;
        line.push_str("; ");
        line.push_str(&marker);
        scan.skip_space();
        return if scan.at_end() {
            Ok(line)
        } else {
            Err(RequirementFault::Marker)
        };
    }
    if scan.at_end() {
        Ok(line)
    } else {
        Err(RequirementFault::Version)
    }
}

/// PEP 508 identifier in PEP 503 form: lower case, runs of `.`, `_` and `-` as one `-`.
fn name(scan: &mut Scan<'_>) -> Option<String> {
    let text = scan.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let alphanumeric = |c: char| c.is_ascii_alphanumeric();
    if !text.starts_with(alphanumeric) || !text.ends_with(alphanumeric) {
        return None;
    }
    // A letter of another alphabet would end the name here and look like part of it.
    if scan.next_is(|c| !c.is_ascii()) {
        return None;
    }
    let parts: Vec<String> = text
        .split(['.', '_', '-'])
        .filter(|part| !part.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    Some(parts.join("-"))
}

/// Names between brackets; the opening one is taken already.
fn extras(scan: &mut Scan<'_>) -> Option<BTreeSet<String>> {
    let mut extras = BTreeSet::new();
    scan.skip_space();
    if scan.eat("]") {
        return Some(extras);
    }
    loop {
        scan.skip_space();
        extras.insert(name(scan)?);
        scan.skip_space();
        if scan.eat("]") {
            return Some(extras);
        }
        if !scan.eat(",") {
            return None;
        }
    }
}
