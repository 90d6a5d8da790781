//! Blocks of rows that were read from the file lately.
//!
//! Who asks for a row mostly asks for its neighbours next: tasks leave the queue in the order they
//! came.

use std::collections::VecDeque;
use std::sync::Arc;

use avtomatika_engine::lock::Mutex;

use super::block::Block;
use super::keyed::Keyed;

/// How many are kept, and how large they may be.
const BLOCKS: usize = 8;
const BYTES_MAX: usize = 64 << 10;

/// Blocks of one table.
pub(super) struct Recent<K: Keyed>(Mutex<VecDeque<Seen<K>>>);

struct Seen<K: Keyed> {
    /// Of the file when it was read, or later.
    checkpoint: u64,
    first: K::Owned,
    last: K::Owned,
    block: Arc<[u8]>,
}

impl<K: Keyed> Default for Recent<K> {
    fn default() -> Self {
        Self(Mutex::new(VecDeque::with_capacity(BLOCKS)))
    }
}

impl<K: Keyed> Recent<K> {
    /// The block a row is in if it is in the file, as of a checkpoint.
    pub(super) fn get(&self, key: &K::Owned, checkpoint: u64) -> Option<Arc<[u8]>> {
        let seen = self.0.lock();
        let holds = |seen: &&Seen<K>| {
            seen.checkpoint == checkpoint && seen.first <= *key && *key <= seen.last
        };
        seen.iter().find(holds).map(|seen| Arc::clone(&seen.block))
    }

    /// Keeps a block that was read after that checkpoint.
    pub(super) fn put(&self, block: &[u8], checkpoint: u64) -> Result<(), redb::Error> {
        if block.len() > BYTES_MAX {
            return Ok(());
        }
        let Some((first, last)) = Block::read(block)?.bounds::<K>()? else {
            return Ok(());
        };
        let block = Arc::from(block);
        let mut seen = self.0.lock();
        seen.truncate(BLOCKS - 1);
        seen.push_front(Seen {
            checkpoint,
            first,
            last,
            block,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use avtomatika_engine::storage::{Batch, Store as _};
    use avtomatika_protocol::JobStatus;

    use super::super::faults_tests::{NOW_MS, new};
    use super::super::{Embedded, EmbeddedOptions};

    /// Commits, and waits until it is in the file and nowhere else.
    async fn into_file(store: &Embedded, batch: Batch) {
        let id = batch.job.id;
        store.commit(batch).await.unwrap();
        loop {
            {
                let layers = store.shared.layers.read();
                if layers.active.is_empty() && layers.frozen.is_none() {
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        store.shared.jobs.remove(id);
    }

    #[tokio::test]
    async fn a_block_is_used_again_until_the_next_checkpoint() {
        let dir = tempfile::tempdir().unwrap();
        let options = EmbeddedOptions {
            layer_bytes: 0,
            ..EmbeddedOptions::new(dir.path())
        };
        let store = Embedded::open(options, NOW_MS).unwrap();
        let first = new(1, "1");
        let job = first.job.clone();
        let kept = || {
            let checkpoint = store
                .shared
                .checkpoint
                .load(super::super::Ordering::Acquire);
            let key = job.id.0.as_u128();
            store.shared.recent_jobs.get(&key, checkpoint).is_some()
        };
        into_file(&store, first).await;
        assert!(!kept());
        let read = store.job(job.id).await.unwrap().unwrap();
        assert_eq!((read.version, kept()), (1, true));
        let mut ended = job.as_ref().clone();
        ended.version = 2;
        ended.status = JobStatus::Completed;
        into_file(&store, Batch::of(ended.into(), 1)).await;
        assert!(!kept(), "the file has changed");
        let read = store.job(job.id).await.unwrap().unwrap();
        assert_eq!((read.version, kept()), (2, true));
    }
}
