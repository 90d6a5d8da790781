//! Writing a batch: a column an array, a table a statement, one transaction.

use std::collections::HashSet;
use std::sync::LazyLock;

use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::Postgres;
use crate::batch::{Batch, EventRow, int};
use crate::error::Result;
use crate::schema::{ADD_TOTALS, NEWER_JOB};
use crate::totals::WorkerDays;

const INSERT_EVENTS: &str = "INSERT INTO job_events (job_id, version, n, at_ms, kind, state, \
     previous_state, status, task_id, task_type, worker, attempt, failure, details) \
     SELECT c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13::jsonb, c14::jsonb \
     FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], \
     $7::text[], $8::text[], $9::uuid[], $10::text[], $11::text[], $12::bigint[], $13::text[], \
     $14::text[]) AS e (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14) \
     ON CONFLICT DO NOTHING RETURNING job_id, version, n";

static UPSERT_JOBS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "INSERT INTO jobs (id, client, blueprint, blueprint_version, status, state, \
         created_at_ms, updated_at_ms, ended_at_ms, parent, version, failure) \
         SELECT c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12::jsonb \
         FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], \
         $7::bigint[], $8::bigint[], $9::bigint[], $10::uuid[], $11::bigint[], $12::text[]) \
         AS e (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12) {NEWER_JOB}"
    )
});

const INSERT_LABELS: &str = "INSERT INTO job_labels (job_id, key, value, client, created_at_ms) \
     SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[]) \
     AS e (c1, c2, c3, c4, c5) ON CONFLICT DO NOTHING";

static ADD_WORKERS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "INSERT INTO worker_days (worker, day, finished, failed, lost) \
         SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) \
         AS e (c1, c2, c3, c4, c5) {ADD_TOTALS}"
    )
});

type Statement = Query<'static, sqlx::Postgres, PgArguments>;

impl Postgres {
    /// Writes a batch, in one transaction. Rows that are there already stay as they are.
    pub(crate) async fn write(&self, batch: &Batch<'_>) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        let db = &mut *transaction;
        let totals = insert_events(db, &batch.events).await?;
        upsert_jobs(batch).execute(&mut *db).await?;
        if !batch.labels.is_empty() {
            insert_labels(batch).execute(&mut *db).await?;
        }
        add_totals(&totals).execute(&mut *db).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// One column of rows.
fn column<R, T>(rows: &[R], get: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(get).collect()
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// Inserts what is new and answers what it adds to the totals: events that had been written before
/// the process died have been counted then.
async fn insert_events(db: &mut PgConnection, rows: &[EventRow<'_>]) -> Result<WorkerDays> {
    let inserted = sqlx::query(INSERT_EVENTS)
        .bind(column(rows, |row| row.job_id))
        .bind(column(rows, |row| row.version))
        .bind(column(rows, |row| row.n))
        .bind(column(rows, |row| row.at_ms))
        .bind(column(rows, |row| row.kind.as_str()))
        .bind(column(rows, |row| row.state.to_string()))
        .bind(column(rows, |row| owned(row.previous_state.as_deref())))
        .bind(column(rows, |row| row.status))
        .bind(column(rows, |row| row.task_id))
        .bind(column(rows, |row| owned(row.task_type.as_deref())))
        .bind(column(rows, |row| owned(row.worker.as_deref())))
        .bind(column(rows, |row| row.attempt))
        .bind(column(rows, |row| row.failure.clone()))
        .bind(column(rows, |row| row.details.clone()))
        .fetch_all(db)
        .await?;
    if inserted.len() == rows.len() {
        return Ok(Batch::totals(rows.iter()));
    }
    let mut new: HashSet<(Uuid, i64, i64)> = HashSet::new();
    for row in inserted {
        new.insert((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    }
    Ok(Batch::totals(
        rows.iter().filter(|row| new.contains(&row.key())),
    ))
}

fn upsert_jobs(batch: &Batch<'_>) -> Statement {
    let rows = &batch.jobs;
    sqlx::query(AssertSqlSafe(UPSERT_JOBS.clone()))
        .bind(column(rows, |row| row.id))
        .bind(column(rows, |row| row.client.to_string()))
        .bind(column(rows, |row| row.blueprint.to_string()))
        .bind(column(rows, |row| row.blueprint_version.to_string()))
        .bind(column(rows, |row| row.status))
        .bind(column(rows, |row| row.state.to_string()))
        .bind(column(rows, |row| row.created_at_ms))
        .bind(column(rows, |row| row.updated_at_ms))
        .bind(column(rows, |row| row.ended_at_ms))
        .bind(column(rows, |row| row.parent))
        .bind(column(rows, |row| row.version))
        .bind(column(rows, |row| row.failure.clone()))
}

fn insert_labels(batch: &Batch<'_>) -> Statement {
    let rows = &batch.labels;
    sqlx::query(INSERT_LABELS)
        .bind(column(rows, |row| row.job_id))
        .bind(column(rows, |row| row.key.to_string()))
        .bind(column(rows, |row| row.value.to_string()))
        .bind(column(rows, |row| row.client.to_string()))
        .bind(column(rows, |row| row.created_at_ms))
}

fn add_totals(totals: &WorkerDays) -> Statement {
    let rows: Vec<_> = totals.rows().collect();
    sqlx::query(AssertSqlSafe(ADD_WORKERS.clone()))
        .bind(column(&rows, |(worker, _, _)| (*worker).to_owned()))
        .bind(column(&rows, |(_, day, _)| *day))
        .bind(column(&rows, |(_, _, totals)| int(totals.finished)))
        .bind(column(&rows, |(_, _, totals)| int(totals.failed)))
        .bind(column(&rows, |(_, _, totals)| int(totals.lost)))
}
