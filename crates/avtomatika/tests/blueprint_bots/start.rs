//! `start`.

use std::sync::Arc;

use avtomatika::blueprints::BotRunnerOptions;
use avtomatika::protocol::JobStatus;
use serde_json::{Value, json};

use crate::world::{World, code, failure, on, start, started};

#[tokio::test]
async fn a_bot_is_placed_where_it_was_started() {
    let world = World::staffed().await;
    let mut body = start("a");
    body["requirements"] = json!(["aiogram >= 3"]);
    body["unknown"] = json!("dropped");
    let job = world.ask(body).await;
    let view = world.view(job).await;
    assert_eq!(view.status, JobStatus::WaitingForWorker);
    assert_eq!(view.initial_data["user_id"], "user-alice");
    assert_eq!(view.initial_data["action"], "start");
    assert_eq!(view.initial_data.get("unknown"), None);
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["state"]),
        (&json!("running"), &json!("starting"))
    );
    assert_eq!(bot["busy"]["job"], json!(job));

    let taken = world.take("w1", "start_bot").await;
    let params = &taken.params;
    assert_eq!(params["user_id"], "user-alice");
    assert_eq!(params["bot_id"], "a");
    assert_eq!(params["deployment_mode"], "simple");
    assert_eq!(params["files"], json!({"bot.py": "print(1)"}));
    assert_eq!(params["entrypoint"], "bot.py");
    assert_eq!(params["requirements"], json!(["aiogram>=3"]));
    assert_eq!(
        params["env_vars"],
        json!({"BOT_TOKEN": "123456:TEST-TOKEN"})
    );
    assert_eq!(params["resource_limits"]["memory_mb"], 256);
    assert_eq!(params["spec_version"], 1);
    for own in ["action", "source_digest", "unknown"] {
        assert_eq!(params.get(own), None);
    }

    world.succeed(&taken, started(1)).await;
    let data = world.completed(job).await;
    assert_eq!(data["status"], "started");
    assert_eq!(data["container_id"], "c1");
    assert_eq!(data["spec_version"], 1);
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["worker"], &bot["state"]),
        (&json!("w1"), &json!("running"))
    );
    assert_eq!(
        (&bot["spec_version"], &bot["busy"]),
        (&json!(1), &json!(null))
    );
}

#[tokio::test]
async fn a_running_bot_is_left_to_its_worker() {
    let world = World::staffed().await;
    world.worker("w2").await;
    world.start("a", "w1").await;
    let running = json!({"status": "already_running", "container_id": "c1", "spec_version": 1});
    for (body, told) in [(start("a"), false), (other_code("a"), true)] {
        let job = world.ask(body).await;
        world.idle("w2").await;
        world.serve("w1", "start_bot", running.clone()).await;
        let data = world.completed(job).await;
        assert_eq!(data["status"], "already_running");
        assert_eq!(data["spec_version"], 1);
        assert_eq!(data.get("note").is_some(), told);
        let bot = world.bot("a").await;
        assert_eq!(
            (&bot["spec_version"], &bot["versions"]),
            (&json!(1), &json!([1]))
        );
    }
    assert_eq!(world.spec("a", 2).await, None);
}

#[tokio::test]
async fn a_crashed_bot_is_started_with_what_was_sent_now() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    let job = world.ask(other_code("a")).await;
    world.serve("w1", "start_bot", started(2)).await;
    world.completed(job).await;
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["spec_version"], &bot["versions"]),
        (&json!(2), &json!([1, 2]))
    );
}

#[tokio::test]
async fn five_versions_are_kept() {
    let world = World::staffed().await;
    for _ in 0..7 {
        world.start("a", "w1").await;
        world.stop("a", "w1").await;
    }
    assert_eq!(world.bot("a").await["versions"], json!([3, 4, 5, 6, 7]));
    for version in 1..=8 {
        assert_eq!(
            world.spec("a", version).await.is_some(),
            (3..=7).contains(&version)
        );
    }
}

