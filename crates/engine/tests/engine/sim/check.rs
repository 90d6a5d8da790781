//! What must hold when the storm is over.

use avtomatika_engine::history::EventKind;
use avtomatika_engine::machine::Job;
use avtomatika_protocol::{JobId, JobStatus};
use serde_json::{Value, json};

use super::blueprint::{resumed_by, total, trail_of};
use super::world::{JOBS, World};

/// Longer than any timer there is, milliseconds.
const LONG_MS: u64 = 24 * 3_600_000;

impl World {
    /// Everything that is not as it must be, in words.
    pub(crate) async fn complaints(&mut self) -> Vec<String> {
        let mut wrong = self.store.wrong();
        let jobs = self.store.jobs();
        if self.accepted.len() != JOBS {
            wrong.push(format!(
                "{} of {JOBS} submits found no end",
                JOBS - self.accepted.len()
            ));
        }
        let roots = jobs.iter().filter(|job| job.parent.is_none()).count();
        if roots != JOBS {
            wrong.push(format!("{roots} jobs for {JOBS} keys"));
        }
        for (number, id) in &self.accepted {
            if !jobs.iter().any(|job| job.id == *id) {
                wrong.push(format!("job {number} ({id}) is lost"));
            }
        }
        let mut visits = 0;
        for job in &jobs {
            visits += self.check_job(job, &mut wrong).await;
            if job.parent.is_some() {
                self.tally.children += 1;
                self.check_resumed(job.id, &mut wrong).await;
            }
        }
        let counted = self.lab.store.document(&total()).await.unwrap();
        let counted = counted.map_or(Value::Null, |document| document.value);
        if counted != json!(visits) {
            wrong.push(format!("{counted} visits were counted, and {visits} made"));
        }
        let spent = self.lab.store.counter("sim").await.unwrap();
        if spent != JOBS as u64 {
            wrong.push(format!("{spent} spent for {JOBS} jobs"));
        }
        self.check_rest(&mut wrong).await;
        self.check_told(&jobs, &mut wrong).await;
        for worker in &mut self.workers {
            worker.crash(0);
        }
        wrong
    }

    /// Its trail is a piece of its route, all of it if it has completed. Answers its length.
    async fn check_job(&mut self, job: &Job, wrong: &mut Vec<String>) -> usize {
        let id = job.id;
        let route = job.input["route"].as_array().unwrap();
        let trail = match job.data.get("trail") {
            Some(Value::Array(trail)) => trail.clone(),
            _ => Vec::new(),
        };
        if trail.len() > route.len() || trail != route[..trail.len()] {
            wrong.push(format!("{id} went {trail:?} instead of {route:?}"));
        }
        let noted = self.lab.store.document(&trail_of(id)).await.unwrap();
        if noted.map_or(json!([]), |noted| noted.value) != json!(trail) {
            wrong.push(format!(
                "{id} went {trail:?}, and its document tells otherwise"
            ));
        }
        match job.status {
            JobStatus::Completed => {
                self.tally.completed += 1;
                if trail.len() != route.len() {
                    wrong.push(format!("{id} took a short cut: {trail:?} of {route:?}"));
                }
            }
            JobStatus::Failed => self.tally.broken += 1,
            JobStatus::Cancelled => self.tally.cancelled += 1,
            status if status.is_terminal() => {
                wrong.push(format!("{id} is {status:?}: {:?}", job.failure));
            }
            status => wrong.push(format!("{id} has not ended: {status:?}")),
        }
        trail.len()
    }

    /// Its parent has let go of it once, and has gone on because of it at most once.
    async fn check_resumed(&self, child: JobId, wrong: &mut Vec<String>) {
        let times = self.store.let_go(child);
        if times != 1 {
            wrong.push(format!("the parent of {child} let go of it {times} times"));
        }
        let noted = self.lab.store.document(&resumed_by(child)).await.unwrap();
        let noted = noted.and_then(|noted| noted.value.as_u64()).unwrap_or(0);
        if noted > 1 {
            wrong.push(format!("a parent went on {noted} times because of {child}"));
        }
    }

    /// No task, no timer, no live job is left.
    async fn check_rest(&mut self, wrong: &mut Vec<String>) {
        let counts = self.lab.store.counts();
        let tasks: u64 = counts.queued.values().chain(counts.leased.values()).sum();
        if tasks != 0 {
            wrong.push(format!("tasks are left: {counts:?}"));
        }
        let live = self.lab.store.live_jobs();
        if live != 0 {
            wrong.push(format!("{live} jobs are counted as live"));
        }
        let late_ms = self.lab.engine.now_ms() + LONG_MS;
        let due = self.lab.store.due(late_ms, 1_000).await.unwrap();
        if !due.is_empty() {
            wrong.push(format!("timers are left: {due:?}"));
        }
    }

    /// The outbox tells of each job once that it was made and once that it has ended, every commit
    /// under a key of its own.
    async fn check_told(&self, jobs: &[std::sync::Arc<Job>], wrong: &mut Vec<String>) {
        let told = self.lab.store.outbox(usize::MAX).await.unwrap();
        let mut keys = std::collections::HashSet::new();
        let mut begun = std::collections::HashMap::<JobId, (u32, u32)>::new();
        for event in told.iter().flat_map(|(_, events)| events) {
            if !keys.insert((event.job_id, event.version, event.n)) {
                wrong.push(format!("{} told twice: {event:?}", event.job_id));
            }
            let count = begun.entry(event.job_id).or_default();
            match event.kind {
                EventKind::JobCreated => count.0 += 1,
                EventKind::JobCompleted | EventKind::JobFailed | EventKind::JobCancelled => {
                    count.1 += 1;
                }
                _ => {}
            }
        }
        for job in jobs {
            let (made, ended) = begun.get(&job.id).copied().unwrap_or_default();
            if (made, ended) != (1, u32::from(job.status.is_terminal())) {
                wrong.push(format!(
                    "{} was made {made} and has ended {ended} times, it is told",
                    job.id
                ));
            }
        }
    }
}
