//! The loop: look at the file, look at what is due, sleep.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::book::Book;
use super::reload::Reload;
use super::turn::{Slot, forget};

/// How often the file and the clock are looked at at least, milliseconds.
const BEAT_MS: u64 = 1_000;
/// Schedules dealt with at a time.
const SIDE_BY_SIDE: usize = 16;

/// The scheduler. Any number may run on one store.
pub struct Scheduler {
    book: Arc<Book>,
    reload: Option<Reload>,
    slots: BTreeMap<String, Slot>,
    /// Schedules that were taken away or switched off and are to be forgotten.
    gone: Vec<String>,
}

impl Scheduler {
    pub(super) fn new(book: Arc<Book>, reload: Option<Reload>) -> Self {
        let mut scheduler = Self {
            book,
            reload,
            slots: BTreeMap::new(),
            gone: Vec::new(),
        };
        scheduler.take_over();
        scheduler
    }

    /// Runs until `shutdown`. What was decided and not posted by then is posted by whoever runs
    /// next.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let book = Arc::clone(&self.book);
        while !shutdown.is_cancelled() {
            self.look_at_file().await;
            let next_ms = self.pass().await;
            let pause_ms = next_ms.saturating_sub(book.now_ms()).clamp(1, BEAT_MS);
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = book.changed.notified() => self.look_at_all(),
                () = tokio::time::sleep(Duration::from_millis(pause_ms)) => {}
            }
        }
    }

    /// Looks whether the file has changed, and takes its schedules over.
    pub async fn look_at_file(&mut self) {
        if let Some(reload) = &mut self.reload
            && reload.look(&self.book).await
        {
            self.take_over();
        }
    }

    /// Does what is due. Answers when something will be due next at the latest, milliseconds.
    pub async fn pass(&mut self) -> u64 {
        let book = &self.book;
        let now_ms = book.now_ms();
        let due = self.slots.values_mut().filter(|slot| slot.is_due(now_ms));
        futures_util::stream::iter(due)
            .for_each_concurrent(SIDE_BY_SIDE, |slot| slot.look(book))
            .await;
        let mut still_there = Vec::new();
        for name in std::mem::take(&mut self.gone) {
            if let Err(error) = forget(book, &name).await {
                tracing::warn!(%error, schedule = %name, "a schedule's rules can't be forgotten yet");
                still_there.push(name);
            }
        }
        self.gone = still_there;
        let next_ms = self.slots.values().map(Slot::next_look_ms).min();
        next_ms.unwrap_or(u64::MAX)
    }

    fn look_at_all(&mut self) {
        for slot in self.slots.values_mut() {
            slot.look_soon();
        }
    }

    /// Makes a slot for each schedule that is switched on.
    fn take_over(&mut self) {
        let set = self.book.set();
        let mut slots = BTreeMap::new();
        for (name, schedule) in set.iter() {
            match self.slots.remove(name) {
                _ if !schedule.enabled => self.gone.push(name.clone()),
                Some(slot) => {
                    slots.insert(name.clone(), slot.with(Arc::clone(schedule)));
                }
                None => {
                    slots.insert(name.clone(), Slot::new(Arc::clone(schedule)));
                }
            }
        }
        let before = std::mem::replace(&mut self.slots, slots);
        self.gone.extend(before.into_keys());
        self.gone.retain(|name| !self.slots.contains_key(name));
    }
}
