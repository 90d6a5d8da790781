//! A keep-alive connection that costs as little as possible, so that the load generator takes
//! little of the machine it measures.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection of the load generator.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A request as bytes.
pub(super) fn request(method: &str, path: &str, token: (&str, &str), body: &str) -> Vec<u8> {
    let (header, token) = token;
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: bench\r\n{header}: {token}\r\n");
    if method != "GET" {
        let length = body.len();
        text.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {length}\r\n"
        ));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

impl Connection {
    pub(super) async fn open(addr: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(addr)
            .await
            .context("failed to connect")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
        })
    }

    /// Sends a request; answers the status and the body.
    pub(super) async fn call(&mut self, request: &[u8]) -> anyhow::Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if let Some((status, start, end)) = whole(&self.buffer)? {
                return Ok((status, self.buffer.get(start..end).unwrap_or_default()));
            }
            let read = self.stream.read_buf(&mut self.buffer).await?;
            anyhow::ensure!(read > 0, "the server closed the connection");
        }
    }
}

/// Status and place of the body, once all of it is there.
fn whole(buffer: &[u8]) -> anyhow::Result<Option<(u16, usize, usize)>> {
    let Some(head_end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(buffer.get(..head_end).unwrap_or_default())?;
    let status = head
        .get(9..12)
        .and_then(|text| text.parse().ok())
        .context("no status")?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    let start = head_end + 4;
    Ok((buffer.len() >= start + length).then_some((status, start, start + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let text = b"HTTP/1.1 202 Accepted\r\nContent-length: 2\r\n\r\nok";
        assert_eq!(
            whole(text).unwrap(),
            Some((202, text.len() - 2, text.len()))
        );
        assert_eq!(whole(&text[..text.len() - 1]).unwrap(), None);
        assert_eq!(whole(&text[..20]).unwrap(), None);
        let empty = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(whole(empty).unwrap(), Some((204, 27, 27)));
    }
}
