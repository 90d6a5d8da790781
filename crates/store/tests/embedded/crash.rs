//! SIGKILL at random moments. The process under test is this test binary, run once more with an
//! environment variable that tells it to write until it dies.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::storage::{Claim, DocumentChange, Spend, Store};
use avtomatika_protocol::{JobStatus, LeaseId};
use avtomatika_store::{Embedded, EmbeddedOptions};
use serde_json::json;

use super::fixture::{NOW_MS, done, entry, event, job_id, next, queued, task_id};

const DIR: &str = "AVTOMATIKA_TEST_CRASH_DIR";
const ROUND: &str = "AVTOMATIKA_TEST_CRASH_ROUND";
const ROUNDS: u64 = 20;
const WRITERS: u128 = 8;

/// What has been acknowledged, one line each: a job's version, or a document's.
fn say(what: &str, id: u128, version: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ACK {what} {id} {version}").unwrap();
    out.flush().unwrap();
}

fn document(writer: u128) -> DocumentKey {
    DocumentKey::new("crash", writer.to_string())
}

/// Makes jobs, changes each a few times, hands its task out and ends it, for ever.
async fn write(store: Arc<Embedded>, writer: u128, round: u64) {
    let mut version = store
        .document(&document(writer))
        .await
        .unwrap()
        .map_or(0, |document| document.version);
    for number in 0.. {
        let id = (u128::from(round) << 64) | (writer << 32) | number;
        let task_type = format!("t{writer}");
        let mut made = queued(id, entry(id, &task_type));
        made.history = vec![event(&made.job, 0)];
        made.spend = Some(Spend {
            counter: "made".to_owned(),
            limit: u64::MAX,
        });
        let mut job = made.job.clone();
        store.commit(made).await.unwrap();
        say("job", id, 1);
        for _ in 0..3 {
            let mut change = next(&job, |job| {
                job.data.insert("fill".to_owned(), "x".repeat(500).into());
            });
            change.documents.push(DocumentChange {
                key: document(writer),
                from_version: version,
                value: Some(json!({"round": round, "number": number})),
            });
            change.history = vec![event(&change.job, 0)];
            job = change.job.clone();
            store.commit(change).await.unwrap();
            version += 1;
            say("job", id, job.version);
            say("document", writer, version);
        }
        let claim = Claim {
            worker: "w".into(),
            types: Arc::from([Arc::from(task_type.as_str())]),
            lease: LeaseId(u64::try_from(number).unwrap()),
            now_ms: NOW_MS,
        };
        // Left over from an earlier round or its own: one of them.
        let (taken, lease) = store.claim(claim).await.unwrap().task().unwrap();
        if taken.task_id == task_id(id) {
            let mut ended = done(&job, task_id(id), lease.id);
            ended.history = vec![event(&ended.job, 0)];
            store.commit(ended).await.unwrap();
            say("job", id, job.version + 1);
        }
    }
}

/// The process under test. Does nothing when it is run like a test.
#[test]
fn writes_until_it_is_killed() {
    let (Ok(dir), Ok(round)) = (std::env::var(DIR), std::env::var(ROUND)) else {
        return;
    };
    let round = round.parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Embedded::open(EmbeddedOptions::new(dir), NOW_MS).unwrap();
        let store = Arc::new(store);
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            writers.spawn(write(Arc::clone(&store), writer, round));
        }
        writers.join_all().await;
    });
}

/// What the process said before it was killed.
#[derive(Default)]
struct Acknowledged {
    jobs: HashMap<u128, u64>,
    documents: HashMap<u128, u64>,
}

fn run_and_kill(dir: &Path, round: u64, acknowledged: &mut Acknowledged) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::writes_until_it_is_killed", "--exact", "--nocapture"])
        .env(DIR, dir)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let (sender, lines) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let mut count = 0;
    let mut note = |line: &str| {
        let Some(rest) = line.split("ACK ").nth(1) else {
            return;
        };
        let words: Vec<&str> = rest.split(' ').collect();
        let [what, id, version] = words.as_slice() else {
            // The last line of a killed process may be cut.
            return;
        };
        let (Ok(id), Ok(version)) = (id.parse(), version.parse()) else {
            return;
        };
        count += 1;
        match *what {
            "job" => acknowledged.jobs.insert(id, version),
            _ => acknowledged.documents.insert(id, version),
        };
    };
    note(&lines.recv_timeout(Duration::from_secs(20)).unwrap());
    // No two rounds die at the same moment.
    std::thread::sleep(Duration::from_micros(3_000 + (round * 7_919) % 70_000));
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    lines.try_iter().for_each(|line| note(&line));
    count
}

