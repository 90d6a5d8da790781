//! Seed test 7: the fourth bot is refused, at once and cleanly.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::IDLE;
use super::support::containers::{BotStack, with_bots};
use super::support::stack::Setup;

async fn list(bots: &BotStack) -> Value {
    bots.bot(&["list", "--json"]).await.ok().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fourth_bot_fails_at_once() {
    with_bots(Setup::default(), |bots| async move {
        let file = bots.file("idle.py", IDLE);
        for bot in ["limit-bot-1", "limit-bot-2", "limit-bot-3"] {
            bots.bot(&["start", bot, "--simple", &file]).await.ok();
        }
        let before = bots.things();
        let began = Instant::now();
        let fourth = ["start", "limit-bot-4", "--simple", &file];
        let ran = bots.bot(&fourth).await.ended(3);
        let took = began.elapsed();
        println!("refused in {took:?}:\n{}", ran.stderr);
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert!(ran.stderr.contains("QUOTA_EXCEEDED"), "{}", ran.stderr);
        assert!(ran.stderr.contains("limit-bot-1"), "{}", ran.stderr);
        assert_eq!(bots.things(), before, "something was made");
        let ran = bots
            .bot(&["--lang", "ru", "start", "limit-bot-4", "--simple", &file])
            .await
            .ended(3);
        assert!(ran.stderr.contains("avtomatika-bot stop"), "{}", ran.stderr);
        let ran = bots
            .bot(&["start", "limit-bot-4", "--simple", &file, "--json"])
            .await;
        let error = ran.ended(3).json()["error"].clone();
        assert_eq!(error["code"], "QUOTA_EXCEEDED");
        assert_eq!(error["details"]["current_bots"], 3, "{error}");
        assert_eq!(error["details"]["max_bots"], 3, "{error}");
        assert_eq!(list(&bots).await["count"], 3);
        // Quota counts what runs: with one stopped there is a place again.
        bots.bot(&["stop", "limit-bot-2"]).await.ok();
        bots.bot(&fourth).await.ok();
        assert_eq!(list(&bots).await["count"], 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_thirty_starts_at_once_three_run() {
    with_bots(Setup::default(), |bots| async move {
        let mut jobs = Vec::new();
        for number in 0..30 {
            let api = bots.stack.api.clone();
            jobs.push(tokio::spawn(async move {
                let body = json!({
                    "action": "start", "bot_id": format!("crowd-{number}"),
                    "deployment_mode": "simple", "code": IDLE,
                });
                let (status, answer) = api.post("/api/jobs/bot_runner", &body).await;
                assert_eq!(status, 202, "{answer}");
                api.end(answer["job_id"].as_str().unwrap(), 120).await
            }));
        }
        let (mut started, mut refused) = (0, 0);
        for job in jobs {
            let job = job.await.unwrap();
            match job["status"].as_str().unwrap() {
                "completed" => started += 1,
                "failed" => {
                    assert_eq!(job["error"]["code"], "QUOTA_EXCEEDED", "{job}");
                    refused += 1;
                }
                other => panic!("{other}: {job}"),
            }
        }
        assert_eq!((started, refused), (3, 27));
        let listed = list(&bots).await;
        assert_eq!(listed["count"], 3, "{listed}");
        let running = listed["bots"].as_array().unwrap().iter();
        assert!(
            running.clone().all(|bot| bot["state"] == "running"),
            "{listed}"
        );
        let containers =
            super::support::containers::docker(&["ps", "-a", "--format", "{{.Names}}"]);
        let ours = containers
            .iter()
            .filter(|name| name.starts_with(&bots.prefix));
        assert_eq!(ours.count(), 3, "{containers:?}");
        for bot in running {
            bots.bot(&["stop", bot["bot_id"].as_str().unwrap()])
                .await
                .ok();
        }
    })
    .await;
}
