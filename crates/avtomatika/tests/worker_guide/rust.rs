//! The worker in Rust.

use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::server::Server;

#[path = "../../../worker/examples/greeter.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is an example")]
mod greeter;

#[test]
fn the_guide_has_the_example() {
    let example = include_str!("../../../worker/examples/greeter.rs");
    let (_, code) = example.split_once("\n\n").unwrap();
    let mut blocks = crate::blocks().into_iter();
    let shown = blocks.find(|block| block.0 == "rust").unwrap().1;
    assert!(
        shown == code,
        "docs/workers.md has another worker than greeter.rs"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_greets() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = Server::start();
    let worker = greeter::worker(&server.url(), &server.worker_token()).unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(worker.run(stop.clone()));

    let (ann, nobody, nameless) = tokio::task::block_in_place(|| {
        let end = |input| server.end(&server.submit(&input));
        (
            end(json!({"name": "Ann", "think_ms": 5})),
            end(json!({"name": "nobody"})),
            end(json!({"name": 7})),
        )
    });
    assert_eq!(ann["result"], "Hello, Ann!", "{ann}");
    assert_eq!(nobody["status"], "failed", "{nobody}");
    assert_eq!(nobody["error"]["code"], "NOBODY_THERE", "{nobody}");
    assert_eq!(nameless["error"]["code"], "INVALID_INPUT_ERROR");

    stop.cancel();
    running.await.unwrap().unwrap();
}
