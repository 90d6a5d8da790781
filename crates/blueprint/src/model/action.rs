//! The actions that have settings of their own.

use std::collections::BTreeMap;

use avtomatika_engine::EndAs;

use super::{Setting, Target};
use crate::source::Span;
use crate::template::{Located, Template};

/// Which state each outcome leads to.
#[derive(Clone, Debug, Default)]
pub struct Routes(pub BTreeMap<String, Target>);

impl Routes {
    /// Calls `see` with every outcome and its state.
    pub fn each(&self, see: &mut dyn FnMut(&str, &Target)) {
        for (outcome, target) in &self.0 {
            see(outcome, target);
        }
    }

    /// Outcomes and names of states, as the engine takes them.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let routes = self.0.iter();
        routes
            .map(|(outcome, target)| (outcome.clone(), target.state.clone()))
            .collect()
    }
}

/// A task for a worker.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Its type.
    pub task: Template,
    /// Its parameters: an object.
    pub params: Template,
    /// Which state each status leads to. Empty for a branch.
    pub on: Routes,
    /// Higher goes first.
    pub priority: Option<Setting<i32>>,
    /// How a worker is chosen.
    pub strategy: Option<String>,
    /// What the worker must have.
    pub needs: Option<Template>,
    /// The most it may cost.
    pub max_cost: Option<Setting<f64>>,
    /// The one worker that may do it.
    pub worker: Option<Template>,
    /// The worker that last did a task with this key.
    pub affinity: Option<Template>,
    /// How often it is tried.
    pub retry: Option<Retry>,
    /// How long it may wait for a worker, milliseconds.
    pub dispatch_timeout_ms: Option<Setting<u64>>,
    /// How long one attempt may run, milliseconds.
    pub execution_timeout_ms: Option<Setting<u64>>,
    /// How long it may take in all, milliseconds.
    pub result_timeout_ms: Option<Setting<u64>>,
    /// The key of the job's data the result goes under; merged into it without one.
    pub save_as: Option<String>,
}

/// How often a failed attempt is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all.
    pub max_attempts: Option<u32>,
    /// The pause after the first failure, milliseconds.
    pub initial_ms: Option<u64>,
    /// The longest pause, milliseconds.
    pub max_ms: Option<u64>,
}

/// Several things at once.
#[derive(Clone, Debug)]
pub struct Parallel {
    /// What is done.
    pub branches: Branches,
    /// How many must succeed: `None` for all.
    pub join: Join,
    /// The state that sees the results.
    pub into: Target,
    /// The state for when not enough succeed.
    pub on_failure: Option<Target>,
    /// How long it may take in all, milliseconds.
    pub timeout_ms: Option<Setting<u64>>,
}

/// How many branches must succeed.
#[derive(Clone, Debug)]
pub enum Join {
    /// All of them.
    All,
    /// One.
    Any,
    /// So many.
    AtLeast(Setting<u32>),
}

/// Where branches come from.
#[derive(Clone, Debug)]
pub enum Branches {
    /// Written one by one.
    Named(Vec<Branch>),
    /// One for each item of a list.
    ForEach(Box<ForEach>),
}

/// One branch for each item of a list.
#[derive(Clone, Debug)]
pub struct ForEach {
    /// The list.
    pub list: Located,
    /// What the item is called in the branch.
    pub item: String,
    /// What the branch is called; its number without this.
    pub name: Option<Template>,
    /// The branch.
    pub work: BranchWork,
}

/// A branch.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// What it does.
    pub work: BranchWork,
}

/// What a branch does.
#[derive(Clone, Debug)]
pub enum BranchWork {
    /// Have a worker do a task.
    Task(Box<Dispatch>),
    /// Run another blueprint.
    Job(Box<SubJob>),
}

/// A job of another blueprint.
#[derive(Clone, Debug)]
pub struct SubJob {
    /// The blueprint.
    pub blueprint: Template,
    /// Where it was written.
    pub blueprint_span: Span,
    /// Its version; the newest without one.
    pub version: Option<Template>,
    /// The input.
    pub input: Template,
    /// Which state each way of ending leads to. Empty for a branch.
    pub on: Routes,
    /// How long it may take, milliseconds.
    pub timeout_ms: Option<Setting<u64>>,
    /// The key of the job's data the result goes under.
    pub save_as: Option<String>,
}

/// A wait for a person.
#[derive(Clone, Debug)]
pub struct Approval {
    /// What is asked.
    pub message: Template,
    /// Which state each decision leads to.
    pub on: Routes,
    /// How long it waits, milliseconds.
    pub timeout_ms: Option<Setting<u64>>,
    /// Where the question is posted.
    pub notify_url: Option<Template>,
}

/// A wait.
#[derive(Clone, Debug)]
pub struct Wait {
    /// How long, or until when.
    pub until: Until,
    /// What comes then.
    pub then: Target,
}

/// How long a wait is.
#[derive(Clone, Debug)]
pub enum Until {
    /// So many milliseconds.
    After(Setting<u64>),
    /// Until this time, milliseconds since the Unix epoch.
    At(Setting<u64>),
}

/// A wait for a signal.
#[derive(Clone, Debug)]
pub struct Event {
    /// The signal's name.
    pub name: Template,
    /// `received` and `timeout`.
    pub on: Routes,
    /// How long it waits, milliseconds.
    pub timeout_ms: Option<Setting<u64>>,
    /// The key of the job's data the payload goes under; the signal's name without one.
    pub save_as: Option<String>,
}

/// An end.
#[derive(Clone, Debug)]
pub struct Finish {
    /// How the job has ended.
    pub how: EndAs,
    /// Its result.
    pub result: Option<Template>,
}
