//! Who waits for which job to be completed, and which were completed before anybody asked.

use std::collections::HashMap;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot};
use uuid::Uuid;

/// So many locks, so that those who tell and those who wait seldom meet.
const SHARDS: usize = 16;

/// Completed jobs, told by whoever learns of them, awaited by whoever posted them. Either may
/// come first: a job is often completed before the answer to its post has been read.
pub(super) struct Completions {
    shards: [Mutex<HashMap<Uuid, Waiting>>; SHARDS],
    /// One permit for each completion, for those to whom one is as good as another.
    any: Semaphore,
}

enum Waiting {
    For(oneshot::Sender<Instant>),
    Done(Instant),
}

impl Default for Completions {
    fn default() -> Self {
        Self {
            shards: Default::default(),
            any: Semaphore::new(0),
        }
    }
}

impl Completions {
    fn shard(&self, job: Uuid) -> &Mutex<HashMap<Uuid, Waiting>> {
        // The last byte is random in every version that occurs.
        let [.., last] = job.into_bytes();
        #[expect(clippy::indexing_slicing, reason = "the remainder is below the length")]
        &self.shards[usize::from(last) % SHARDS]
    }

    /// Notes that a job is completed.
    pub(super) fn tell(&self, job: Uuid) {
        let now = Instant::now();
        let mut shard = self.shard(job).lock();
        if let Some(Waiting::For(sender)) = shard.remove(&job) {
            // Whoever waited may have given up.
            let _gone = sender.send(now);
        } else {
            shard.insert(job, Waiting::Done(now));
        }
    }

    /// When a job was completed.
    pub(super) async fn of(&self, job: Uuid) -> Option<Instant> {
        let receiver = {
            let mut shard = self.shard(job).lock();
            if let Some(Waiting::Done(at)) = shard.remove(&job) {
                return Some(at);
            }
            let (sender, receiver) = oneshot::channel();
            shard.insert(job, Waiting::For(sender));
            receiver
        };
        receiver.await.ok()
    }

    /// Notes that some job is completed, whichever.
    pub(super) fn tell_any(&self) {
        self.any.add_permits(1);
    }

    /// Waits until some job is completed.
    pub(super) async fn any(&self) {
        if let Ok(permit) = self.any.acquire().await {
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_order_does_not_matter() {
        let completions = Completions::default();
        let (early, late) = (Uuid::from_u128(1), Uuid::from_u128(2));
        completions.tell(early);
        assert!(completions.of(early).await.is_some());
        let (waited, ()) = tokio::join!(completions.of(late), async {
            completions.tell(late);
        });
        assert!(waited.is_some());
        completions.tell_any();
        completions.any().await;
    }
}
