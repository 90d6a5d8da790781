//! `list`.

use serde_json::{Value, json};

use crate::world::{World, on, start, update};

fn seen(bot: &str, state: &str) -> Value {
    json!({"bot_id": bot, "container_id": "c", "status": "running", "state": state})
}

fn states(data: &Value) -> Vec<(&str, &str)> {
    let bots = data["bots"].as_array().unwrap().iter();
    bots.map(|bot| {
        (
            bot["bot_id"].as_str().unwrap(),
            bot["state"].as_str().unwrap(),
        )
    })
    .collect()
}

#[tokio::test]
async fn nobody_is_asked_for_a_user_without_bots() {
    let world = World::staffed().await;
    let data = world
        .completed(world.ask(json!({"action": "list"})).await)
        .await;
    assert_eq!(
        data,
        json!({"bots": [], "count": 0, "max_bots": 3, "workers": []})
    );
    world.idle("w1").await;
}

#[tokio::test]
async fn what_workers_say_is_laid_over_what_is_remembered() {
    let world = World::staffed().await;
    world.worker("w2").await;
    world.start("old", "w1").await;
    world.stop("old", "w1").await;
    world.start("b", "w1").await;
    world.start("a", "w2").await;
    world.start("gone", "w2").await;
    let job = world.ask(json!({"action": "list"})).await;
    let view = world.view(job).await;
    assert_eq!(view.current_task_type.as_deref(), Some("list_bots"));
    world.idle("w2").await;
    let said = json!({"bots": [seen("b", "crash-loop")], "count": 1, "max_bots": 9});
    let taken = world.serve("w1", "list_bots", said).await;
    assert_eq!(taken.params, json!({"user_id": "user-alice"}));
    let said = json!({"bots": [seen("a", "running"), seen("x", "running")]});
    world.serve("w2", "list_bots", said).await;
    let data = world.completed(job).await;
    assert_eq!(
        states(&data),
        [
            ("a", "running"),
            ("b", "crash-loop"),
            ("gone", "lost"),
            ("old", "stopped"),
            ("x", "running")
        ]
    );
    assert_eq!((&data["count"], &data["max_bots"]), (&json!(3), &json!(3)));
    assert_eq!(
        data["workers"],
        json!([{"worker_id": "w1", "answered": true}, {"worker_id": "w2", "answered": true}])
    );
}

#[tokio::test]
async fn bots_of_an_absent_worker_are_lost_and_the_others_are_not() {
    let world = World::staffed().await;
    world.worker("w2").await;
    world.start("a", "w1").await;
    world.start("b", "w2").await;
    world.ask(start("c")).await;
    world.take("w2", "start_bot").await;

    let job = world.ask(json!({"action": "list"})).await;
    world.pass(11_000).await;
    world
        .serve("w2", "list_bots", json!({"bots": [seen("b", "running")]}))
        .await;
    let data = world.completed(job).await;
    assert_eq!(
        states(&data),
        [("a", "lost"), ("b", "running"), ("c", "starting")]
    );
    assert_eq!(
        data["workers"][0],
        json!({"worker_id": "w1", "answered": false})
    );

    // The last one asked is away: still a list, without an error on it.
    let job = world.ask(json!({"action": "list"})).await;
    world
        .serve("w1", "list_bots", json!({"bots": [seen("a", "running")]}))
        .await;
    world.pass(11_000).await;
    let data = world.completed(job).await;
    assert_eq!(
        states(&data),
        [("a", "running"), ("b", "lost"), ("c", "starting")]
    );
}

#[tokio::test]
async fn a_bot_that_could_not_be_stopped_is_shown_as_what_it_is() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    world.ask(on("stop", "a")).await;
    world.pass(31_000).await;
    let job = world.ask(json!({"action": "list"})).await;
    world
        .serve("w1", "list_bots", json!({"bots": [seen("a", "running")]}))
        .await;
    let data = world.completed(job).await;
    assert_eq!(states(&data), [("a", "running")]);
    assert_eq!(data["bots"][0]["pending_stop"], json!(["w1"]));
    assert_eq!(data["count"], 0);
}

#[tokio::test]
async fn a_bot_that_is_being_changed_is_lost_too_while_its_worker_is_away() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    world.ask(update("a")).await;
    let job = world.ask(json!({"action": "list"})).await;
    world.pass(11_000).await;
    let data = world.completed(job).await;
    assert_eq!(states(&data), [("a", "lost")]);
    assert_eq!(data["count"], 1);
}