#[tokio::test]
async fn bots_stopped_long_ago_are_forgotten() {
    let options = BotRunnerOptions {
        bots_kept_per_user: 2,
        ..BotRunnerOptions::default()
    };
    let world = World::with(options, Arc::new(avtomatika::Memory::new(45_000)));
    world.worker("w1").await;
    for bot in ["b", "a", "c"] {
        world.start(bot, "w1").await;
        world.stop(bot, "w1").await;
        world.pass(1_000).await;
    }
    assert_eq!(world.bot("b").await, Value::Null);
    assert_eq!(world.spec("b", 1).await, None);
    assert_eq!(world.bot("a").await["desired"], "stopped");
    assert_eq!(world.bot("c").await["desired"], "stopped");
}

#[tokio::test]
async fn passing_faults_are_tried_again_and_business_faults_are_not() {
    let world = World::staffed().await;
    let job = world.ask(start("a")).await;
    for attempt in 1..=3 {
        let taken = world.take("w1", "start_bot").await;
        assert_eq!(taken.message.attempt, attempt);
        world
            .fail(&taken, failure("TRANSIENT_ERROR", json!({})))
            .await;
        world.pass(10_000).await;
    }
    assert_eq!(code(&world.failed(job).await), "TRANSIENT_ERROR");
    assert_eq!(world.bot("a").await, Value::Null);

    let job = world.ask(start("a")).await;
    let taken = world.take("w1", "start_bot").await;
    world
        .fail(&taken, failure("TOKEN_REJECTED", json!({"kept": false})))
        .await;
    assert_eq!(code(&world.failed(job).await), "TOKEN_REJECTED");
    world.pass(10_000).await;
    world.idle("w1").await;
}

#[tokio::test]
async fn a_worker_that_fell_silent_is_asked_to_stop_before_the_bot_starts_again() {
    let world = World::staffed().await;
    let job = world.ask(start("a")).await;
    world.take("w1", "start_bot").await;
    // Its lease runs out, and nobody else takes the task.
    world.pass(46_000).await;
    world.pass(61_000).await;
    assert_eq!(code(&world.failed(job).await), "DISPATCH_TIMEOUT");
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["pending_stop"]),
        (&json!("stopped"), &json!(["w1"]))
    );
    assert!(world.has_place().await);

    world.worker("w2").await;
    let job = world.ask(start("a")).await;
    world.idle("w2").await;
    world
        .serve("w1", "stop_bot", json!({"status": "stopped"}))
        .await;
    world.serve("w2", "start_bot", started(2)).await;
    assert_eq!(world.completed(job).await["status"], "started");
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["worker"], bot.get("pending_stop")),
        (&json!("w2"), None)
    );
}

#[tokio::test]
async fn a_silent_worker_that_stays_away_does_not_keep_the_bot_down() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    let stop = world.ask(on("stop", "a")).await;
    world.pass(31_000).await;
    assert_eq!(code(&world.failed(stop).await), "WORKER_AWAY");
    world.worker("w2").await;
    let job = world.ask(start("a")).await;
    world.idle("w2").await;
    world.pass(11_000).await;
    world.serve("w2", "start_bot", started(2)).await;
    world.completed(job).await;
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["worker"], &bot["pending_stop"]),
        (&json!("w2"), &json!(["w1"]))
    );
}

#[tokio::test]
async fn a_start_that_moved_on_remembers_where_it_was_lost() {
    let world = World::staffed().await;
    let job = world.ask(start("a")).await;
    world.take("w1", "start_bot").await;
    world.pass(46_000).await;
    world.worker("w2").await;
    world.serve("w2", "start_bot", started(1)).await;
    world.completed(job).await;
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["worker"], &bot["pending_stop"]),
        (&json!("w2"), &json!(["w1"]))
    );
}

fn other_code(bot: &str) -> Value {
    let mut body = start(bot);
    body["code"] = json!("print('another')");
    body
}
