//! The rules of `getUpdates`.

use std::time::{Duration, Instant};

use crate::support::{BOT, TOKEN, none, start};
use avtomatika_telegram_sim::control::{Fate, LostReason};
use serde_json::json;
use tokio::time::sleep;

const OTHER: &str = "Conflict: terminated by other getUpdates request; \
                     make sure that only one bot instance is running";

#[tokio::test]
async fn a_waiting_poll_gets_a_new_update_at_once() {
    let sim = start().await;
    let poll = sim.poll_beside(&json!({"timeout": 30}));
    sim.until_pollers(1).await;
    let injected_at = Instant::now();
    let injected = sim.client.send_text(BOT, "/start now").await.unwrap();
    let answer = poll.await.unwrap();
    assert!(
        injected_at.elapsed() < Duration::from_secs(2),
        "{:?}",
        injected_at.elapsed()
    );
    let update = &answer["result"][0];
    assert_eq!(update["update_id"], injected.update_id);
    let message = &update["message"];
    assert_eq!(message["text"], "/start now");
    assert_eq!(
        message["entities"],
        json!([{"type": "bot_command", "offset": 0, "length": 6}])
    );
    assert_eq!(
        message["chat"],
        json!({"id": 1000, "type": "private", "first_name": "User"})
    );
    assert_eq!(
        message["from"],
        json!({"id": 1000, "is_bot": false, "first_name": "User"})
    );
    assert!(message["date"].is_i64());
    sim.until_pollers(0).await;
}

