//! Blocks of rows that were read from the file lately.
//!
//! Who asks for a row mostly asks for its neighbours next: tasks leave the queue in the order they
//! came.

use std::collections::VecDeque;
use std::sync::Arc;

use avtomatika_engine::lock::Mutex;

use super::blocks::Block;
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
