//! Work that is seen through even if whoever asked for it goes away.
//!
//! A request's future is dropped when its connection breaks. What it had begun must not stay half
//! done: a batch that has become durable whose polls are not woken, a task that is leased to a
//! worker who is not told.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// A future that goes on by itself when it is dropped after its first poll.
pub(super) struct Through<F>
where
    F: Future + Send + 'static,
{
    work: Option<Pin<Box<F>>>,
    begun: bool,
    tracker: TaskTracker,
}

impl<F> Through<F>
where
    F: Future + Send + 'static,
{
    /// Sees `work` through; `tracker` keeps what is left of it.
    pub(super) fn new(tracker: &TaskTracker, work: F) -> Self {
        Self {
            work: Some(Box::pin(work)),
            begun: false,
            tracker: tracker.clone(),
        }
    }
}

impl<F> Future for Through<F>
where
    F: Future + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.begun = true;
        let Some(work) = self.work.as_mut() else {
            return Poll::Pending;
        };
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl<F> Drop for Through<F>
where
    F: Future + Send + 'static,
{
    fn drop(&mut self) {
        let left = self.work.take().filter(|_| self.begun);
        // Without a runtime the process is ending, and nobody is left to be told.
        if let Some(work) = left
            && let Ok(runtime) = Handle::try_current()
        {
            self.tracker.spawn_on(
                async move {
                    work.await;
                },
                &runtime,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn work(steps: &Arc<AtomicU32>) -> impl Future<Output = ()> + Send + use<> {
        let steps = Arc::clone(steps);
        async move {
            steps.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            steps.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn what_was_begun_is_finished_and_what_was_not_is_left() {
        let (tracker, steps) = (TaskTracker::new(), Arc::new(AtomicU32::new(0)));
        drop(Through::new(&tracker, work(&steps)));
        tokio::select! {
            biased;
            () = Through::new(&tracker, work(&steps)) => unreachable!("it needs two turns"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(steps.load(Ordering::SeqCst), 1);
        tracker.close();
        tracker.wait().await;
        assert_eq!(steps.load(Ordering::SeqCst), 2);
        Through::new(&tracker, work(&steps)).await;
        assert_eq!(steps.load(Ordering::SeqCst), 4);
    }
}
