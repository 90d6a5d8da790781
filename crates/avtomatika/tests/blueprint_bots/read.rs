//! `logs` and `status`.

use std::time::Duration;

use avtomatika::engine::service::Poll;
use avtomatika::protocol::JobStatus;
use serde_json::{Value, json};

use crate::world::{World, code, on, start};

#[tokio::test]
async fn the_worker_that_has_the_bot_is_asked() {
    let world = World::staffed().await;
    world.worker("w2").await;
    world.start("a", "w1").await;
    let body = json!({"action": "logs", "bot_id": "a", "lines": 7, "cursor": "x1", "wait_ms": 500});
    let job = world.ask(body).await;
    world.idle("w2").await;
    let answer = json!({"status": "success", "logs": "hi\n", "cursor": "x2", "lines": []});
    let taken = world.serve("w1", "get_logs", answer).await;
    assert_eq!(
        taken.params,
        json!({"user_id": "user-alice", "bot_id": "a", "lines": 7, "cursor": "x1", "wait_ms": 500})
    );
    let data = world.completed(job).await;
    assert_eq!(
        (&data["logs"], &data["cursor"]),
        (&json!("hi\n"), &json!("x2"))
    );

    let job = world.ask(on("status", "a")).await;
    world.idle("w2").await;
    let answer = json!({"exists": true, "bot_id": "a", "status": "running", "state": "running"});
    let taken = world.serve("w1", "check_status", answer.clone()).await;
    assert_eq!(
        taken.params,
        json!({"user_id": "user-alice", "bot_id": "a"})
    );
    assert_eq!(world.completed(job).await, answer);
}

#[tokio::test]
async fn an_unknown_bot_is_answered_at_once() {
    let world = World::staffed().await;
    let logs = world.completed(world.ask(on("logs", "a")).await).await;
    assert_eq!(
        (&logs["status"], &logs["logs"]),
        (&json!("not_found"), &Value::Null)
    );
    let status = world.completed(world.ask(on("status", "a")).await).await;
    assert_eq!(status, json!({"exists": false, "bot_id": "a"}));
    world.idle("w1").await;
}

#[tokio::test]
async fn a_bot_no_worker_has_is_described_as_remembered() {
    let world = World::staffed().await;
    world.ask(start("a")).await;
    let status = world.completed(world.ask(on("status", "a")).await).await;
    assert_eq!(
        (&status["exists"], &status["state"]),
        (&json!(true), &json!("starting"))
    );
    let taken = world.take("w1", "start_bot").await;
    world.succeed(&taken, crate::world::started(1)).await;
    world.stop("a", "w1").await;
    let status = world.completed(world.ask(on("status", "a")).await).await;
    assert_eq!(
        (&status["exists"], &status["state"]),
        (&json!(true), &json!("stopped"))
    );
    assert_eq!(status["spec_version"], 1);
    let logs = world.completed(world.ask(on("logs", "a")).await).await;
    assert_eq!(logs["status"], "not_found");
}

#[tokio::test]
async fn a_bot_whose_worker_is_away_or_lost_it_is_lost() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    let status = world.ask(on("status", "a")).await;
    let logs = world.ask(on("logs", "a")).await;
    world.pass(11_000).await;
    let data = world.completed(status).await;
    assert_eq!(
        (&data["exists"], &data["state"]),
        (&json!(true), &json!("lost"))
    );
    assert!(data["reason"].as_str().unwrap().contains("w1"));
    assert_eq!(code(&world.failed(logs).await), "WORKER_AWAY");

    let job = world.ask(on("status", "a")).await;
    world
        .serve(
            "w1",
            "check_status",
            json!({"exists": false, "bot_id": "a"}),
        )
        .await;
    let data = world.completed(job).await;
    assert_eq!(
        (&data["exists"], &data["state"]),
        (&json!(true), &json!("lost"))
    );
}

#[tokio::test]
async fn reading_does_not_wait_for_a_change() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    let update = world.ask(crate::world::update("a")).await;
    let running = world.take("w1", "update_bot").await;
    let job = world.ask(on("logs", "a")).await;
    world
        .serve("w1", "get_logs", json!({"status": "success", "logs": ""}))
        .await;
    world.completed(job).await;
    assert_eq!(world.view(update).await.status, JobStatus::WaitingForWorker);
    world.succeed(&running, json!({"status": "updated"})).await;
    world.completed(update).await;
}

#[tokio::test]
async fn a_task_given_up_wakes_the_worker_it_is_tied_to() {
    let world = World::staffed().await;
    world.worker("w2").await;
    world.start("a", "w1").await;
    world.ask(on("logs", "a")).await;
    world.take("w1", "get_logs").await;
    let parked = |worker: &str| {
        let poll = Poll {
            worker: worker.into(),
            types: None,
            wait_ms: 20_000,
        };
        let engine = world.engine.clone();
        tokio::spawn(async move { engine.poll(poll).await.unwrap() })
    };
    let other = parked("w2");
    tokio::task::yield_now().await;
    let own = parked("w1");
    tokio::task::yield_now().await;
    world.pass(46_000).await;
    let handout = tokio::time::timeout(Duration::from_secs(2), own).await;
    let handout = handout.expect("its worker was not woken").unwrap().unwrap();
    assert_eq!(
        (handout.message.task_type.as_str(), handout.message.attempt),
        ("get_logs", 2)
    );
    other.abort();
}
