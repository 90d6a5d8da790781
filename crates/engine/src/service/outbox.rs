//! What is told of jobs, for whoever keeps their history.

use tokio::sync::futures::Notified;

use super::engine::Engine;
use super::error::EngineError;
use crate::blueprint::DocumentKey;
use crate::history::HistoryEvent;
use crate::storage::{Document, DocumentChange};

impl Engine {
    /// The oldest entries of the outbox: what each commit told, with its number.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn outbox(&self, max: usize) -> Result<Vec<(u64, Vec<HistoryEvent>)>, EngineError> {
        Ok(self.0.store.outbox(max).await?)
    }

    /// Deletes the outbox up to this number: what it told is kept elsewhere now.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn forget_outbox(&self, up_to: u64) -> Result<(), EngineError> {
        Ok(self.0.store.forget_outbox(up_to).await?)
    }

    /// Ready when something has been put into the outbox since the last time this was.
    pub fn outbox_changed(&self) -> Notified<'_> {
        self.0.outbox_changed.notified()
    }

    /// Reads a document.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn document(&self, key: &DocumentKey) -> Result<Option<Document>, EngineError> {
        Ok(self.0.store.document(key).await?)
    }

    /// Writes a document that belongs to no job; `None` deletes it. `from_version` is the version
    /// it was read at, 0 if it did not exist.
    ///
    /// # Errors
    /// [`StoreError::Conflict`](crate::storage::StoreError::Conflict) if somebody else has changed
    /// it since.
    pub async fn put_document(
        &self,
        key: DocumentKey,
        from_version: u64,
        value: Option<serde_json::Value>,
    ) -> Result<(), EngineError> {
        let change = DocumentChange {
            key,
            from_version,
            value,
        };
        Ok(self.0.store.write_documents(vec![change]).await?)
    }

    /// What has been spent of a counter.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn spent(&self, counter: &str) -> Result<u64, EngineError> {
        Ok(self.0.store.counter(counter).await?)
    }
}
