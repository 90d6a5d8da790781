//! How many tasks run at once: in all, and of one type.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The right to run one task. Given back when dropped.
pub(crate) type Slot = OwnedSemaphorePermit;

/// The slots of a worker, shared by all its sessions.
pub(crate) struct Slots {
    all: Arc<Semaphore>,
    max: u32,
    limits: BTreeMap<String, u32>,
    /// Only types that have a limit of their own; for most workers this is empty.
    by_type: BTreeMap<String, Arc<Semaphore>>,
    /// Told when a type that was at its limit no longer is.
    type_freed: Notify,
}

/// The right to run one task of a limited type.
pub(crate) struct TypeSlot<'a> {
    slots: &'a Slots,
    permit: Option<OwnedSemaphorePermit>,
}

impl Slots {
    pub(crate) fn new(max: u32, limits: &BTreeMap<String, u32>) -> Self {
        let semaphore = |limit: u32| Arc::new(Semaphore::new(limit as usize));
        Self {
            all: semaphore(max),
            max,
            limits: limits.clone(),
            by_type: limits
                .iter()
                .map(|(name, limit)| (name.clone(), semaphore(*limit)))
                .collect(),
            type_freed: Notify::new(),
        }
    }

    /// The limits of single types, as a registration names them.
    pub(crate) fn limits(&self) -> Map<String, Value> {
        self.limits
            .iter()
            .map(|(name, limit)| (name.clone(), Value::from(*limit)))
            .collect()
    }

    /// Waits until there is a slot. Waiters are served in the order they came.
    pub(crate) async fn take(&self) -> Slot {
        match Arc::clone(&self.all).acquire_owned().await {
            Ok(slot) => slot,
            // Nobody closes the semaphore.
            Err(_) => std::future::pending().await,
        }
    }

    /// Takes up to so many more that are free now.
    pub(crate) fn take_more(&self, max: usize) -> Vec<Slot> {
        std::iter::from_fn(|| Arc::clone(&self.all).try_acquire_owned().ok())
            .take(max)
            .collect()
    }

    /// Slots nobody holds.
    pub(crate) fn free(&self) -> usize {
        self.all.available_permits()
    }

    /// How many slots there are.
    pub(crate) fn max(&self) -> u32 {
        self.max
    }

    /// Whether some types have limits of their own.
    pub(crate) fn limits_types(&self) -> bool {
        !self.by_type.is_empty()
    }

    /// Whether every type could take another task.
    pub(crate) fn all_types_free(&self) -> bool {
        self.by_type
            .values()
            .all(|slots| slots.available_permits() > 0)
    }

    /// Whether this type could take another task.
    pub(crate) fn type_is_free(&self, task_type: &str) -> bool {
        self.by_type
            .get(task_type)
            .is_none_or(|slots| slots.available_permits() > 0)
    }

    /// Waits until one more task of this type may run.
    pub(crate) async fn take_type(&self, task_type: &str) -> TypeSlot<'_> {
        let permit = match self.by_type.get(task_type) {
            None => None,
            Some(slots) => Arc::clone(slots).acquire_owned().await.ok(),
        };
        TypeSlot {
            slots: self,
            permit,
        }
    }

    /// Completes when a type that was at its limit has room again, at any time after this call.
    pub(crate) fn type_freed(&self) -> Notified<'_> {
        self.type_freed.notified()
    }
}

impl Drop for TypeSlot<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let was_full = permit.semaphore().available_permits() == 0;
            drop(permit);
            if was_full {
                self.slots.type_freed.notify_waiters();
            }
        }
    }
}
