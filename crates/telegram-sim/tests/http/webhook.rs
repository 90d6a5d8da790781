//! Webhooks: updates really arrive at an HTTP server.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use avtomatika_telegram_sim::control::{CallQuery, Fate};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::sleep};

use crate::support::{BOT, Running, TOKEN, none, start};

/// The secret that came with an update, and the update.
type Post = (Option<String>, Value);

/// What a hook got, and what it will answer; `200 {}` when nothing is prepared.
#[derive(Clone, Default)]
struct Hook {
    got: Arc<Mutex<Vec<Post>>>,
    answers: Arc<Mutex<VecDeque<(StatusCode, Value)>>>,
}

impl Hook {
    async fn listen(&self) -> String {
        let app = Router::new()
            .route("/hook", post(take))
            .with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    async fn until(&self, count: usize) -> Vec<Post> {
        for _ in 0..1_000 {
            if self.got.lock().len() >= count {
                return self.got.lock().clone();
            }
            sleep(Duration::from_millis(5)).await;
        }
        panic!("only {:?}", self.got.lock());
    }
}

async fn take(
    State(hook): State<Hook>,
    headers: HeaderMap,
    Json(update): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let secret = headers.get("x-telegram-bot-api-secret-token");
    let secret = secret.map(|value| value.to_str().unwrap().to_owned());
    hook.got.lock().push((secret, update));
    let (status, body) = hook
        .answers
        .lock()
        .pop_front()
        .unwrap_or((StatusCode::OK, json!({})));
    (status, Json(body))
}

async fn until_confirmed(sim: &Running, count: u64) {
    for _ in 0..1_000 {
        if sim.client.ledger(BOT).await.unwrap().summary.confirmed == count {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("never {count} confirmed");
}

#[tokio::test]
async fn updates_are_posted_in_order_with_the_secret() {
    let sim = start().await;
    let hook = Hook::default();
    let url = hook.listen().await;
    let mut sent = sim.inject(2).await;
    let args = json!({"url": url, "secret_token": "s3cret"});
    let envelope = sim.envelope("setWebhook", args).await;
    assert_eq!(
        (&envelope["result"], &envelope["description"]),
        (&json!(true), &json!("Webhook was set"))
    );
    sent.extend(sim.inject(1).await);
    let got = hook.until(3).await;
    let ids: Vec<_> = got
        .iter()
        .map(|(_, update)| update["update_id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, sent);
    assert!(
        got.iter()
            .all(|(secret, _)| secret.as_deref() == Some("s3cret"))
    );
    until_confirmed(&sim, 3).await;
    let info = sim.call("getWebhookInfo", none()).await;
    assert_eq!(
        (&info["url"], &info["pending_update_count"]),
        (&json!(url), &json!(0))
    );
    let envelope = sim.envelope("deleteWebhook", none()).await;
    assert_eq!(envelope["description"], "Webhook was deleted");
    sim.inject(1).await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!(hook.got.lock().len(), 3);
}

#[tokio::test]
async fn a_failing_webhook_gets_the_update_again() {
    let sim = start().await;
    let hook = Hook::default();
    hook.answers
        .lock()
        .push_back((StatusCode::BAD_GATEWAY, json!({})));
    let url = hook.listen().await;
    sim.call("setWebhook", json!({"url": url})).await;
    sim.inject(1).await;
    let got = hook.until(2).await;
    assert_eq!(got[0], got[1]);
    assert_eq!(got[0].0, None);
    until_confirmed(&sim, 1).await;
    let ledger = sim.client.ledger(BOT).await.unwrap();
    assert_eq!(
        (ledger.summary.duplicates, ledger.updates[0].fate),
        (1, Fate::Confirmed)
    );
    let info = sim.call("getWebhookInfo", none()).await;
    assert_eq!(
        info["last_error_message"],
        "Wrong response from the webhook: 502 Bad Gateway"
    );
}

#[tokio::test]
async fn an_answer_may_be_a_call() {
    let sim = start().await;
    let hook = Hook::default();
    let call = json!({"method": "sendMessage", "chat_id": 1000, "text": "from the hook"});
    hook.answers.lock().push_back((StatusCode::OK, call));
    sim.call("setWebhook", json!({"url": hook.listen().await}))
        .await;
    sim.inject(1).await;
    let query = CallQuery {
        text_contains: Some("from the hook".into()),
        ..CallQuery::default()
    };
    let call = sim
        .client
        .wait_call(BOT, &query, Duration::from_secs(5))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((call.ok, call.chat_id), (true, Some(1000)));
}

#[tokio::test]
async fn only_this_machine_is_called() {
    let sim = start().await;
    let cases = [
        (
            "http://10.0.0.1/hook",
            "bad webhook: this simulator delivers to loopback addresses only",
        ),
        (
            "http://127.0.0.1.example.org/",
            "bad webhook: this simulator delivers to loopback addresses only",
        ),
        (
            "https://127.0.0.1/hook",
            "bad webhook: this simulator delivers over plain http only",
        ),
        ("no url", "invalid webhook URL specified"),
    ];
    for (url, expected) in cases {
        let refused = sim.fails("setWebhook", json!({"url": url})).await;
        assert_eq!(refused, (400, format!("Bad Request: {expected}")));
    }
    let secret = json!({"url": "http://127.0.0.1:9/", "secret_token": "with space"});
    let (_, text) = sim.fails("setWebhook", secret).await;
    assert_eq!(
        text,
        "Bad Request: secret token contains unallowed characters"
    );
    assert!(
        sim.client
            .bot(TOKEN)
            .await
            .unwrap()
            .unwrap()
            .webhook_url
            .is_none()
    );
}
