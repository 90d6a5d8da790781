//! A connection whose bytes and end the test decides.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{CLIENT, WORKER};

/// A bare connection to the server.
pub(crate) struct Raw(TcpStream);

/// What came back: the head as text, and the body.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Raw {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        Self(TcpStream::connect(addr).await.unwrap())
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends a poll and leaves it parked.
    pub(crate) async fn poll(&mut self, worker: &str) {
        self.send(format!(
            "GET /_worker/workers/{worker}/tasks/next HTTP/1.1\r\nhost: x\r\n\
             x-worker-token: {WORKER}\r\n\r\n"
        ))
        .await;
    }

    /// Sends a POST of the usual client.
    pub(crate) async fn post(&mut self, path: &str, body: &str) {
        self.send(format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nx-avtomatika-token: {CLIENT}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    }

    /// Closes in good order: the server reads the end of the stream.
    pub(crate) fn close(self) {
        drop(self.0);
    }

    /// Breaks the connection: the server reads a reset.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().unwrap();
        drop(self.0);
    }

    /// Reads one answer with a `content-length`.
    pub(crate) async fn answer(&mut self) -> RawAnswer {
        tokio::time::timeout(Duration::from_secs(10), self.read())
            .await
            .expect("an answer in time")
    }

    async fn read(&mut self) -> RawAnswer {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let head = head.to_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.parse().unwrap());
                if body.len() >= length {
                    return RawAnswer {
                        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
                        body: body.to_owned(),
                        head,
                    };
                }
            }
            let read = self.0.read_buf(&mut bytes).await.unwrap();
            assert!(read > 0, "the server closed after {text:?}");
        }
    }
}

impl RawAnswer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}
