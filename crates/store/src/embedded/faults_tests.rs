//! Every operation on the file fails once, before or after it has had its effect; and the power
//! goes at any moment. What was acknowledged is there, and memory agrees with the disk.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use avtomatika_engine::blueprint::{Action, Blueprint, Client, EndAs, RetryPolicy};
use avtomatika_engine::machine::{Job, Work};
use avtomatika_engine::storage::{
    Batch, Claim, Index, QueueCounts, QueueEntry, Store, StoreError, Task, TaskChange,
};
use avtomatika_protocol::{JobId, JobStatus, LeaseId, TaskId};
use serde_json::json;
use uuid::Uuid;

use super::faults::{Disk, Faults};
use super::{Embedded, EmbeddedOptions, open};
use crate::census::Census;

pub(super) const NOW_MS: u64 = 1_000_000;
const JOBS: u128 = 6;

fn ids(number: u128) -> (JobId, TaskId) {
    (
        JobId(Uuid::from_u128(number)),
        TaskId(Uuid::from_u128(number)),
    )
}

/// A new job with one queued task and a key.
pub(super) fn new(number: u128, key: &str) -> Batch {
    let blueprint = Blueprint::builder("b")
        .start("s", |_| Ok(Action::transition("d")))
        .end("d", EndAs::Completed)
        .build()
        .unwrap();
    let client = Client::new("c".into(), "u");
    let (id, task_id) = ids(number);
    let mut job = Job::new(id, &blueprint, Arc::new(client), json!({}), NOW_MS);
    job.version = 1;
    job.status = JobStatus::WaitingForWorker;
    job.idempotency_key = Some(key.to_owned());
    let task_type: Arc<str> = "t".into();
    job.work = Some(Work {
        task: task_id,
        task_type: Arc::clone(&task_type),
        transitions: BTreeMap::new(),
        retry: RetryPolicy::default(),
        worker: None,
        affinity: None,
        save_as: None,
    });
    let task = Task {
        id: task_id,
        job_id: id,
        task_type: "t".to_owned(),
        params: "x".repeat(3_000),
        sealed: false,
        sealed_for: None,
        trace_parent: None,
    };
    let entry = QueueEntry {
        task_id,
        job_id: id,
        task_type,
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
    };
    Batch {
        tasks: vec![TaskChange::Add(Box::new(task), entry)],
        ..Batch::of(Arc::new(job), 0)
    }
}

fn end(job: &Job, task: TaskId, lease: LeaseId) -> Batch {
    let mut after = job.clone();
    after.version += 1;
    after.status = JobStatus::Completed;
    after.work = None;
    Batch {
        tasks: vec![TaskChange::Finish {
            task,
            lease: Some(lease),
        }],
        ..Batch::of(Arc::new(after), job.version)
    }
}

/// Everything stays in the log, or goes into the file at once.
const LAYERS: [usize; 2] = [usize::MAX, 0];

fn options(dir: &std::path::Path, faults: &Arc<Faults>, layer_bytes: usize) -> EmbeddedOptions {
    let mut options = EmbeddedOptions::new(dir);
    options.layer_bytes = layer_bytes;
    options.reserve_bytes = 0;
    options.faults = Some(Arc::clone(faults));
    options
}

/// Walks the jobs through their lives, all at once, trying again whatever fails. Answers the
/// versions that were acknowledged, and how many calls failed.
async fn live(store: &Arc<Embedded>) -> (BTreeMap<u128, u64>, usize) {
    let mut lives = tokio::task::JoinSet::new();
    for number in 1..=JOBS {
        let store = Arc::clone(store);
        lives.spawn(async move { one_life(&store, number).await });
    }
    let (mut acknowledged, mut failures) = (BTreeMap::new(), 0);
    while let Some(life) = lives.join_next().await {
        let (number, version, failed) = life.unwrap();
        acknowledged.insert(number, version);
        failures += failed;
    }
    (acknowledged, failures)
}

