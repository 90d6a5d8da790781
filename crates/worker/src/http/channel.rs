//! A channel to the server: a WebSocket over which it speaks first.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Uri};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::connection::Error;
use super::server::ServerUrl;
use super::stream::Stream;
use super::tls::Connector;

/// The longest message the server may send, bytes.
const MESSAGE_MAX_BYTES: usize = 64 << 10;
/// How long nothing may come: the server pings far more often.
const SILENCE_MAX: Duration = Duration::from_secs(90);

/// Why there is no channel, or none any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChannelError {
    #[error(transparent)]
    Connect(#[from] Error),
    #[error("agree on a channel with the server: it answered {0}")]
    Refused(http::StatusCode),
    #[error("keep the channel to the server: {0}")]
    Broken(String),
}

impl From<SocketError> for ChannelError {
    fn from(error: SocketError) -> Self {
        match error {
            SocketError::Http(answer) => Self::Refused(answer.status()),
            error => Self::Broken(error.to_string()),
        }
    }
}

/// An open channel.
pub(crate) struct Channel(WebSocketStream<Stream>);

impl Channel {
    pub(super) async fn open(
        server: &ServerUrl,
        tls: &Connector,
        token: Option<&HeaderValue>,
        target: &Uri,
        limit: Duration,
    ) -> Result<Self, ChannelError> {
        let opening = async {
            let stream = Stream::open(server, tls).await?;
            let scheme = if server.is_secure { "wss" } else { "ws" };
            let authority = server.authority.to_str().unwrap_or(&server.host);
            let url = format!("{scheme}://{authority}{target}");
            let mut request = url.into_client_request()?;
            if let Some(token) = token {
                request
                    .headers_mut()
                    .insert("x-worker-token", token.clone());
            }
            let config = WebSocketConfig::default()
                .max_message_size(Some(MESSAGE_MAX_BYTES))
                .max_frame_size(Some(MESSAGE_MAX_BYTES));
            let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
            Ok(Self(socket))
        };
        tokio::time::timeout(limit, opening)
            .await
            .unwrap_or(Err(Error::TimedOut { limit }.into()))
    }

    /// What the server says next; `None` once it has closed the channel.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, ChannelError> {
        loop {
            let next = tokio::time::timeout(SILENCE_MAX, self.0.next());
            let Ok(next) = next.await else {
                return Err(ChannelError::Broken("nothing came for too long".to_owned()));
            };
            match next {
                Some(Ok(Message::Text(text))) => return Ok(Some(text.as_str().to_owned())),
                // Its answer is made ready when it is read, and goes out with this.
                Some(Ok(Message::Ping(_))) => self.0.flush().await?,
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }
}
