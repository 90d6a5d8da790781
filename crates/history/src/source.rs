//! Where events come from.

use std::future::Future;

use avtomatika_engine::Engine;
use avtomatika_engine::history::HistoryEvent;

/// Why an outbox could not be read or cut.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// The outbox of one commit: its number, and what it tells.
pub type Entry = (u64, Vec<HistoryEvent>);

/// An outbox: events are put into it with the commit they tell of, and stay until they are
/// forgotten.
pub trait Source: Send + Sync + 'static {
    /// Reads the oldest entries that are not forgotten, at most `max`, in order. Changes nothing.
    fn outbox(&self, max: usize) -> impl Future<Output = Result<Vec<Entry>, SourceError>> + Send;

    /// Forgets the entries up to this number. After a crash some of them may be there again.
    fn forget_outbox(&self, up_to: u64) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Ends when there may be new entries. Made before a read, it misses none that comes after it.
    fn outbox_changed(&self) -> impl Future<Output = ()> + Send;
}

impl Source for Engine {
    async fn outbox(&self, max: usize) -> Result<Vec<Entry>, SourceError> {
        Ok(Self::outbox(self, max).await?)
    }

    async fn forget_outbox(&self, up_to: u64) -> Result<(), SourceError> {
        Ok(Self::forget_outbox(self, up_to).await?)
    }

    fn outbox_changed(&self) -> impl Future<Output = ()> + Send {
        Self::outbox_changed(self)
    }
}
