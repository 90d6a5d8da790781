//! Three bots a user, counted once.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use avtomatika::blueprints::BotRunnerOptions;
use avtomatika::protocol::JobStatus;
use serde_json::json;

use crate::slow_store::SlowStore;
use crate::world::{World, code, failure, on, start, started};

#[tokio::test]
async fn the_fourth_bot_is_refused_at_once_and_without_a_task() {
    let world = World::staffed().await;
    world.worker("w2").await;
    for (bot, worker) in [("a", "w1"), ("b", "w2"), ("c", "w1")] {
        world.start(bot, worker).await;
    }
    let refused = world.failed(world.ask(start("d")).await).await;
    assert_eq!(code(&refused), "QUOTA_EXCEEDED");
    assert_eq!(
        refused.more["details"],
        json!({"current_bots": 3, "max_bots": 3, "active_bots": ["a", "b", "c"]})
    );
    assert!(refused.hint.is_some() && refused.more.contains_key("ru"));
    world.idle("w1").await;
    assert_eq!(world.bot("d").await, json!(null));
    assert_eq!(world.spec("d", 1).await, None);

    world.stop("b", "w2").await;
    world.start("d", "w1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_thirty_starts_at_once_three_are_made() {
    let store = Arc::new(SlowStore::new());
    let world = Arc::new(World::with(
        BotRunnerOptions::default(),
        Arc::clone(&store) as _,
    ));
    let mut posts = tokio::task::JoinSet::new();
    for number in 0..30 {
        let world = Arc::clone(&world);
        posts.spawn(async move { world.ask(start(&format!("bot-{number}"))).await });
    }
    let jobs = posts.join_all().await;
    let mut made = 0;
    for job in jobs {
        let view = world.view(job).await;
        match view.status {
            JobStatus::WaitingForWorker => made += 1,
            _ => assert_eq!(code(&world.failed(job).await), "QUOTA_EXCEEDED"),
        }
    }
    assert_eq!(made, 3);
    assert_eq!(world.store.counts().queued["start_bot"], 3);
    let document = world.document("bots", "user-alice").await.unwrap();
    assert_eq!(document["bots"].as_object().unwrap().len(), 3);
    assert!(
        store.conflicts.load(Ordering::SeqCst) > 0,
        "nothing ever met: the test shows nothing"
    );
}

#[tokio::test]
async fn a_start_that_failed_gives_its_place_back() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    world.start("b", "w1").await;
    for details in [json!({"kept": false, "log_tail": []}), json!({})] {
        let job = world.ask(start("c")).await;
        assert!(
            !world.has_place().await,
            "a start in progress holds its place"
        );
        let taken = world.take("w1", "start_bot").await;
        world
            .fail(&taken, failure("DEPENDENCIES_FAILED", details))
            .await;
        let failed = world.failed(job).await;
        assert_eq!(code(&failed), "DEPENDENCIES_FAILED");
        assert_eq!(failed.message, "it went wrong");
        assert_eq!(world.bot("c").await, json!(null));
        assert_eq!(world.spec("c", 1).await, None);
        assert!(world.has_place().await);
    }
}

#[tokio::test]
async fn a_crashing_bot_that_is_kept_counts_until_it_is_stopped() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    world.start("b", "w1").await;
    let job = world.ask(start("c")).await;
    let taken = world.take("w1", "start_bot").await;
    world
        .fail(
            &taken,
            failure("START_FAILED", json!({"kept": true, "exit_code": 1})),
        )
        .await;
    assert_eq!(code(&world.failed(job).await), "START_FAILED");
    let bot = world.bot("c").await;
    assert_eq!(
        (&bot["desired"], &bot["worker"]),
        (&json!("running"), &json!("w1"))
    );
    assert_eq!(
        (&bot["busy"], &bot["spec_version"]),
        (&json!(null), &json!(1))
    );
    assert!(!world.has_place().await);
    world.stop("c", "w1").await;
    assert!(world.has_place().await);
}

#[tokio::test]
async fn without_a_worker_a_start_ends_with_a_reason_and_without_its_place() {
    let world = World::new();
    let job = world.ask(start("a")).await;
    world.pass(59_000).await;
    assert_eq!(world.view(job).await.status, JobStatus::WaitingForWorker);
    world.pass(2_000).await;
    let failed = world.failed(job).await;
    assert_eq!(code(&failed), "DISPATCH_TIMEOUT");
    assert!(failed.hint.is_some() && failed.more.contains_key("ru"));
    assert_eq!(world.bot("a").await, json!(null));
}

#[tokio::test]
async fn a_bot_counts_until_it_is_stopped_and_again_if_it_was_not() {
    let world = World::staffed().await;
    for bot in ["a", "b", "c"] {
        world.start(bot, "w1").await;
    }
    let job = world.ask(on("stop", "a")).await;
    let taken = world.take("w1", "stop_bot").await;
    assert!(!world.has_place().await, "it may still run");
    world
        .fail(&taken, failure("CONTAINER_ERROR", json!({})))
        .await;
    assert_eq!(code(&world.failed(job).await), "CONTAINER_ERROR");
    assert!(!world.has_place().await, "it does still run");
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["desired"], &bot["worker"]),
        (&json!("running"), &json!("w1"))
    );
    world.stop("a", "w1").await;
    assert!(world.has_place().await);
}

#[tokio::test]
async fn a_bot_that_comes_back_needs_a_place() {
    let world = World::staffed().await;
    world.start("old", "w1").await;
    world.stop("old", "w1").await;
    for bot in ["a", "b", "c"] {
        world.start(bot, "w1").await;
    }
    for action in [
        on("restart", "old"),
        start("old"),
        crate::world::update("old"),
    ] {
        assert_eq!(
            code(&world.failed(world.ask(action).await).await),
            "QUOTA_EXCEEDED"
        );
    }
    assert_eq!(world.bot("old").await["versions"], json!([1]));
    world.idle("w1").await;
}

#[tokio::test]
async fn the_limit_is_an_option() {
    let options = BotRunnerOptions {
        max_bots_per_user: 1,
        ..BotRunnerOptions::default()
    };
    let world = World::with(options, Arc::new(avtomatika::Memory::new(45_000)));
    world.worker("w1").await;
    world.start("a", "w1").await;
    assert!(!world.has_place().await);
    let again = world.ask(start("a")).await;
    let taken = world.take("w1", "start_bot").await;
    world.succeed(&taken, started(2)).await;
    world.completed(again).await;
}
