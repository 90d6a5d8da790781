//! A job's events as a stream.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::harness::{CLIENT, STRANGER, Wire, access, answer};
use crate::pauses::{self, submit};

/// A stream that is being read.
struct Stream {
    response: Response,
    text: String,
}

#[derive(Debug)]
struct Event {
    name: String,
    id: Option<String>,
    data: Value,
}

async fn open(wire: &Wire, id: &str, last: Option<&str>) -> Stream {
    let mut request = wire
        .request(Method::GET, &format!("/api/v1/jobs/{id}/events"))
        .header("X-Avtomatika-Token", CLIENT);
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    Stream {
        response,
        text: String::new(),
    }
}

impl Stream {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = event.lines();
                    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                };
                let read = field("event").map(|name| Event {
                    name: name.to_owned(),
                    id: field("id").map(str::to_owned),
                    data: serde_json::from_str(field("data").unwrap()).unwrap(),
                });
                self.text = rest.to_owned();
                if read.is_some() {
                    return read;
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(5), self.response.chunk());
            let chunk = chunk.await.expect("in time").unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn job(&mut self) -> Event {
        let event = self.next().await.expect("an event");
        assert_eq!(event.name, "job", "{event:?}");
        event
    }
}

#[tokio::test]
async fn each_change_is_told_until_the_end() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let mut stream = open(&wire, &id, None).await;
    let first = stream.job().await;
    assert_eq!(first.data["status"], "waiting_for_worker");
    assert_eq!(first.data["id"], id.as_str());
    let task = wire.take("w").await;
    let taken = stream.job().await;
    assert_eq!(taken.data["waiting"]["reason"], "with_worker");
    for progress in [0.25, 0.5] {
        let event = json!({
            "event_type": "progress", "worker_id": "w", "target_job_id": id,
            "target_task_id": task["task_id"], "payload": {"progress": progress},
        });
        let request = wire.worker(Method::POST, "/events").json(&event);
        assert_eq!(answer(request).await.status, 200);
        assert_eq!(stream.job().await.data["progress"], progress);
    }
    wire.report("w", &task, json!({"data": {"n": 1}})).await;
    let last = stream.job().await;
    assert_eq!(last.data["status"], "completed");
    assert_eq!(last.data["state_history"]["n"], 1);
    let end = stream.next().await.unwrap();
    assert_eq!(end.name, "end");
    assert_eq!(end.data["status"], "completed");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn whoever_comes_back_is_told_only_what_is_new() {
    let wire = pauses::wire().await;
    let id = submit(&wire, "event").await;
    let first = open(&wire, &id, None).await.job().await;
    let last = first.id.unwrap();
    let mut again = open(&wire, &id, Some(&last)).await;
    let path = format!("/api/v1/jobs/{id}/events");
    let (told, _) = tokio::join!(again.job(), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        wire.post(&path, &json!({"name": "paid"})).await
    });
    assert_eq!(told.data["status"], "completed");
    assert_eq!(again.next().await.unwrap().name, "end");
    // Once it has ended, only that is told, and whoever knows it is sent away: 204 is what ends
    // a browser's tries.
    let mut late = open(&wire, &id, told.id.as_deref()).await;
    let end = late.next().await.unwrap();
    assert_eq!(
        (end.name.as_str(), &end.data["status"]),
        ("end", &json!("completed"))
    );
    assert!(late.next().await.is_none());
    let request = wire.request(Method::GET, &path);
    let request = request.header("Last-Event-ID", end.id.unwrap());
    let over = answer(request.header("X-Avtomatika-Token", CLIENT)).await;
    assert_eq!((over.status.as_u16(), over.text.as_str()), (204, ""));
    // The end of another job, or of this one before it went on, is no news of this one.
    let told = open(&wire, &id, Some("1.0.0.end")).await.job().await;
    assert_eq!(told.data["status"], "completed");
    // A mark of no use is none.
    let told = open(&wire, &id, Some("nonsense")).await.job().await;
    assert_eq!(told.data["status"], "completed");
}

#[tokio::test]
async fn only_the_owner_reads_and_not_too_often_at_once() {
    let wire = pauses::wire().await;
    let id = submit(&wire, "event").await;
    let path = format!("/api/v1/jobs/{id}/events");
    let stranger = wire.request(Method::GET, &path);
    let stranger = answer(stranger.header("X-Avtomatika-Token", STRANGER)).await;
    assert_eq!(stranger.json()["code"], "JOB_NOT_FOUND");
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(open(&wire, &id, None).await);
    }
    let refused = wire.get(&path).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert_eq!(refused.json()["code"], "TOO_MANY_STREAMS");
    assert!(refused.header("retry-after").is_some());
    // One that is closed makes room.
    drop(streams.pop());
    let begun = std::time::Instant::now();
    loop {
        let request = wire.request(Method::GET, &path);
        let response = request.header("X-Avtomatika-Token", CLIENT).send().await;
        if response.unwrap().status() == 200 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_stopping_server_closes_its_streams() {
    let wire = pauses::wire().await;
    let id = submit(&wire, "event").await;
    let mut stream = open(&wire, &id, None).await;
    stream.job().await;
    let begun = std::time::Instant::now();
    let (in_time, rest) = tokio::join!(wire.stop(), stream.next());
    assert!(in_time && rest.is_none());
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn what_streams_have_lying_unread_is_bounded() {
    let wire = Wire::set(access(), |options| options.body_max_bytes = 16 << 20).await;
    let megabytes = |n: usize| json!({"text": "x".repeat(n << 20)});
    let large = wire.submit(megabytes(14)).await;
    let small = wire.submit(json!({})).await;
    // More than a socket takes by itself, so it lies here until it is read.
    let mut unread = Vec::new();
    for _ in 0..2 {
        let mut stream = open(&wire, &large, None).await;
        stream.response.chunk().await.unwrap().expect("a beginning");
        unread.push(stream);
    }
    let mut third = open(&wire, &large, None).await;
    let waits = tokio::time::timeout(Duration::from_millis(300), third.response.chunk());
    assert!(waits.await.is_err(), "there is no room for a third");
    // Short ones are told all the same.
    assert_eq!(
        open(&wire, &small, None).await.job().await.data["id"],
        small.as_str()
    );
    unread.pop();
    let event = third.job().await;
    assert_eq!(event.data["id"], large.as_str());
}
