//! How fast lists are in a large history, while it is being written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_history::{History, ListQuery};
use avtomatika_protocol::{ClientId, Failure, JobStatus, TaskId, WorkerId};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::db::{Db, Kind, event, id};

/// What a page may take, the ninety-ninth of a hundred.
const PAGE_MAX: Duration = Duration::from_millis(50);
const EVENTS_A_JOB: u64 = 10;
/// Milliseconds between two jobs: a million of them span a fortnight.
const EVERY_MS: u64 = 1_200;
const BEGAN_MS: u64 = 1_700_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_thousand_events_in_a_file() {
    lists_are_fast(Kind::Sqlite, 20_000, 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_thousand_events_on_a_server() {
    lists_are_fast(Kind::Postgres, 20_000, 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak: fills ten million events"]
async fn ten_million_events_in_a_file() {
    lists_are_fast(Kind::Sqlite, 1_000_000, 300).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak: fills ten million events"]
async fn ten_million_events_on_a_server() {
    lists_are_fast(Kind::Postgres, 1_000_000, 300).await;
}

/// A number below `sides` that looks like chance and is the same in each run.
fn dice(n: u64, sides: u64, salt: u64) -> u64 {
    let mut x = n
        .wrapping_add(salt << 40)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x ^ (x >> 32)) % sides
}

fn created_ms(n: u64) -> u64 {
    BEGAN_MS + n * EVERY_MS
}

/// Half of all jobs are one client's; nearly all are completed.
fn job(n: u64) -> Vec<HistoryEvent> {
    let created = created_ms(n);
    let client = match dice(n, 20, 1) {
        0..10 => "large".to_owned(),
        other => format!("client-{other}"),
    };
    let blueprint: Arc<str> = format!("flow-{}", dice(n, 5, 2)).into();
    let end = match dice(n, 1_000, 3) {
        0 => (EventKind::JobQuarantined, JobStatus::Quarantined),
        1..20 => (EventKind::JobFailed, JobStatus::Failed),
        20..25 => (EventKind::TaskDispatched, JobStatus::WaitingForWorker),
        _ => (EventKind::JobCompleted, JobStatus::Completed),
    };
    let labels = BTreeMap::from([
        (
            "env".to_owned(),
            ["prod", "test"][usize::from(dice(n, 10, 4) == 0)].to_owned(),
        ),
        ("user".to_owned(), format!("u{}", dice(n, 50_000, 5))),
    ]);
    let worker = WorkerId(format!("worker-{}", dice(n, 40, 6)));
    let kinds = [
        EventKind::StateEntered,
        EventKind::TaskDispatched,
        EventKind::TaskFinished,
    ];
    (0..EVENTS_A_JOB)
        .map(|step| {
            let base = HistoryEvent {
                client: ClientId(client.clone()),
                blueprint: blueprint.clone(),
                state: format!("step-{step}"),
                ..event(
                    id(created, n),
                    created,
                    step / 3 + 1,
                    kinds[usize::try_from(step % 3).unwrap()],
                )
            };
            let base = HistoryEvent {
                n: u16::try_from(step % 3).unwrap(),
                ..base
            };
            match step {
                0 => HistoryEvent {
                    kind: EventKind::JobCreated,
                    labels: Some(labels.clone()),
                    ..base
                },
                9 => HistoryEvent {
                    kind: end.0,
                    status: end.1,
                    failure: (end.1 == JobStatus::Failed).then(|| Failure::new("E", "it broke")),
                    ..base
                },
                _ => HistoryEvent {
                    task_id: Some(TaskId(Uuid::from_u128(u128::from(n)))),
                    task_type: Some(Arc::from("task")),
                    worker: Some(worker.clone()),
                    attempt: Some(1),
                    details: (step == 5).then(|| json!({ "status": "success" })),
                    ..base
                },
            }
        })
        .collect()
}

async fn fill(history: &History, jobs: u64) {
    let began = Instant::now();
    let mut next = 0;
    while next < jobs {
        let batch: Vec<_> = (next..(next + 500).min(jobs)).flat_map(job).collect();
        history.write(&batch).await.unwrap();
        next += 500;
    }
    let took = began.elapsed().as_secs_f64();
    let rate = (jobs * EVENTS_A_JOB) as f64 / took;
    println!(
        "{} events written in {took:.1} s, {rate:.0}/s",
        jobs * EVENTS_A_JOB
    );
}

/// The lists people ask for, and some nobody should.
fn queries(jobs: u64) -> Vec<(&'static str, ListQuery)> {
    let all = ListQuery {
        limit: 100,
        ..ListQuery::default()
    };
    let large = ListQuery {
        client: Some("large".into()),
        ..all.clone()
    };
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let middle = created_ms(jobs / 2);
    vec![
        ("a client's jobs", large.clone()),
        (
            "a small client's jobs",
            ListQuery {
                client: Some("client-15".into()),
                ..all.clone()
            },
        ),
        (
            "a client nobody knows",
            ListQuery {
                client: Some("nobody".into()),
                ..all.clone()
            },
        ),
        ("everybody's jobs", all.clone()),
        (
            "completed",
            ListQuery {
                statuses: vec![JobStatus::Completed],
                ..large.clone()
            },
        ),
        (
            "quarantined (rare)",
            ListQuery {
                statuses: vec![JobStatus::Quarantined],
                ..large.clone()
            },
        ),
        (
            "failed or quarantined",
            ListQuery {
                statuses: vec![JobStatus::Failed, JobStatus::Quarantined],
                ..large.clone()
            },
        ),
        (
            "cancelled (none)",
            ListQuery {
                statuses: vec![JobStatus::Cancelled],
                ..large.clone()
            },
        ),
        (
            "everybody's quarantined",
            ListQuery {
                statuses: vec![JobStatus::Quarantined],
                ..all.clone()
            },
        ),
        (
            "of a blueprint",
            ListQuery {
                blueprint: Some("flow-3".to_owned()),
                ..large.clone()
            },
        ),
        (
            "of a blueprint, failed",
            ListQuery {
                blueprint: Some("flow-3".to_owned()),
                statuses: vec![JobStatus::Failed],
                ..large.clone()
            },
        ),
        (
            "everybody's, of no blueprint",
            ListQuery {
                blueprint: Some("nothing".to_owned()),
                ..all.clone()
            },
        ),
        (
            "a common label",
            ListQuery {
                labels: vec![label("env", "prod")],
                ..large.clone()
            },
        ),
        (
            "a rare label",
            ListQuery {
                labels: vec![label("user", "u77")],
                ..large.clone()
            },
        ),
        (
            "a common and a rare label",
            ListQuery {
                labels: vec![label("env", "prod"), label("user", "u77")],
                ..large.clone()
            },
        ),
        (
            "a common label, quarantined",
            ListQuery {
                labels: vec![label("env", "test")],
                statuses: vec![JobStatus::Quarantined],
                ..large.clone()
            },
        ),
        (
            "a common label, no blueprint",
            ListQuery {
                labels: vec![label("env", "prod")],
                blueprint: Some("nothing".to_owned()),
                ..large.clone()
            },
        ),
        (
            "everybody's with a rare label",
            ListQuery {
                labels: vec![label("user", "u77")],
                ..all
            },
        ),
        (
            "created within an hour",
            ListQuery {
                created_from_ms: Some(middle),
                created_to_ms: Some(middle + 3_600_000),
                ..large.clone()
            },
        ),
        (
            "changed within an hour",
            ListQuery {
                updated_from_ms: Some(middle),
                updated_to_ms: Some(middle + 3_600_000),
                ..large.clone()
            },
        ),
        (
            "changed since the middle",
            ListQuery {
                updated_from_ms: Some(middle),
                ..large.clone()
            },
        ),
        (
            "everything at once",
            ListQuery {
                statuses: vec![JobStatus::Completed, JobStatus::Failed],
                blueprint: Some("flow-1".to_owned()),
                labels: vec![label("env", "test"), label("user", "u5")],
                created_from_ms: Some(BEGAN_MS),
                updated_to_ms: Some(middle),
                ..large.clone()
            },
        ),
        (
            "pages of a thousand",
            ListQuery {
                limit: 1_000,
                ..large
            },
        ),
    ]
}

/// Reads pages: from the front, one after the other, and from places in the middle.
async fn measure(history: &History, query: &ListQuery, jobs: u64, pages: u64) -> Vec<Duration> {
    let mut times = Vec::new();
    let mut query = query.clone();
    for n in 0..pages {
        if n % 2 == 1 {
            let somewhere = dice(n, jobs, 7);
            query.cursor = Some(query.cursor_after(created_ms(somewhere), id(0, 0)));
        }
        let began = Instant::now();
        let page = history.list(&query).await.unwrap();
        times.push(began.elapsed());
        query.cursor = page.next;
    }
    times.sort();
    times
}

async fn lists_are_fast(kind: Kind, jobs: u64, pages: u64) {
    let db = Db::new(kind).await;
    fill(&db.history, jobs).await;
    let stop = CancellationToken::new();
    let writer = tokio::spawn({
        let (history, stop) = (db.history.clone(), stop.clone());
        async move {
            let mut next = jobs;
            while !stop.is_cancelled() {
                let batch: Vec<_> = (next..next + 20).flat_map(job).collect();
                history.write(&batch).await.unwrap();
                next += 20;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    let mut slow = Vec::new();
    println!(
        "{:32} {:>9} {:>9} {:>9}",
        "list", "p50 ms", "p99 ms", "max ms"
    );
    for (name, query) in queries(jobs) {
        let mut p99 = Duration::MAX;
        // Other tests want the machine, too: a list is slow if it is so three times.
        for _ in 0..3 {
            let times = measure(&db.history, &query, jobs, pages).await;
            let at = |part: usize| times[(times.len() - 1) * part / 100];
            let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
            println!(
                "{name:32} {:9.2} {:9.2} {:9.2}",
                ms(at(50)),
                ms(at(99)),
                ms(at(100))
            );
            p99 = p99.min(at(99));
            if p99 <= PAGE_MAX {
                break;
            }
        }
        if p99 > PAGE_MAX && query.limit <= 100 {
            slow.push((name, p99));
        }
    }
    stop.cancel();
    writer.await.unwrap();
    assert!(slow.is_empty(), "slower than {PAGE_MAX:?}: {slow:?}");
}
