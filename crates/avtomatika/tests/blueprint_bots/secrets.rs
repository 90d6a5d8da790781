//! Values of environment variables are seen by the bot's worker and by nobody else.

use serde_json::json;

use crate::world::{World, failure, on, start, update};

const SECRET: &str = "TEST-TOKEN";

async fn assert_hidden(world: &World) {
    for view in world.engine.jobs(&"alice".into(), 100, 0).await.unwrap() {
        let text = serde_json::to_string(&view).unwrap();
        assert!(!text.contains(SECRET), "{text}");
    }
    let mut documents = vec![world.document("bots", "user-alice").await];
    for version in 1..=9 {
        documents.push(world.spec("a", version).await);
    }
    let text = json!(documents).to_string();
    assert!(!text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn they_are_in_no_view_and_no_document_but_reach_the_worker() {
    let world = World::staffed().await;
    let job = world.ask(start("a")).await;
    assert_eq!(
        world.view(job).await.initial_data["env_vars"],
        json!({"BOT_TOKEN": "***"})
    );
    assert_hidden(&world).await;
    let taken = world.take("w1", "start_bot").await;
    assert_eq!(taken.params["env_vars"]["BOT_TOKEN"], "123456:TEST-TOKEN");
    assert_hidden(&world).await;
    world.succeed(&taken, json!({"status": "started"})).await;
    assert_hidden(&world).await;
    let spec = world.spec("a", 1).await.unwrap();
    assert!(spec["params"]["env_vars"]["BOT_TOKEN"]["$sealed"].is_string());

    world.ask(update("a")).await;
    let taken = world.take("w1", "update_bot").await;
    assert_eq!(taken.params["env_vars"]["BOT_TOKEN"], "123456:TEST-TOKEN");
    assert_hidden(&world).await;
    world
        .fail(
            &taken,
            failure("UPDATE_FAILED", json!({"rolled_back": true})),
        )
        .await;
    assert_hidden(&world).await;

    world.stop("a", "w1").await;
    world.ask(on("restart", "a")).await;
    let taken = world.take("w1", "start_bot").await;
    assert_eq!(taken.params["env_vars"]["BOT_TOKEN"], "123456:TEST-TOKEN");
    assert_hidden(&world).await;
}

#[tokio::test]
async fn a_secret_under_a_misspelt_key_is_not_kept() {
    let world = World::staffed().await;
    let mut body = start("a");
    body["env_var"] = json!({"BOT_TOKEN": "654321:TEST-TOKEN"});
    world.ask(body).await;
    let taken = world.take("w1", "start_bot").await;
    assert_eq!(taken.params.get("env_var"), None);
    assert_hidden(&world).await;
}

#[tokio::test]
async fn two_starts_that_differ_in_secrets_only_have_one_digest() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    let mut body = start("a");
    body["env_vars"] = json!({"BOT_TOKEN": "another-TEST-TOKEN"});
    world.ask(body).await;
    let [one, two] = [
        world.spec("a", 1).await.unwrap(),
        world.spec("a", 2).await.unwrap(),
    ];
    assert_eq!(one["digest"], two["digest"]);
}
