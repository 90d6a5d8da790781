//! Documents loaded for, and written by, the handlers of one step.

use crate::blueprint::{DocumentKey, DocumentWrite, Documents};
use crate::storage::{DocumentChange, Store, StoreError};

/// The documents of one step: as read, with the step's own writes on top.
#[derive(Default)]
pub(super) struct Workspace {
    /// What handlers see.
    pub(super) documents: Documents,
    writes: Vec<DocumentChange>,
}

impl Workspace {
    /// Loads what is not there yet.
    pub(super) async fn load(
        &mut self,
        store: &dyn Store,
        keys: Vec<DocumentKey>,
    ) -> Result<(), StoreError> {
        for key in keys {
            if self.documents.is_loaded(&key) {
                continue;
            }
            let document = store.document(&key).await?;
            self.documents.insert(key, document);
        }
        Ok(())
    }

    /// Notes a handler's writes, so that they are committed and later handlers of the same step
    /// see them. Answers the first document that was written without having been loaded.
    pub(super) fn write(&mut self, writes: &[DocumentWrite]) -> Result<(), DocumentKey> {
        for write in writes {
            let Some(from_version) = self.documents.version(&write.key) else {
                return Err(write.key.clone());
            };
            self.documents.overwrite(&write.key, write.value.clone());
            self.writes.retain(|earlier| earlier.key != write.key);
            self.writes.push(DocumentChange {
                key: write.key.clone(),
                from_version,
                value: write.value.clone(),
            });
        }
        Ok(())
    }

    /// What must be committed.
    pub(super) fn into_changes(self) -> Vec<DocumentChange> {
        self.writes
    }
}