async fn one_life(store: &Embedded, number: u128) -> (u128, u64, usize) {
    let (id, _) = ids(number);
    let mut failures = 0;
    for _ in 0..200 {
        // Two jobs share each key, so that one of them is told of the other.
        let submitted = store
            .commit(new(number, &format!("key {}", number / 2)))
            .await;
        match submitted {
            Ok(()) | Err(StoreError::Conflict { .. }) => break,
            Err(StoreError::Duplicate(first)) => {
                let first = store.job(first).await.unwrap();
                assert!(first.is_some(), "told of a job that isn't there");
                return (number, 0, failures);
            }
            Err(StoreError::Broken { .. } | StoreError::Full) => failures += 1,
            Err(StoreError::Exhausted { .. }) => panic!("nothing was spent"),
            Err(StoreError::Closed) => panic!("an open store says it is closed"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    for _ in 0..200 {
        let claim = Claim {
            worker: "w".into(),
            types: Arc::from([Arc::from("t")]),
            lease: LeaseId(u64::try_from(number).unwrap()),
            now_ms: NOW_MS,
        };
        let Some((entry, lease)) = store.claim(claim).await.unwrap().task() else {
            break;
        };
        for _ in 0..200 {
            let job = store.job(entry.job_id).await.unwrap().unwrap();
            match store.commit(end(&job, entry.task_id, lease.id)).await {
                Ok(()) => break,
                Err(StoreError::Broken { .. } | StoreError::Full) => failures += 1,
                Err(error) => panic!("{error}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    let stored = store.job(id).await.unwrap();
    (number, stored.map_or(0, |job| job.version), failures)
}

/// Reads the queue from the file, as a start would, and compares it with memory.
fn compare(store: &Embedded, context: &str) {
    let mut index = Index::new(45_000);
    let mut census = Census::default();
    // It may be in the middle of being opened again.
    let database = (0..1_000).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        store.shared.database().ok()
    });
    let database = database.unwrap();
    let layers = store.shared.layers.read();
    open::read_back(&database, &layers, &mut index, &mut census, NOW_MS).unwrap();
    drop(layers);
    for number in 1..=JOBS {
        let (id, task) = ids(number);
        let on_disk = index.entry(task).is_some();
        let in_memory = store.shared.index.lock().entry(task).is_some();
        assert_eq!(on_disk, in_memory, "{context}: task {number}");
        let job = store.shared.job(id).unwrap();
        let waits = job.is_some_and(|job| job.work.is_some());
        assert_eq!(waits, in_memory, "{context}: job {number} and its task");
    }
    assert_eq!(census.total(), store.live_jobs(), "{context}");
    let queued = |counts: QueueCounts| counts.queued.values().sum::<u64>();
    assert_eq!(queued(index.counts()), queued(store.counts()), "{context}");
}

#[test]
fn any_operation_may_fail() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let faults = [(false, false), (true, false), (false, true)];
    let cases = LAYERS
        .into_iter()
        .flat_map(|layer_bytes| faults.map(|(after, full)| (layer_bytes, after, full)));
    for (layer_bytes, after, full) in cases {
        let mut struck = 0;
        // A full disk is looked at again only after half a second.
        let step: u32 = if full && layer_bytes == 0 { 4 } else { 1 };
        for countdown in (1..200).step_by(step as usize) {
            let faults = Arc::new(Faults::on_disk(Disk::default()));
            let dir = tempfile::tempdir().unwrap();
            let context =
                format!("layer {layer_bytes}, operation {countdown}, after {after}, full {full}");
            runtime.block_on(async {
                let store =
                    Embedded::open(options(dir.path(), &faults, layer_bytes), NOW_MS).unwrap();
                let store = Arc::new(store);
                faults.arm(countdown, after, full);
                let (acknowledged, failures) = live(&store).await;
                let hit = faults.struck.load(Ordering::SeqCst);
                struck += u32::from(hit);
                assert!(hit || failures == 0, "{context}");
                faults.arm(0, false, false);
                compare(&store, &context);
                store.close().await.unwrap();
                let again =
                    Embedded::open(options(dir.path(), &faults, layer_bytes), NOW_MS).unwrap();
                for (number, version) in acknowledged {
                    let stored = again.job(ids(number).0).await.unwrap();
                    let stored = stored.map_or(0, |job| job.version);
                    assert!(stored >= version, "{context}: job {number}");
                }
                assert_eq!(again.live_jobs(), 0, "{context}: all of them have ended");
                compare(&again, &context);
            });
            if !faults.struck.load(Ordering::SeqCst) && countdown > 20 {
                break;
            }
        }
        // How many operations there are is a matter of how the writer groups them.
        assert!(
            struck > 1 && struck * step > 3,
            "the faults have to be met: {struck}"
        );
    }
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut dice = 1_u64;
    for round in 0..120 {
        let layer_bytes = if round % 2 == 0 { 0 } else { usize::MAX };
        let mut roll = move || {
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407 + round);
            dice >> 33
        };
        let faults = Arc::new(Faults::on_disk(Disk::default()));
        let dir = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let store = Embedded::open(options(dir.path(), &faults, layer_bytes), NOW_MS).unwrap();
            let mut acknowledged = Vec::new();
            for number in 1..=1 + u128::from(roll() % 8) {
                store
                    .commit(new(number, &number.to_string()))
                    .await
                    .unwrap();
                acknowledged.push(number);
            }
            // One more is under way when the power goes.
            let _under_way = futures_poll_once(store.commit(new(99, "99"))).await;
            std::thread::sleep(std::time::Duration::from_micros(roll() % 1_500));
            let disk = faults.disk.as_ref().unwrap().lock().clone();
            let cut = disk.after_power_cut(|| roll().is_multiple_of(2));
            let faults = Arc::new(Faults::on_disk(cut));
            let again_dir = tempfile::tempdir().unwrap();
            let again = Embedded::open(options(again_dir.path(), &faults, layer_bytes), NOW_MS)
                .unwrap_or_else(|error| panic!("round {round}: {error}"));
            for number in acknowledged {
                let job = again.job(ids(number).0).await.unwrap();
                assert!(job.is_some(), "round {round}: job {number} is lost");
            }
            let whole = again.job(ids(99).0).await.unwrap().is_some();
            let entry = again.queue_entry(ids(99).1).await.unwrap();
            assert_eq!(whole, entry.is_some(), "round {round}: half a batch");
            compare(&again, &format!("round {round}"));
        });
        dice = dice.wrapping_add(round * 977 + 1);
    }
}

/// Begins a request and leaves it.
async fn futures_poll_once<T>(mut future: avtomatika_engine::storage::Answer<'_, T>) -> bool {
    std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_ready()))
        .await
}
