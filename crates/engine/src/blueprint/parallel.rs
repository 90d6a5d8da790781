//! Several things at once, and what must come of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Dispatch;

/// Branches that run side by side, joined in one state.
#[derive(Clone, Debug)]
pub struct Parallel {
    /// The branches; none at all goes straight on.
    pub branches: Vec<Branch>,
    /// What must have come of them before the job goes on.
    pub join: Join,
    /// The state it goes on in. Its handler finds what came of each branch in
    /// [`Context::branches`](super::Context::branches).
    pub into: String,
    /// The state it goes on in when the join can no longer be met, or the time is up; `into` if
    /// there is none. With it, a join of all gives up at the first branch that fails.
    pub on_failure: Option<String>,
    /// How long it may take, milliseconds.
    pub timeout_ms: Option<u64>,
}

/// One branch.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Its name, unique among its siblings.
    pub name: String,
    /// What it does.
    pub work: BranchWork,
}

/// What a branch does. Transitions in it mean nothing: where the job goes is the join's business.
#[derive(Clone, Debug)]
pub enum BranchWork {
    /// A task for a worker.
    Task(Box<Dispatch>),
    /// A job of its own.
    Job(Box<RunBlueprint>),
}

/// What must have come of the branches. Those still running when it has are cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// All have ended.
    All,
    /// One has succeeded.
    Any,
    /// So many have succeeded.
    AtLeast(u32),
}

/// A job that runs for another one.
#[derive(Clone, Debug)]
pub struct RunBlueprint {
    /// The blueprint it walks through.
    pub blueprint: String,
    /// Which version of it; the newest if none is named.
    pub version: Option<String>,
    /// What it is given.
    pub input: Value,
    /// Which state each outcome leads to: `completed`, `failed`, `cancelled`, `quarantined` or
    /// `timeout`; else `success` or `failure`.
    pub transitions: BTreeMap<String, String>,
    /// How long it may take, milliseconds. Then it is cancelled.
    pub timeout_ms: Option<u64>,
    /// The key of the job's data its result is kept under.
    pub save_as: Option<String>,
}

impl Parallel {
    /// Branches that must all have ended before the job goes on in `into`.
    pub fn new(into: impl Into<String>) -> Self {
        Self {
            branches: Vec::new(),
            join: Join::All,
            into: into.into(),
            on_failure: None,
            timeout_ms: None,
        }
    }

    /// The same, with a task as one more branch.
    #[must_use]
    pub fn task(mut self, name: impl Into<String>, dispatch: Dispatch) -> Self {
        self.branches.push(Branch {
            name: name.into(),
            work: BranchWork::Task(Box::new(dispatch)),
        });
        self
    }

    /// The same, with a sub-job as one more branch.
    #[must_use]
    pub fn job(mut self, name: impl Into<String>, run: RunBlueprint) -> Self {
        self.branches.push(Branch {
            name: name.into(),
            work: BranchWork::Job(Box::new(run)),
        });
        self
    }

    /// The same, with another join.
    #[must_use]
    pub fn join(mut self, join: Join) -> Self {
        self.join = join;
        self
    }

    /// The same, with a state for when the join can't be met.
    #[must_use]
    pub fn on_failure(mut self, state: impl Into<String>) -> Self {
        self.on_failure = Some(state.into());
        self
    }

    /// The same, with a bound on how long it may take, milliseconds.
    #[must_use]
    pub fn timeout_ms(mut self, limit_ms: u64) -> Self {
        self.timeout_ms = Some(limit_ms);
        self
    }
}

impl RunBlueprint {
    /// A sub-job with this input.
    pub fn new(blueprint: impl Into<String>, input: Value) -> Self {
        Self {
            blueprint: blueprint.into(),
            version: None,
            input,
            transitions: BTreeMap::new(),
            timeout_ms: None,
            save_as: None,
        }
    }

    /// The same, going to `state` when it ends like that.
    #[must_use]
    pub fn on(mut self, outcome: &str, state: &str) -> Self {
        self.transitions
            .insert(outcome.to_owned(), state.to_owned());
        self
    }

    /// The same, with a bound on how long it may take, milliseconds.
    #[must_use]
    pub fn timeout_ms(mut self, limit_ms: u64) -> Self {
        self.timeout_ms = Some(limit_ms);
        self
    }

    /// The same, keeping its result under this key of the job's data.
    #[must_use]
    pub fn save_as(mut self, key: &str) -> Self {
        self.save_as = Some(key.to_owned());
        self
    }
}
