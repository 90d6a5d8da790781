//! What goes along with a connection: the word that the server stops, and patience with bodies.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::ListenerSettings;
use super::body::BodyWatch;

/// The word to all connections that the server stops.
pub(super) struct Stopping {
    begun: AtomicBool,
    wake: CancellationToken,
}

impl Stopping {
    pub(super) fn new() -> Self {
        Self {
            begun: AtomicBool::new(false),
            wake: CancellationToken::new(),
        }
    }

    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::Release);
        self.wake.cancel();
    }

    /// Does some work unless the server stops first.
    pub(super) async fn unless_begun<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.wake.run_until_cancelled(work).await
    }
}

/// Looks after one connection. Polled with it, in one task, before and after it.
pub(super) struct Companion {
    stopping: Arc<Stopping>,
    /// Polled once, to be woken; whether the server stops is then told by the flag, which takes
    /// no lock.
    woken: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    told: bool,
    body: Arc<BodyWatch>,
    /// Since when the body has been waited for.
    since: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
    body_grace: Duration,
    body_bytes_per_second: u64,
}

impl Companion {
    pub(super) fn new(
        stopping: &Arc<Stopping>,
        body: Arc<BodyWatch>,
        settings: &ListenerSettings,
    ) -> Self {
        Self {
            stopping: Arc::clone(stopping),
            woken: None,
            told: false,
            body,
            since: None,
            alarm: None,
            body_grace: Duration::from_millis(settings.body_grace_ms),
            body_bytes_per_second: settings.body_bytes_per_second.max(1),
        }
    }

    /// Whether the server has just begun to stop: true once.
    pub(super) fn must_stop(&mut self, context: &mut Context<'_>) -> bool {
        if self.told {
            return false;
        }
        if self.woken.is_none() {
            let mut woken = Box::pin(self.stopping.wake.clone().cancelled_owned());
            // Ready or not, the flag says it.
            let _ = woken.as_mut().poll(context);
            self.woken = Some(woken);
        }
        self.told = self.stopping.begun.load(Ordering::Acquire);
        self.told
    }

    /// Whether the body has become too slow: then the connection is to be polled again, to see
    /// that. Costs nothing while no body is waited for.
    pub(super) fn loses_patience(&mut self, context: &mut Context<'_>) -> bool {
        let Some(bytes) = self.body.wanted_after() else {
            self.since = None;
            return false;
        };
        let since = *self.since.get_or_insert_with(Instant::now);
        let earned =
            Duration::from_millis(bytes.saturating_mul(1_000) / self.body_bytes_per_second);
        let due = since + self.body_grace + earned;
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if alarm.deadline() != due {
            alarm.as_mut().reset(due);
        }
        match alarm.as_mut().poll(context) {
            Poll::Ready(()) => {
                self.body.lose_patience();
                self.since = None;
                true
            }
            Poll::Pending => false,
        }
    }
}
