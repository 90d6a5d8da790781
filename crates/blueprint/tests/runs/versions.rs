//! Versions of a file: running jobs stay on theirs, also over a restart.

use std::sync::Arc;

use avtomatika_blueprint::Files;
use avtomatika_engine::service::Resolver as _;
use avtomatika_store::Memory;
use serde_json::json;

use crate::lab::{Lab, blueprint, success};

fn text(result: &str) -> String {
    format!(
        "name: f\nstates:\n  start: {{dispatch: {{task: t, on: {{success: over}}}}}}\n  over: {{finish: {{result: {result}}}}}\n"
    )
}

#[tokio::test]
async fn a_running_job_stays_on_its_version_even_over_a_restart() {
    let store = Arc::new(Memory::new(45_000));
    let lab = Lab::on(Arc::clone(&store) as Arc<_>, &[]);
    lab.engine.install(blueprint(&text("old"))).await.unwrap();
    let first = lab.start(json!({})).await;
    let second = lab.start(json!({})).await;
    lab.engine.install(blueprint(&text("new"))).await.unwrap();
    let third = lab.start(json!({})).await;
    assert_ne!(
        lab.view(first).await.blueprint_version,
        lab.view(third).await.blueprint_version
    );
    lab.work("t", success(json!({}))).await;
    assert_eq!(lab.ended(first).await.2, json!("old"));
    // Another process, which knows only the new file.
    let lab = Lab::on(store, &[&text("new")]);
    lab.work("t", success(json!({}))).await;
    lab.work("t", success(json!({}))).await;
    assert_eq!(lab.ended(second).await.2, json!("old"));
    assert_eq!(lab.ended(third).await.2, json!("new"));
}

#[test]
fn a_source_is_taken_only_for_what_it_says_it_is() {
    let good = blueprint(&text("x"));
    let resolved = Files.resolve("f", &good.version, &text("x")).unwrap();
    assert_eq!(resolved.version, good.version);
    assert!(Files.resolve("g", &good.version, &text("x")).is_err());
    assert!(Files.resolve("f", "1", &text("x")).is_err());
    assert!(Files.resolve("f", "1", "nonsense").is_err());
}
