//! Many at once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::Wire;

const MANY: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_polls_as_jobs_find_each_other_once() {
    let wire = Arc::new(Wire::start().await);
    for n in 0..10 {
        wire.register(&format!("w{n}"), &["echo"]).await;
    }
    let mut polls = JoinSet::new();
    for n in 0..MANY {
        let wire = Arc::clone(&wire);
        polls.spawn(async move { wire.poll(&format!("w{}", n % 10), "3s").await });
    }
    let mut submits = JoinSet::new();
    for n in 0..MANY {
        let wire = Arc::clone(&wire);
        submits.spawn(async move { wire.submit(json!({"params": {"n": n}})).await });
    }
    let begun = Instant::now();
    let ids: HashSet<String> = submits.join_all().await.into_iter().collect();
    let tasks: Vec<Option<Value>> = polls.join_all().await;
    // Nobody sat his time out.
    assert!(
        begun.elapsed() < Duration::from_millis(2_500),
        "{:?}",
        begun.elapsed()
    );
    let found: HashSet<String> = tasks
        .iter()
        .map(|task| {
            task.as_ref().expect("a task")["job_id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(ids.len(), MANY);
    assert_eq!(found, ids);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_in_a_hurry_do_every_job_once() {
    let wire = Arc::new(Wire::start().await);
    let mut workers = JoinSet::new();
    for n in 0..8 {
        let wire = Arc::clone(&wire);
        workers.spawn(async move {
            let name = format!("w{n}");
            wire.register(&name, &["echo"]).await;
            let mut done = Vec::new();
            while let Some(task) = wire.poll(&name, "700ms").await {
                assert_eq!(task["attempt"], 1);
                let said = wire
                    .report(&name, &task, json!({"data": {"by": name}}))
                    .await;
                assert_eq!(said.json()["status"], "result_accepted_success");
                done.push(task["job_id"].as_str().unwrap().to_owned());
            }
            done
        });
    }
    let mut ids = HashSet::new();
    for _ in 0..3 * MANY {
        ids.insert(wire.submit(json!({})).await);
    }
    let done = workers.join_all().await.concat();
    assert_eq!(done.len(), 3 * MANY);
    assert_eq!(done.into_iter().collect::<HashSet<_>>(), ids);
    for id in ids {
        assert_eq!(wire.job(&id).await["status"], "completed");
    }
}
