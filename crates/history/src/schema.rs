//! The tables and how they came to be, version by version. A version that has been published is
//! never changed: what follows is added.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// What has been done to a database is noted here.
const VERSIONS_TABLE: &str = "avtomatika_history_versions";

/// A job's row gives way to a newer version of it. A failure stays until the job completes, since
/// the commit that ends a failed job may be a later one than the commit that tells why.
pub(crate) const NEWER_JOB: &str = "ON CONFLICT (id) DO UPDATE SET \
     status = excluded.status, state = excluded.state, updated_at_ms = excluded.updated_at_ms, \
     blueprint_version = excluded.blueprint_version, version = excluded.version, \
     ended_at_ms = CASE WHEN excluded.ended_at_ms IS NULL THEN NULL \
       ELSE COALESCE(jobs.ended_at_ms, excluded.ended_at_ms) END, \
     failure = CASE WHEN excluded.status = 'completed' THEN NULL \
       ELSE COALESCE(excluded.failure, jobs.failure) END \
     WHERE excluded.version > jobs.version";

/// Totals grow.
pub(crate) const ADD_TOTALS: &str = "ON CONFLICT (worker, day) DO UPDATE SET \
     finished = worker_days.finished + excluded.finished, \
     failed = worker_days.failed + excluded.failed, lost = worker_days.lost + excluded.lost";

/// SQLite's versions.
pub(crate) fn sqlite() -> Migrator {
    migrator(&[("tables", include_str!("sqlite/schema.sql"))])
}

/// PostgreSQL's versions.
pub(crate) fn postgres() -> Migrator {
    migrator(&[("tables", include_str!("postgres/schema.sql"))])
}

fn migrator(versions: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = (1_i64..).zip(versions).map(|(version, (name, sql))| {
        Migration::new(
            version,
            Cow::Borrowed(name),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name(VERSIONS_TABLE);
    migrator
}
