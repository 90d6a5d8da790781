//! One change of a bot at a time.

use serde_json::json;

use crate::world::{World, code, on, start, started, update};

#[tokio::test]
async fn a_second_change_is_refused_until_the_first_has_ended() {
    let world = World::staffed().await;
    let changes = || [start("a"), update("a"), on("restart", "a"), on("stop", "a")];
    world.ask(start("a")).await;
    for change in changes() {
        let refused = world.failed(world.ask(change).await).await;
        assert_eq!(code(&refused), "BOT_BUSY");
        assert!(refused.hint.is_some());
    }
    assert_eq!(
        world.store.counts().queued["start_bot"],
        1,
        "nothing else was queued"
    );
    let other = world.ask(start("b")).await;
    assert_eq!(
        world.view(other).await.error,
        None,
        "another bot is not concerned"
    );
}

#[tokio::test]
async fn the_marker_goes_with_the_job_that_set_it() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    for (change, task) in [
        (update("a"), "update_bot"),
        (on("restart", "a"), "restart_bot"),
        (start("a"), "start_bot"),
        (on("stop", "a"), "stop_bot"),
    ] {
        let job = world.ask(change.clone()).await;
        let taken = world.take("w1", task).await;
        assert_eq!(
            code(&world.failed(world.ask(change).await).await),
            "BOT_BUSY"
        );
        world.succeed(&taken, json!({"status": "done"})).await;
        world.completed(job).await;
        assert_eq!(world.bot("a").await["busy"], json!(null));
    }
}

#[tokio::test]
async fn a_marker_outlived_by_its_time_is_taken_over_and_its_job_changes_nothing() {
    let world = World::staffed().await;
    let first = world.ask(start("a")).await;
    let lost = world.take("w1", "start_bot").await;
    // The worker stays in touch but never answers; the bound on the marker is beyond that of the
    // task, so the document is aged by hand: as if the job had vanished.
    age_marker(&world).await;
    let second = world.ask(start("a")).await;
    let taken = world.take("w1", "start_bot").await;
    assert_eq!(taken.params["spec_version"], 2);
    world.succeed(&lost, started(1)).await;
    world.completed(first).await;
    assert_eq!(world.bot("a").await["busy"]["job"], json!(second));
    world.succeed(&taken, started(2)).await;
    world.completed(second).await;
    assert_eq!(world.bot("a").await["spec_version"], 2);
}

#[tokio::test]
async fn a_first_start_that_vanished_holds_no_place() {
    let world = World::staffed().await;
    world.ask(start("a")).await;
    age_marker(&world).await;
    for bot in ["b", "c", "d"] {
        let job = world.ask(start(bot)).await;
        assert_eq!(world.view(job).await.error, None);
    }
    assert_eq!(
        code(&world.failed(world.ask(start("a")).await).await),
        "QUOTA_EXCEEDED"
    );
    let stopped = world.completed(world.ask(on("stop", "a")).await).await;
    assert_eq!(stopped["status"], "not_found");
    assert_eq!(world.bot("a").await, json!(null));
    assert_eq!(world.spec("a", 1).await, None);
}

/// Moves the marker on `a` into the past, as a job of its own.
async fn age_marker(world: &World) {
    world
        .change_bot("a", |bot| bot["busy"]["until_ms"] = json!(1))
        .await;
}