#[tokio::test]
async fn an_empty_poll_waits_for_its_timeout() {
    let sim = start().await;
    let started = Instant::now();
    assert!(sim.poll(json!({"timeout": 1})).await.is_empty());
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_positive_offset_confirms_and_until_then_updates_come_again() {
    let sim = start().await;
    let sent = sim.inject(3).await;
    assert_eq!(sim.poll(none()).await, sent);
    // The bot died before its next poll: the same updates come again.
    sleep(Duration::from_millis(600)).await;
    assert_eq!(sim.poll(none()).await, sent);
    assert_eq!(sim.poll(json!({"offset": sent[1]})).await, sent[1..]);
    assert!(sim.poll(json!({"offset": sent[2] + 1})).await.is_empty());

    let ledger = sim.client.ledger(BOT).await.unwrap();
    let summary = ledger.summary;
    assert_eq!(
        (summary.injected, summary.delivered, summary.confirmed),
        (3, 3, 3)
    );
    assert_eq!(
        (summary.lost, summary.pending, summary.duplicates),
        (0, 0, 5)
    );
    assert_eq!(ledger.updates[2].deliveries, 3);
    assert_eq!(ledger.updates[2].fate, Fate::Confirmed);
    assert!(ledger.updates[2].confirmed_at_ms.is_some());
}

#[tokio::test]
async fn the_same_offset_in_a_hurry_gets_one_update() {
    let sim = start().await;
    let sent = sim.inject(3).await;
    assert_eq!(sim.poll(none()).await.len(), 3);
    assert_eq!(sim.poll(none()).await, sent[..1]);
}

#[tokio::test]
async fn the_same_offset_in_a_hurry_must_wait() {
    let sim = start().await;
    assert!(sim.poll(json!({"offset": 7})).await.is_empty());
    let started = Instant::now();
    assert!(sim.poll(json!({"offset": 7})).await.is_empty());
    assert!(
        started.elapsed() >= Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_negative_offset_keeps_the_last_ones() {
    let sim = start().await;
    let sent = sim.inject(5).await;
    assert_eq!(sim.poll(json!({"offset": -2})).await, sent[3..]);
    let ledger = sim.client.ledger(BOT).await.unwrap();
    assert_eq!(ledger.summary.lost, 3);
    assert_eq!(
        ledger.updates[0].lost_reason,
        Some(LostReason::SkippedByOffset)
    );
}

#[tokio::test]
async fn limit_is_1_to_100() {
    let sim = start().await;
    let sent = sim.inject(103).await;
    assert_eq!(sim.poll(json!({"limit": 2})).await, sent[..2]);
    assert_eq!(
        sim.poll(json!({"limit": 0, "offset": sent[1]})).await.len(),
        1
    );
    assert_eq!(
        sim.poll(json!({"limit": 1000, "offset": sent[2]}))
            .await
            .len(),
        100
    );
}

#[tokio::test]
async fn of_two_pollers_the_older_gets_409_and_further_ones_wait() {
    let sim = start().await;
    let first = sim.poll_beside(&json!({"timeout": 30}));
    sim.until_pollers(1).await;
    let started = Instant::now();
    let second = sim.poll_beside(&json!({"timeout": 30, "offset": 1}));
    let refused = first.await.unwrap();
    assert_eq!(refused["error_code"], 409);
    assert_eq!(refused["description"], OTHER);
    assert!(started.elapsed() < Duration::from_secs(2));

    sim.until_pollers(1).await;
    let third = sim.poll_beside(&json!({"timeout": 30, "offset": 2}));
    let refused = second.await.unwrap();
    assert_eq!(refused["description"], OTHER);
    assert!(
        started.elapsed() >= Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );

    let info = sim.client.bot(BOT).await.unwrap().unwrap();
    assert_eq!(
        (info.pollers_now, info.pollers_max, info.conflicts),
        (1, 2, 2)
    );
    assert_eq!(info.polls, 3);
    let conflicts = sim.client.conflicts(BOT).await.unwrap();
    let delays: Vec<_> = conflicts
        .iter()
        .map(|conflict| conflict.delayed_ms)
        .collect();
    assert_eq!(delays, [0, 3_000]);
    assert!(
        conflicts
            .iter()
            .all(|conflict| conflict.description == OTHER)
    );

    // The last one still serves.
    let sent = sim.inject(1).await;
    assert_eq!(crate::support::ids(&third.await.unwrap()["result"]), sent);
}

#[tokio::test]
async fn after_a_clean_stop_the_next_instance_sees_no_409() {
    let sim = start().await;
    for offset in 1..=3 {
        let dead = sim.poll_beside(&json!({"timeout": 30, "offset": offset}));
        sim.until_pollers(1).await;
        dead.abort();
        sim.until_pollers(0).await;
    }
    let sent = sim.inject(1).await;
    assert_eq!(sim.poll(json!({"timeout": 30})).await, sent);
    let info = sim.client.bot(BOT).await.unwrap().unwrap();
    assert_eq!((info.pollers_max, info.conflicts), (1, 0));
}

#[tokio::test]
async fn a_webhook_and_polls_exclude_each_other() {
    let sim = start().await;
    let poll = sim.poll_beside(&json!({"timeout": 30}));
    sim.until_pollers(1).await;
    sim.call("setWebhook", json!({"url": "http://127.0.0.1:9/hook"}))
        .await;
    let refused = poll.await.unwrap();
    assert_eq!(refused["error_code"], 409);
    assert_eq!(
        refused["description"],
        "Conflict: terminated by setWebhook request"
    );
    let (code, text) = sim.fails("getUpdates", none()).await;
    assert_eq!(code, 409);
    assert!(text.starts_with("Conflict: can't use getUpdates method while webhook is active"));
    sim.call("deleteWebhook", none()).await;
    assert!(sim.poll(none()).await.is_empty());
}

#[tokio::test]
async fn drop_pending_updates_loses_what_was_not_delivered() {
    let sim = start().await;
    sim.inject(3).await;
    assert_eq!(sim.poll(json!({"limit": 1})).await.len(), 1);
    let envelope = sim
        .envelope("deleteWebhook", json!({"drop_pending_updates": true}))
        .await;
    assert_eq!(envelope["description"], "Webhook is already deleted");
    let ledger = sim.client.ledger(BOT).await.unwrap();
    assert_eq!(
        (
            ledger.summary.confirmed,
            ledger.summary.lost,
            ledger.summary.pending
        ),
        (1, 2, 0)
    );
    assert_eq!(
        ledger.updates[1].lost_reason,
        Some(LostReason::DropPendingUpdates)
    );
    assert!(sim.poll(json!({"offset": 5})).await.is_empty());
}

#[tokio::test]
async fn allowed_updates_are_remembered() {
    let sim = start().await;
    sim.poll(json!({"allowed_updates": ["callback_query"]}))
        .await;
    let injected = sim.client.send_text(BOT, "hi").await.unwrap();
    assert!(!injected.queued);
    assert_eq!(
        sim.client.ledger(BOT).await.unwrap().updates[0].fate,
        Fate::Filtered
    );
    sim.poll(json!({"allowed_updates": [], "offset": 3})).await;
    assert!(sim.client.send_text(BOT, "hi").await.unwrap().queued);
}

#[tokio::test]
async fn a_stopping_server_ends_waiting_polls() {
    let mut sim = start().await;
    let poll = sim.poll_beside(&json!({"timeout": 30}));
    sim.until_pollers(1).await;
    sim.shutdown.cancel();
    let answer = poll.await.unwrap();
    assert_eq!(answer["error_code"], 500);
    assert_eq!(answer["description"], "Internal Server Error: restart");
    tokio::time::timeout(Duration::from_secs(3), &mut sim.served)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn the_first_poll_is_the_health_gate() {
    let sim = start().await;
    let gate = {
        let client = sim.client.clone();
        tokio::spawn(async move { client.wait_first_poll(BOT, Duration::from_secs(10)).await })
    };
    let early = sim
        .client
        .wait_first_poll(TOKEN, Duration::from_millis(50))
        .await
        .unwrap();
    assert!(early.is_none());
    sim.call("getMe", none()).await;
    let early = sim
        .client
        .wait_first_poll(BOT, Duration::from_millis(50))
        .await
        .unwrap();
    assert!(early.is_none());
    sim.poll(none()).await;
    let info = gate.await.unwrap().unwrap().unwrap();
    assert_eq!(info.polls, 1);
    assert!(info.first_poll_at_ms.is_some() && info.last_poll_at_ms.is_some());
}
