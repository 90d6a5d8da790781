//! The worker protocol over HTTP: one method a route, answers sorted by what to do next.

use std::sync::Arc;
use std::time::Duration;

use avtomatika_protocol::worker::{
    Heartbeat, HeartbeatAnswer, Registration, ResultAnswer, ResultsAnswer, TaskList, TaskMessage,
    WorkerEvent,
};
use avtomatika_protocol::{SessionId, WorkerId};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use serde::{Deserialize, Serialize};

use crate::http::{self as wire, Connector, Pool, Reply, ServerUrl};

/// How long the server may take for anything but a poll.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// How much longer than asked for a poll may take before it is given up.
const POLL_SLACK: Duration = Duration::from_secs(5);

/// No `Retry-After` is obeyed beyond this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// Why a request did not yield what it was sent for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// No answer, or one that says "not now": worth another try.
    #[error("reach the server: {reason}")]
    Unavailable {
        reason: String,
        retry_after: Option<Duration>,
    },
    /// The server does not know this worker or its session any more: register again.
    #[error("be recognised by the server")]
    UnknownSession,
    /// The server understood and said no.
    #[error("satisfy the server: it answered {status}: {message}")]
    Refused { status: StatusCode, message: String },
}

impl Error {
    /// The same once more: one request may have been made for several.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Unavailable {
                reason,
                retry_after,
            } => Self::Unavailable {
                reason: reason.clone(),
                retry_after: *retry_after,
            },
            Self::UnknownSession => Self::UnknownSession,
            Self::Refused { status, message } => Self::Refused {
                status: *status,
                message: message.clone(),
            },
        }
    }
}

/// The answer to a registration. The seed era says only `registered`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct RegisterAnswer {
    #[serde(default)]
    pub(crate) session_id: Option<SessionId>,
    #[serde(default)]
    pub(crate) heartbeat_interval_ms: Option<u64>,
    #[serde(default)]
    pub(crate) lease_ms: Option<u64>,
}

/// What a poll asks for.
#[derive(Debug)]
pub(crate) struct PollQuery<'a> {
    pub(crate) timeout: Duration,
    pub(crate) session_id: Option<SessionId>,
    /// Slots that are free, the one kept for this poll's answer included.
    pub(crate) free: usize,
    /// Task types that are not at their limit, if some are.
    pub(crate) types: Option<Vec<&'a str>>,
    /// Tasks the answer may hold at most.
    pub(crate) max: usize,
}

/// Speaks to one server as one worker.
pub(crate) struct Client {
    pool: Pool,
    register: Uri,
    heartbeat: Uri,
    result: Uri,
    results: Uri,
    events: Uri,
    channel: Uri,
    next: String,
}

impl Client {
    pub(crate) fn new(
        server: ServerUrl,
        tls: Arc<Connector>,
        worker_id: &WorkerId,
        token: Option<HeaderValue>,
        answer_bytes_max: usize,
    ) -> Self {
        // All parts are percent-encoded or were part of a URI before, so they parse.
        let uri = |path: &str| server.target(path).parse::<Uri>().unwrap_or_default();
        let me = format!("/workers/{}", percent_encoded(worker_id.as_str()));
        Self {
            register: uri("/workers/register"),
            heartbeat: uri(&me),
            result: uri("/tasks/result"),
            results: uri("/tasks/results"),
            events: uri("/events"),
            channel: uri(&format!("/ws/{}", percent_encoded(worker_id.as_str()))),
            next: server.target(&format!("{me}/tasks/next")),
            pool: Pool::new(server, tls, token, answer_bytes_max),
        }
    }

    pub(crate) fn server(&self) -> &ServerUrl {
        self.pool.server()
    }

    /// Opens a channel over which the server says at once what to stop.
    pub(crate) async fn channel(&self) -> Result<wire::Channel, wire::ChannelError> {
        self.pool.channel(&self.channel).await
    }

    pub(crate) async fn register(&self, body: &Registration) -> Result<RegisterAnswer, Error> {
        let reply = self
            .send(&Method::POST, &self.register, json(body), REQUEST_TIMEOUT)
            .await?;
        // Nothing here is needed: an answer in another shape is still a registration.
        Ok(serde_json::from_slice(&reply.body).unwrap_or_default())
    }

    pub(crate) async fn heartbeat(
        &self,
        body: &Heartbeat,
        limit: Duration,
    ) -> Result<HeartbeatAnswer, Error> {
        match self
            .send(&Method::PATCH, &self.heartbeat, json(body), limit)
            .await
        {
            Ok(reply) => Ok(serde_json::from_slice(&reply.body).unwrap_or_default()),
            // The seed era says 404 without a code.
            Err(Error::Refused {
                status: StatusCode::NOT_FOUND,
                ..
            }) => Err(Error::UnknownSession),
            Err(error) => Err(error),
        }
    }

    /// Waits for tasks; none when there are none for now.
    pub(crate) async fn poll(&self, query: &PollQuery<'_>) -> Result<Vec<TaskMessage>, Error> {
        let target = query.target(&self.next);
        let target: Uri = target
            .parse()
            .map_err(|_| unavailable("build the poll's address"))?;
        let limit = query.timeout + POLL_SLACK;
        let reply = self
            .send(&Method::GET, &target, Bytes::new(), limit)
            .await?;
        if reply.status == StatusCode::NO_CONTENT {
            return Ok(Vec::new());
        }
        // A server that knows no lists sends one task.
        if query.max > 1
            && let Ok(list) = serde_json::from_slice::<TaskList>(&reply.body)
        {
            return Ok(list.tasks);
        }
        parsed(&reply).map(|task| vec![task])
    }

