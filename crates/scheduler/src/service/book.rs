//! What the scheduler and its handles share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use avtomatika_engine::clock::Clock;
use parking_lot::RwLock;
use tokio::sync::Notify;

use super::view::FileView;
use crate::file::Problem;
use crate::port::{Port, PortError};
use crate::record::{FORMAT, Record};
use crate::schedule::Schedule;

/// The schedules by name.
pub(super) type Set = BTreeMap<String, Arc<Schedule>>;

/// What the scheduler and its handles share.
pub(super) struct Book {
    pub(super) port: Arc<dyn Port>,
    pub(super) clock: Arc<dyn Clock>,
    /// Held for a moment only.
    page: RwLock<Page>,
    /// Told when a handle has changed a record.
    pub(super) changed: Notify,
}

struct Page {
    set: Arc<Set>,
    file: FileView,
}

impl Book {
    pub(super) fn new(
        port: Arc<dyn Port>,
        clock: Arc<dyn Clock>,
        schedules: Vec<Schedule>,
        path: Option<PathBuf>,
    ) -> Self {
        let file = FileView {
            path,
            loaded_at_ms: clock.now_ms(),
            problems: Vec::new(),
        };
        let set = Arc::new(by_name(schedules));
        Self {
            port,
            clock,
            page: RwLock::new(Page { set, file }),
            changed: Notify::new(),
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    pub(super) fn set(&self) -> Arc<Set> {
        Arc::clone(&self.page.read().set)
    }

    pub(super) fn file(&self) -> FileView {
        self.page.read().file.clone()
    }

    pub(super) fn replace(&self, schedules: Vec<Schedule>) {
        let now_ms = self.now_ms();
        let mut page = self.page.write();
        page.set = Arc::new(by_name(schedules));
        page.file.loaded_at_ms = now_ms;
        page.file.problems.clear();
    }

    pub(super) fn complain(&self, problems: Vec<Problem>) {
        self.page.write().file.problems = problems;
    }

    /// Reads a schedule's record and its version.
    pub(super) async fn read(&self, name: &str) -> Result<(u64, Record), PortError> {
        let Some(stored) = self.port.read(name).await? else {
            return Ok((0, Record::new()));
        };
        let record: Record = serde_json::from_value(stored.value)
            .map_err(|error| PortError::Refused(format!("its record can't be read: {error}")))?;
        if record.format > FORMAT {
            let format = record.format;
            let message =
                format!("its record has the format {format}, newer than ours, which is {FORMAT}");
            return Err(PortError::Refused(message));
        }
        Ok((stored.version, record))
    }

    /// Writes a schedule's record over the version it was read with.
    pub(super) async fn write(
        &self,
        name: &str,
        from_version: u64,
        record: &Record,
    ) -> Result<(), PortError> {
        let value = serde_json::to_value(record)
            .map_err(|error| PortError::Refused(format!("its record can't be written: {error}")))?;
        self.port.write(name, from_version, value).await
    }
}

fn by_name(schedules: Vec<Schedule>) -> Set {
    let named = schedules
        .into_iter()
        .map(|schedule| (schedule.name.clone(), Arc::new(schedule)));
    named.collect()
}
