//! What the scheduler keeps, and what it doesn't.

use avtomatika_protocol::SessionId;
use serde_json::json;
use uuid::Uuid;

use super::*;

fn entry(number: u128) -> QueueEntry {
    QueueEntry {
        task_id: TaskId(Uuid::from_u128(number)),
        job_id: JobId(Uuid::from_u128(number)),
        task_type: "t".into(),
        priority: 0,
        worker: Some(WorkerId(format!("w{number}"))),
        queued_at_ms: 0,
        ready_at_ms: 0,
        attempt: 0,
        dispatch_timeout_ms: Some(1_000_000),
        execution_timeout_ms: Some(1_000_000),
        result_timeout_ms: None,
        wants: None,
        lease: None,
    }
}

fn claim(worker: WorkerId, lease: u64) -> Claim {
    Claim {
        worker,
        types: Arc::from([Arc::from("t")]),
        lease: LeaseId(lease),
        now_ms: 0,
    }
}

#[test]
fn nothing_is_kept_of_tasks_that_are_over() {
    let mut index = Index::new(45_000);
    for number in 0..1_000 {
        let entry = entry(number);
        let (task, worker) = (entry.task_id, entry.worker.clone().unwrap());
        index.add(entry, 0);
        if number.is_multiple_of(2) {
            assert!(index.claim(&claim(worker.clone(), 1)).task().is_some());
        }
        index.finish(task);
        index.dismiss(&worker);
    }
    assert!(index.pinned.is_empty() && index.entries.is_empty());
    assert!(index.workers.is_empty());
    assert_eq!(index.next_due_ms(), None, "timers are left");
    let counts = index.counts();
    assert_eq!(counts.queued.get("t"), Some(&0));
    assert_eq!(counts.leased.get("t"), Some(&0));
}

#[test]
fn a_worker_never_gets_more_than_it_said_it_takes() {
    let mut index = Index::new(45_000);
    let registration = json!({"worker_id": "w", "max_concurrent_tasks": 2});
    let record = WorkerRecord {
        registration: serde_json::from_value(registration).unwrap(),
        session_id: SessionId(Uuid::nil()),
        registered_at_ms: 0,
    };
    index.register(record, 0);
    for number in 0..3 {
        let mut entry = entry(number);
        entry.worker = None;
        index.add(entry, 0);
    }
    let got: Vec<Claimed> = (0..3)
        .map(|lease| index.claim(&claim("w".into(), lease)))
        .collect();
    assert!(
        matches!(
            got.as_slice(),
            [Claimed::Task(..), Claimed::Task(..), Claimed::Full]
        ),
        "{got:?}"
    );
    let free = index.claim(&claim("v".into(), 9));
    assert!(free.task().is_some());
    assert_eq!(index.claim(&claim("v".into(), 10)), Claimed::Nothing);
}
