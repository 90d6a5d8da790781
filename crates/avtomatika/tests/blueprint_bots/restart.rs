//! `restart`.

use serde_json::json;

use crate::world::{World, code, failure, on, started};

#[tokio::test]
async fn its_worker_restarts_it() {
    let world = World::staffed().await;
    world.worker("w2").await;
    world.start("a", "w1").await;
    let job = world.ask(on("restart", "a")).await;
    world.idle("w2").await;
    let taken = world
        .serve("w1", "restart_bot", json!({"status": "restarted"}))
        .await;
    assert_eq!(
        taken.params,
        json!({"user_id": "user-alice", "bot_id": "a"})
    );
    assert_eq!(world.completed(job).await["status"], "restarted");
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["spec_version"], &bot["busy"]),
        (&json!(1), &json!(null))
    );
}

#[tokio::test]
async fn a_stopped_bot_comes_back_as_it_was() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    world.stop("a", "w1").await;
    world.worker("w2").await;
    let job = world.ask(on("restart", "a")).await;
    let taken = world.serve("w2", "start_bot", started(1)).await;
    assert_eq!(taken.params["files"], json!({"bot.py": "print(1)"}));
    assert_eq!(
        taken.params["env_vars"],
        json!({"BOT_TOKEN": "123456:TEST-TOKEN"})
    );
    assert_eq!(taken.params["spec_version"], 1);
    world.completed(job).await;
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["worker"]),
        (&json!("running"), &json!("w2"))
    );
    assert_eq!(
        (&bot["spec_version"], &bot["versions"]),
        (&json!(1), &json!([1]))
    );
}

#[tokio::test]
async fn a_restart_that_failed_keeps_the_version() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    let job = world.ask(on("restart", "a")).await;
    let taken = world.take("w1", "restart_bot").await;
    world
        .fail(&taken, failure("START_FAILED", json!({"kept": true})))
        .await;
    assert_eq!(code(&world.failed(job).await), "START_FAILED");
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["state"]),
        (&json!("running"), &json!("restarting"))
    );
    assert_eq!(
        (&bot["versions"], &bot["busy"]),
        (&json!([1]), &json!(null))
    );

    world.stop("a", "w1").await;
    let job = world.ask(on("restart", "a")).await;
    let taken = world.take("w1", "start_bot").await;
    world
        .fail(&taken, failure("TOKEN_REJECTED", json!({"kept": false})))
        .await;
    world.failed(job).await;
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["state"]),
        (&json!("stopped"), &json!("failed"))
    );
    assert_eq!(bot["versions"], json!([1]));
}

#[tokio::test]
async fn a_bot_its_worker_has_lost_is_started_again() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    let job = world.ask(on("restart", "a")).await;
    let taken = world.take("w1", "restart_bot").await;
    world
        .fail(&taken, failure("BOT_NOT_FOUND", json!({})))
        .await;
    let taken = world.take("w1", "start_bot").await;
    world
        .fail(&taken, failure("CONTAINER_ERROR", json!({})))
        .await;
    assert_eq!(code(&world.failed(job).await), "CONTAINER_ERROR");
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["state"]),
        (&json!("stopped"), &json!("lost"))
    );
    assert_eq!(bot["versions"], json!([1]));
}
