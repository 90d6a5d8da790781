//! The example files, from the first state to the last.

use avtomatika_engine::service::{Authority, Verdict};
use avtomatika_protocol::JobStatus;
use serde_json::json;

use crate::lab::{Lab, example, failure, success};

#[tokio::test]
async fn greet() {
    let lab = Lab::new(&[&example("greet")]);
    let job = lab.start_of("greet", json!({"name": "Ann"})).await;
    let params = lab.work("greeting", success(json!({}))).await;
    assert_eq!(params, json!({"text": "Hello, Ann!", "shout": false}));
    assert_eq!(lab.ended(job).await.0, "done");
    let job = lab.start_of("greet", json!({})).await;
    assert_eq!(
        lab.view(job).await.error.unwrap().code.as_deref(),
        Some("NO_NAME")
    );
}

#[tokio::test]
async fn order() {
    let lab = Lab::new(&[&example("order")]);
    let input = |price: f64| json!({"sku": "s", "quantity": 2, "price": price, "card_token": "123456:TEST-TOKEN"});
    // A small one needs nobody's approval.
    let job = lab.start_of("order", input(10.0)).await;
    lab.work("check_stock", success(json!({"reserved": "r1"})))
        .await;
    let credit = lab.work("check_credit", success(json!({}))).await;
    assert_eq!(credit, json!({"card": "123456:TEST-TOKEN", "amount": 20.0}));
    let pack = lab.work("pack", success(json!({"parcel": "p1"}))).await;
    assert_eq!(pack["reservation"], "r1");
    let (state, _, result) = lab.ended(job).await;
    assert_eq!(
        (state.as_str(), result),
        ("shipped", json!({"parcel": "p1", "total": 20.0}))
    );
    // A large one does.
    let job = lab.start_of("order", input(1_000.0)).await;
    lab.work("check_credit", success(json!({}))).await;
    lab.work("check_stock", success(json!({"reserved": "r2"})))
        .await;
    let view = lab.view(job).await;
    assert_eq!(view.status, JobStatus::WaitingForHuman);
    assert_eq!(
        view.approval.unwrap().message,
        "Order of 2 x s for 2000.0: ship it?"
    );
    let client = "c".into();
    let verdict = Verdict {
        decision: "rejected".to_owned(),
        by: None,
        comment: None,
    };
    lab.engine
        .decide(job, Authority::Client(&client), verdict)
        .await
        .unwrap();
    assert_eq!(
        lab.view(job).await.error.unwrap().code.as_deref(),
        Some("ORDER_REFUSED")
    );
    // No stock: the credit check is not waited for.
    let job = lab.start_of("order", input(1.0)).await;
    lab.work("check_stock", failure("NO_STOCK")).await;
    assert_eq!(lab.ended(job).await.0, "failed");
    assert!(lab.maybe_take("w", &["check_credit"]).await.is_none());
}

#[tokio::test]
async fn thumbnails() {
    let lab = Lab::new(&[&example("thumbnails")]);
    let images = json!(["a", "b", "c"]);
    let job = lab.start_of("thumbnails", json!({"images": images})).await;
    let registration = serde_json::from_value(json!({
        "worker_id": "w", "supported_tasks": ["thumbnail", "album"], "max_concurrent_tasks": 9,
        "installed_models": [{"name": "resizer", "version": "1"}],
    }));
    lab.engine.register(registration.unwrap()).await.unwrap();
    for file in ["1", "2"] {
        let poll = avtomatika_engine::service::Poll {
            worker: "w".into(),
            types: None,
            wait_ms: 0,
        };
        let handout = lab.engine.poll(poll).await.unwrap().unwrap();
        lab.report(&handout, success(json!({"file": file}))).await;
    }
    let params = lab.work("album", success(json!({"album": "x"}))).await;
    assert_eq!(params, json!({"files": ["1", "2"]}));
    assert_eq!(lab.ended(job).await.2, json!({"album": "x", "count": 2}));
    let job = lab.start_of("thumbnails", json!({"images": []})).await;
    assert_eq!(lab.ended(job).await.2, json!({"album": null, "count": 0}));
}

#[tokio::test]
async fn onboarding() {
    let lab = Lab::new(&[&example("onboarding"), &example("greet")]);
    let job = lab
        .start_of("onboarding", json!({"user": "u1", "name": "Ann"}))
        .await;
    lab.work("greeting", success(json!({}))).await;
    let params = lab.work("create_account", success(json!({}))).await;
    assert_eq!(params, json!({"user": "u1", "greeted": true}));
    assert_eq!(lab.ended(job).await.0, "done");
    let job = lab
        .start_of("onboarding", json!({"user": "u1", "name": "Ann"}))
        .await;
    lab.work("greeting", failure("SPEECHLESS")).await;
    let params = lab.work("create_account", success(json!({}))).await;
    assert_eq!(
        params,
        json!({"user": "u1", "greeted": false, "why": "it failed"})
    );
    assert_eq!(lab.ended(job).await.0, "done");
}

#[tokio::test]
async fn payment() {
    const DAY_MS: u64 = 86_400_000;
    let lab = Lab::new(&[&example("payment")]);
    let input = json!({"invoice": "i1", "due": "2026-12-01T00:00:00Z"});
    let job = lab.start_of("payment", input.clone()).await;
    lab.pass(3 * DAY_MS).await;
    let reminder = lab.work("send_reminder", success(json!({}))).await;
    assert_eq!(reminder, json!({"invoice": "i1", "number": 1}));
    assert_eq!(lab.view(job).await.status, JobStatus::Sleeping);
    lab.pass(5_400_000).await;
    let client = "c".into();
    lab.engine
        .signal(&client, job, "paid", json!({"amount": 7}))
        .await
        .unwrap();
    assert_eq!(lab.ended(job).await.2, json!({"paid": true, "amount": 7}));
    // Nobody pays.
    let job = lab.start_of("payment", input).await;
    for number in [1, 2] {
        lab.pass(3 * DAY_MS).await;
        let reminder = lab.work("send_reminder", failure("NO_ADDRESS")).await;
        assert_eq!(reminder["number"], number);
        lab.pass(5_400_000).await;
    }
    lab.pass(3 * DAY_MS).await;
    assert_eq!(lab.view(job).await.current_state, "give_up");
    lab.pass(60 * DAY_MS).await;
    let view = lab.view(job).await;
    assert_eq!(
        view.error_message.as_deref(),
        Some("invoice i1 was not paid")
    );
}

#[tokio::test]
async fn import() {
    let lab = Lab::new(&[&example("import")]);
    for runs in [1, 2] {
        let job = lab.start_of("import", json!({"source": "s"})).await;
        for _ in 0..3 {
            lab.work("fetch", failure("TRANSIENT_ERROR")).await;
            lab.pass(1_000).await;
        }
        assert_eq!(lab.view(job).await.current_state, "fetch_later");
        lab.pass(600_000).await;
        lab.work("fetch", success(json!({"file": "f1"}))).await;
        assert_eq!(
            lab.work("convert", success(json!({}))).await,
            json!({"file": "f1"})
        );
        assert_eq!(lab.ended(job).await.0, "done");
        let key = avtomatika_engine::blueprint::DocumentKey::new("imports", "s");
        let counter = lab.engine.document(&key).await.unwrap().unwrap();
        assert_eq!(counter.value["runs"], runs);
    }
}
