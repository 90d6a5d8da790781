//! Updates and roll-backs on the real engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    dead_code,
    reason = "tests may panic"
)]

mod support;

use std::time::Duration;

use avtomatika_bot_runner::StartRequest;
use avtomatika_protocol::bot::BotState;
use serde_json::json;
use support::{CRASHING, bot, code, details, request, request_with, with_bench};
use tokio_util::sync::CancellationToken;

/// Takes a lock in its volume: a second copy at the same time says so and dies.
const ALONE: &str = r#"
import fcntl, os, sys, time
lock = open("/data/lock", "a+")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    print("SOMEBODY ELSE RUNS"); sys.exit(3)
lock.write("VERSION\n"); lock.flush(); lock.seek(0)
print("VERSION runs after", lock.read().split(), os.environ.get("WORD"))
while True: time.sleep(0.2)
"#;

fn version(name: &str, version: u64, env: Option<&str>) -> StartRequest {
    let code = ALONE.replace("VERSION", &format!("v{version}"));
    let mut params = json!({"code": code});
    if let Some(word) = env {
        params["env_vars"] = json!({"WORD": word});
    }
    let mut request = request_with(name, &params);
    request.spec_version = json!(version);
    request
}

#[tokio::test]
async fn a_new_version_takes_over_alone_and_keeps_data_and_environment() {
    with_bench(
        |_| (),
        |bench| async move {
            let b = bot("swap");
            bench.start(&version("swap", 1, Some("Z1"))).await.unwrap();
            let before = bench.things().await.len();
            let update = version("swap", 2, None);
            let phases = parking_lot::Mutex::new(Vec::new());
            let token = CancellationToken::new();
            let updated = bench
                .runner
                .update(&update, true, &phases, &token)
                .await
                .unwrap();
            println!("{}", serde_json::to_string_pretty(&updated).unwrap());
            let told: Vec<_> = phases
                .lock()
                .iter()
                .map(|(phase, _)| phase.clone())
                .collect();
            assert_eq!(
                told,
                [
                    "prepare",
                    "dependencies",
                    "create",
                    "stop_old",
                    "start_new",
                    "gate"
                ]
            );
            assert!(updated.gap_ms < 10_000, "{updated:?}");
            let logs = bench.logs(&b, 100).await;
            assert!(logs.contains("v2 runs after ['v1', 'v2'] Z1"), "{logs}");
            let status = bench.runner.status(&b).await.unwrap().status.unwrap();
            assert_eq!(
                (status.state, status.spec_version),
                (BotState::Running, json!(2))
            );
            assert_eq!(status.container_name, updated.container_name);
            assert_eq!(
                bench.things().await.len(),
                before,
                "the old version is gone"
            );
            assert_eq!(bench.runner.list("cli_test").await.unwrap().count, 1);
        },
    )
    .await;
}

#[tokio::test]
async fn a_broken_version_is_rolled_back_and_says_why() {
    with_bench(
        // Long enough for a busy machine to fill 256 MiB.
        |options| options.gate.alive = Duration::from_secs(5),
        |bench| async move {
            let b = bot("swap");
            bench
                .start(&version("swap", 1, Some("word")))
                .await
                .unwrap();
            let before = bench.things().await;
            for (broken, reason) in [
                (CRASHING, "CRASHED"),
                ("import nothing_of_this_name", "MISSING_PACKAGE"),
                (
                    "raise SystemExit('Telegram says 401: Unauthorized')",
                    "TOKEN_REJECTED",
                ),
                ("x = b'x' * 10**9", "OUT_OF_MEMORY"),
            ] {
                let mut update = request("swap", broken);
                update.spec_version = json!(2);
                let token = CancellationToken::new();
                let failure = bench
                    .runner
                    .update(&update, true, &(), &token)
                    .await
                    .unwrap_err();
                println!("{}", serde_json::to_string(&failure).unwrap());
                assert_eq!(code(&failure), "UPDATE_FAILED");
                let details = details(&failure);
                let said = [
                    &details["reason"],
                    &details["rolled_back"],
                    &details["previous_spec_version"],
                ];
                let expected = match reason {
                    "CRASHED" => "HEALTH_GATE_FAILED",
                    other => other,
                };
                assert_eq!(said, [&json!(expected), &json!(true), &json!(1)]);
                let status = bench.runner.status(&b).await.unwrap().status.unwrap();
                assert_eq!(
                    (status.state, status.spec_version),
                    (BotState::Running, json!(1))
                );
                assert_eq!(
                    bench.things().await,
                    before,
                    "nothing of the new version is left"
                );
                assert!(!bench.logs(&b, 100).await.contains("SOMEBODY ELSE"));
            }
        },
    )
    .await;
}

#[tokio::test]
async fn restart_starts_the_same_again_and_unknown_bots_are_named() {
    with_bench(
        |_| (),
        |bench| async move {
            let b = bot("again");
            bench
                .start(&version("again", 1, Some("kept-word")))
                .await
                .unwrap();
            let token = CancellationToken::new();
            let restarted = bench.runner.restart(&b, &(), &token).await.unwrap();
            println!("{}", serde_json::to_string(&restarted).unwrap());
            assert_eq!(restarted.status, "restarted");
            assert!(
                bench
                    .logs(&b, 100)
                    .await
                    .contains("runs after ['v1', 'v1'] ***")
            );
            assert_eq!(bench.state(&b).await, BotState::Running);
            let nobody = bench
                .runner
                .restart(&bot("nobody"), &(), &token)
                .await
                .unwrap_err();
            assert_eq!(code(&nobody), "BOT_NOT_FOUND");
            let nobody = bench
                .runner
                .update(&version("nobody", 1, None), true, &(), &token)
                .await;
            assert_eq!(code(&nobody.unwrap_err()), "BOT_NOT_FOUND");
        },
    )
    .await;
}

#[tokio::test]
async fn a_bot_that_ignores_sigterm_is_killed_after_the_grace() {
    with_bench(|_| (), |bench| async move {
        let stubborn = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)\n";
        bench.start(&request("stubborn", stubborn)).await.unwrap();
        let begin = std::time::Instant::now();
        bench.runner.stop(&bot("stubborn")).await.unwrap();
        let took = begin.elapsed();
        assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(9), "{took:?}");
    })
    .await;
}
