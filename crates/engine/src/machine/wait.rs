//! What a job waits for, if it is not a task of its own.

use std::collections::BTreeMap;

use avtomatika_protocol::JobId;
use serde::{Deserialize, Serialize};

use super::Work;
use crate::blueprint::{BranchResult, Join};

/// What a job waits for. Always something a live timer, a worker, a job or a person can deliver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Branches that run side by side.
    Fork(Fork),
    /// A sub-job.
    Child(Child),
    /// A person.
    Approval(Approval),
    /// An event from elsewhere.
    Signal(SignalWait),
    /// A time.
    Sleep {
        /// The state it goes on in.
        then: String,
        /// How long it sleeps, milliseconds.
        for_ms: u64,
    },
}

impl Wait {
    /// Its name in a job's history: that of the reason a waiting job gives.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fork(_) => "branches",
            Self::Child(_) => "sub_job",
            Self::Approval(_) => "approval",
            Self::Signal(_) => "event",
            Self::Sleep { .. } => "sleep",
        }
    }
}

/// Branches that run side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fork {
    /// The branches.
    pub branches: Vec<BranchState>,
    /// What must have come of them.
    pub join: Join,
    /// The state the job goes on in.
    pub into: String,
    /// The state it goes on in when the join can't be met.
    pub on_failure: Option<String>,
}

/// A branch, and what has come of it so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BranchState {
    /// Its name.
    pub name: String,
    /// What it does.
    pub runs: Runs,
    /// Failures of its task.
    #[serde(default)]
    pub retry_count: u32,
    /// The lease under which its last result was taken, so that the same result again gets the
    /// same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<avtomatika_protocol::LeaseId>,
    /// What came of it, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<BranchResult>,
}

/// What a branch does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runs {
    /// A task.
    Task(Work),
    /// A job.
    Job(JobId),
}

/// A sub-job the job waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Child {
    /// The sub-job.
    pub job: JobId,
    /// The blueprint it walks through.
    pub blueprint: String,
    /// Which state each outcome leads to.
    pub transitions: BTreeMap<String, String>,
    /// Where its result is kept.
    pub save_as: Option<String>,
}

/// A question to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// The question.
    pub message: String,
    /// Which state each decision leads to.
    pub transitions: BTreeMap<String, String>,
    /// The digest of the token that is good for one decision.
    pub token_digest: String,
}

/// A wait for an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignalWait {
    /// Its name.
    pub name: String,
    /// Which state its coming, or its not coming, leads to.
    pub transitions: BTreeMap<String, String>,
    /// Where its payload is kept.
    pub save_as: String,
}

/// An event that came before anybody waited for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// What it carried.
    pub payload: serde_json::Value,
}

impl Fork {
    /// The branch that waits for this task.
    pub fn by_task(&self, task: avtomatika_protocol::TaskId) -> Option<usize> {
        self.branches.iter().position(|branch| {
            branch.result.is_none() && matches!(&branch.runs, Runs::Task(work) if work.task == task)
        })
    }

    /// The branch that waits for this job.
    pub fn by_job(&self, job: JobId) -> Option<usize> {
        self.branches.iter().position(|branch| {
            branch.result.is_none() && matches!(&branch.runs, Runs::Job(id) if *id == job)
        })
    }
}
