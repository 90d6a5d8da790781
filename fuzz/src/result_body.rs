//! Any result a worker may send, for a job that waits for one task or for several.

use std::sync::Arc;

use avtomatika_engine::blueprint::{Blueprint, Client, Join, Parallel};
use avtomatika_engine::machine::{Draw, Env, Event, Job, Next, Report, step};
use avtomatika_engine::storage::TaskChange;
use avtomatika_engine::{Action, Dispatch, EndAs};
use avtomatika_protocol::worker::ResultMessage;
use avtomatika_protocol::{JobId, LeaseId, TaskId};
use serde_json::json;
use uuid::Uuid;

struct Ids(std::sync::atomic::AtomicU32);

impl Draw for Ids {
    fn task_id(&self) -> TaskId {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        TaskId(Uuid::from_u128(number.into()))
    }

    fn job_id(&self) -> JobId {
        JobId(self.task_id().0)
    }

    fn token(&self) -> String {
        "token".to_owned()
    }
}

fn blueprint() -> Blueprint {
    Blueprint::builder("b")
        .start("start", |_| Ok(Action::transition("done")))
        .state("next", |_| Ok(Action::transition("done")))
        .end("done", EndAs::Completed)
        .end("broken", EndAs::Failed)
        .build()
        .expect("it is whole")
}

/// Runs one input: the first byte says what the job waits for.
pub fn run(bytes: &[u8]) {
    let Some((kind, body)) = bytes.split_first() else {
        return;
    };
    let Ok(message) = serde_json::from_slice::<ResultMessage>(body) else {
        return;
    };
    let status = message.result.status().to_owned();
    let failure = message.result.failure_reported();
    let (blueprint, ids) = (blueprint(), Ids(1.into()));
    let env = Env {
        now_ms: 1_000_000,
        draw: &ids,
        jitter: 0.5,
        transitions_max: 100,
    };
    let task = || {
        Dispatch::new("t")
            .on("success", "next")
            .on("failure", "broken")
    };
    let action = match kind % 4 {
        0 => Action::dispatch(task()),
        1 => Action::dispatch(task().save_as("kept").affinity("key")),
        2 => Action::parallel(Parallel::new("next").task("a", task()).task("b", task())),
        _ => {
            let parallel = Parallel::new("next").join(Join::Any).on_failure("broken");
            Action::parallel(parallel.task("a", task()).task("b", task()))
        }
    };
    let client = Arc::new(Client::new("c".into(), "u"));
    let job = Job::new(
        JobId(Uuid::from_u128(9)),
        &blueprint,
        client,
        json!({}),
        1_000_000,
    );
    let begun = step(&job, Event::Submitted, &blueprint, &env).expect("a new job begins");
    let waits = step(&begun.job, Event::Returned(Ok(action)), &blueprint, &env).expect("it waits");
    let open = waits.job.open_tasks();
    let report = Report {
        task: open[0],
        lease: message.lease.or(Some(LeaseId(7))),
        worker: message.worker_id,
        status,
        data: message.result.data,
        failure,
    };
    let after = step(
        &waits.job,
        Event::Reported(report.clone()),
        &blueprint,
        &env,
    )
    .expect("it waits for this task");
    // What is stored can be read again.
    let stored = serde_json::to_string(&after.job).expect("a job is written");
    let read: Job = serde_json::from_str(&stored).expect("a job is read");
    assert_eq!(read, after.job);
    let is_over = after
        .tasks
        .iter()
        .any(|change| matches!(change, TaskChange::Finish { task, .. } if *task == open[0]));
    let is_again = after.job.open_tasks().contains(&open[0]);
    assert!(
        is_over != is_again,
        "the task is over, or it is tried again"
    );
    if after.next == Next::Rest && is_over {
        let again = step(&after.job, Event::Reported(report), &blueprint, &env);
        assert!(again.is_err(), "one task is answered once");
    }
}
