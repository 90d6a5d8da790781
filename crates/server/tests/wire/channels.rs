//! Channels to workers.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::harness::{WORKER, Wire, answer};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(wire: &Wire, worker: &str, token: &str) -> Result<Socket, Error> {
    let url = format!("ws://{}/_worker/ws/{worker}", wire.addr);
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("X-Worker-Token", token.parse().unwrap());
    let (socket, _) = tokio_tungstenite::connect_async(request).await?;
    Ok(socket)
}

async fn open(wire: &Wire, worker: &str) -> Socket {
    connect(wire, worker, WORKER).await.expect("a channel")
}

/// The next message that says something; not for ever.
async fn next(socket: &mut Socket) -> Message {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(5), socket.next());
        match message.await.expect("in time") {
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(message)) => return message,
            Some(Err(_)) | None => return Message::Close(None),
        }
    }
}

async fn command(socket: &mut Socket) -> Value {
    serde_json::from_str(next(socket).await.to_text().unwrap()).unwrap()
}

/// How the server ended a channel.
async fn end(socket: &mut Socket) -> Option<(u16, String)> {
    match next(socket).await {
        Message::Close(frame) => {
            frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned()))
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_worker_is_told_at_once_what_to_stop() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let mut socket = open(&wire, "w").await;
    let id = wire.submit(json!({})).await;
    let task = wire.take("w").await;
    let begun = std::time::Instant::now();
    wire.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({}))
        .await;
    assert_eq!(
        command(&mut socket).await,
        json!({"command": "cancel_task", "task_id": task["task_id"], "job_id": id})
    );
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn the_newer_channel_of_a_worker_replaces_the_older() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let mut first = open(&wire, "w").await;
    let mut second = open(&wire, "w").await;
    let replaced = (1008, "New connection established".to_owned());
    assert_eq!(end(&mut first).await, Some(replaced));
    drop(first);
    // The end of the old one has not taken the new one with it.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let id = wire.submit(json!({})).await;
    wire.take("w").await;
    wire.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({}))
        .await;
    assert_eq!(command(&mut second).await["command"], "cancel_task");
}

#[tokio::test]
async fn who_may_not_speak_for_a_worker_gets_no_channel() {
    let wire = Wire::start().await;
    for (worker, token, status) in [
        ("w", "wrong", 401),
        ("guarded", WORKER, 401),
        ("avtomatika.x", WORKER, 400),
    ] {
        match connect(&wire, worker, token).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status().as_u16(), status, "{worker}"),
            other => panic!("{other:?}"),
        }
    }
    let plain = answer(wire.request(Method::GET, "/_worker/ws/w")).await;
    assert_eq!(plain.json()["code"], "MISSING_TOKEN");
    let plain = answer(wire.worker(Method::GET, "/ws/w")).await;
    assert_eq!(
        (plain.status.as_u16(), plain.json()["code"].as_str()),
        (426, Some("UPGRADE_REQUIRED"))
    );
}

#[tokio::test]
async fn progress_is_taken_in_both_forms_and_nonsense_is_passed_over() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    wire.register("other", &["echo"]).await;
    let mut socket = open(&wire, "w").await;
    let mut other = open(&wire, "other").await;
    let id = wire.submit(json!({})).await;
    let task = wire.take("w").await;
    let mut say = async |text: String| socket.send(Message::Text(text.into())).await.unwrap();
    for nonsense in [
        "",
        "{",
        "[1]",
        r#"{"event": "progress_update", "job_id": 7}"#,
    ] {
        say(nonsense.to_owned()).await;
    }
    let first =
        json!({"event": "progress_update", "job_id": id, "progress": 0.25, "message": "a quarter"});
    say(first.to_string()).await;
    let job = wire.job_when(&id, |job| job["progress"] == 0.25).await;
    assert_eq!(job["progress_message"], "a quarter");
    let latest = json!({
        "event_type": "progress", "event_id": "e1", "worker_id": "w", "target_job_id": id,
        "target_task_id": task["task_id"], "payload": {"progress": 0.5},
    });
    say(latest.to_string()).await;
    wire.job_when(&id, |job| job["progress"] == 0.5).await;
    // Of a task that is another worker's nothing is taken.
    let stranger = json!({"event": "progress_update", "job_id": id, "progress": 0.9});
    other
        .send(Message::Text(stranger.to_string().into()))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(wire.job(&id).await["progress"], 0.5);
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_channel() {
    let wire = Wire::start().await;
    let mut socket = open(&wire, "w").await;
    let long = "x".repeat(65 << 10);
    let _ = socket.send(Message::Text(long.into())).await;
    assert!(matches!(next(&mut socket).await, Message::Close(_)));
}

#[tokio::test]
async fn a_stopping_server_says_so() {
    let wire = Wire::start().await;
    let mut socket = open(&wire, "w").await;
    let (in_time, end) = tokio::join!(wire.stop(), end(&mut socket));
    assert!(in_time);
    assert_eq!(end, Some((1001, "Server shutdown".to_owned())));
}
