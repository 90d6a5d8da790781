//! Blueprints that are run by others and are nowhere to be seen.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::Parsed;
use crate::nearest;
use crate::problem::{Notes, Problem};
use crate::template::Template;

/// The blueprints this one runs by name that are not among these. No mistake by itself: a
/// program may bring blueprints of its own, and a file may come later.
pub fn unknown_sub_blueprints(parsed: &Parsed, known: &BTreeSet<&str>) -> Vec<Problem> {
    let mut notes = Notes::new(&parsed.source);
    for state in &parsed.states {
        state.each_sub_job(&mut |job| {
            let Template::Literal(Value::String(name)) = &job.blueprint else {
                return;
            };
            if known.contains(name.as_str()) {
                return;
            }
            let hint = match nearest::nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean '{near}'?"),
                None => "a job that comes here fails unless the server has it by then".to_owned(),
            };
            let reason = format!("no file here is about the blueprint '{name}'");
            notes.hint(job.blueprint_span, reason, hint);
        });
    }
    notes.into_refused().0
}
