//! Files of earlier formats: opened, and extended by what they lack.

use std::path::Path;

use avtomatika_engine::blueprint::{Client, DocumentKey, LastTask, RetryPolicy};
use avtomatika_engine::machine::Work;
use avtomatika_engine::storage::{Batch, Spend, Store, Task};
use avtomatika_protocol::job::Phase;
use avtomatika_protocol::{Failure, JobId, JobStatus, LeaseId, TaskId, WorkerId};
use avtomatika_store::{Embedded, EmbeddedOptions, OpenError};
use redb::{Database, TableDefinition};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fixture::{LEASE_MS, NOW_MS, claim, done, event, job, job_id, new, next, task_id};

/// A job as format 1 kept it.
#[derive(Serialize)]
struct OldJob {
    id: JobId,
    version: u64,
    blueprint: &'static str,
    client: Client,
    state: &'static str,
    status: JobStatus,
    input: Value,
    data: Map<String, Value>,
    retry_count: u32,
    transitions: u32,
    failure: Option<Failure>,
    work: Option<Work>,
    last_task: Option<LastTask>,
    retry_at_ms: Option<u64>,
    idempotency_key: Option<String>,
    phases: Vec<Phase>,
    created_at_ms: u64,
    updated_at_ms: u64,
}

/// A queue entry as format 1 kept it.
#[derive(Serialize)]
struct OldEntry {
    task_id: TaskId,
    job_id: JobId,
    task_type: &'static str,
    priority: i32,
    worker: Option<WorkerId>,
    queued_at_ms: u64,
    ready_at_ms: u64,
    attempt: u32,
    dispatch_timeout_ms: Option<u64>,
    execution_timeout_ms: Option<u64>,
    lease: Option<()>,
}

fn old_job(number: u128, status: JobStatus) -> OldJob {
    OldJob {
        id: job_id(number),
        version: 1,
        blueprint: "b",
        client: Client::new("c".into(), "u"),
        state: "s",
        status,
        input: json!({"n": 1}),
        data: Map::new(),
        retry_count: 0,
        transitions: 1,
        failure: None,
        work: None,
        last_task: None,
        retry_at_ms: None,
        idempotency_key: Some(number.to_string()),
        phases: Vec::new(),
        created_at_ms: NOW_MS,
        updated_at_ms: NOW_MS,
    }
}

/// Writes a file of format 1: job 1 waits for task 1, job 2 for its back-off, job 3 has completed,
/// job 4 is quarantined.
fn write(dir: &Path, format: u64) {
    let mut jobs = vec![
        old_job(1, JobStatus::WaitingForWorker),
        old_job(2, JobStatus::AwaitingRetry),
        old_job(3, JobStatus::Completed),
        old_job(4, JobStatus::Quarantined),
    ];
    jobs[0].work = Some(Work {
        task: task_id(1),
        task_type: "t".into(),
        transitions: [("success".to_owned(), "d".to_owned())].into(),
        retry: RetryPolicy::default(),
        worker: None,
        affinity: None,
        save_as: None,
    });
    jobs[1].retry_at_ms = Some(NOW_MS + 500);
    let task = Task {
        id: task_id(1),
        job_id: job_id(1),
        task_type: "t".to_owned(),
        params: "{}".to_owned(),
        sealed: false,
        sealed_for: None,
        trace_parent: None,
    };
    let entry = OldEntry {
        task_id: task_id(1),
        job_id: job_id(1),
        task_type: "t",
        priority: 0,
        worker: None,
        queued_at_ms: NOW_MS,
        ready_at_ms: NOW_MS,
        attempt: 0,
        dispatch_timeout_ms: None,
        execution_timeout_ms: None,
        lease: None,
    };
    let database = Database::create(dir.join("jobs.redb")).unwrap();
    let write = database.begin_write().unwrap();
    {
        let mut meta = write
            .open_table(TableDefinition::<&str, u64>::new("meta"))
            .unwrap();
        meta.insert("format", format).unwrap();
        let mut table = write
            .open_table(TableDefinition::<u128, &[u8]>::new("jobs"))
            .unwrap();
        let mut by_client = write
            .open_table(TableDefinition::<(&str, u128), ()>::new("jobs_by_client"))
            .unwrap();
        let mut live = write
            .open_table(TableDefinition::<u128, (&str, u64)>::new("live_jobs"))
            .unwrap();
        let mut ended = write
            .open_table(TableDefinition::<(u64, u128), ()>::new("ended_jobs"))
            .unwrap();
        let mut keys = write
            .open_table(TableDefinition::<(&str, &str), u128>::new(
                "idempotency_keys",
            ))
            .unwrap();
        for job in &jobs {
            let id = job.id.0.as_u128();
            let mut bytes = job.version.to_le_bytes().to_vec();
            bytes.extend(rmp_serde::to_vec_named(job).unwrap());
            table.insert(id, bytes.as_slice()).unwrap();
            by_client.insert(("c", id), ()).unwrap();
            keys.insert(("c", job.idempotency_key.as_deref().unwrap()), id)
                .unwrap();
            if job.status.is_terminal() {
                ended.insert((NOW_MS, id), ()).unwrap();
            } else {
                live.insert(id, ("c", job.retry_at_ms.unwrap_or(0)))
                    .unwrap();
            }
        }
        let mut tasks = write
            .open_table(TableDefinition::<u128, &[u8]>::new("tasks"))
            .unwrap();
        tasks
            .insert(1, rmp_serde::to_vec_named(&task).unwrap().as_slice())
            .unwrap();
        let mut queue = write
            .open_table(TableDefinition::<u128, &[u8]>::new("queue"))
            .unwrap();
        queue
            .insert(1, rmp_serde::to_vec_named(&entry).unwrap().as_slice())
            .unwrap();
        let mut documents = write
            .open_table(TableDefinition::<(&str, &str), &[u8]>::new("documents"))
            .unwrap();
        let mut bytes = 3_u64.to_le_bytes().to_vec();
        bytes.extend(b"[1,2]");
        documents.insert(("s", "d"), bytes.as_slice()).unwrap();
        write
            .open_table(TableDefinition::<&str, &[u8]>::new("workers"))
            .unwrap();
    }
    write.commit().unwrap();
}

