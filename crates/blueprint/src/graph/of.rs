//! The graph of a blueprint file.

use avtomatika_engine::EndAs;

use super::{Edge, Graph, Node, Shape};
use crate::model::{Action, BranchWork, Branches, Join, Parsed, Setting, State, Until, Wait};
use crate::template::{Part, Template};

impl Graph {
    /// The graph of a blueprint file.
    pub fn of(parsed: &Parsed) -> Self {
        let nodes: Vec<Node> = parsed
            .states
            .iter()
            .map(|state| Node {
                name: state.name.clone(),
                detail: detail(state),
                shape: shape(&state.step.action),
                start: state.name == parsed.start,
            })
            .collect();
        let mut edges = Vec::new();
        for (from, state) in parsed.states.iter().enumerate() {
            state.step.action.each_target(&mut |label, target| {
                if let Some(to) = nodes.iter().position(|node| node.name == target.state) {
                    edges.push(Edge {
                        from,
                        to,
                        label: label.to_owned(),
                    });
                }
            });
        }
        Self {
            name: parsed.name.clone(),
            nodes,
            edges,
        }
    }
}

fn shape(action: &Action) -> Shape {
    match action {
        Action::Goto(_) | Action::Fail { .. } => Shape::Step,
        Action::Dispatch(_) => Shape::Task,
        Action::Parallel(_) => Shape::Parallel,
        Action::RunBlueprint(_) => Shape::Job,
        Action::AwaitApproval(_) => Shape::Human,
        Action::Wait(_) | Action::WaitEvent(_) => Shape::Wait,
        Action::When { .. } => Shape::Choice,
        Action::Finish(finish) => end(finish.how),
        Action::End(at) => end(at.how),
    }
}

fn end(how: EndAs) -> Shape {
    match how {
        EndAs::Completed => Shape::Completed,
        EndAs::Failed => Shape::Failed,
    }
}

fn detail(state: &State) -> String {
    match &state.step.action {
        Action::Dispatch(dispatch) => words(&dispatch.task),
        Action::Parallel(parallel) => {
            let what = match &parallel.branches {
                Branches::Named(named) => {
                    let names: Vec<_> = named.iter().map(|branch| branch.name.as_str()).collect();
                    names.join(" + ")
                }
                Branches::ForEach(each) => {
                    let what = match &each.work {
                        BranchWork::Task(task) => words(&task.task),
                        BranchWork::Job(job) => words(&job.blueprint),
                    };
                    format!("{what} for each {}", each.list.expression.text().trim())
                }
            };
            match &parallel.join {
                Join::All => what,
                Join::Any => format!("any of {what}"),
                Join::AtLeast(Setting::Fixed(least)) => format!("{least} of {what}"),
                Join::AtLeast(Setting::Computed(_)) => format!("some of {what}"),
            }
        }
        Action::RunBlueprint(job) => words(&job.blueprint),
        Action::AwaitApproval(approval) => words(&approval.message),
        Action::Wait(wait) => waiting(wait),
        Action::WaitEvent(event) => words(&event.name),
        Action::Fail { code, .. } => code.clone(),
        Action::When { cases, otherwise } => {
            let mut steps = cases.iter().map(|case| &case.step);
            let finishes = |action: &Action| matches!(action, Action::Finish(_));
            if finishes(&otherwise.action) || steps.any(|step| finishes(&step.action)) {
                "or ends here".to_owned()
            } else {
                String::new()
            }
        }
        Action::Goto(_) | Action::Finish(_) | Action::End(_) => String::new(),
    }
}

fn waiting(wait: &Wait) -> String {
    match &wait.until {
        Until::After(Setting::Fixed(ms)) => crate::duration::shown(*ms),
        Until::At(Setting::Fixed(ms)) => {
            let time = i64::try_from(*ms).ok();
            let time = time.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
            time.map_or_else(String::new, |time| format!("until {time}"))
        }
        Until::After(Setting::Computed(located)) | Until::At(Setting::Computed(located)) => {
            located.expression.text().trim().to_owned()
        }
    }
}

/// A template as it was written, more or less.
fn words(template: &Template) -> String {
    match template {
        Template::Literal(serde_json::Value::String(text)) => text.clone(),
        Template::Literal(value) => value.to_string(),
        Template::Expression(located) => format!("${{{}}}", located.expression.text().trim()),
        Template::Text(parts) => {
            let parts = parts.iter().map(|part| match part {
                Part::Plain(text) => text.clone(),
                Part::Expression(located) => format!("${{{}}}", located.expression.text().trim()),
            });
            parts.collect()
        }
        Template::List(_) | Template::Object(_) => String::new(),
    }
}
