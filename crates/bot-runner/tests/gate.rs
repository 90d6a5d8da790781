//! Starts that fail: what is said and what is left.
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

use avtomatika_protocol::bot::BotState;
use serde_json::json;
use support::{IDLE, bot, code, details, request, request_with, with_bench};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn what_can_never_work_leaves_nothing_and_names_the_reason() {
    with_bench(|options| options.gate.alive = Duration::from_secs(5), |bench| async move {
        let cases = [
            ("import telebot", "MISSING_PACKAGE", "package", json!("pyTelegramBotAPI")),
            ("import time\nprint('aiogram.exceptions.TelegramUnauthorizedError: Telegram server says - Unauthorized')\ntime.sleep(99)", "TOKEN_REJECTED", "kept", json!(false)),
            ("import time\nprint('TelegramConflictError: Conflict: terminated by other getUpdates request')\ntime.sleep(99)", "POLLING_CONFLICT", "kept", json!(false)),
            ("x = b'x' * 10**9", "OUT_OF_MEMORY", "kept", json!(false)),
        ];
        for (n, (bot_code, expected, key, value)) in cases.into_iter().enumerate() {
            let failure = bench.start(&request(&format!("b{n}"), bot_code)).await.unwrap_err();
            println!("{}", serde_json::to_string(&failure).unwrap());
            assert_eq!(code(&failure), expected);
            assert_eq!(details(&failure)[key], value);
            assert!(failure.hint.is_some() && failure.more["ru"]["hint"].is_string());
            assert!(bench.things().await.is_empty(), "{:?}", bench.things().await);
            assert!(!bench.runner.status(&bot(&format!("b{n}"))).await.unwrap().exists);
        }
    })
    .await;
}

#[tokio::test]
async fn a_ready_pattern_is_waited_for() {
    with_bench(
        |options| options.gate.deadline = Duration::from_secs(4),
        |bench| async move {
            let late =
                "import time\ntime.sleep(2.5)\nprint('now READY 7')\nwhile True: time.sleep(1)\n";
            let good = request_with("good", &json!({"code": late, "ready_regex": "READY \\d"}));
            let started = bench.start(&good).await.unwrap();
            assert!(started.timings_ms.gate >= 2000, "{started:?}");
            let bad = request_with("bad", &json!({"code": IDLE, "ready_regex": "READY"}));
            let failure = bench.start(&bad).await.unwrap_err();
            assert_eq!(
                (code(&failure), &details(&failure)["reason"]),
                ("HEALTH_GATE_FAILED", &json!("NOT_READY"))
            );
            assert_eq!(details(&failure)["log_tail"], json!(["idle"]));
            assert!(!bench.runner.status(&bot("bad")).await.unwrap().exists);
        },
    )
    .await;
}

#[tokio::test]
async fn cpu_is_boosted_until_the_gate_and_limited_after() {
    with_bench(
        |_| (),
        |bench| async move {
            let params = json!({"code": IDLE, "resource_limits": {"cpu_cores": 0.2}});
            let starting = {
                let bench = std::sync::Arc::clone(&bench);
                tokio::spawn(async move { bench.start(&request_with("b", &params)).await })
            };
            let name = bench.runner.options().name_prefix.clone();
            let seen = parking_lot::Mutex::new(Vec::new());
            bench
                .until(20, "the gate passed", || async {
                    for thing in bench
                        .things()
                        .await
                        .iter()
                        .filter(|it| it.len() == name.len() + 33)
                    {
                        let container = bench.docker.inspect_container(thing, None).await;
                        let host = container.ok().and_then(|it| it.host_config);
                        seen.lock().extend(host.and_then(|it| it.nano_cpus));
                    }
                    starting.is_finished()
                })
                .await;
            starting.await.unwrap().unwrap();
            let container = bench
                .runner
                .status(&bot("b"))
                .await
                .unwrap()
                .status
                .unwrap()
                .container_name;
            let host = bench
                .docker
                .inspect_container(&container, None)
                .await
                .unwrap()
                .host_config;
            assert_eq!(host.unwrap().nano_cpus, Some(200_000_000));
            assert_eq!(seen.lock().first(), Some(&2_000_000_000));
        },
    )
    .await;
}

#[tokio::test]
async fn a_stop_calls_off_a_start_and_leaves_nothing() {
    with_bench(
        |options| options.gate.alive = Duration::from_secs(20),
        |bench| async move {
            let starting = {
                let bench = std::sync::Arc::clone(&bench);
                tokio::spawn(async move { bench.start(&request("b", IDLE)).await })
            };
            bench
                .until(10, "starting", || async {
                    bench
                        .runner
                        .status(&bot("b"))
                        .await
                        .unwrap()
                        .status
                        .is_some_and(|it| it.state == BotState::Starting)
                })
                .await;
            let begin = std::time::Instant::now();
            bench.runner.stop(&bot("b")).await.unwrap();
            assert!(begin.elapsed() < Duration::from_secs(6));
            assert_eq!(code(&starting.await.unwrap().unwrap_err()), "CANCELLED");
            assert!(
                bench.things().await.is_empty(),
                "{:?}",
                bench.things().await
            );
            // And a task that is cancelled.
            let token = CancellationToken::new();
            let later = token.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                later.cancel();
            });
            let failure = bench
                .runner
                .start(&request("b", IDLE), &(), &token)
                .await
                .unwrap_err();
            assert_eq!(code(&failure), "CANCELLED");
            assert!(
                bench.things().await.is_empty(),
                "{:?}",
                bench.things().await
            );
        },
    )
    .await;
}

#[tokio::test]
async fn a_token_that_is_refused_later_stops_the_bot_as_failed() {
    with_bench(|_| (), |bench| async move {
        let revoked = "import time\ntime.sleep(5)\nraise SystemExit('telegram.error.InvalidToken: The token was rejected by the server.')\n";
        bench.start(&request("b", revoked)).await.unwrap();
        bench.until(15, "failed", || async { bench.state(&bot("b")).await == BotState::Failed }).await;
        let status = bench.runner.status(&bot("b")).await.unwrap().status.unwrap();
        assert_eq!(status.reason.as_deref(), Some("TOKEN_REJECTED"));
    })
    .await;
}
