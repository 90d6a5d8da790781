//! Traces by OTLP: one span a job and one a task, with their ids derived from the jobs' and tasks'
//! own, so that what a worker reports of its part hangs on the right one.
//!
//! Traces are for looking at, not for keeping: what can't be sent is dropped and counted.

mod spans;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use avtomatika_engine::history::HistoryEvent;
use avtomatika_engine::machine::Job;
use avtomatika_engine::names;
use avtomatika_engine::service::Observer;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::spans::Spans;

/// Spans that wait to be sent; more are dropped.
const WAITING_MAX: usize = 16_384;
/// Spans sent in one request.
const BATCH_MAX: usize = 512;
/// How long a span waits for others to be sent with.
const GATHER: Duration = Duration::from_secs(1);
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Makes spans of commits and hands them to the sender.
pub(crate) struct Tracer {
    spans: Spans,
    out: mpsc::Sender<SpanData>,
}

/// Sends spans until it is told to stop.
pub(crate) struct Sender {
    exporter: SpanExporter,
    waiting: mpsc::Receiver<SpanData>,
}

/// Both ends of the way to a collector at this address (`http://host:4318`, or the whole address of
/// its `/v1/traces`).
pub(crate) fn open(endpoint: &str) -> anyhow::Result<(Arc<Tracer>, Sender)> {
    let endpoint = endpoint.trim_end_matches('/');
    let endpoint = if endpoint.ends_with("/v1/traces") {
        endpoint.to_owned()
    } else {
        format!("{endpoint}/v1/traces")
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&endpoint)
        .with_timeout(TIMEOUT)
        .build()
        .with_context(|| format!("failed to send traces to {endpoint}"))?;
    let (out, waiting) = mpsc::channel(WAITING_MAX);
    let spans = Spans::default();
    Ok((
        Arc::new(Tracer { spans, out }),
        Sender { exporter, waiting },
    ))
}

impl Observer for Tracer {
    fn committed(&self, jobs: &[Arc<Job>], told: &[HistoryEvent]) {
        for span in self.spans.of(jobs, told) {
            if self.out.try_send(span).is_err() {
                metrics::counter!(names::SPANS_DROPPED).increment(1);
            }
        }
    }
}

impl Sender {
    /// Sends what comes, and at the end what is left.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) {
        let mut failing = false;
        loop {
            let mut batch = Vec::new();
            let more = tokio::select! {
                count = self.waiting.recv_many(&mut batch, BATCH_MAX) => count > 0,
                () = shutdown.cancelled() => {
                    while let Ok(span) = self.waiting.try_recv() {
                        batch.push(span);
                    }
                    false
                }
            };
            if more && batch.len() < BATCH_MAX {
                tokio::time::sleep(GATHER).await;
                while batch.len() < BATCH_MAX
                    && let Ok(span) = self.waiting.try_recv()
                {
                    batch.push(span);
                }
            }
            self.send(batch, &mut failing).await;
            if !more {
                return;
            }
        }
    }

    async fn send(&self, batch: Vec<SpanData>, failing: &mut bool) {
        if batch.is_empty() {
            return;
        }
        let count = batch.len() as u64;
        match self.exporter.export(batch).await {
            Ok(()) => *failing = false,
            Err(error) => {
                metrics::counter!(names::SPANS_DROPPED).increment(count);
                // Once, not for each batch while the collector is away.
                if !std::mem::replace(failing, true) {
                    tracing::warn!(%error, "traces can't be sent");
                }
            }
        }
    }
}
