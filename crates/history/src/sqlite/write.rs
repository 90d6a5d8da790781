//! Writing a batch: rows by the dozen in one statement, one transaction, one sync.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::Sqlite;
use crate::batch::{Batch, EventRow, JobRow, LabelRow};
use crate::error::Result;
use crate::totals::WorkerDays;

/// Rows of one statement at the most. A batch is cut into powers of two from here down, so that a
/// handful of statements, prepared once, serves batches of every size.
const ROWS_MAX: usize = 64;

type Statement<'q> = Query<'q, sqlx::Sqlite, SqliteArguments>;

/// A statement for each number of rows.
struct Statements(HashMap<usize, Arc<str>>);

impl Statements {
    /// `before VALUES (?, …), (?, …) after`.
    fn new(before: &str, columns: usize, after: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(", "));
        let sizes = (0..=ROWS_MAX.ilog2()).map(|power| 1_usize << power);
        Self(
            sizes
                .map(|rows| {
                    let values = vec![row.as_str(); rows].join(", ");
                    (rows, format!("{before} VALUES {values} {after}").into())
                })
                .collect(),
        )
    }

    /// The largest statement for at most that many rows, and its number of rows.
    fn fitting(&self, rows: usize) -> (usize, Statement<'static>) {
        let size = 1_usize << rows.clamp(1, ROWS_MAX).ilog2();
        let sql = self.0.get(&size).cloned().unwrap_or_default();
        (size, sqlx::query(AssertSqlSafe(sql)))
    }
}

const EVENTS: &str = "INSERT INTO job_events (job_id, version, n, at_ms, kind, state, \
     previous_state, status, task_id, task_type, worker, attempt, failure, details)";
static INSERT_EVENTS: LazyLock<Statements> =
    LazyLock::new(|| Statements::new(EVENTS, 14, "ON CONFLICT DO NOTHING"));
static INSERT_EVENTS_CAREFULLY: LazyLock<Statements> = LazyLock::new(|| {
    let after = "ON CONFLICT DO NOTHING RETURNING job_id, version, n";
    Statements::new(EVENTS, 14, after)
});
static UPSERT_JOBS: LazyLock<Statements> = LazyLock::new(|| {
    Statements::new(
        "INSERT INTO jobs (id, client, blueprint, blueprint_version, status, state, created_at_ms, \
         updated_at_ms, ended_at_ms, parent, version, failure)",
        12,
        crate::schema::NEWER_JOB,
    )
});
static INSERT_LABELS: LazyLock<Statements> = LazyLock::new(|| {
    Statements::new(
        "INSERT INTO job_labels (job_id, key, value, client, created_at_ms)",
        5,
        "ON CONFLICT DO NOTHING",
    )
});
static ADD_TOTALS: LazyLock<Statements> = LazyLock::new(|| {
    Statements::new(
        "INSERT INTO worker_days (worker, day, finished, failed, lost)",
        5,
        crate::schema::ADD_TOTALS,
    )
});

impl Sqlite {
    /// Writes a batch, in one transaction. Rows that are there already stay as they are.
    pub(crate) async fn write(&self, batch: &Batch<'_>) -> Result<()> {
        if self.try_write(batch, Mode::AllNew).await? {
            return Ok(());
        }
        // Some of it had been written before the process died: only what is new counts.
        self.try_write(batch, Mode::SomeKnown).await?;
        Ok(())
    }

