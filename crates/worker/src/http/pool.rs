//! The connections to one server.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};
use http_body_util::Full;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::channel::{Channel, ChannelError};
use super::connection::{Connection, Error, Reply};
use super::server::ServerUrl;
use super::tls::Connector;

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that lay idle for longer are closed: servers tend to have closed them by then.
const IDLE_MAX: Duration = Duration::from_secs(25);

/// The connections to one server. Idle ones are kept for the next request; there are never more
/// of them than requests that were in flight at once.
pub(crate) struct Pool {
    server: ServerUrl,
    tls: Arc<Connector>,
    token: Option<HeaderValue>,
    answer_bytes_max: usize,
    /// The most recently used one is at the back.
    idle: Mutex<VecDeque<(Instant, Connection)>>,
}

impl Pool {
    pub(crate) fn new(
        server: ServerUrl,
        tls: Arc<Connector>,
        token: Option<HeaderValue>,
        answer_bytes_max: usize,
    ) -> Self {
        Self {
            server,
            tls,
            token,
            answer_bytes_max,
            idle: Mutex::new(VecDeque::new()),
        }
    }

    pub(crate) fn server(&self) -> &ServerUrl {
        &self.server
    }

    /// Opens a channel: a connection of its own, which is never put into the pool.
    pub(crate) async fn channel(&self, target: &Uri) -> Result<Channel, ChannelError> {
        let token = self.token.as_ref();
        Channel::open(&self.server, &self.tls, token, target, CONNECT_TIMEOUT).await
    }

    /// Sends one request and reads its answer, all within `limit`.
    ///
    /// A request that fails on a kept connection is sent once more on a new one: the server may
    /// have closed the old one while it lay idle. Hence only requests that do no harm when they
    /// arrive twice; all of the worker protocol are such.
    pub(crate) async fn send(
        &self,
        method: &Method,
        target: &Uri,
        body: Bytes,
        limit: Duration,
    ) -> Result<Reply, Error> {
        tokio::time::timeout(limit, self.send_unbounded(method, target, body))
            .await
            .unwrap_or(Err(Error::TimedOut { limit }))
    }

    async fn send_unbounded(
        &self,
        method: &Method,
        target: &Uri,
        body: Bytes,
    ) -> Result<Reply, Error> {
        if let Some(connection) = self.take_idle() {
            match self
                .exchange(connection, method, target, body.clone())
                .await
            {
                Err(Error::Exchange(error)) => {
                    // The others lay idle for longer still: most likely they are dead, too.
                    self.idle.lock().clear();
                    tracing::trace!(%error, "a kept connection failed; trying a new one");
                }
                other => return other,
            }
        }
        let connection = Connection::open(&self.server, &self.tls, CONNECT_TIMEOUT).await?;
        self.exchange(connection, method, target, body).await
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock();
        while let Some((since, connection)) = idle.pop_back() {
            if since.elapsed() > IDLE_MAX {
                idle.clear();
                return None;
            }
            if connection.is_open() {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock();
        let now = Instant::now();
        while idle
            .front()
            .is_some_and(|(since, _)| now.duration_since(*since) > IDLE_MAX)
        {
            idle.pop_front();
        }
        idle.push_back((now, connection));
    }

    async fn exchange(
        &self,
        mut connection: Connection,
        method: &Method,
        target: &Uri,
        body: Bytes,
    ) -> Result<Reply, Error> {
        let request = self.request(method, target, body);
        let reply = connection.exchange(request, self.answer_bytes_max).await?;
        if connection.is_open() {
            self.keep(connection);
        }
        Ok(reply)
    }

    fn request(&self, method: &Method, target: &Uri, body: Bytes) -> Request<Full<Bytes>> {
        let has_body = !body.is_empty();
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = target.clone();
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.server.authority.clone());
        if let Some(token) = &self.token {
            headers.insert("x-worker-token", token.clone());
        }
        if has_body {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    fn pool(url: &str) -> Pool {
        let tls = Arc::new(Connector::default());
        Pool::new(ServerUrl::parse(url).unwrap(), tls, None, 1000)
    }

    /// A server that answers as often as told on each connection and then closes it unannounced.
    async fn server(answers_each: usize) -> Pool {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                for _ in 0..answers_each {
                    if stream.read(&mut request).await.unwrap() == 0 {
                        break;
                    }
                    stream.write_all(OK).await.unwrap();
                }
                // Late enough for the client to have kept the connection.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        pool(&url)
    }

    async fn get(pool: &Pool) -> Result<Reply, Error> {
        let target = Uri::from_static("/");
        pool.send(
            &Method::GET,
            &target,
            Bytes::new(),
            Duration::from_millis(300),
        )
        .await
    }

    #[tokio::test]
    async fn connections_are_kept_and_replaced_when_the_server_closes_them() {
        let pool = server(2).await;
        for round in 0..6 {
            let reply = get(&pool).await.unwrap();
            assert_eq!(
                (reply.status.as_u16(), &*reply.body),
                (200, &b"ok"[..]),
                "{round}"
            );
            assert_eq!(pool.idle.lock().len(), 1, "{round}");
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    #[tokio::test]
    async fn answers_are_limited_in_time_and_in_length() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let unanswered = pool(&url);
        assert!(matches!(
            get(&unanswered).await,
            Err(Error::TimedOut { .. })
        ));
        assert_eq!(unanswered.idle.lock().len(), 0);

        let short = Pool {
            answer_bytes_max: 1,
            ..server(1).await
        };
        assert!(matches!(
            get(&short).await,
            Err(Error::AnswerTooLong { limit_bytes: 1 })
        ));
        assert_eq!(short.idle.lock().len(), 0);
    }
}
