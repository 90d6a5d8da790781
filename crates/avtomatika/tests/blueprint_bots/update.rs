//! `update`.

use serde_json::{Value, json};

use crate::world::{World, code, failure, on, start, started, update};

fn updated(version: u64) -> Value {
    json!({"status": "updated", "container_id": "c2", "gap_ms": 40, "spec_version": version})
}

#[tokio::test]
async fn the_new_version_becomes_the_current_one() {
    let world = World::staffed().await;
    world.worker("w2").await;
    world.start("a", "w1").await;
    let mut body = update("a");
    body["env_vars"] = json!({"NEW": "value-2"});
    let job = world.ask(body).await;
    world.idle("w2").await;
    let taken = world.serve("w1", "update_bot", updated(2)).await;
    assert_eq!(taken.params["files"], json!({"bot.py": "print(2)"}));
    assert_eq!(taken.params["env_vars"], json!({"NEW": "value-2"}));
    assert_eq!(taken.params["spec_version"], 2);
    let data = world.completed(job).await;
    assert_eq!(
        (&data["status"], &data["spec_version"]),
        (&json!("updated"), &json!(2))
    );
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["spec_version"], &bot["versions"]),
        (&json!(2), &json!([1, 2]))
    );
    assert_eq!(bot["busy"], json!(null));
}

#[tokio::test]
async fn the_environment_is_kept_when_none_is_sent_and_emptied_when_an_empty_one_is() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    for version in [2, 3] {
        world.ask(update("a")).await;
        let taken = world.serve("w1", "update_bot", updated(version)).await;
        assert_eq!(
            taken.params["env_vars"],
            json!({"BOT_TOKEN": "123456:TEST-TOKEN"})
        );
    }
    let mut body = update("a");
    body["env_vars"] = json!({});
    world.ask(body).await;
    let taken = world.serve("w1", "update_bot", updated(4)).await;
    assert_eq!(taken.params["env_vars"], json!({}));
}

#[tokio::test]
async fn the_previous_version_stays_current_when_the_new_one_fails() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    for (rolled_back, state) in [(true, "running"), (false, "failed")] {
        let job = world.ask(update("a")).await;
        let taken = world.take("w1", "update_bot").await;
        let details = json!({"kept": false, "rolled_back": rolled_back, "reason": "START_FAILED"});
        world.fail(&taken, failure("UPDATE_FAILED", details)).await;
        let failed = world.failed(job).await;
        assert_eq!(code(&failed), "UPDATE_FAILED");
        assert_eq!(failed.more["details"]["rolled_back"], rolled_back);
        let bot = world.bot("a").await;
        assert_eq!(
            (&bot["spec_version"], &bot["versions"]),
            (&json!(1), &json!([1]))
        );
        assert_eq!(
            (&bot["desired"], &bot["state"]),
            (&json!("running"), &json!(state))
        );
        assert_eq!(bot["busy"], json!(null));
    }
    // A number is never given out twice.
    world.ask(update("a")).await;
    let taken = world.take("w1", "update_bot").await;
    assert_eq!(taken.params["spec_version"], 4);
}

#[tokio::test]
async fn an_unknown_bot_is_not_found() {
    let world = World::staffed().await;
    for action in [update("a"), on("restart", "a")] {
        let failed = world.failed(world.ask(action).await).await;
        assert_eq!(code(&failed), "BOT_NOT_FOUND");
    }
    assert_eq!(world.document("bots", "user-alice").await, None);
    world.idle("w1").await;
}

#[tokio::test]
async fn a_worker_that_is_away_changes_nothing() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    for action in [update("a"), on("restart", "a"), start("a")] {
        let job = world.ask(action).await;
        world.pass(31_000).await;
        let failed = world.failed(job).await;
        assert_eq!(code(&failed), "WORKER_AWAY");
        assert_eq!(failed.more["details"]["worker_id"], "w1");
        let bot = world.bot("a").await;
        assert_eq!(
            (&bot["desired"], &bot["worker"]),
            (&json!("running"), &json!("w1"))
        );
        assert_eq!(
            (&bot["versions"], &bot["busy"]),
            (&json!([1]), &json!(null))
        );
    }
}

#[tokio::test]
async fn a_stopped_bot_is_started_as_the_new_version() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    world.stop("a", "w1").await;
    let job = world.ask(update("a")).await;
    let taken = world.serve("w1", "start_bot", started(2)).await;
    assert_eq!(taken.params["files"], json!({"bot.py": "print(2)"}));
    assert_eq!(
        taken.params["env_vars"],
        json!({"BOT_TOKEN": "123456:TEST-TOKEN"})
    );
    world.completed(job).await;
    assert_eq!(world.bot("a").await["spec_version"], 2);
}

#[tokio::test]
async fn a_bot_its_worker_has_lost_is_placed_anew() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    let job = world.ask(update("a")).await;
    let taken = world.take("w1", "update_bot").await;
    world
        .fail(&taken, failure("BOT_NOT_FOUND", json!({})))
        .await;
    world.worker("w2").await;
    let taken = world.serve("w2", "start_bot", started(2)).await;
    assert_eq!(taken.params["files"], json!({"bot.py": "print(2)"}));
    assert_eq!(world.completed(job).await["status"], "started");
    let bot = world.bot("a").await;
    assert_eq!(
        (&bot["worker"], &bot["spec_version"]),
        (&json!("w2"), &json!(2))
    );
}
