//! Checks each commit against what was committed before.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use avtomatika_engine::history::EventKind;
use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{Batch, TaskChange};
use avtomatika_protocol::{JobId, LeaseId, TaskId};

/// What has been committed so far.
#[derive(Default)]
pub(crate) struct Witness {
    pub(crate) jobs: HashMap<JobId, Arc<Job>>,
    ended: HashSet<JobId>,
    /// How often a parent stopped waiting for a sub-job.
    pub(crate) let_go: HashMap<JobId, u32>,
    /// How often it was told that a parent went on because of a sub-job.
    resumed: HashMap<String, u32>,
    pub(crate) wrong: Vec<String>,
}

impl Witness {
    pub(crate) fn note(&mut self, batch: &Batch, leases: &HashMap<TaskId, LeaseId>) {
        for change in &batch.tasks {
            if let TaskChange::Finish {
                task,
                lease: Some(named),
            }
            | TaskChange::Retry {
                task,
                lease: Some(named),
                ..
            } = change
                && leases.get(task) != Some(named)
            {
                let held = leases.get(task);
                self.wrong
                    .push(format!("{task}: ended under {named} while {held:?} held"));
            }
        }
        for event in &batch.history {
            let child = event.details.as_ref().map(|details| &details["job_id"]);
            if let (EventKind::SubJobFinished, Some(child)) = (event.kind, child) {
                let times = self.resumed.entry(child.to_string()).or_default();
                *times += 1;
                if *times > 1 {
                    self.wrong
                        .push(format!("{}: resumed twice by {child}", event.job_id));
                }
            }
        }
        for (job, from_version) in batch.jobs() {
            self.note_job(job, from_version, leases);
        }
    }

    fn note_job(&mut self, job: &Arc<Job>, from_version: u64, leases: &HashMap<TaskId, LeaseId>) {
        let before = self.jobs.get(&job.id).cloned();
        let version = before.as_ref().map_or(0, |job| job.version);
        if job.version != version + 1 || from_version != version {
            self.wrong.push(format!(
                "{}: version {} after {version}",
                job.id, job.version
            ));
        }
        if self.ended.contains(&job.id) {
            self.wrong.push(format!("{} changed after its end", job.id));
        }
        if job.status.is_terminal() {
            self.ended.insert(job.id);
        }
        let open = job.open_children();
        let waited = before.as_ref().map(|before| before.open_children());
        for child in waited.unwrap_or_default() {
            if !open.contains(&child) {
                *self.let_go.entry(child).or_default() += 1;
            }
        }
        self.check_results(before.as_deref(), job, leases);
        self.jobs.insert(job.id, Arc::clone(job));
    }

    /// Simulated workers write the lease they worked under into their result.
    fn check_results(
        &mut self,
        before: Option<&Job>,
        job: &Job,
        leases: &HashMap<TaskId, LeaseId>,
    ) {
        let said = |job: &Job| job.data.get("lease").cloned();
        let (old, new) = (before.and_then(said), said(job));
        let mut results = Vec::new();
        if new.is_some() && new != old {
            let task = before.and_then(|before| before.work.as_ref());
            results.extend(task.map(|work| (work.task, new)));
        }
        let known = |task: TaskId| {
            let branches = before.map_or(&[][..], |before| &before.branches);
            branches.iter().any(|branch| branch.task == Some(task))
        };
        for branch in &job.branches {
            let lease = branch.data.as_ref().and_then(|data| data.get("lease"));
            if let (Some(task), Some(lease)) = (branch.task, lease)
                && leases.contains_key(&task)
                && !known(task)
            {
                results.push((task, Some(lease.clone())));
            }
        }
        for (task, said) in results {
            let held = leases.get(&task).map(|lease| serde_json::json!(lease));
            if held != said {
                self.wrong.push(format!(
                    "{}: a result under {said:?} while {held:?} held",
                    job.id
                ));
            }
        }
    }
}
