//! Server-sent events, one after the other.

use anyhow::Context as _;
use reqwest::Response;
use serde_json::Value;

/// The longest event, bytes: more than the largest job.
const EVENT_BYTES_MAX: usize = 256 << 20;

/// A stream that is being read.
pub(super) struct Events {
    response: Response,
    bytes: Vec<u8>,
}

/// One event.
#[derive(Debug, PartialEq)]
pub(super) struct Event {
    /// `job` or `end`.
    pub(super) name: String,
    /// What to come back with.
    pub(super) id: Option<String>,
    /// What it carries.
    pub(super) data: Value,
}

impl Events {
    pub(super) fn new(response: Response) -> Self {
        Self {
            response,
            bytes: Vec::new(),
        }
    }

    /// The next event; `None` when the server has ended the stream.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        loop {
            while let Some(place) = self.bytes.windows(2).position(|pair| pair == b"\n\n") {
                let rest = self.bytes.split_off(place + 2);
                let block = std::mem::replace(&mut self.bytes, rest);
                if let Some(event) = read(&String::from_utf8_lossy(&block))? {
                    return Ok(Some(event));
                }
            }
            let chunk = self.response.chunk().await;
            match chunk.map_err(reqwest::Error::without_url)? {
                Some(chunk) => self.bytes.extend_from_slice(&chunk),
                None => return Ok(None),
            }
            anyhow::ensure!(
                self.bytes.len() <= EVENT_BYTES_MAX,
                "an event is longer than {EVENT_BYTES_MAX} bytes"
            );
        }
    }
}

/// Reads an event; comments, which are signs of life, are none.
fn read(block: &str) -> anyhow::Result<Option<Event>> {
    let (mut name, mut id, mut data) = (None, None, String::new());
    for line in block.lines() {
        let Some((field, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => name = Some(value.to_owned()),
            "id" => id = Some(value.to_owned()),
            "data" => data.push_str(value),
            _ => {}
        }
    }
    let Some(name) = name else {
        return Ok(None);
    };
    let data = serde_json::from_str(&data).context("failed to read an event as JSON")?;
    Ok(Some(Event { name, id, data }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_read_and_comments_are_none() {
        let event = read("event: job\nid: 3.1.0\ndata: {\"a\":1}\n\n").unwrap();
        let wanted = Event {
            name: "job".to_owned(),
            id: Some("3.1.0".to_owned()),
            data: json!({"a": 1}),
        };
        assert_eq!(event, Some(wanted));
        assert_eq!(read(":\n\n").unwrap(), None);
        assert!(read("event: job\ndata: {\n\n").is_err());
    }
}
