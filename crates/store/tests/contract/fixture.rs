//! Stores under test, and the small records they are tested with.

use std::sync::Arc;

use avtomatika_engine::blueprint::{Blueprint, Client, EndAs, RetryPolicy};
use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_engine::machine::{Job, Work};
use avtomatika_engine::storage::{
    Batch, Claim, Lease, QueueEntry, Store, Task, TaskChange, WorkerRecord,
};
use avtomatika_protocol::worker::Registration;
use avtomatika_protocol::{JobId, JobStatus, LeaseId, SessionId, TaskId};
use avtomatika_store::{Embedded, EmbeddedOptions, Memory};
use serde_json::json;
use uuid::Uuid;

pub(crate) const LEASE_MS: u64 = 1_000;
pub(crate) const NOW_MS: u64 = 1_000_000;

pub(crate) struct Fixture {
    pub(crate) store: Arc<dyn Store>,
    _dir: Option<tempfile::TempDir>,
}

pub(crate) fn memory() -> Fixture {
    Fixture {
        store: Arc::new(Memory::new(LEASE_MS)),
        _dir: None,
    }
}

pub(crate) fn embedded() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions {
        lease_ms: LEASE_MS,
        ..EmbeddedOptions::new(dir.path())
    };
    let store = Embedded::open(options, NOW_MS).unwrap();
    Fixture {
        store: Arc::new(store),
        _dir: Some(dir),
    }
}

pub(crate) fn job_id(number: u128) -> JobId {
    JobId(Uuid::from_u128(number))
}

pub(crate) fn task_id(number: u128) -> TaskId {
    TaskId(Uuid::from_u128(number))
}

pub(crate) fn blueprint() -> Blueprint {
    Blueprint::builder("b")
        .start("s", |_| Ok(avtomatika_engine::Action::transition("d")))
        .end("d", EndAs::Completed)
        .build()
        .unwrap()
}

/// A job at version 1 that waits for nothing.
pub(crate) fn job(number: u128, client: &str) -> Job {
    let client = Client::new(client.into(), "u");
    let mut job = Job::new(
        job_id(number),
        &blueprint(),
        Arc::new(client),
        json!({"n": 1}),
        NOW_MS,
    );
    job.version = 1;
    job.status = JobStatus::Running;
    job
}

/// The batch that makes a job.
pub(crate) fn new(job: Job) -> Batch {
    Batch::of(Arc::new(job), 0)
}

/// The batch that changes a job.
pub(crate) fn next(job: &Job, change: impl FnOnce(&mut Job)) -> Batch {
    let mut after = job.clone();
    after.version += 1;
    after.updated_at_ms += 1;
    change(&mut after);
    Batch::of(Arc::new(after), job.version)
}

pub(crate) fn entry(number: u128, task_type: &str) -> QueueEntry {
    QueueEntry {
        task_id: task_id(number),
        job_id: job_id(number),
        task_type: task_type.into(),
        priority: 0,
        worker: None,
        queued_at_ms: NOW_MS,
        ready_at_ms: NOW_MS,
        attempt: 0,
        dispatch_timeout_ms: None,
        execution_timeout_ms: None,
        result_timeout_ms: None,
        wants: None,
        lease: None,
    }
}

/// The batch that makes a job with one queued task, both of this number.
pub(crate) fn queued(number: u128, entry: QueueEntry) -> Batch {
    let mut job = job(number, "c");
    job.status = JobStatus::WaitingForWorker;
    job.work = Some(Work {
        task: entry.task_id,
        task_type: Arc::clone(&entry.task_type),
        transitions: [("success".to_owned(), "d".to_owned())].into(),
        retry: RetryPolicy::default(),
        worker: None,
        affinity: None,
        save_as: None,
    });
    let task = Task {
        id: entry.task_id,
        job_id: entry.job_id,
        task_type: entry.task_type.to_string(),
        params: json!({"number": number.to_string()}).to_string(),
        sealed: false,
        sealed_for: None,
        trace_parent: None,
    };
    let mut batch = new(job);
    batch.tasks.push(TaskChange::Add(Box::new(task), entry));
    batch
}

/// The batch that ends a queued job with a result under this lease.
pub(crate) fn done(job: &Job, task: TaskId, lease: LeaseId) -> Batch {
    let mut batch = next(job, |job| {
        job.status = JobStatus::Completed;
        job.work = None;
    });
    batch.tasks.push(TaskChange::Finish {
        task,
        lease: Some(lease),
    });
    batch
}

/// A line of history about this version of a job.
pub(crate) fn event(job: &Job, n: u16) -> HistoryEvent {
    HistoryEvent {
        job_id: job.id,
        version: job.version,
        n,
        at_ms: job.updated_at_ms,
        kind: EventKind::StateEntered,
        client: job.owner().clone(),
        blueprint: Arc::clone(&job.blueprint),
        blueprint_version: Arc::clone(&job.blueprint_version),
        state: job.state.clone(),
        previous_state: None,
        status: job.status,
        task_id: None,
        task_type: None,
        worker: None,
        attempt: None,
        parent: None,
        failure: None,
        details: Some(json!({"n": n})),
        created_at_ms: job.created_at_ms,
        labels: None,
    }
}

pub(crate) async fn register(store: &dyn Store, name: &str, max: Option<u32>) {
    let registration: Registration = serde_json::from_value(json!({
        "worker_id": name, "supported_tasks": ["t"], "max_concurrent_tasks": max,
    }))
    .unwrap();
    let session_id = SessionId(Uuid::from_u128(7));
    store
        .register(WorkerRecord {
            registration,
            session_id,
            registered_at_ms: NOW_MS,
        })
        .await
        .unwrap();
}

pub(crate) async fn claim(
    store: &dyn Store,
    worker: &str,
    lease: u64,
    types: &[&str],
) -> Option<(QueueEntry, Lease)> {
    claim_at(store, worker, lease, types, NOW_MS).await
}

pub(crate) async fn claim_at(
    store: &dyn Store,
    worker: &str,
    lease: u64,
    types: &[&str],
    now_ms: u64,
) -> Option<(QueueEntry, Lease)> {
    let types = types.iter().map(|name| Arc::from(*name)).collect();
    let claim = Claim {
        worker: worker.into(),
        types,
        lease: LeaseId(lease),
        now_ms,
    };
    store.claim(claim).await.unwrap().task()
}
