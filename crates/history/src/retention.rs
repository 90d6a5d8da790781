//! Forgetting what is old.
//!
//! Little by little: each transaction takes few enough jobs that whoever writes meanwhile hardly
//! waits, and as long a pause follows it as it took.

use std::time::{Duration, Instant};

use avtomatika_engine::names;
use avtomatika_protocol::JobStatus;
use tokio_util::sync::CancellationToken;

use crate::backend::{Backend, Sql};
use crate::batch::int;
use crate::cursor::JobKey;
use crate::error::Result;
use crate::history::History;
use crate::totals::DAY_MS;

/// Jobs of one transaction at the most.
const JOBS_MAX: i64 = 200;
/// Events of one transaction, about.
const EVENTS_MAX: i64 = 5_000;
/// How often old jobs are looked for.
const EVERY: Duration = Duration::from_secs(3_600);
/// How long after the start they are looked for first.
const FIRST: Duration = Duration::from_secs(60);

/// What a pass deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Jobs, with all their events and labels.
    pub jobs: u64,
    /// Pieces of the past of jobs that live on.
    pub trimmed: u64,
}

impl History {
    /// Deletes what is older than `keep`, each hour, until `shutdown`.
    pub async fn keep_for(&self, keep: Duration, shutdown: CancellationToken) {
        let mut pause = FIRST;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => return,
            }
            pause = EVERY;
            let before_ms =
                now_ms().saturating_sub(u64::try_from(keep.as_millis()).unwrap_or(u64::MAX));
            tokio::select! {
                done = self.prune(before_ms) => match done {
                    Ok(pruned) if pruned != Pruned::default() => {
                        tracing::info!(jobs = pruned.jobs, "old jobs were deleted from the history");
                    }
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "old jobs could not be deleted from the history"),
                },
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Deletes the jobs that ended before a time, and the events before it of jobs that live on.
    ///
    /// # Errors
    /// When the database failed; what has been deleted until then stays deleted.
    pub async fn prune(&self, before_ms: u64) -> Result<Pruned> {
        let backend = self.backend().await?;
        let before_ms = int(before_ms);
        let mut pruned = Pruned::default();
        for status in JobStatus::ALL {
            if status.is_terminal() {
                pruned.jobs += backend.prune_ended(status.as_str(), before_ms).await?;
            } else {
                pruned.trimmed += backend.trim_living(status.as_str(), before_ms).await?;
            }
        }
        let mut days = Sql::new("DELETE FROM worker_days WHERE day < ");
        days.int(before_ms / DAY_MS);
        backend.execute_all(vec![days]).await?;
        backend.give_space_back().await?;
        Ok(pruned)
    }
}

impl Backend {
    async fn prune_ended(&self, status: &str, before_ms: i64) -> Result<u64> {
        let mut deleted = 0;
        let mut after = START;
        loop {
            let began = Instant::now();
            let jobs = self
                .rows(older(status, before_ms, after, " AND ended_at_ms < "), key)
                .await?;
            let Some(last) = jobs.last() else {
                return Ok(deleted);
            };
            after = *last;
            if self.events_of(&jobs).await? > EVENTS_MAX {
                for job in &jobs {
                    self.trim(*job, i64::MAX).await?;
                }
            }
            let from = |table: &str, column: &str| {
                let mut sql = Sql::new(&format!("DELETE FROM {table} WHERE {column}"));
                one_of(&mut sql, &jobs);
                sql
            };
            self.execute_all(vec![
                from("job_events", "job_id"),
                from("job_labels", "job_id"),
                from("jobs", "id"),
            ])
            .await?;
            deleted += jobs.len() as u64;
            metrics::counter!(names::HISTORY_DELETED).increment(jobs.len() as u64);
            tokio::time::sleep(began.elapsed()).await;
        }
    }

    async fn trim_living(&self, status: &str, before_ms: i64) -> Result<u64> {
        let mut trimmed = 0;
        let mut after = START;
        loop {
            let jobs = self
                .rows(
                    older(status, before_ms, after, " AND created_at_ms < "),
                    key,
                )
                .await?;
            let Some(last) = jobs.last() else {
                return Ok(trimmed);
            };
            after = *last;
            for job in jobs {
                trimmed += self.trim(job, before_ms).await?;
            }
        }
    }

    /// Deletes a job's events from before a time, piece by piece. Answers how many pieces there were.
    async fn trim(&self, job: JobKey, before_ms: i64) -> Result<u64> {
        let mut trimmed = 0;
        while let Some(version) = self.old_version(job, before_ms).await? {
            let began = Instant::now();
            let mut sql = Sql::new("DELETE FROM job_events WHERE job_id = ");
            sql.id(job.id).push(" AND version <= ").int(version);
            self.execute_all(vec![sql]).await?;
            trimmed += 1;
            tokio::time::sleep(began.elapsed()).await;
        }
        Ok(trimmed)
    }

    /// How many events these jobs have, counted only as far as it matters.
    async fn events_of(&self, jobs: &[JobKey]) -> Result<i64> {
        let mut sql = Sql::new("SELECT COUNT(*) FROM (SELECT 1 FROM job_events WHERE job_id");
        one_of(&mut sql, jobs);
        sql.push(" LIMIT ").int(EVENTS_MAX + 1).push(") AS e");
        let rows = self.rows(sql, |row| row.int(0)).await?;
        Ok(rows.first().copied().unwrap_or(0))
    }

    /// The version up to which a living job's events are old, or as far as one transaction goes.
    async fn old_version(&self, job: JobKey, before_ms: i64) -> Result<Option<i64>> {
        let mut sql =
            Sql::new("SELECT MAX(version) FROM (SELECT version FROM job_events WHERE job_id = ");
        sql.id(job.id).push(" AND at_ms < ").int(before_ms);
        sql.push(" ORDER BY version, n LIMIT ").int(EVENTS_MAX);
        sql.push(") AS e");
        let rows = self.rows(sql, |row| row.maybe_int(0)).await?;
        Ok(rows.into_iter().flatten().next())
    }
}

/// `IN (…)`.
fn one_of(sql: &mut Sql, jobs: &[JobKey]) {
    sql.push(" IN (");
    for (n, job) in jobs.iter().enumerate() {
        sql.push(if n > 0 { ", " } else { "" }).id(job.id);
    }
    sql.push(")");
}

const START: JobKey = JobKey {
    created_at_ms: -1,
    id: uuid::Uuid::nil(),
};

/// The oldest jobs of a status behind `after`, for which `age` is before that time, too.
fn older(status: &str, before_ms: i64, after: JobKey, age: &str) -> Sql {
    let mut sql = Sql::new(&format!(
        "SELECT created_at_ms, id FROM jobs WHERE status = '{status}' AND (created_at_ms, id) > ("
    ));
    sql.int(after.created_at_ms).push(", ").id(after.id);
    sql.push(") AND created_at_ms < ").int(before_ms);
    sql.push(age).int(before_ms);
    sql.push(" ORDER BY created_at_ms, id LIMIT ").int(JOBS_MAX);
    sql
}

fn key(row: &dyn crate::backend::Columns) -> Result<JobKey> {
    Ok(JobKey {
        created_at_ms: row.int(0)?,
        id: row.id(1)?,
    })
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