async fn verify(dir: &Path, round: u64, acknowledged: &Acknowledged) {
    let store = Embedded::open(EmbeddedOptions::new(dir), NOW_MS).unwrap();
    let mut live = 0;
    for (id, version) in &acknowledged.jobs {
        let job = store.job(job_id(*id)).await.unwrap();
        let job = job.unwrap_or_else(|| panic!("round {round}: job {id:x} is lost"));
        assert!(
            job.version == *version || job.version == version + 1,
            "round {round}: job {id:x} has version {}, {version} was acknowledged",
            job.version
        );
        let waits = job.status == JobStatus::WaitingForWorker;
        live += u64::from(waits);
        let entry = store.queue_entry(task_id(*id)).await.unwrap();
        let task = store.task(task_id(*id)).await.unwrap();
        assert_eq!(
            (entry.is_some(), task.is_some()),
            (waits, waits),
            "round {round}: job {id:x} and its task"
        );
    }
    verify_told(&store, round, acknowledged).await;
    // Each writer may have had one more job under way.
    let unsaid = store.live_jobs().abs_diff(live);
    assert!(
        unsaid <= round * u64::try_from(WRITERS).unwrap(),
        "round {round}: {unsaid} jobs nobody knows of"
    );
    for (writer, version) in &acknowledged.documents {
        let stored = store.document(&document(*writer)).await.unwrap().unwrap();
        assert!(
            stored.version == *version || stored.version == version + 1,
            "round {round}: document {writer} has version {}, {version} was acknowledged",
            stored.version
        );
    }
    store.close().await.unwrap();
}

/// The outbox tells of each version of each job that is stored once, in order, and the counter has
/// counted each job that was made.
async fn verify_told(store: &Embedded, round: u64, acknowledged: &Acknowledged) {
    let told = store.outbox(usize::MAX).await.unwrap();
    assert!(told.is_sorted_by(|a, b| a.0 < b.0), "round {round}");
    let mut versions = HashMap::<_, Vec<u64>>::new();
    for event in told.iter().flat_map(|(_, events)| events) {
        versions
            .entry(event.job_id)
            .or_default()
            .push(event.version);
    }
    for id in acknowledged.jobs.keys() {
        let stored = store.job(job_id(*id)).await.unwrap().unwrap();
        let expected: Vec<u64> = (1..=stored.version).collect();
        assert_eq!(
            versions.get(&stored.id),
            Some(&expected),
            "round {round}: job {id:x}"
        );
    }
    let made = store.counter("made").await.unwrap();
    assert_eq!(made, versions.len() as u64, "round {round}");
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut acknowledged = Acknowledged::default();
    let mut commits = 0;
    for round in 1..=ROUNDS {
        commits += run_and_kill(dir.path(), round, &mut acknowledged);
        runtime.block_on(verify(dir.path(), round, &acknowledged));
        // Unacknowledged or not, what is stored now is what counts from here on.
        let store = Embedded::open(EmbeddedOptions::new(dir.path()), NOW_MS).unwrap();
        for (id, version) in &mut acknowledged.jobs {
            let job = runtime.block_on(store.job(job_id(*id))).unwrap().unwrap();
            *version = job.version;
        }
        for (writer, version) in &mut acknowledged.documents {
            let stored = runtime.block_on(store.document(&document(*writer)));
            *version = stored.unwrap().unwrap().version;
        }
        runtime.block_on(store.close()).unwrap();
    }
    println!("{ROUNDS} kills, {commits} acknowledged writes, none lost");
    assert!(commits > 100, "too little was written to tell: {commits}");
}
