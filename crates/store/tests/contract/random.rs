//! Random operations on two stores: they must answer alike, step by step.

use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{Batch, JobWrite, Spend, Store, TaskChange};
use avtomatika_protocol::{JobStatus, LeaseId};

use super::documents::{key, write};
use super::fixture::{
    NOW_MS, claim_at, done, embedded, entry, event, job_id, memory, next, queued, register, task_id,
};

/// A small generator, so that a failing seed can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

pub(crate) async fn both_answer_alike(seed: u64, steps: u64) {
    let (one, two) = (memory(), embedded());
    for store in [&one.store, &two.store] {
        register(store.as_ref(), "w", None).await;
        register(store.as_ref(), "v", None).await;
    }
    let mut dice = Dice(seed);
    for step in 0..steps {
        let (action, number, extra) = (dice.roll(16), u128::from(dice.roll(12)), dice.roll(4));
        let now_ms = NOW_MS + step * 40;
        let first = act(one.store.as_ref(), action, number, extra, step, now_ms).await;
        let second = act(two.store.as_ref(), action, number, extra, step, now_ms).await;
        assert_eq!(first, second, "seed {seed}, step {step}, action {action}");
    }
    for number in 0..12 {
        let jobs = [
            one.store.job(job_id(number)).await,
            two.store.job(job_id(number)).await,
        ];
        let [first, second] = jobs.map(|job| job.unwrap().map(|job| Job::clone(&job)));
        assert_eq!(first, second, "seed {seed}");
    }
    assert_eq!(one.store.live_jobs(), two.store.live_jobs(), "seed {seed}");
}

async fn act(
    store: &dyn Store,
    action: u64,
    number: u128,
    extra: u64,
    step: u64,
    now_ms: u64,
) -> String {
    let worker = if extra.is_multiple_of(2) { "w" } else { "v" };
    match action {
        0 | 1 => {
            let mut entry = entry(number, "t");
            entry.priority = i32::try_from(extra).unwrap();
            entry.execution_timeout_ms = (extra == 3).then_some(400);
            entry.dispatch_timeout_ms = (extra == 2).then_some(700);
            let mut batch = queued(number, entry);
            std::sync::Arc::make_mut(&mut batch.job).updated_at_ms = now_ms;
            format!(
                "{:?}",
                store.commit(batch).await.map_err(|error| error.to_string())
            )
        }
        2 | 3 => {
            let claimed = claim_at(store, worker, step, &["t"], now_ms).await;
            format!("{claimed:?}")
        }
        4 => {
            let Some(job) = store.job(job_id(number)).await.unwrap() else {
                return String::new();
            };
            let lease = store.queue_entry(task_id(number)).await.unwrap();
            let lease = lease
                .and_then(|entry| entry.lease)
                .map_or(LeaseId(0), |lease| lease.id);
            let batch = done(&job, task_id(number), lease);
            format!(
                "{:?}",
                store.commit(batch).await.map_err(|error| error.to_string())
            )
        }
        5 => {
            let Some(job) = store.job(job_id(number)).await.unwrap() else {
                return String::new();
            };
            let mut batch = next(&job, |job| job.updated_at_ms = now_ms);
            let ready_at_ms = now_ms + extra * 100;
            batch.tasks.push(TaskChange::Retry {
                task: task_id(number),
                lease: None,
                ready_at_ms,
            });
            format!(
                "{:?}",
                store.commit(batch).await.map_err(|error| error.to_string())
            )
        }
        6 => format!("{:?}", store.due(now_ms, 5).await.unwrap()),
        7 => {
            let entry = store.queue_entry(task_id(number)).await.unwrap();
            let lease = entry
                .and_then(|entry| entry.lease)
                .map_or(LeaseId(0), |lease| lease.id);
            format!(
                "{:?}",
                store.hand_back(task_id(number), lease).await.unwrap()
            )
        }
        8 | 9 => format!("{:?}", several(store, number, extra, now_ms).await),
        10 | 11 => format!(
            "{:?}",
            set_aside_or_revive(store, number, extra, now_ms).await
        ),
        12 => {
            let changes = (0..=extra)
                .map(|place| write(&place.to_string(), (step + place) % 3, 7))
                .collect();
            let written = store.write_documents(changes).await;
            let found = store.document(&key("0")).await.unwrap();
            format!("{:?} {found:?}", written.map_err(|error| error.to_string()))
        }
        13 => {
            let told = store.outbox(3).await.unwrap();
            if extra == 0
                && let Some((first, _)) = told.first()
            {
                store.forget_outbox(*first).await.unwrap();
            }
            format!("{told:?} {}", store.counter("n").await.unwrap())
        }
        14 => {
            let client = "c".into();
            let aside = store
                .quarantined((extra > 1).then_some(&client), 5)
                .await
                .unwrap();
            let purged = store.purge(now_ms.saturating_sub(2_000), 2).await.unwrap();
            format!(
                "{aside:?} {purged} {} {}",
                store.live_jobs(),
                store.live_jobs_of(&client)
            )
        }
        _ => {
            store.touch(&worker.into(), now_ms).await.unwrap();
            format!("{:?} {:?}", store.counts().leased, store.next_due_ms())
        }
    }
}

/// Ends a job and changes another one, counts it and tells of it.
async fn several(store: &dyn Store, number: u128, extra: u64, now_ms: u64) -> Result<(), String> {
    let stored = store.job(job_id(number)).await.unwrap();
    let Some(one) = stored.filter(|job| !job.status.is_terminal()) else {
        return Ok(());
    };
    let mut batch = next(&one, |job| {
        job.updated_at_ms = now_ms;
        job.timer_at_ms = (extra == 1).then_some(now_ms + 300);
    });
    let other = (number + 1 + u128::from(extra)) % 12;
    match store.job(job_id(other)).await.unwrap() {
        Some(other) if other.status.is_terminal() => {}
        Some(other) => {
            let Batch {
                job, from_version, ..
            } = next(&other, |job| job.updated_at_ms = now_ms);
            // Now and then from a version that is not there any more.
            let from_version = if extra == 3 {
                from_version + 1
            } else {
                from_version
            };
            batch.also.push(JobWrite { job, from_version });
        }
        None => {
            let mut made = super::fixture::job(other, "c");
            made.updated_at_ms = now_ms;
            let job = std::sync::Arc::new(made);
            batch.also.push(JobWrite {
                job,
                from_version: 0,
            });
        }
    }
    batch.spend = Some(Spend {
        counter: "n".to_owned(),
        limit: 8 + extra * 4,
    });
    batch.history = vec![event(&batch.job, 0)];
    store.commit(batch).await.map_err(|error| error.to_string())
}

async fn set_aside_or_revive(
    store: &dyn Store,
    number: u128,
    extra: u64,
    now_ms: u64,
) -> Result<(), String> {
    let Some(job) = store.job(job_id(number)).await.unwrap() else {
        return Ok(());
    };
    let was_aside = job.status == JobStatus::Quarantined;
    if job.status.is_terminal() && !was_aside || job.work.is_some() {
        return Ok(());
    }
    let status = match (was_aside, extra) {
        (true, 0) => JobStatus::Cancelled,
        (true, 1) | (false, _) => JobStatus::Quarantined,
        (true, _) => JobStatus::Running,
    };
    let mut batch = next(&job, |job| {
        job.updated_at_ms = now_ms;
        job.status = status;
        job.timer_at_ms = None;
    });
    batch.revived_from_ms = was_aside.then_some(job.updated_at_ms);
    store.commit(batch).await.map_err(|error| error.to_string())
}
