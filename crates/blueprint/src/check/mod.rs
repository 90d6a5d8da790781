//! What only all states together show.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Action, Target};
use crate::nearest;
use crate::problem::Notes;
use crate::read::Read;

/// Checks that every way leads to a state, that every state is reached, and that an end can be
/// reached from everywhere. The last two only when every state was understood.
pub(crate) fn states(read: &Read, notes: &mut Notes<'_>) {
    let parsed = &read.parsed;
    let names: Vec<&str> = read.declared.iter().map(String::as_str).collect();
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut dangling = Vec::new();
    for state in &parsed.states {
        let mut targets: Vec<Target> = Vec::new();
        state
            .step
            .action
            .each_target(&mut |_, target| targets.push(target.clone()));
        for target in targets {
            match names.iter().find(|name| **name == target.state) {
                Some(name) => edges.entry(&state.name).or_default().push(name),
                None => dangling.push(target),
            }
        }
    }
    for target in &dangling {
        let hint = nearest::suggestion(&target.state, &names);
        let reason = format!("there is no state '{}'", target.state);
        notes.push(target.span, reason, hint);
    }
    if !read.complete || !dangling.is_empty() || parsed.state(&parsed.start).is_none() {
        return;
    }
    let reached = reach(&[parsed.start.as_str()], &edges);
    let backwards = reversed(&edges);
    let ends: Vec<&str> = parsed
        .states
        .iter()
        .filter(|state| ends(&state.step.action))
        .map(|state| state.name.as_str())
        .collect();
    let ending = reach(&ends, &backwards);
    for state in &parsed.states {
        let name = state.name.as_str();
        if !reached.contains(name) {
            notes.hint(
                state.span,
                format!("state '{name}' is never reached"),
                format!("no way leads to it from '{}'", parsed.start),
            );
        } else if !ending.contains(name) {
            notes.hint(
                state.span,
                format!("no way leads from state '{name}' to an end"),
                "an end is a state with `end:` or `finish:`",
            );
        }
    }
}

/// Whether a job can end in this action.
fn ends(action: &Action) -> bool {
    match action {
        Action::End(_) | Action::Finish(_) => true,
        Action::When { cases, otherwise } => {
            let mut steps = cases.iter().map(|case| &case.step);
            steps.any(|step| ends(&step.action)) || ends(&otherwise.action)
        }
        Action::Goto(_)
        | Action::Dispatch(_)
        | Action::Parallel(_)
        | Action::RunBlueprint(_)
        | Action::AwaitApproval(_)
        | Action::Wait(_)
        | Action::WaitEvent(_)
        | Action::Fail { .. } => false,
    }
}

fn reach<'n>(from: &[&'n str], edges: &BTreeMap<&'n str, Vec<&'n str>>) -> BTreeSet<&'n str> {
    let mut reached: BTreeSet<&str> = from.iter().copied().collect();
    let mut open: Vec<&str> = from.to_vec();
    while let Some(name) = open.pop() {
        for next in edges.get(name).into_iter().flatten() {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}

fn reversed<'n>(edges: &BTreeMap<&'n str, Vec<&'n str>>) -> BTreeMap<&'n str, Vec<&'n str>> {
    let mut backwards: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, targets) in edges {
        for to in targets {
            backwards.entry(to).or_default().push(from);
        }
    }
    backwards
}
