//! The handle.

use std::collections::BTreeMap;
use std::sync::Arc;

use avtomatika_engine::history::HistoryEvent;
use avtomatika_protocol::history::{JobEvent, JobSummary};
use avtomatika_protocol::{ClientId, JobId, WorkerId};
use tokio::sync::OnceCell;

use crate::backend::{Backend, Sql};
use crate::batch::{Batch, int};
use crate::cursor::{EventKey, ListDigest};
use crate::error::Result;
use crate::location::Location;
use crate::postgres::Postgres;
use crate::query::{ListQuery, Page};
use crate::rows::{self, EVENT_COLUMNS, SUMMARY_COLUMNS, unsigned};
use crate::sqlite::Sqlite;
use crate::totals::{DAY_MS, Totals};

/// The history of jobs. Cheap to clone: all clones share the connections.
#[derive(Clone)]
pub struct History(Arc<Inner>);

struct Inner {
    backend: Backend,
    location: Location,
    /// Set once the tables of a server are known to be up to date.
    prepared: OnceCell<()>,
}

/// A piece of a job's history, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// The events.
    pub events: Vec<JobEvent>,
    /// Where the next piece begins, if there is one.
    pub next: Option<String>,
}

impl History {
    /// The history at that place. Connects when it is first used.
    pub fn new(location: Location) -> Self {
        let backend = match &location {
            Location::Sqlite(path) => Backend::Sqlite(Sqlite::new(path)),
            Location::Postgres(options) => {
                Backend::Postgres(Postgres::new(options.as_ref().clone()))
            }
        };
        Self(Arc::new(Inner {
            backend,
            location,
            prepared: OnceCell::new(),
        }))
    }

    /// The history at that place, connected and up to date.
    ///
    /// # Errors
    /// When the database is away or its tables can't be brought up to date.
    pub async fn open(location: Location) -> Result<Self> {
        let history = Self::new(location);
        history.prepare().await?;
        Ok(history)
    }

    /// Connects, and brings the tables up to date.
    ///
    /// # Errors
    /// When the database is away, or its tables can't be brought up to date;
    /// [`Error::may_pass`](crate::Error::may_pass) tells what another try may mend.
    pub async fn prepare(&self) -> Result<()> {
        self.backend().await.map(|_| ())
    }

    /// Where it is, without a password.
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    pub(crate) async fn backend(&self) -> Result<&Backend> {
        let backend = &self.0.backend;
        match backend {
            // A file may be taken away at any time.
            Backend::Sqlite(sqlite) => sqlite.prepare().await?,
            Backend::Postgres(postgres) => {
                let prepared = self.0.prepared.get_or_try_init(|| postgres.prepare());
                prepared.await?;
            }
        }
        Ok(backend)
    }

    /// Writes events. Atomic, durable when it answers, and idempotent: events that are there
    /// already change nothing, whatever their order. A crash before the answer leaves all of them or
    /// none.
    ///
    /// # Errors
    /// When the database failed; then none has been written, or all have been and only the answer
    /// was lost.
    pub async fn write(&self, events: &[HistoryEvent]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        self.backend().await?.write(&Batch::of(events)).await
    }

    /// Lists jobs, newest first.
    ///
    /// # Errors
    /// When the cursor isn't one of this list, or the database failed.
    pub async fn list(&self, query: &ListQuery) -> Result<Page> {
        self.backend().await?.list(query).await
    }

    /// Reads what is known of a job, and whose it is.
    ///
    /// # Errors
    /// When the database failed.
    pub async fn job(&self, id: JobId) -> Result<Option<(ClientId, JobSummary)>> {
        let backend = self.backend().await?;
        let mut sql = Sql::new(&format!(
            "SELECT {SUMMARY_COLUMNS}, (SELECT {} FROM job_labels l WHERE l.job_id = j.id) \
             FROM jobs j WHERE j.id = ",
            backend.labels_as_json()
        ));
        sql.id(id.0);
        let rows = backend.rows(sql, rows::owned_summary).await?;
        Ok(rows.into_iter().next())
    }

    /// Reads a job's events, oldest first, from behind a cursor on.
    ///
    /// # Errors
    /// When the cursor isn't one of this job's, or the database failed.
    pub async fn events(&self, id: JobId, cursor: Option<&str>, limit: u32) -> Result<Events> {
        let digest = ListDigest::of([&id.as_bytes()[..]]);
        let after = match cursor {
            Some(token) => EventKey::read(token, digest)?,
            None => EventKey { version: -1, n: 0 },
        };
        let mut sql = Sql::new(&format!(
            "SELECT {EVENT_COLUMNS} FROM job_events WHERE job_id = "
        ));
        sql.id(id.0).push(" AND (version, n) > (");
        sql.int(after.version).push(", ").int(after.n);
        sql.push(") ORDER BY version, n LIMIT ");
        sql.int(i64::from(limit.max(1)) + 1);
        let mut events = self.backend().await?.rows(sql, rows::event).await?;
        let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
        let has_more = events.len() > limit;
        events.truncate(limit);
        let last = events.last().filter(|_| has_more);
        let next = last.map(|event| {
            let key = EventKey {
                version: int(event.version),
                n: i64::from(event.n),
            };
            key.token(digest)
        });
        Ok(Events { events, next })
    }

    /// How each worker's attempts went since a time, rounded down to its day.
    ///
    /// # Errors
    /// When the database failed.
    pub async fn worker_totals(&self, since_ms: u64) -> Result<BTreeMap<WorkerId, Totals>> {
        let mut sql = Sql::new(
            "SELECT worker, CAST(SUM(finished) AS BIGINT), CAST(SUM(failed) AS BIGINT), \
             CAST(SUM(lost) AS BIGINT) FROM worker_days WHERE day >= ",
        );
        sql.int(int(since_ms) / DAY_MS).push(" GROUP BY worker");
        let rows = self.backend().await?.rows(sql, |row| {
            let totals = Totals {
                finished: unsigned(row.int(1)?),
                failed: unsigned(row.int(2)?),
                lost: unsigned(row.int(3)?),
            };
            Ok((WorkerId(row.text(0)?), totals))
        });
        Ok(rows.await?.into_iter().collect())
    }

    /// Closes the connections, waiting for what is under way.
    pub async fn close(&self) {
        self.0.backend.close().await;
    }
}
