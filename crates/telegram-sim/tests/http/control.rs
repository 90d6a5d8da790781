//! The control side: calls, answers, faults, guarding.

use std::time::{Duration, Instant};

use crate::support::{BOT, TOKEN, none, start, start_with};
use avtomatika_telegram_sim::{
    ClientError, SimClient, SimOptions,
    control::{CallQuery, Fault, NewBot, NewMessage},
};
use serde_json::json;
use tokio::time::sleep;

#[tokio::test]
async fn calls_are_recorded_and_awaited() {
    let sim = start().await;
    sim.call("getMe", none()).await;
    let query = CallQuery {
        text_contains: Some("pong".into()),
        ..CallQuery::default()
    };
    let wait = {
        let (client, query) = (sim.client.clone(), query.clone());
        tokio::spawn(async move { client.wait_call(BOT, &query, Duration::from_secs(10)).await })
    };
    sim.call("sendMessage", json!({"chat_id": 1, "text": "ping"}))
        .await;
    sim.call("sendMessage", json!({"chat_id": 1, "text": "pong!"}))
        .await;
    sim.fails("sendMessage", none()).await;
    sim.poll(none()).await;
    let call = wait.await.unwrap().unwrap().unwrap();
    assert_eq!(
        (call.seq, call.method.as_str(), call.arg("text")),
        (3, "sendMessage", Some("pong!"))
    );
    assert_eq!((call.ok, call.chat_id), (true, Some(1)));
    let all = sim.client.calls(BOT, &CallQuery::default()).await.unwrap();
    assert_eq!((all.calls.len(), all.last_seq), (4, 4));
    assert_eq!(
        (all.calls[3].ok, all.calls[3].error_code),
        (false, Some(400))
    );
    let info = sim.client.bot(BOT).await.unwrap().unwrap();
    assert_eq!(info.calls_by_method["getUpdates"], 1);
    let late = CallQuery {
        after_seq: 4,
        ..query
    };
    let none = sim
        .client
        .wait_call(BOT, &late, Duration::from_millis(50))
        .await;
    assert!(none.unwrap().is_none());
}

#[tokio::test]
async fn answers_are_awaited_per_chat_until_the_bot_is_done() {
    let sim = start().await;
    let injected = sim
        .client
        .inject(TOKEN, &NewMessage::text("go").by(5, "Anna"))
        .await
        .unwrap();
    let wait = {
        let (client, injected) = (sim.client.clone(), injected.clone());
        tokio::spawn(async move {
            client
                .answers_to(BOT, &injected, Duration::from_secs(10))
                .await
        })
    };
    sim.call("sendChatAction", json!({"chat_id": 5, "action": "typing"}))
        .await;
    sim.call("sendMessage", json!({"chat_id": 6, "text": "elsewhere"}))
        .await;
    sim.call("sendMessage", json!({"chat_id": 5, "text": "one"}))
        .await;
    sim.call("sendMessage", json!({"chat_id": 5, "text": "two"}))
        .await;
    let answers = wait.await.unwrap().unwrap();
    let texts: Vec<_> = answers
        .iter()
        .filter_map(|answer| answer.text.as_deref())
        .collect();
    assert_eq!(texts, ["one", "two"]);
    let silent = sim
        .client
        .ask(BOT, &NewMessage::text("?"), Duration::from_millis(50))
        .await;
    assert!(silent.unwrap().is_empty());
}

#[tokio::test]
async fn faults_hit_as_many_calls_as_asked() {
    let sim = start().await;
    let cases = [
        (Fault::Unauthorized, 401, "Unauthorized"),
        (Fault::ServerError, 500, "Internal Server Error"),
        (Fault::Restart, 500, "Internal Server Error: restart"),
        (
            Fault::Error {
                code: 403,
                description: "Forbidden: blocked".into(),
            },
            403,
            "Forbidden: blocked",
        ),
        (
            Fault::Conflict,
            409,
            "Conflict: terminated by other getUpdates request; \
             make sure that only one bot instance is running",
        ),
    ];
    for (fault, code, text) in cases {
        let waiting = sim
            .client
            .fault(TOKEN, Some("getMe"), fault, 2)
            .await
            .unwrap();
        assert_eq!(waiting[0].times_left, 2);
        sim.call("logOut", none()).await;
        for _ in 0..2 {
            assert_eq!(sim.fails("getMe", none()).await, (code, text.to_owned()));
        }
        sim.call("getMe", none()).await;
    }
    assert_eq!(sim.client.conflicts(BOT).await.unwrap().len(), 2);
    sim.client
        .fault(BOT, None, Fault::ServerError, 100)
        .await
        .unwrap();
    sim.client.clear_faults(BOT).await.unwrap();
    assert!(sim.client.faults(BOT).await.unwrap().is_empty());
    sim.call("getMe", none()).await;
}

#[tokio::test]
async fn faults_delay_hold_and_cut() {
    let sim = start().await;
    let send = || {
        let request = sim.http.post(sim.method("sendMessage"));
        request.json(&json!({"chat_id": 1, "text": "x"})).send()
    };
    let started = Instant::now();
    sim.client
        .fault(TOKEN, None, Fault::Slow { delay_ms: 300 }, 1)
        .await
        .unwrap();
    assert!(send().await.unwrap().status().is_success());
    assert!(started.elapsed() >= Duration::from_millis(300));

    let started = Instant::now();
    sim.client
        .fault(BOT, None, Fault::Timeout { hold_ms: 300 }, 1)
        .await
        .unwrap();
    assert!(send().await.is_err());
    assert!(started.elapsed() >= Duration::from_millis(300));

    sim.client.fault(BOT, None, Fault::Cut, 1).await.unwrap();
    assert!(send().await.is_err());
    sim.client
        .fault(BOT, None, Fault::CutAfter, 1)
        .await
        .unwrap();
    assert!(send().await.is_err());

    let calls = sim
        .client
        .calls(BOT, &CallQuery::default())
        .await
        .unwrap()
        .calls;
    let done: Vec<_> = calls.iter().map(|call| call.ok).collect();
    // The delayed one and the one cut after it was done.
    assert_eq!(done, [true, false, false, true]);
}

