//! `stop`.

use serde_json::{Value, json};

use crate::world::{World, code, failure, on, start};

#[tokio::test]
async fn its_worker_stops_it_and_it_is_remembered() {
    let world = World::staffed().await;
    world.worker("w2").await;
    world.start("a", "w1").await;
    let job = world.ask(on("stop", "a")).await;
    world.idle("w2").await;
    let stopped = json!({"status": "stopped", "container_name": "n1"});
    let taken = world.serve("w1", "stop_bot", stopped).await;
    assert_eq!(
        taken.params,
        json!({"user_id": "user-alice", "bot_id": "a"})
    );
    let data = world.completed(job).await;
    assert_eq!(
        (&data["status"], &data["container_name"]),
        (&json!("stopped"), &json!("n1"))
    );
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["state"]),
        (&json!("stopped"), &json!("stopped"))
    );
    assert_eq!(
        (&bot["worker"], &bot["versions"]),
        (&json!(null), &json!([1]))
    );
}

#[tokio::test]
async fn a_bot_that_runs_nowhere_is_not_found() {
    let world = World::staffed().await;
    let unknown = world.completed(world.ask(on("stop", "a")).await).await;
    assert_eq!(unknown["status"], "not_found");
    assert!(unknown["container_name"].is_string());
    assert_eq!(world.document("bots", "user-alice").await, None);
    world.start("a", "w1").await;
    world.stop("a", "w1").await;
    let again = world.completed(world.ask(on("stop", "a")).await).await;
    assert_eq!(again["status"], "not_found");
    world.idle("w1").await;
}

#[tokio::test]
async fn an_absent_worker_is_asked_again_next_time() {
    let world = World::staffed().await;
    for bot in ["a", "b", "c"] {
        world.start(bot, "w1").await;
    }
    let job = world.ask(on("stop", "a")).await;
    world.pass(31_000).await;
    let failed = world.failed(job).await;
    assert_eq!(code(&failed), "WORKER_AWAY");
    assert_eq!(
        failed.more["details"],
        json!({"worker_id": "w1", "pending_stop": true})
    );
    assert!(failed.hint.is_some() && failed.more.contains_key("ru"));
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["pending_stop"]),
        (&json!("stopped"), &json!(["w1"]))
    );
    assert!(world.has_place().await, "it does not count any more");

    let job = world.ask(on("stop", "a")).await;
    world
        .serve("w1", "stop_bot", json!({"status": "stopped"}))
        .await;
    assert_eq!(world.completed(job).await["status"], "stopped");
    assert_eq!(world.bot("a").await.get("pending_stop"), None);
}

#[tokio::test]
async fn every_worker_that_may_run_it_is_asked() {
    let world = World::staffed().await;
    world.ask(start("a")).await;
    world.take("w1", "start_bot").await;
    world.pass(46_000).await;
    world.worker("w2").await;
    world
        .serve("w2", "start_bot", crate::world::started(1))
        .await;

    let job = world.ask(on("stop", "a")).await;
    world.idle("w1").await;
    world
        .serve("w2", "stop_bot", json!({"status": "stopped"}))
        .await;
    world
        .serve("w1", "stop_bot", json!({"status": "not_found"}))
        .await;
    world.completed(job).await;
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["worker"], bot.get("pending_stop")),
        (&Value::Null, None)
    );
}

#[tokio::test]
async fn a_leftover_that_stays_does_not_bring_the_bot_back() {
    let world = World::staffed().await;
    world.ask(start("a")).await;
    world.take("w1", "start_bot").await;
    world.pass(46_000).await;
    world.worker("w2").await;
    world
        .serve("w2", "start_bot", crate::world::started(1))
        .await;

    let job = world.ask(on("stop", "a")).await;
    world
        .serve("w2", "stop_bot", json!({"status": "stopped"}))
        .await;
    let taken = world.take("w1", "stop_bot").await;
    world
        .fail(&taken, failure("CONTAINER_ERROR", json!({})))
        .await;
    world.failed(job).await;
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["worker"]),
        (&json!("stopped"), &json!(null))
    );
    assert_eq!(bot["pending_stop"], json!(["w1"]));
}
