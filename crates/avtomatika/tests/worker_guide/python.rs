//! The worker in Python's standard library.

use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::json;

use crate::server::{Server, command};

struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_worker_in_python_greets_stops_and_takes_leave() {
    let server = Server::start();
    let program = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/workers/greeter.py"
    );
    let worker = command(Path::new("python3"), server.folder())
        .arg(program)
        .env("ORCHESTRATOR_URL", server.url())
        .env("WORKER_TOKEN", server.worker_token())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut worker = Worker(worker);

    let job = server.end(&server.submit(&json!({"name": "Ann"})));
    assert_eq!(job["result"], "Hello, Ann!", "{job}");
    let job = server.end(&server.submit(&json!({"name": 7})));
    assert_eq!(job["error"]["code"], "INVALID_INPUT_ERROR", "{job}");

    // It takes one task at a time: the next one is done only if it stops the cancelled one.
    let long = server.submit(&json!({"name": "Bob", "think_ms": 600_000}));
    server.until(&["jobs", "show", &long], "has the task");
    server.until(&["jobs", "cancel", &long], "is cancelled");
    let job = server.end(&server.submit(&json!({"name": "Eve"})));
    assert_eq!(job["result"], "Hello, Eve!", "{job}");

    let pid = worker.0.id().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-TERM", &pid]).status().unwrap().success());
    assert!(worker.0.wait().unwrap().success());
}
