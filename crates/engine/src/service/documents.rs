//! Documents loaded for, and written by, the handlers of one step.

use avtomatika_protocol::WorkerId;
use serde_json::Value;

use crate::blueprint::{DocumentKey, DocumentWrite, Documents};
use crate::storage::{DocumentChange, Store, StoreError};

/// The collection that says which worker did a task with which key last.
const AFFINITY: &str = "avtomatika.affinity";

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

    /// The worker a key is bound to.
    pub(super) async fn bound(
        &mut self,
        store: &dyn Store,
        key: &str,
    ) -> Result<Option<WorkerId>, StoreError> {
        let key = DocumentKey::new(AFFINITY, key);
        self.load(store, vec![key.clone()]).await?;
        let bound = self.documents.get(&key).and_then(Value::as_str);
        Ok(bound.map(WorkerId::from))
    }

    /// Binds a key to a worker.
    pub(super) async fn bind(
        &mut self,
        store: &dyn Store,
        key: &str,
        worker: &WorkerId,
    ) -> Result<(), StoreError> {
        if self.bound(store, key).await?.as_ref() == Some(worker) {
            return Ok(());
        }
        let write = DocumentWrite {
            key: DocumentKey::new(AFFINITY, key),
            value: Some(Value::from(worker.as_str())),
        };
        // It has just been loaded.
        let _loaded = self.write(&[write]);
        Ok(())
    }

    /// What must be committed.
    pub(super) fn into_changes(self) -> Vec<DocumentChange> {
        self.writes
    }
}
