//! A runner that dies in the middle of something, and the one that comes after it.
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

use std::sync::Arc;
use std::time::Duration;

use avtomatika_bot_runner::Runner;
use avtomatika_protocol::bot::BotState;
use serde_json::json;
use support::{CRASHING, IDLE, bot, code, request, with_bench};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_half_made_bot_is_removed_by_the_next_runner() {
    with_bench(
        |options| options.gate.alive = Duration::from_secs(30),
        |bench| async move {
            // Not cancelled, which would clean up, but gone: as if the process had died.
            let starting = {
                let bench = Arc::clone(&bench);
                tokio::spawn(async move { bench.start(&request("b", IDLE)).await })
            };
            bench
                .until(15, "the container runs", || async {
                    bench
                        .runner
                        .status(&bot("b"))
                        .await
                        .unwrap()
                        .status
                        .is_some_and(|it| it.status == "running")
                })
                .await;
            starting.abort();
            assert!(starting.await.unwrap_err().is_cancelled());
            assert!(!bench.things().await.is_empty());
            let next = Runner::connect(bench.options.clone()).await.unwrap();
            assert!(
                bench.things().await.is_empty(),
                "{:?}",
                bench.things().await
            );
            next.shutdown().await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_interrupted_update_is_rolled_back_by_the_next_runner() {
    with_bench(
        |_| (),
        |bench| async move {
            bench
                .start(&request(
                    "b",
                    "print('old')\nimport time\nwhile True: time.sleep(1)",
                ))
                .await
                .unwrap();
            let before = bench.things().await;
            let updating = {
                let bench = Arc::clone(&bench);
                tokio::spawn(async move {
                    let mut new = request("b", IDLE);
                    new.spec_version = json!(2);
                    new.spec.ready_regex = Some("never".to_owned());
                    bench
                        .runner
                        .update(&new, true, &(), &CancellationToken::new())
                        .await
                })
            };
            bench
                .until(
                    15,
                    "the old one is stopped and the new one runs",
                    || async {
                        let base = bench
                            .runner
                            .status(&bot("b"))
                            .await
                            .unwrap()
                            .status
                            .unwrap();
                        let next = bench
                            .docker
                            .inspect_container(&format!("{}-next", base.container_name), None)
                            .await;
                        base.status == "exited"
                            && next.is_ok_and(|it| it.state.unwrap().running == Some(true))
                    },
                )
                .await;
            updating.abort();
            assert!(updating.await.unwrap_err().is_cancelled());
            let next = Runner::connect(bench.options.clone()).await.unwrap();
            assert_eq!(bench.things().await, before);
            let status = next.status(&bot("b")).await.unwrap().status.unwrap();
            assert_eq!(
                (status.status.as_str(), status.spec_version),
                ("running", json!(1))
            );
            assert!(bench.logs(&bot("b"), 10).await.contains("old"));
            next.shutdown().await;
        },
    )
    .await;
}

#[tokio::test]
async fn running_and_crashed_bots_survive_the_runner() {
    with_bench(
        |_| (),
        |bench| async move {
            let running = bench.start(&request("running", IDLE)).await.unwrap();
            let failure = bench
                .start(&request("crashing", CRASHING))
                .await
                .unwrap_err();
            assert_eq!(code(&failure), "HEALTH_GATE_FAILED");
            bench.runner.shutdown().await;
            // Nobody watches while it crashes on and on.
            bench
                .until(30, "many restarts", || async {
                    bench
                        .runner
                        .status(&bot("crashing"))
                        .await
                        .unwrap()
                        .status
                        .unwrap()
                        .restarts
                        > 5
                })
                .await;
            let next = Runner::connect(bench.options.clone()).await.unwrap();
            let status = next.status(&bot("running")).await.unwrap().status.unwrap();
            assert_eq!(
                status.container_id.as_deref(),
                Some(running.container_id.as_str())
            );
            assert_eq!((status.state, status.restarts), (BotState::Running, 0));
            bench
                .until(30, "crash-loop", || async {
                    next.status(&bot("crashing"))
                        .await
                        .unwrap()
                        .status
                        .unwrap()
                        .state
                        == BotState::CrashLoop
                })
                .await;
            next.shutdown().await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_container_that_was_taken_away_is_lost_and_can_be_started_again() {
    with_bench(
        |_| (),
        |bench| async move {
            let started = bench.start(&request("b", IDLE)).await.unwrap();
            let force = bollard::query_parameters::RemoveContainerOptionsBuilder::new()
                .force(true)
                .build();
            bench
                .docker
                .remove_container(&started.container_id, Some(force))
                .await
                .unwrap();
            assert_eq!(bench.state(&bot("b")).await, BotState::Lost);
            assert_eq!(
                bench.start(&request("b", IDLE)).await.unwrap().status,
                "started"
            );
            assert_eq!(bench.state(&bot("b")).await, BotState::Running);
        },
    )
    .await;
}

#[tokio::test]
async fn a_bot_whose_time_is_up_is_stopped_and_can_be_restarted() {
    with_bench(
        |options| options.tidy_every = Duration::from_millis(500),
        |bench| async move {
            let mut short = request("b", IDLE);
            short.spec.limits.timeout_hours = 4.0 / 3600.0;
            bench.start(&short).await.unwrap();
            let b = bot("b");
            assert_eq!(bench.state(&b).await, BotState::Running);
            bench
                .until(15, "stopped", || async {
                    bench.state(&b).await == BotState::Stopped
                })
                .await;
            let status = bench.runner.status(&b).await.unwrap().status.unwrap();
            assert_eq!(status.reason.as_deref(), Some("MAX_RUNTIME"));
            bench
                .runner
                .restart(&b, &(), &CancellationToken::new())
                .await
                .unwrap();
            assert_eq!(bench.state(&b).await, BotState::Running);
        },
    )
    .await;
}

#[tokio::test]
async fn firewall_rules_that_vanish_come_back() {
    with_bench(
        |options| options.tidy_every = Duration::from_millis(500),
        |bench| async move {
            let rules = || {
                let listed = std::process::Command::new("iptables")
                    .args(["-w", "-S"])
                    .output();
                String::from_utf8(listed.unwrap().stdout).unwrap()
            };
            let run = |args: &[&str]| {
                assert!(
                    std::process::Command::new("iptables")
                        .args(args)
                        .status()
                        .unwrap()
                        .success()
                );
            };
            bench.start(&request("b", IDLE)).await.unwrap();
            let network = bench
                .runner
                .status(&bot("b"))
                .await
                .unwrap()
                .status
                .unwrap()
                .container_name;
            let network = bench.docker.inspect_network(&network, None).await.unwrap();
            let bridge = network.options.unwrap()["com.docker.network.bridge.name"].clone();
            let chain = format!("AVTOMATIKA-IN-{}", &bridge[3..7]);
            let jump = format!("-A INPUT -j {chain}");
            assert!(rules().contains(&jump));
            run(&["-w", "-D", "INPUT", "-j", &chain]);
            run(&["-w", "-F", &chain]);
            bench
                .until(10, "the rules are back", || async {
                    let rules = rules();
                    rules.contains(&jump)
                        && rules.contains(&format!("-A {chain} -i avb{}-+ -j DROP", &bridge[3..7]))
                })
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn fifty_things_later_everything_is_as_before() {
    with_bench(
        |options| options.gate.alive = Duration::from_millis(200),
        |bench| async move {
            for round in 0..10 {
                bench
                    .start(&request(&format!("b{round}"), IDLE))
                    .await
                    .unwrap();
                let mut update = request(&format!("b{round}"), IDLE);
                update.spec_version = json!(2);
                bench
                    .runner
                    .update(&update, false, &(), &CancellationToken::new())
                    .await
                    .unwrap();
                bench.runner.stop(&bot(&format!("b{round}"))).await.unwrap();
            }
            assert!(
                bench.things().await.is_empty(),
                "{:?}",
                bench.things().await
            );
            let records = std::fs::read_dir(bench.options.state_dir.join("bots")).unwrap();
            assert_eq!(records.count(), 0);
        },
    )
    .await;
}