    /// Answers `false`, having changed nothing, when not all events are new after all.
    async fn try_write(&self, batch: &Batch<'_>, mode: Mode) -> Result<bool> {
        let writer = self.pools().writer;
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        let db = &mut *transaction;
        let totals = match mode {
            Mode::AllNew => {
                if insert_events(db, &batch.events).await? < batch.events.len() as u64 {
                    transaction.rollback().await?;
                    return Ok(false);
                }
                Batch::totals(batch.events.iter())
            }
            Mode::SomeKnown => insert_events_carefully(db, &batch.events).await?,
        };
        in_pieces(db, &UPSERT_JOBS, &batch.jobs, bind_job).await?;
        in_pieces(db, &INSERT_LABELS, &batch.labels, bind_label).await?;
        let totals: Vec<_> = totals.rows().collect();
        in_pieces(db, &ADD_TOTALS, &totals, |query, (worker, day, totals)| {
            query
                .bind(worker.to_string())
                .bind(*day)
                .bind(crate::batch::int(totals.finished))
                .bind(crate::batch::int(totals.failed))
                .bind(crate::batch::int(totals.lost))
        })
        .await?;
        transaction.commit().await?;
        Ok(true)
    }
}

#[derive(Clone, Copy)]
enum Mode {
    /// Nothing of it has been written before, as is usual.
    AllNew,
    /// Ask of each event whether it is new.
    SomeKnown,
}

async fn insert_events(db: &mut SqliteConnection, events: &[EventRow<'_>]) -> Result<u64> {
    in_pieces(db, &INSERT_EVENTS, events, bind_event).await
}

async fn insert_events_carefully(
    db: &mut SqliteConnection,
    mut events: &[EventRow<'_>],
) -> Result<WorkerDays> {
    let mut days = WorkerDays::default();
    while !events.is_empty() {
        let (size, query) = INSERT_EVENTS_CAREFULLY.fitting(events.len());
        let (piece, rest) = events.split_at(size);
        let query = piece.iter().fold(query, bind_event);
        let mut new = std::collections::HashSet::new();
        for row in query.fetch_all(&mut *db).await? {
            let key: (Uuid, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            new.insert(key);
        }
        days.merge(&Batch::totals(
            piece.iter().filter(|event| new.contains(&event.key())),
        ));
        events = rest;
    }
    Ok(days)
}

/// Writes all rows; answers how many were.
async fn in_pieces<'r, T>(
    db: &mut SqliteConnection,
    statements: &Statements,
    mut rows: &'r [T],
    bind: impl Fn(Statement<'static>, &'r T) -> Statement<'static>,
) -> Result<u64> {
    let mut written = 0;
    while !rows.is_empty() {
        let (size, query) = statements.fitting(rows.len());
        let (piece, rest) = rows.split_at(size);
        let query = piece.iter().fold(query, &bind);
        written += query.execute(&mut *db).await?.rows_affected();
        rows = rest;
    }
    Ok(written)
}

fn bind_event(query: Statement<'static>, row: &EventRow<'_>) -> Statement<'static> {
    query
        .bind(row.job_id)
        .bind(row.version)
        .bind(row.n)
        .bind(row.at_ms)
        .bind(row.kind.as_str())
        .bind(row.state.to_string())
        .bind(row.previous_state.as_deref().map(str::to_owned))
        .bind(row.status)
        .bind(row.task_id)
        .bind(row.task_type.as_deref().map(str::to_owned))
        .bind(row.worker.as_deref().map(str::to_owned))
        .bind(row.attempt)
        .bind(row.failure.clone())
        .bind(row.details.clone())
}

fn bind_job(query: Statement<'static>, row: &JobRow<'_>) -> Statement<'static> {
    query
        .bind(row.id)
        .bind(row.client.to_string())
        .bind(row.blueprint.to_string())
        .bind(row.blueprint_version.to_string())
        .bind(row.status)
        .bind(row.state.to_string())
        .bind(row.created_at_ms)
        .bind(row.updated_at_ms)
        .bind(row.ended_at_ms)
        .bind(row.parent)
        .bind(row.version)
        .bind(row.failure.clone())
}

fn bind_label(query: Statement<'static>, row: &LabelRow<'_>) -> Statement<'static> {
    query
        .bind(row.job_id)
        .bind(row.key.to_string())
        .bind(row.value.to_string())
        .bind(row.client.to_string())
        .bind(row.created_at_ms)
}
