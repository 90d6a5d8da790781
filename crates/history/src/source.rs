//! Where events come from.

use std::future::Future;

use avtomatika_engine::history::HistoryEvent;

/// Why an outbox could not be read or cut.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// The outbox of one commit: its number, and what it tells.
pub type Entry = (u64, Vec<HistoryEvent>);

/// An outbox: events are put into it with the commit they tell of, and stay until they are
/// forgotten.
pub trait Source: Send + Sync + 'static {
    /// Reads the oldest entries, at most `max`, in order. Changes nothing.
    fn outbox(&self, max: usize) -> impl Future<Output = Result<Vec<Entry>, SourceError>> + Send;

    /// Forgets the entries up to this number. After a crash some of them may be there again.
    fn forget_outbox(&self, up_to: u64) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Ends when there may be new entries. Made before a read, it misses none that comes after it.
    fn outbox_changed(&self) -> impl Future<Output = ()> + Send;

    /// Entries waiting, if it is cheap to tell.
    fn outbox_len(&self) -> Option<u64> {
        None
    }
}
