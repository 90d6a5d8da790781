//! Whose bot it is.

use avtomatika::engine::service::EngineError;
use serde_json::json;

use crate::world::{World, code, on, start, started, update};

async fn refused(world: &World, who: &str, body: serde_json::Value) -> String {
    match world.post(who, body).await {
        Err(EngineError::Refused(failure)) => {
            assert!(failure.hint.is_some() && failure.more.contains_key("ru"));
            failure.code.unwrap()
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn another_user_sees_and_touches_nothing() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    let data = async |body| {
        let job = world.post("bob", body).await.unwrap();
        world.view_of("bob", job).await
    };
    assert_eq!(data(on("status", "a")).await.state_history["exists"], false);
    assert_eq!(
        data(on("logs", "a")).await.state_history["status"],
        "not_found"
    );
    assert_eq!(
        data(on("stop", "a")).await.state_history["status"],
        "not_found"
    );
    assert_eq!(
        data(json!({"action": "list"})).await.state_history["bots"],
        json!([])
    );
    for action in [on("restart", "a"), update("a")] {
        assert_eq!(code(&data(action).await.error.unwrap()), "BOT_NOT_FOUND");
    }
    world.idle("w1").await;
    assert_eq!(world.bot("a").await["desired"], "running");
}

#[tokio::test]
async fn the_same_name_is_another_bot_for_another_user() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    world.post("bob", start("a")).await.unwrap();
    let taken = world.take("w1", "start_bot").await;
    assert_eq!(
        (&taken.params["user_id"], &taken.params["spec_version"]),
        (&json!("user-bob"), &json!(1))
    );
}

#[tokio::test]
async fn only_a_trusted_client_acts_for_another_user() {
    let world = World::staffed().await;
    for action in [
        "start", "stop", "logs", "list", "status", "update", "restart",
    ] {
        let mut body = start("a");
        body["action"] = json!(action);
        body["user_id"] = json!("user-alice");
        assert_eq!(refused(&world, "bob", body).await, "FOREIGN_USER_ID");
    }
    assert!(
        world
            .engine
            .jobs(&"bob".into(), 10, 0)
            .await
            .unwrap()
            .is_empty()
    );
    let mut own = start("a");
    own["user_id"] = json!("user-alice");
    world.ask(own).await;
    let taken = world.take("w1", "start_bot").await;
    world.succeed(&taken, started(1)).await;
    assert_eq!(world.bot("a").await["state"], "running");
}

#[tokio::test]
async fn what_a_trusted_client_does_works_with_the_users_secrets_and_back() {
    let world = World::staffed().await;
    world.start("a", "w1").await;
    let token = json!({"BOT_TOKEN": "123456:TEST-TOKEN"});
    // Secrets alice sealed are opened for a job of root's about alice's bot,
    let mut body = update("a");
    body["user_id"] = json!("user-alice");
    world.post("root", body).await.unwrap();
    let taken = world
        .serve("w1", "update_bot", json!({"status": "updated"}))
        .await;
    assert_eq!(taken.params["env_vars"], token);
    assert_eq!(taken.params["user_id"], "user-alice");
    // and those root sealed for a job of alice's.
    let mut body = update("a");
    body["user_id"] = json!("user-alice");
    body["env_vars"] = json!({"BY": "root-123"});
    world.post("root", body).await.unwrap();
    world
        .serve("w1", "update_bot", json!({"status": "updated"}))
        .await;
    world.stop("a", "w1").await;
    world.ask(on("restart", "a")).await;
    let taken = world.take("w1", "start_bot").await;
    assert_eq!(taken.params["env_vars"], json!({"BY": "root-123"}));
    assert_eq!(taken.params["spec_version"], 3);
}

#[tokio::test]
async fn bad_input_is_refused_at_the_door_and_leaves_nothing() {
    let world = World::staffed().await;
    let mut custom = start("a");
    custom["deployment_mode"] = json!("custom");
    custom["archive"] = json!("AA");
    let mut path = start("a");
    path["files"] = json!({"../x.py": ""});
    path.as_object_mut().unwrap().remove("code");
    for (body, code) in [
        (json!([]), "INVALID_REQUEST"),
        (json!({}), "MISSING_REQUIRED_FIELD"),
        (on("explode", "a"), "INVALID_ACTION"),
        (on("stop", "a b"), "INVALID_BOT_ID"),
        (json!({"action": "list", "user_id": 5}), "INVALID_USER_ID"),
        (custom, "MODE_NOT_AVAILABLE"),
        (path, "INVALID_FILE_PATH"),
    ] {
        assert_eq!(refused(&world, "alice", body).await, code);
    }
    assert!(
        world
            .engine
            .jobs(&"alice".into(), 10, 0)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(world.document("bots", "user-alice").await, None);
}
