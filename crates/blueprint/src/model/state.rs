//! States and what they do.

use avtomatika_engine::EndAs;

use super::{Approval, Dispatch, Event, Finish, Parallel, SubJob, Wait};
use crate::source::Span;
use crate::template::{Located, Template};

/// A state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name.
    pub name: String,
    /// Where the name was written.
    pub span: Span,
    /// What it is for, in words.
    pub description: Option<String>,
    /// Documents it works with.
    pub load: Vec<Document>,
    /// What it does.
    pub step: Step,
}

/// Updates and an action.
#[derive(Clone, Debug)]
pub struct Step {
    /// Keys of the job's data and their new values, in order; each sees those above it.
    pub set: Vec<(String, Template)>,
    /// Documents, by the names they were loaded under, and their new values; null deletes.
    pub put: Vec<(String, Template)>,
    /// What happens next.
    pub action: Action,
}

/// What happens next.
#[derive(Clone, Debug)]
pub enum Action {
    /// Go to a state.
    Goto(Target),
    /// Have a worker do a task.
    Dispatch(Box<Dispatch>),
    /// Do several things at once.
    Parallel(Box<Parallel>),
    /// Run another blueprint.
    RunBlueprint(Box<SubJob>),
    /// Wait for a person.
    AwaitApproval(Box<Approval>),
    /// Wait for a while, or until a time.
    Wait(Box<Wait>),
    /// Wait for a signal.
    WaitEvent(Box<Event>),
    /// End here and now.
    Finish(Box<Finish>),
    /// End in an end state, with a failure.
    Fail {
        /// The failure's code.
        code: String,
        /// The failure's message.
        message: Template,
        /// The end state.
        target: Target,
    },
    /// The first case that holds.
    When {
        /// The cases, in order.
        cases: Vec<Case>,
        /// If none holds.
        otherwise: Box<Step>,
    },
    /// An end state.
    End(End),
}

/// One case of a `when`.
#[derive(Clone, Debug)]
pub struct Case {
    /// If this holds …
    pub condition: Located,
    /// … this is done.
    pub step: Step,
}

/// An end state.
#[derive(Clone, Debug)]
pub struct End {
    /// How the job has ended.
    pub how: EndAs,
    /// Its result; the job's data without one.
    pub output: Option<Template>,
}

/// The name of a state to go to.
#[derive(Clone, Debug)]
pub struct Target {
    /// The name.
    pub state: String,
    /// Where it was written.
    pub span: Span,
}

/// A document a state works with.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is called here: `documents.NAME`.
    pub name: String,
    /// The collection.
    pub store: Template,
    /// The document in it.
    pub key: Template,
}

impl Action {
    /// The key this action has in a file.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Goto(_) => "goto",
            Self::Dispatch(_) => "dispatch",
            Self::Parallel(_) => "parallel",
            Self::RunBlueprint(_) => "run_blueprint",
            Self::AwaitApproval(_) => "await_approval",
            Self::Wait(wait) => match wait.until {
                super::action::Until::After(_) => "sleep",
                super::action::Until::At(_) => "wait_until",
            },
            Self::WaitEvent(_) => "wait_event",
            Self::Finish(_) => "finish",
            Self::Fail { .. } => "fail",
            Self::When { .. } => "when",
            Self::End(_) => "end",
        }
    }

    /// Calls `see` with every state this can lead to, and on what.
    pub fn each_target(&self, see: &mut dyn FnMut(&str, &Target)) {
        match self {
            Self::Goto(target) => see("", target),
            Self::Dispatch(dispatch) => dispatch.on.each(see),
            Self::Parallel(parallel) => {
                see("joined", &parallel.into);
                if let Some(target) = &parallel.on_failure {
                    see("failure", target);
                }
            }
            Self::RunBlueprint(job) => job.on.each(see),
            Self::AwaitApproval(approval) => approval.on.each(see),
            Self::Wait(wait) => see("", &wait.then),
            Self::WaitEvent(event) => event.on.each(see),
            Self::Finish(_) | Self::End(_) => {}
            Self::Fail { target, .. } => see("", target),
            Self::When { cases, otherwise } => {
                for case in cases {
                    let text = case.condition.expression.text().trim();
                    case.step.action.each_target(&mut |label, target| {
                        see(&joined(text, label), target);
                    });
                }
                otherwise.action.each_target(&mut |label, target| {
                    see(&joined("else", label), target);
                });
            }
        }
    }
}

fn joined(condition: &str, label: &str) -> String {
    if label.is_empty() {
        condition.to_owned()
    } else {
        format!("{condition}: {label}")
    }
}
