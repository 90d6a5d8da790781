//! Jobs that end abruptly let go of their bot.

use avtomatika::protocol::{Failure, JobId, JobStatus};
use serde_json::{Value, json};

use crate::world::{World, on, start, update};

async fn cancel(world: &World, job: JobId) {
    world.engine.cancel(&"alice".into(), job).await.unwrap();
    assert_eq!(world.view(job).await.status, JobStatus::Cancelled);
}

#[tokio::test]
async fn a_cancelled_start_leaves_nothing_unless_a_worker_had_it() {
    let world = World::staffed().await;
    let job = world.ask(start("a")).await;
    cancel(&world, job).await;
    assert_eq!(world.bot("a").await, Value::Null);
    assert_eq!(world.spec("a", 1).await, None);

    let job = world.ask(start("a")).await;
    world.take("w1", "start_bot").await;
    cancel(&world, job).await;
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["pending_stop"]),
        (&json!("stopped"), &json!(["w1"]))
    );
    assert_eq!((&bot["busy"], &bot["versions"]), (&json!(null), &json!([])));
    let job = world.ask(start("a")).await;
    world
        .serve("w1", "stop_bot", json!({"status": "not_found"}))
        .await;
    world
        .serve("w1", "start_bot", json!({"status": "started"}))
        .await;
    world.completed(job).await;
}

#[tokio::test]
async fn a_failure_without_a_transition_lets_go_too() {
    let world = World::staffed().await;
    for (code, status) in [
        ("INVALID_INPUT_ERROR", JobStatus::Failed),
        ("PERMANENT_ERROR", JobStatus::Quarantined),
    ] {
        let job = world.ask(start("a")).await;
        let taken = world.take("w1", "start_bot").await;
        world.fail(&taken, Failure::new(code, "no")).await;
        assert_eq!(world.view(job).await.status, status);
        assert_eq!(world.bot("a").await, Value::Null);
    }
}

#[tokio::test]
async fn a_cancelled_change_leaves_the_bot_as_it_was() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    for change in [update("a"), on("restart", "a"), on("stop", "a"), start("a")] {
        let job = world.ask(change).await;
        cancel(&world, job).await;
        let bot = world.bot("a").await;
        assert_eq!(
            (&bot["desired"], &bot["worker"]),
            (&json!("running"), &json!("w1"))
        );
        assert_eq!(
            (&bot["versions"], &bot["busy"]),
            (&json!([1]), &json!(null))
        );
        assert_eq!(bot.get("pending_stop"), None);
    }
}

#[tokio::test]
async fn a_stop_cancelled_at_its_worker_is_made_up_for_by_the_next() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    let job = world.ask(on("stop", "a")).await;
    world.take("w1", "stop_bot").await;
    cancel(&world, job).await;
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["pending_stop"]),
        (&json!("stopped"), &json!(["w1"]))
    );
    world.stop("a", "w1").await;
    assert_eq!(world.bot("a").await.get("pending_stop"), None);
}
