//! Clients that take their time, and such that send too much: by hand, byte by byte.

use std::time::{Duration, Instant};

use avtomatika_server::Options;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{BODY_MAX_BYTES, CLIENT, STEPS, Wire, access};

/// A server that has little patience.
async fn impatient() -> Wire {
    Wire::set(access(), |options: &mut Options| {
        options.listener.head_timeout_ms = 500;
        options.listener.body_grace_ms = 500;
        options.listener.body_bytes_per_second = 1_000;
    })
    .await
}

fn head(more: &str) -> String {
    format!("POST {STEPS} HTTP/1.1\r\nhost: x\r\nx-avtomatika-token: {CLIENT}\r\n{more}\r\n\r\n")
}

/// Everything the server still says, until it closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, read)
        .await
        .expect("an end")
        .expect("a clean end");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_body_that_never_comes_ends_in_408() {
    let wire = impatient().await;
    let mut stream = TcpStream::connect(wire.addr).await.unwrap();
    let begun = Instant::now();
    stream
        .write_all(head("content-length: 100").as_bytes())
        .await
        .unwrap();
    let told = rest(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
    assert!(told.contains("\"BODY_TIMEOUT\""), "{told}");
    let took = begun.elapsed();
    assert!((450..3_000).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn a_body_in_drops_ends_in_408() {
    let wire = impatient().await;
    let mut stream = TcpStream::connect(wire.addr).await.unwrap();
    let begun = Instant::now();
    stream
        .write_all(head("transfer-encoding: chunked").as_bytes())
        .await
        .unwrap();
    // Ten bytes a second where a thousand earn one.
    let mut told = [0; 12];
    loop {
        let dropped =
            tokio::time::timeout(Duration::from_millis(100), stream.read_exact(&mut told));
        if dropped.await.is_ok() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(5));
        stream.write_all(b"1\r\nx\r\n").await.unwrap();
    }
    assert_eq!(&told, b"HTTP/1.1 408");
    // The engine hears nothing of it, and others are served.
    wire.submit(serde_json::json!({})).await;
}

#[tokio::test]
async fn a_body_at_a_bearable_pace_is_taken() {
    let wire = impatient().await;
    let mut stream = TcpStream::connect(wire.addr).await.unwrap();
    let body = format!("{{\"text\":\"{}\"}}", "x".repeat(4_000));
    let length = format!("content-length: {}\r\nconnection: close", body.len());
    stream.write_all(head(&length).as_bytes()).await.unwrap();
    let begun = Instant::now();
    for piece in body.as_bytes().chunks(200) {
        stream.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        begun.elapsed() > Duration::from_millis(900),
        "longer than the grace"
    );
    let told = rest(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 202 "), "{told}");
}

#[tokio::test]
async fn a_parked_poll_is_not_mistaken_for_a_slow_body() {
    let wire = impatient().await;
    wire.register("w", &["echo"]).await;
    let begun = Instant::now();
    assert!(wire.poll("w", "2s").await.is_none());
    assert!(begun.elapsed() > Duration::from_millis(1_900));
}

#[tokio::test]
async fn a_head_in_drops_is_cut_off() {
    let wire = impatient().await;
    let mut stream = TcpStream::connect(wire.addr).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n")
        .await
        .unwrap();
    let begun = Instant::now();
    let mut told = Vec::new();
    loop {
        let read = tokio::time::timeout(Duration::from_millis(50), stream.read_buf(&mut told));
        match read.await {
            Ok(Ok(0) | Err(_)) => break,
            Ok(Ok(_)) => {}
            Err(_) => {
                let _ = stream.write_all(b"x: y\r\n").await;
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
    assert!(begun.elapsed() > Duration::from_millis(400));
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_refused_unread() {
    let wire = Wire::start().await;
    let mut stream = TcpStream::connect(wire.addr).await.unwrap();
    let length = format!("content-length: {}", BODY_MAX_BYTES + 1);
    // Nothing of it is sent: the answer can't have waited for any.
    stream.write_all(head(&length).as_bytes()).await.unwrap();
    let mut told = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(2), stream.read_exact(&mut told));
    read.await.expect("an answer at once").unwrap();
    assert_eq!(&told, b"HTTP/1.1 413");
}

#[tokio::test]
async fn who_asks_first_is_not_told_to_send_too_much() {
    let wire = Wire::start().await;
    let mut stream = TcpStream::connect(wire.addr).await.unwrap();
    let expects = format!(
        "content-length: {}\r\nexpect: 100-continue",
        BODY_MAX_BYTES + 1
    );
    stream.write_all(head(&expects).as_bytes()).await.unwrap();
    let told = rest(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 413 "), "{told}");
}

#[tokio::test]
async fn the_refusal_is_read_by_a_client_that_sends_it_all_first() {
    let wire = Wire::start().await;
    let mut stream = TcpStream::connect(wire.addr).await.unwrap();
    let length = format!("content-length: {}", 8 << 20);
    stream.write_all(head(&length).as_bytes()).await.unwrap();
    let piece = vec![b' '; 64 << 10];
    for _ in 0..(8 << 20) / piece.len() {
        stream
            .write_all(&piece)
            .await
            .expect("the server reads on for a while");
    }
    let told = rest(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 413 "), "{told}");
    assert!(told.contains("\"BODY_TOO_LARGE\""), "{told}");
}

#[tokio::test]
async fn heads_are_bounded() {
    let wire = Wire::start().await;
    let status = |request: String| {
        let addr = wire.addr;
        async move {
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut told = [0; 12];
            stream.read_exact(&mut told).await.unwrap();
            let status = String::from_utf8_lossy(&told).into_owned();
            if status != "HTTP/1.1 200" {
                // As documented: the only refusals without JSON.
                let head = rest(&mut stream).await;
                assert!(head.ends_with("\r\n\r\n"), "{head}");
            }
            status
        }
    };
    let with =
        |headers: String| format!("GET /_public/status HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    assert_eq!(status(with(String::new())).await, "HTTP/1.1 200");
    let many: String = (0..90).map(|n| format!("x-{n}: y\r\n")).collect();
    assert_eq!(status(with(many)).await, "HTTP/1.1 200");
    let too_many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    assert_eq!(status(with(too_many)).await, "HTTP/1.1 431");
    let long = format!("x: {}\r\n", "y".repeat(60 << 10));
    assert_eq!(status(with(long)).await, "HTTP/1.1 200");
    let too_long = format!("x: {}\r\n", "y".repeat(128 << 10));
    assert_eq!(status(with(too_long)).await, "HTTP/1.1 431");
    let long_path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(65_535));
    assert_eq!(status(long_path).await, "HTTP/1.1 414");
    let garbage = "what is this?\r\n\r\n".to_owned();
    assert_eq!(status(garbage).await, "HTTP/1.1 400");
}
