//! Start, logs, list, status, stop on the real engine.
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

use avtomatika_bot_runner::{LogQuery, Phases as _};
use avtomatika_protocol::bot::BotState;
use serde_json::json;
use support::{COUNTING, CRASHING, IDLE, bot, code, details, request, request_with, with_bench};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_bot_starts_speaks_is_listed_and_leaves_nothing() {
    with_bench(
        |_| (),
        |bench| async move {
            let phases = parking_lot::Mutex::new(Vec::new());
            phases.phase("none", "");
            let request = request_with(
                "counter",
                &json!({
                    "files": {"bot.py": "from pkg.app import main\nmain()\n",
                              "pkg/__init__.py": "", "pkg/app.py": format!("def main():\n{}",
                                COUNTING.lines().map(|l| format!("    {l}\n")).collect::<String>()),
                              "logo.png": {"base64": "iVBORw=="}},
                    "env_vars": {"NAME": "planted-secret-name"},
                    "resource_limits": {"memory_mb": 128, "cpu_cores": 0.25},
                }),
            );
            let started = bench
                .runner
                .start(&request, &phases, &CancellationToken::new())
                .await
                .unwrap();
            println!("{}", serde_json::to_string_pretty(&started).unwrap());
            assert_eq!(started.status, "started");
            assert!(started.timings_ms.first_line.is_some());
            let told: Vec<_> = phases
                .lock()
                .iter()
                .skip(1)
                .map(|(phase, _)| phase.clone())
                .collect();
            assert_eq!(told, ["prepare", "dependencies", "create", "start", "gate"]);

            let status = bench.runner.status(&bot("counter")).await.unwrap();
            println!("{}", serde_json::to_string_pretty(&status).unwrap());
            let status = status.status.unwrap();
            assert_eq!(
                (status.state, status.status.as_str()),
                (BotState::Running, "running")
            );
            assert_eq!((status.memory_limit_mb, status.cpu_limit), (128, 0.25));

            let again = bench.start(&request).await.unwrap();
            assert_eq!(again.status, "already_running");
            assert_eq!(again.container_id, started.container_id);

            let logs = bench.logs(&bot("counter"), 1000).await;
            assert!(logs.contains("tick 0") && logs.contains("tock 0"), "{logs}");
            assert!(
                logs.contains("hello from ***"),
                "secrets are masked: {logs}"
            );

            let records = bench.options.state_dir.join("bots");
            for file in std::fs::read_dir(records).unwrap() {
                let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
                assert!(
                    !text.contains("planted"),
                    "secrets stay out of records: {text}"
                );
            }
            let listing = bench.runner.list("cli_test").await.unwrap();
            assert_eq!(listing.count, 1);
            assert_eq!(listing.bots[0].bot_id, "counter");
            assert_eq!(bench.runner.list("somebody").await.unwrap().count, 0);

            let stopped = bench.runner.stop(&bot("counter")).await.unwrap();
            assert_eq!(stopped.status, "stopped");
            assert!(
                bench.things().await.is_empty(),
                "{:?}",
                bench.things().await
            );
            assert_eq!(
                bench.runner.stop(&bot("counter")).await.unwrap().status,
                "not_found"
            );
            assert!(!bench.runner.status(&bot("counter")).await.unwrap().exists);
            let query = LogQuery {
                lines: 5,
                cursor: None,
                wait: Duration::ZERO,
            };
            assert_eq!(
                bench
                    .runner
                    .logs(&bot("counter"), &query)
                    .await
                    .unwrap()
                    .status,
                "not_found"
            );
        },
    )
    .await;
}