#[tokio::test]
async fn updates_survive_a_cut_answer() {
    let sim = start().await;
    let sent = sim.inject(1).await;
    sim.client
        .fault(BOT, Some("getUpdates"), Fault::CutAfter, 1)
        .await
        .unwrap();
    let request = sim
        .http
        .post(sim.method("getUpdates"))
        .json(&json!({"offset": 1}));
    assert!(request.send().await.is_err());
    assert_eq!(sim.poll(none()).await, sent);
    assert_eq!(sim.client.ledger(BOT).await.unwrap().summary.duplicates, 1);
}

#[tokio::test]
async fn listings_hide_tokens() {
    let sim = start().await;
    let secret = "987654:ABCDEFGHIJKL-SECRET";
    let new = NewBot {
        token: secret.into(),
        username: Some("echo_bot".into()),
        first_name: Some("Echo".into()),
    };
    let info = sim.client.register(&new).await.unwrap();
    assert_eq!(
        (info.token_hint.as_str(), info.registered),
        ("987654:ABCD…", true)
    );
    let bots = sim.client.bots().await.unwrap();
    let text = serde_json::to_string(&bots).unwrap();
    assert!(
        text.contains("echo_bot") && !text.contains("EFGH"),
        "{text}"
    );
    sim.client.forget("987654").await.unwrap();
    assert!(sim.client.bot("987654").await.unwrap().is_none());
}

#[tokio::test]
async fn a_guarded_control_side_wants_its_token() {
    let options = SimOptions {
        control_token: Some("let-me-in".into()),
        ..SimOptions::default()
    };
    let sim = start_with(options).await;
    let refused = sim.client.bots().await.unwrap_err();
    assert!(
        matches!(refused, ClientError::Refused { status: 401, .. }),
        "{refused}"
    );
    let admitted = sim
        .client
        .clone()
        .with_control_token(Some("let-me-in".into()));
    assert!(admitted.bots().await.unwrap().is_empty());
    sim.call("getMe", none()).await;
}

#[tokio::test]
async fn mistakes_are_told() {
    let sim = start().await;
    let unknown = sim.client.send_text("42", "hi").await.unwrap_err();
    assert!(
        matches!(unknown, ClientError::Refused { status: 404, .. }),
        "{unknown}"
    );
    for body in [
        json!({}),
        json!({"message": {}, "poll": {}}),
        json!({"message": 5}),
    ] {
        assert!(sim.client.inject_raw(TOKEN, &body).await.is_err(), "{body}");
    }
    let poll = json!({"poll": {"id": "1"}, "update_id": 5});
    assert!(sim.client.inject_raw(BOT, &poll).await.unwrap().queued);
    assert!(sim.client.send_text(BOT, "").await.is_err());
    let path = format!("{}/_sim/nowhere", sim.url);
    assert_eq!(sim.http.get(path).send().await.unwrap().status(), 404);
    let path = format!("{}/_sim/bots/{BOT}/messages", sim.url);
    for request in [
        sim.http.put(&path),
        sim.http.post(&path).json(&json!({"txt": 1})),
    ] {
        let response = request.send().await.unwrap();
        assert!(response.status().is_client_error());
        let body: serde_json::Value = response.json().await.unwrap();
        assert!(body["error"]["code"].is_string() && body["error"]["message"].is_string());
    }
    let gone = SimClient::new("http://127.0.0.1:9");
    let error = gone.health().await.unwrap_err();
    assert!(error.to_string().contains("127.0.0.1:9"), "{error}");
}

#[tokio::test]
async fn a_user_sends_a_file() {
    let sim = start().await;
    let file = sim
        .client
        .store_file(TOKEN, "a.txt", b"content".to_vec())
        .await
        .unwrap();
    let got = sim.call("getFile", json!({"file_id": file.file_id})).await;
    let url = format!(
        "{}/file/bot{TOKEN}/{}",
        sim.url,
        got["file_path"].as_str().unwrap()
    );
    assert_eq!(
        sim.http
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
        "content"
    );
}

/// 1 000 updates at a steady pace while the bot is replaced ten times: none lost.
#[tokio::test]
async fn no_update_is_lost_over_ten_replacements() {
    let sim = start().await;
    sim.call("getMe", none()).await;
    let pace = {
        let client = sim.client.clone();
        tokio::spawn(async move {
            for number in 0..1_000 {
                client.send_text(BOT, &format!("{number}")).await.unwrap();
                sleep(Duration::from_millis(1)).await;
            }
        })
    };
    let mut offset = 0;
    for _ in 0..10 {
        // An instance keeps its offset to itself; the next one starts without.
        for _ in 0..5 {
            let ids = sim.poll(json!({"offset": offset, "timeout": 1})).await;
            offset = ids.last().map_or(offset, |last| last + 1);
        }
        offset = 0;
    }
    pace.await.unwrap();
    loop {
        let ids = sim.poll(json!({"offset": offset})).await;
        let Some(last) = ids.last() else { break };
        offset = last + 1;
    }
    let summary = sim.client.ledger(BOT).await.unwrap().summary;
    assert_eq!(
        (summary.injected, summary.confirmed, summary.lost),
        (1_000, 1_000, 0)
    );
    assert!(summary.duplicates > 0);
    let info = sim.client.bot(BOT).await.unwrap().unwrap();
    assert_eq!((info.pollers_max, info.conflicts), (1, 0));
}
