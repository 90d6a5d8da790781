//! A server of the test's own with the real binaries: its own port, data folder and names on the
//! Docker Engine, everything removed afterwards.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part of the harness"
)]

pub mod api;
pub mod cli;
pub mod containers;
pub mod process;
pub mod stack;

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Waits until it holds, at most that long.
pub async fn until<F: Future<Output = bool>>(seconds: u64, what: &str, mut it: impl FnMut() -> F) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while !it().await {
        assert!(Instant::now() < end, "not within {seconds} s: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .canonicalize()
        .unwrap()
}

/// The Python with the published worker SDK.
pub fn python_worker() -> PathBuf {
    let python = std::env::var_os("AVTOMATIKA_TEST_PYTHON_WORKER").map_or_else(
        || workspace().join(".cache/python/worker/bin/python"),
        PathBuf::from,
    );
    assert!(
        python.exists(),
        "{} is missing: scripts/python-peers.sh makes it",
        python.display()
    );
    python
}
