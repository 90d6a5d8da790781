//! Several tasks at once: fewer requests for workers with many short ones.

use avtomatika_protocol::WorkerId;
use avtomatika_protocol::worker::ResultMessage;
use futures_util::future::join_all;

use super::engine::Engine;
use super::error::EngineError;
use super::poll::{Handout, Poll};
use super::report::Reported;

impl Engine {
    /// Waits for a task as [`Engine::poll`] does, then takes what else is ready now, up to `max` in
    /// all.
    ///
    /// Dropping the future loses nothing. Each [`Handout`] that could not be delivered must be given
    /// to [`Engine::hand_back`].
    ///
    /// # Errors
    /// As [`Engine::poll`].
    pub async fn poll_many(&self, poll: Poll, max: usize) -> Result<Vec<Handout>, EngineError> {
        let mut held = Held {
            engine: self,
            handouts: Vec::new(),
        };
        let more = Poll {
            wait_ms: 0,
            ..poll.clone()
        };
        held.handouts.extend(self.poll(poll).await?);
        while !held.handouts.is_empty() && held.handouts.len() < max {
            match self.poll(more.clone()).await {
                Ok(Some(handout)) => held.handouts.push(handout),
                // Those taken so far are the worker's all the same.
                Ok(None) | Err(_) => break,
            }
        }
        Ok(std::mem::take(&mut held.handouts))
    }

    /// Takes several results, each for itself: what is wrong with one does not concern the others.
    /// Their commits share a sync. Answers in the order of the messages.
    pub async fn report_many(
        &self,
        messages: Vec<ResultMessage>,
    ) -> Vec<Result<Reported, EngineError>> {
        join_all(messages.into_iter().map(|message| self.report(message))).await
    }

    /// Takes up to `max` tasks that are ready now, for a worker that is about to get an answer
    /// anyway.
    ///
    /// # Errors
    /// As [`Engine::poll`].
    pub async fn take_many(
        &self,
        worker: &WorkerId,
        max: usize,
    ) -> Result<Vec<Handout>, EngineError> {
        let now = Poll {
            worker: worker.clone(),
            types: None,
            wait_ms: 0,
        };
        self.poll_many(now, max).await
    }
}

/// Tasks on their way to a worker. Dropped before they are all there, they go back.
struct Held<'a> {
    engine: &'a Engine,
    handouts: Vec<Handout>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Without a runtime the process is ending, and the leases end by themselves.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        for handout in self.handouts.drain(..) {
            let engine = self.engine.clone();
            let back = async move { engine.hand_back(handout.task, handout.lease).await };
            self.engine.0.unfinished.spawn_on(back, &runtime);
        }
    }
}
