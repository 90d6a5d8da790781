//! Endpoints that can't be mounted are refused by name when the server starts.

use std::sync::Arc;

use avtomatika_engine::blueprint::Builder;
use avtomatika_engine::seal::Sealer;
use avtomatika_engine::{Action, Blueprint, EndAs, service};
use avtomatika_server::{Access, Options, Server};
use avtomatika_store::Memory;

fn at(name: &str, mount: impl Fn(Builder) -> Builder) -> Blueprint {
    mount(Blueprint::builder(name))
        .start("start", |_| Ok(Action::transition("end")))
        .end("end", EndAs::Completed)
        .build()
        .unwrap()
}

async fn refusal(blueprints: Vec<Blueprint>) -> String {
    let store = Arc::new(Memory::new(1_000));
    let mut options = service::Options::new(store, Sealer::new([7; 32]));
    options.blueprints = blueprints;
    let metrics = crate::harness::metrics();
    let options = Options::new(options.build(), Access::default(), metrics);
    let bound = Server::bind(([127, 0, 0, 1], 0).into(), options).await;
    bound
        .err()
        .map_or_else(String::new, |error| error.to_string())
}

#[tokio::test]
async fn one_endpoint_is_one_blueprints() {
    let twice = vec![
        at("a", |builder| builder.versioned_endpoint("v1", "/jobs/x")),
        at("b", |builder| builder.versioned_endpoint("v1", "/jobs/x")),
    ];
    assert_eq!(
        refusal(twice).await,
        "blueprint 'b' has the endpoint '/api/v1/jobs/x', which is taken by blueprint 'a'"
    );
    let ours = vec![at("a", |builder| builder.endpoint("/admin/purge"))];
    assert!(refusal(ours).await.ends_with("taken by the server"));
    let apart = vec![
        at("a", |builder| builder.versioned_endpoint("v1", "/jobs")),
        at("b", |builder| builder.versioned_endpoint("v2", "/jobs")),
        at("c", |builder| builder.endpoint("/jobs")),
    ];
    assert_eq!(refusal(apart).await, "");
}

#[tokio::test]
async fn a_path_the_router_would_not_take_is_refused() {
    for (version, path) in [
        ("v1", "/jobs/:id"),
        ("v{1}", "/jobs/x"),
        ("", "/x"),
        ("v1", "/a//b"),
    ] {
        let refused = refusal(vec![at("a", |b| b.versioned_endpoint(version, path))]).await;
        assert!(
            refused.starts_with("blueprint 'a' has the endpoint"),
            "{refused}"
        );
    }
}
