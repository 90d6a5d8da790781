//! Seed test 6: an update under fire. People write all the time; nothing they write is lost and
//! never do two versions poll.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::conversation::ask;
use super::support::containers::{BotStack, with_bots};
use super::support::stack::Setup;
use super::support::until;
use super::{BOT, BOT_TOKEN};

/// Somebody who writes every 50 ms until told to stop; how many messages there were.
pub(crate) struct Writer {
    go_on: Arc<AtomicBool>,
    sent: tokio::task::JoinHandle<u64>,
}

impl Writer {
    pub(crate) fn start(bots: &BotStack) -> Self {
        let (sim, go_on) = (bots.sim.clone(), Arc::new(AtomicBool::new(true)));
        let writing = Arc::clone(&go_on);
        let sent = tokio::spawn(async move {
            let mut sent = 0;
            while writing.load(Ordering::Relaxed) {
                sim.send_text(BOT, &format!("message {sent}"))
                    .await
                    .unwrap();
                sent += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            sent
        });
        Self { go_on, sent }
    }

    pub(crate) async fn stop(self) -> u64 {
        self.go_on.store(false, Ordering::Relaxed);
        self.sent.await.unwrap()
    }
}

/// Nothing is lost, nothing is left, and there was one poller at a time.
pub(crate) async fn nothing_is_lost(bots: &BotStack, sent: u64) {
    until(60, "everything is confirmed", || async {
        bots.sim.ledger(BOT).await.unwrap().summary.pending == 0
    })
    .await;
    let ledger = bots.sim.ledger(BOT).await.unwrap().summary;
    println!("{sent} messages sent; {ledger:?}");
    assert_eq!((ledger.lost, ledger.filtered), (0, 0), "{ledger:?}");
    assert_eq!(ledger.confirmed, ledger.injected, "{ledger:?}");
    assert!(ledger.injected >= sent);
    let info = bots.sim.bot(BOT).await.unwrap().unwrap();
    assert_eq!((info.pollers_max, info.conflicts), (1, 0), "{info:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_loses_nothing_and_never_polls_twice() {
    with_bots(Setup::default(), |bots| async move {
        let (v1, v2) = (bots.example("echo_bot.py"), bots.example("echo_bot_v2.py"));
        let start = ["start", "update-test-bot", "--simple", &v1, "-e", BOT_TOKEN];
        bots.bot(&start).await.ok();
        assert_eq!(ask(&bots, "тихо").await, "тихо");
        let writer = Writer::start(&bots);
        // Without -e: the environment stays.
        let update = ["update", "update-test-bot", "--simple", &v2];
        let ran = bots.bot(&update).await.ok();
        println!("{}", ran.stdout);
        assert!(ran.stdout.contains("Was away for"), "{}", ran.stdout);
        tokio::time::sleep(Duration::from_secs(2)).await;
        let sent = writer.stop().await;
        nothing_is_lost(&bots, sent).await;
        assert_eq!(ask(&bots, "громко").await, "ГРОМКО");
        let logs = bots
            .bot(&["logs", "update-test-bot", "-n", "10000"])
            .await
            .ok()
            .stdout;
        assert!(logs.contains("Starting Echo Bot V2..."), "{logs}");
        // The old one is gone: one container, and its own log only.
        assert!(!logs.contains("Starting Echo Bot..."), "{logs}");
        let mut left = bots.running_things();
        left.retain(|name| name.ends_with("-next"));
        assert_eq!(left, Vec::<String>::new());
        let status = bots
            .bot(&["status", "update-test-bot", "--json"])
            .await
            .ok()
            .json();
        assert_eq!(status["spec_version"], 2, "{status}");
        bots.bot(&["stop", "update-test-bot"]).await.ok();
    })
    .await;
}