fn open(dir: &Path) -> Result<Embedded, OpenError> {
    let options = EmbeddedOptions {
        lease_ms: LEASE_MS,
        ..EmbeddedOptions::new(dir)
    };
    Embedded::open(options, NOW_MS + 10)
}

#[tokio::test]
async fn a_file_of_format_1_is_opened_and_extended() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1);
    let store = open(dir.path()).unwrap();
    assert_eq!(
        (
            store.live_jobs(),
            store.jobs_of(&"c".into(), 9, 0).await.unwrap().len()
        ),
        (2, 4)
    );
    let resting = store.job(job_id(2)).await.unwrap().unwrap();
    assert_eq!(
        (resting.timer_at_ms, resting.blueprint_version.as_ref()),
        (Some(NOW_MS + 500), "")
    );
    assert_eq!(
        store.job_of_key(&"c".into(), "3").await.unwrap(),
        Some(job_id(3))
    );
    let document = store
        .document(&DocumentKey::new("s", "d"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((document.version, document.value), (3, json!([1, 2])));
    let due = store.due(NOW_MS + 500, 9).await.unwrap();
    assert_eq!(due.len(), 1, "{due:?}");
    // What was set aside before there was a list is on it.
    assert_eq!(store.quarantined(None, 9).await.unwrap(), [job_id(4)]);
    // Its queue goes on, and what format 1 did not have is there.
    let (entry, lease) = claim(&store, "w", 1, &["t"]).await.unwrap();
    assert_eq!((entry.attempt, lease.id), (1, LeaseId(1)));
    let waiting = store.job(job_id(1)).await.unwrap().unwrap();
    let mut ended = done(&waiting, task_id(1), LeaseId(1));
    ended.history = vec![event(&ended.job, 0)];
    store.commit(ended).await.unwrap();
    let aside = store.job(job_id(4)).await.unwrap().unwrap();
    let released = Batch {
        revived_from_ms: Some(NOW_MS),
        spend: Some(Spend {
            counter: "n".to_owned(),
            limit: 1,
        }),
        ..next(&aside, |job| job.status = JobStatus::Running)
    };
    store.commit(released).await.unwrap();
    store.commit(new(job(5, "c"))).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let store = open(dir.path()).unwrap();
    assert_eq!(
        (store.live_jobs(), store.counter("n").await.unwrap()),
        (3, 1)
    );
    assert_eq!(store.outbox(9).await.unwrap().len(), 1);
    assert!(store.quarantined(None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_of_format_3_is_taken_over_with_its_log() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 3);
    // A log is the same with either; this one was never brought into its file.
    let other = tempfile::tempdir().unwrap();
    let logged = open(other.path()).unwrap();
    logged.commit(new(job(7, "c"))).await.unwrap();
    for file in std::fs::read_dir(other.path()).unwrap() {
        let file = file.unwrap();
        if file.file_name().to_string_lossy().starts_with("log-") {
            std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
        }
    }
    for _ in 0..2 {
        let store = open(dir.path()).unwrap();
        let jobs = store.jobs_of(&"c".into(), 9, 0).await.unwrap();
        assert_eq!((store.live_jobs(), jobs.len()), (3, 5));
        assert!(store.job(job_id(7)).await.unwrap().is_some());
        assert!(store.task(task_id(1)).await.unwrap().is_some());
        let key = store.job_of_key(&"c".into(), "3").await.unwrap();
        assert_eq!(key, Some(job_id(3)));
        let document = store.document(&DocumentKey::new("s", "d")).await.unwrap();
        assert_eq!(document.unwrap().value, json!([1, 2]));
        assert_eq!(store.counts().queued.values().sum::<u64>(), 1);
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_file_of_a_later_format_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 99);
    for _ in 0..2 {
        let refused = open(dir.path()).err();
        assert!(
            matches!(refused, Some(OpenError::Format { found: 99, .. })),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn the_outbox_counters_and_the_list_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut aside = job(1, "c");
    aside.status = JobStatus::Quarantined;
    let mut batch = new(aside);
    batch.history = vec![event(&batch.job, 0)];
    batch.spend = Some(Spend {
        counter: "n".to_owned(),
        limit: 9,
    });
    store.commit(batch).await.unwrap();
    let mut second = new(job(2, "c"));
    second.history = vec![event(&second.job, 0)];
    store.commit(second.clone()).await.unwrap();
    let told = store.outbox(9).await.unwrap();
    store.forget_outbox(told[0].0).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let store = open(dir.path()).unwrap();
    let left = store.outbox(9).await.unwrap();
    assert_eq!(
        left.last(),
        told.last(),
        "what was not forgotten is there, under its number"
    );
    assert_eq!(store.counter("n").await.unwrap(), 1);
    assert_eq!(
        store.quarantined(Some(&"c".into()), 9).await.unwrap(),
        [job_id(1)]
    );
    let mut third = new(job(3, "c"));
    third.history = vec![event(&third.job, 0)];
    store.commit(third).await.unwrap();
    let left = store.outbox(9).await.unwrap();
    assert!(left.is_sorted_by(|a, b| a.0 < b.0));
    assert_eq!(left.last().unwrap().1[0].job_id, job_id(3));
}
