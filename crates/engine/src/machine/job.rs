//! The job as it is stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use avtomatika_protocol::job::{Decision, Phase};
use avtomatika_protocol::{ClientId, Failure, JobId, JobStatus, LeaseId, TaskId, WorkerId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Runs, Signal, Wait};
use crate::blueprint::{Blueprint, BranchResult, ChildResult, Client, LastTask, RetryPolicy};

/// A job. Secrets in `input` and `data` are sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The job.
    pub id: JobId,
    /// Grows by one with each commit.
    pub version: u64,
    /// The blueprint it walks through.
    pub blueprint: Arc<str>,
    /// Which version of it.
    #[serde(default = "unversioned", skip_serializing_if = "is_unversioned")]
    pub blueprint_version: Arc<str>,
    /// Whose it is.
    pub client: Arc<Client>,
    /// The state it is in.
    pub state: String,
    /// Where it stands.
    pub status: JobStatus,
    /// The body it was posted with.
    pub input: Arc<Value>,
    /// Data gathered so far.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// Failures of the current step.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retry_count: u32,
    /// Handler runs and state changes since a worker last reported, for the loop guard.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub transitions: u32,
    /// Whether anything came from outside while it ran for another job, for that one's loop guard.
    #[serde(default, skip_serializing_if = "is_false")]
    pub helped: bool,
    /// Since when it waits for what it waits for, milliseconds since the Unix epoch. What happens
    /// meanwhile does not move it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_since_ms: Option<u64>,
    /// The last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The task it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Work>,
    /// How the last task went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_task: Option<LastTask>,
    /// When it goes on by itself, milliseconds since the Unix epoch: the end of a back-off, of a
    /// sleep, or of the patience with what it waits for.
    #[serde(
        default,
        alias = "retry_at_ms",
        skip_serializing_if = "Option::is_none"
    )]
    pub timer_at_ms: Option<u64>,
    /// What it waits for, if it is not a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Box<Wait>>,
    /// What came of the branches that ran side by side last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<BranchResult>,
    /// What came of the last sub-job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<Box<ChildResult>>,
    /// What people decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// Events that came before anybody waited for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mailbox: Vec<Signal>,
    /// What it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// The job it runs for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<JobId>,
    /// How many jobs are above it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub depth: u32,
    /// Labels it was posted with.
    #[serde(default, skip_serializing_if = "is_unlabelled")]
    pub labels: Arc<BTreeMap<String, String>>,
    /// Where its end is told. Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Arc<Value>>,
    /// The job it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<JobId>,
    /// The W3C trace context it was posted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_parent: Option<Arc<str>>,
    /// The client's key for the job: the same key gives the same job again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// The lease under which the last result was taken, so that the same result again gets the
    /// same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<LeaseId>,
    /// What the worker of the last task said it was doing, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<Phase>,
    /// When it was accepted, milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// When it last changed, milliseconds since the Unix epoch.
    pub updated_at_ms: u64,
}

/// The task a job waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The task.
    pub task: TaskId,
    /// Its type.
    pub task_type: Arc<str>,
    /// Which state each status of the result leads to.
    pub transitions: BTreeMap<String, String>,
    /// How often it is tried.
    pub retry: RetryPolicy,
    /// The only worker that may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerId>,
    /// What binds it to the worker that did such a task last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<String>,
    /// Where its result is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_as: Option<String>,
}

fn unversioned() -> Arc<str> {
    Arc::from("")
}

fn is_unversioned(version: &Arc<str>) -> bool {
    version.is_empty()
}

fn is_unlabelled(labels: &Arc<BTreeMap<String, String>>) -> bool {
    labels.is_empty()
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Job {
    /// A job that has just been accepted. The input must be sealed already.
    pub fn new(
        id: JobId,
        blueprint: &Blueprint,
        client: Arc<Client>,
        input: Value,
        now_ms: u64,
    ) -> Self {
        Self {
            id,
            version: 0,
            blueprint: blueprint.name.as_str().into(),
            blueprint_version: blueprint.version.as_str().into(),
            client,
            state: blueprint.start.clone(),
            status: JobStatus::Pending,
            input: Arc::new(input),
            data: Map::new(),
            retry_count: 0,
            transitions: 0,
            helped: false,
            waits_since_ms: None,
            failure: None,
            work: None,
            last_task: None,
            timer_at_ms: None,
            wait: None,
            branches: Vec::new(),
            child: None,
            decisions: Vec::new(),
            mailbox: Vec::new(),
            result: None,
            parent: None,
            depth: 0,
            labels: Arc::default(),
            webhook: None,
            rerun_of: None,
            trace_parent: None,
            idempotency_key: None,
            answered: None,
            phases: Vec::new(),
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
        }
    }

    /// The task of this id, if the job waits for it.
    pub fn work_of(&self, task: TaskId) -> Option<&Work> {
        if let Some(work) = self.work.as_ref().filter(|work| work.task == task) {
            return Some(work);
        }
        let Some(Wait::Fork(fork)) = self.wait.as_deref() else {
            return None;
        };
        fork.branches.iter().find_map(|branch| match &branch.runs {
            Runs::Task(work) if work.task == task && branch.result.is_none() => Some(work),
            Runs::Task(_) | Runs::Job(_) => None,
        })
    }

    /// The tasks it waits for.
    pub fn open_tasks(&self) -> Vec<TaskId> {
        let mut tasks: Vec<TaskId> = self.work.iter().map(|work| work.task).collect();
        if let Some(Wait::Fork(fork)) = self.wait.as_deref() {
            let open = fork
                .branches
                .iter()
                .filter(|branch| branch.result.is_none());
            tasks.extend(open.filter_map(|branch| match &branch.runs {
                Runs::Task(work) => Some(work.task),
                Runs::Job(_) => None,
            }));
        }
        tasks
    }

    /// The sub-jobs it waits for.
    pub fn open_children(&self) -> Vec<JobId> {
        match self.wait.as_deref() {
            Some(Wait::Child(child)) => vec![child.job],
            Some(Wait::Fork(fork)) => {
                let open = fork
                    .branches
                    .iter()
                    .filter(|branch| branch.result.is_none());
                open.filter_map(|branch| match &branch.runs {
                    Runs::Job(job) => Some(*job),
                    Runs::Task(_) => None,
                })
                .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whose job it is.
    pub fn owner(&self) -> &ClientId {
        &self.client.id
    }
}