#[tokio::test]
async fn logs_are_read_on_without_gap_or_repeat() {
    with_bench(|_| (), |bench| async move {
        let code = "import time, sys\nfor n in range(60):\n  print('n', n); print('n', n, file=sys.stderr); time.sleep(0.05)\nprint('x' * 50000)\ntime.sleep(999)\n";
        bench.start(&request("numbers", code)).await.unwrap();
        let mut cursor = Some("1.0.0.0.0".to_owned());
        let (mut out, mut err, mut long) = (Vec::new(), Vec::new(), 0);
        let begin = std::time::Instant::now();
        while long < 50000 && begin.elapsed() < Duration::from_secs(20) {
            let query = LogQuery { lines: 7, cursor, wait: Duration::from_secs(5) };
            let answer = bench.runner.logs(&bot("numbers"), &query).await.unwrap();
            cursor = answer.cursor;
            for line in answer.lines.unwrap() {
                match line.text.strip_prefix("n ") {
                    Some(n) if line.stream == avtomatika_bot_runner::Stream::Stdout => out.push(n.parse::<u32>().unwrap()),
                    Some(n) => err.push(n.parse::<u32>().unwrap()),
                    None => { assert!(line.text.len() <= 16 * 1024); long += line.text.len() }
                }
            }
        }
        let all: Vec<u32> = (0..60).collect();
        assert_eq!((out, err, long), (all.clone(), all, 50000));
        // Nothing new: the poll waits, and not for ever.
        let query = LogQuery { lines: 7, cursor, wait: Duration::from_millis(700) };
        let begin = std::time::Instant::now();
        assert!(bench.runner.logs(&bot("numbers"), &query).await.unwrap().lines.unwrap().is_empty());
        assert!((500..3000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
    })
    .await;
}

#[tokio::test]
async fn the_fourth_bot_is_refused_and_thirty_at_once_make_three() {
    with_bench(
        |options| options.gate.alive = Duration::from_millis(300),
        |bench| async move {
            let starts = (0..12).map(|n| {
                let bench = std::sync::Arc::clone(&bench);
                async move { bench.start(&request(&format!("b{n}"), IDLE)).await }
            });
            let results = futures_util::future::join_all(starts).await;
            let good = results.iter().filter(|it| it.is_ok()).count();
            assert_eq!(good, 3, "{results:?}");
            for failure in results.into_iter().filter_map(Result::err) {
                assert_eq!(code(&failure), "QUOTA_EXCEEDED");
                assert_eq!(details(&failure)["max_bots"], 3);
                assert!(
                    failure.more["ru"]["message"]
                        .as_str()
                        .unwrap()
                        .contains("ботов")
                );
            }
            assert_eq!(bench.runner.list("cli_test").await.unwrap().count, 3);
        },
    )
    .await;
}

#[tokio::test]
async fn a_bot_that_crashes_stays_to_be_looked_at_until_it_is_stopped() {
    with_bench(
        |_| (),
        |bench| async move {
            let failure = bench
                .start(&request("crasher", CRASHING))
                .await
                .unwrap_err();
            println!("{failure:#?}");
            assert_eq!(code(&failure), "HEALTH_GATE_FAILED");
            assert_eq!(details(&failure)["kept"], true);
            assert_eq!(details(&failure)["exit_code"], 1);
            assert!(support::log_tail(&failure).contains("RuntimeError: planted crash"));
            let b = bot("crasher");
            bench
                .until(10, "restarting (n)", || async {
                    let status = bench.runner.status(&b).await.unwrap().status.unwrap();
                    assert_ne!(status.state, BotState::Running);
                    status.state == BotState::Restarting && status.restarts >= 1
                })
                .await;
            bench
                .until(40, "crash-loop", || async {
                    bench.state(&b).await == BotState::CrashLoop
                })
                .await;
            let status = bench.runner.status(&b).await.unwrap().status.unwrap();
            assert!(status.restarts >= 4, "{status:?}");
            assert_eq!(status.reason.as_deref(), Some("CRASH_LOOP"));
            assert!(bench.logs(&b, 100).await.contains("planted crash"));
            assert_eq!(
                bench.runner.list("cli_test").await.unwrap().bots[0].state,
                BotState::CrashLoop
            );
            // Started anew with code that works.
            assert_eq!(
                bench.start(&request("crasher", IDLE)).await.unwrap().status,
                "started"
            );
            assert_eq!(bench.state(&b).await, BotState::Running);
        },
    )
    .await;
}
