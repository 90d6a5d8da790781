//! What only all states together show.

mod sub_jobs;

use std::collections::{BTreeMap, BTreeSet};

use avtomatika_engine::EndAs;

use crate::model::{Action, Parsed, Step, Target};
use crate::nearest;
use crate::problem::Notes;
use crate::read::Read;
pub use sub_jobs::unknown_sub_blueprints;

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
    ends_fit(parsed, notes);
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

/// Checks that jobs don't begin where they end, that failures end in failure, and that a result
/// that is promised is given.
fn ends_fit(parsed: &Parsed, notes: &mut Notes<'_>) {
    for state in &parsed.states {
        if let Action::End(end) = &state.step.action {
            if state.name == parsed.start {
                notes.hint(
                    state.span,
                    "jobs begin in an end state",
                    "the first state must do something; `goto` at least",
                );
            }
            if end.how == EndAs::Completed && end.output.is_none() && parsed.output.is_some() {
                notes.hint(
                    state.span,
                    format!(
                        "state '{}' gives no result, but 'output' promises one",
                        state.name
                    ),
                    "add `output:` beside `end: completed`",
                );
            }
        }
        each_step(&state.step, &mut |step| match &step.action {
            Action::Fail { target, .. } => {
                let at = parsed.state(&target.state).map(|state| &state.step.action);
                let fits = matches!(at, Some(Action::End(end)) if end.how == EndAs::Failed);
                if !fits {
                    notes.hint(
                        target.span,
                        format!("'fail' must lead to an end, '{}' is none", target.state),
                        "name a state with `end: failed`",
                    );
                }
            }
            Action::Finish(finish)
                if finish.how == EndAs::Completed
                    && finish.result.is_none()
                    && parsed.output.is_some() =>
            {
                notes.hint(
                    state.span,
                    format!(
                        "state '{}' gives no result, but 'output' promises one",
                        state.name
                    ),
                    "add `result:` to `finish`",
                );
            }
            _ => {}
        });
    }
}

/// Calls `see` with a step and those of its cases.
fn each_step<'s>(step: &'s Step, see: &mut dyn FnMut(&'s Step)) {
    see(step);
    if let Action::When { cases, otherwise } = &step.action {
        cases.iter().for_each(|case| see(&case.step));
        see(otherwise);
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
