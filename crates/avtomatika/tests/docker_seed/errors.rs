//! Seed test 8: a bot that crashes is seen to crash.

use std::time::{Duration, Instant};

use super::support::cli;
use super::support::containers::{BotStack, with_bots};
use super::support::stack::Setup;
use super::support::until;

const RED: &str = "\u{1b}[31m";

/// What the CLI prints to a terminal, colours included.
async fn on_terminal(bots: &BotStack, arguments: &str) -> String {
    let program = cli::command(bots.stack.root.path(), &[]);
    let program = program.as_std().get_program().to_str().unwrap().to_owned();
    let mut script = tokio::process::Command::new("script");
    script
        .args(["-qec", &format!("{program} {arguments}"), "/dev/null"])
        .current_dir(bots.stack.root.path())
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .stdin(std::process::Stdio::null());
    let output = script.output().await.expect("script, of Debian's bsdutils");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_shows_its_traceback_and_is_never_called_running() {
    with_bots(Setup::default(), |bots| async move {
        let file = bots.example("error_bot.py");
        // It lives long enough to pass the gate, as the seed's did.
        let start = [
            "start",
            "error-bot",
            "--simple",
            &file,
            "-e",
            "CRASH_AFTER_S=4",
        ];
        bots.bot(&start).await.ok();
        let status = || async { bots.bot(&["status", "error-bot"]).await.ok().stdout };
        let mut seen = Vec::new();
        until(60, "it restarts", || async {
            status().await.contains("↻ restarting (")
        })
        .await;
        let logs = bots.bot(&["logs", "error-bot"]).await.ok().stdout;
        assert!(
            logs.contains("Traceback (most recent call last):"),
            "{logs}"
        );
        assert!(logs.contains("ValueError: TEST ERROR"), "{logs}");
        let logs = on_terminal(&bots, "logs error-bot").await;
        for line in [
            "Traceback (most recent call last):",
            "ValueError: TEST ERROR",
        ] {
            assert!(logs.contains(&format!("{RED}{line}")), "{logs:?}");
        }
        let end = Instant::now() + Duration::from_secs(120);
        while seen.last().is_none_or(|state| state != "crash-loop") {
            assert!(Instant::now() < end, "no crash loop: {seen:?}");
            let next = bots
                .bot(&["status", "error-bot", "--json"])
                .await
                .ok()
                .json();
            seen.push(next["state"].as_str().unwrap().to_owned());
        }
        seen.dedup();
        println!("states: {seen:?}");
        let text = status().await;
        assert!(text.contains("✗ crash-loop ("), "{text}");
        assert!(text.contains("Exit code"), "{text}");
        let text = bots
            .bot(&["--lang", "ru", "status", "error-bot"])
            .await
            .ok()
            .stdout;
        assert!(text.contains("✗ постоянно падает ("), "{text}");
        let logs = bots.bot(&["logs", "error-bot"]).await.ok().stdout;
        assert!(logs.contains("ValueError: TEST ERROR"), "{logs}");
        bots.bot(&["stop", "error-bot"]).await.ok();
        assert_eq!(bots.running_things(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_never_gets_through_its_start_says_why() {
    with_bots(Setup::default(), |bots| async move {
        let file = bots.example("error_bot.py");
        let start = [
            "start",
            "error-bot",
            "--simple",
            &file,
            "-e",
            "CRASH_AFTER_S=0",
        ];
        let ran = bots.bot(&start).await.ended(4);
        assert!(
            ran.stderr.contains("ValueError: TEST ERROR"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("START_FAILED") || ran.stderr.contains("HEALTH_GATE_FAILED"));
        bots.bot(&["stop", "error-bot"]).await.ok();
    })
    .await;
}
