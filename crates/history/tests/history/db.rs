//! A fresh history for one test, on either database.

use std::sync::Arc;

use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_history::{History, Location};
use avtomatika_protocol::{ClientId, JobId, JobStatus};
use uuid::Uuid;

use crate::server;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A history and what it is kept in.
pub(crate) struct Db {
    pub(crate) history: History,
    pub(crate) location: Location,
    _dir: tempfile::TempDir,
}

impl Db {
    pub(crate) async fn new(kind: Kind) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let location = match kind {
            Kind::Sqlite => Location::file(dir.path().join("history.db")),
            Kind::Postgres => server::new_schema().await.parse().unwrap(),
        };
        let history = History::open(location.clone()).await.unwrap();
        Self {
            history,
            location,
            _dir: dir,
        }
    }

    pub(crate) async fn write(&self, events: &[HistoryEvent]) {
        self.history.write(events).await.unwrap();
    }
}

/// Makes the tests of a module twice, once for each database.
macro_rules! on_both {
    ($($(#[$meta:meta])* $name:ident)*) => {
        mod sqlite {
            $($(#[$meta])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
                super::$name(crate::db::Db::new(crate::db::Kind::Sqlite).await).await;
            })*
        }
        mod postgres {
            $($(#[$meta])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
                super::$name(crate::db::Db::new(crate::db::Kind::Postgres).await).await;
            })*
        }
    };
}
pub(crate) use on_both;

/// A job's id: made at that time, the number tells those of one time apart.
pub(crate) fn id(at_ms: u64, number: u64) -> JobId {
    let number = u128::from(number);
    JobId(Uuid::from_u128(
        (u128::from(at_ms) << 80) | (7 << 76) | (0b10 << 62) | number,
    ))
}

/// An event of a job that was created at `created_at_ms`.
pub(crate) fn event(
    job_id: JobId,
    created_at_ms: u64,
    version: u64,
    kind: EventKind,
) -> HistoryEvent {
    HistoryEvent {
        job_id,
        version,
        n: 0,
        at_ms: created_at_ms + version,
        kind,
        client: ClientId::from("alice"),
        blueprint: Arc::from("test_flow"),
        blueprint_version: Arc::from(""),
        state: "start".to_owned(),
        previous_state: None,
        status: JobStatus::Running,
        task_id: None,
        task_type: None,
        worker: None,
        attempt: None,
        parent: None,
        failure: None,
        details: None,
        created_at_ms,
        labels: None,
    }
}