    /// Delivers a result, given as JSON text so that it can be sent again as it is.
    pub(crate) async fn result(&self, body: Bytes) -> Result<ResultAnswer, Error> {
        let reply = self
            .send(&Method::POST, &self.result, body, REQUEST_TIMEOUT)
            .await?;
        parsed(&reply)
    }

    /// Delivers several results at once, given as JSON text.
    pub(crate) async fn results(&self, body: Bytes) -> Result<ResultsAnswer, Error> {
        let reply = self
            .send(&Method::POST, &self.results, body, REQUEST_TIMEOUT)
            .await?;
        parsed(&reply)
    }

    pub(crate) async fn event(&self, body: &WorkerEvent) -> Result<(), Error> {
        self.send(&Method::POST, &self.events, json(body), REQUEST_TIMEOUT)
            .await
            .map(drop)
    }

    async fn send(
        &self,
        method: &Method,
        target: &Uri,
        body: Bytes,
        limit: Duration,
    ) -> Result<Reply, Error> {
        match self.pool.send(method, target, body, limit).await {
            Ok(reply) if reply.status.is_success() => Ok(reply),
            Ok(reply) => Err(sorted(&reply)),
            Err(error) => Err(unreachable(&error)),
        }
    }
}

impl PollQuery<'_> {
    fn target(&self, next: &str) -> String {
        // Whole seconds are written without a point: some servers take nothing else.
        let mut target = format!("{next}?timeout={}", self.timeout.as_secs_f64());
        if let Some(session) = self.session_id {
            target.push_str(&format!("&session={session}&free={}", self.free));
        }
        if let Some(types) = &self.types {
            let types: Vec<_> = types.iter().map(|name| percent_encoded(name)).collect();
            target.push_str(&format!("&types={}", types.join(",")));
        }
        if self.max > 1 {
            target.push_str(&format!("&max={}", self.max));
        }
        target
    }
}

fn json(body: &impl Serialize) -> Bytes {
    // None of the protocol's types has a key that isn't text, the only thing that can fail.
    serde_json::to_vec(body).unwrap_or_default().into()
}

fn parsed<T: for<'de> Deserialize<'de>>(reply: &Reply) -> Result<T, Error> {
    serde_json::from_slice(&reply.body)
        .map_err(|error| unavailable(&format!("understand its answer: {error}")))
}

/// What an answer other than 2xx means.
fn sorted(reply: &Reply) -> Error {
    #[derive(Default, Deserialize)]
    struct Body {
        #[serde(default)]
        code: String,
        #[serde(default)]
        error: String,
    }
    let body: Body = serde_json::from_slice(&reply.body).unwrap_or_default();
    let status = reply.status;
    let unknown = matches!(body.code.as_str(), "UNKNOWN_SESSION" | "WORKER_NOT_FOUND");
    if status == StatusCode::NOT_FOUND && unknown {
        return Error::UnknownSession;
    }
    let message = if body.error.is_empty() {
        String::from_utf8_lossy(reply.body.get(..200).unwrap_or(&reply.body)).into_owned()
    } else {
        body.error
    };
    let not_now = status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
        );
    if not_now {
        let reason = format!("it answered {status}: {message}");
        return Error::Unavailable {
            reason,
            retry_after: retry_after(reply),
        };
    }
    Error::Refused { status, message }
}

/// `Retry-After` in its form of seconds; dates are not used by our servers.
fn retry_after(reply: &Reply) -> Option<Duration> {
    let seconds = reply
        .headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

fn unavailable(reason: &str) -> Error {
    Error::Unavailable {
        reason: reason.to_owned(),
        retry_after: None,
    }
}

fn unreachable(error: &wire::Error) -> Error {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        reason.push_str(": ");
        reason.push_str(&cause.to_string());
        source = cause.source();
    }
    unavailable(&reason)
}

/// Leaves RFC 3986's unreserved characters as they are.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: [(header::RETRY_AFTER, HeaderValue::from_static("7"))]
                .into_iter()
                .collect(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    #[test]
    fn answers_are_sorted_by_what_to_do_next() {
        let unknown = sorted(&reply(404, r#"{"error":"x","code":"UNKNOWN_SESSION"}"#));
        assert!(matches!(unknown, Error::UnknownSession));
        let no_job = sorted(&reply(404, r#"{"error":"Job not found"}"#));
        assert!(matches!(no_job, Error::Refused { ref message, .. } if message == "Job not found"));
        for status in [429, 408, 500, 503] {
            let seven = Some(Duration::from_secs(7));
            let error = sorted(&reply(status, "oh no"));
            assert!(
                matches!(error, Error::Unavailable { retry_after, .. } if retry_after == seven)
            );
        }
        assert!(matches!(sorted(&reply(413, "")), Error::Refused { .. }));
    }

    #[test]
    fn polls_name_types_only_when_some_are_full() {
        let mut query = PollQuery {
            timeout: Duration::from_secs(30),
            session_id: None,
            free: 2,
            types: None,
            max: 1,
        };
        assert_eq!(query.target("/n"), "/n?timeout=30");
        query.timeout = Duration::from_millis(1500);
        query.types = Some(vec!["a", "b,c"]);
        assert_eq!(query.target("/n"), "/n?timeout=1.5&types=a,b%2Cc");
        query.max = 8;
        assert_eq!(query.target("/n"), "/n?timeout=1.5&types=a,b%2Cc&max=8");
    }
}
