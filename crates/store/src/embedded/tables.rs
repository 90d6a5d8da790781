//! The tables. Ids are stored as big numbers: UUIDv7 sorts by time that way too.

use redb::TableDefinition as Table;

/// The version of this layout. A file of another version is refused.
pub(super) const FORMAT: u64 = 2;

/// Job → version (8 bytes, little-endian), then the job in MessagePack.
pub(super) const JOBS: Table<'_, u128, &[u8]> = Table::new("jobs");
/// Client and job, to list a client's jobs.
pub(super) const BY_CLIENT: Table<'_, (&str, u128), ()> = Table::new("jobs_by_client");
/// Jobs that have not ended → their client, and when they go on by themselves (0: they don't).
pub(super) const LIVE: Table<'_, u128, (&str, u64)> = Table::new("live_jobs");
/// When a job ended, and which, to delete old ones.
pub(super) const ENDED: Table<'_, (u64, u128), ()> = Table::new("ended_jobs");
/// Client and idempotency key → job.
pub(super) const KEYS: Table<'_, (&str, &str), u128> = Table::new("idempotency_keys");
/// Task → the task in MessagePack.
pub(super) const TASKS: Table<'_, u128, &[u8]> = Table::new("tasks");
/// Task → its queue entry in MessagePack.
pub(super) const QUEUE: Table<'_, u128, &[u8]> = Table::new("queue");
/// Collection and key → version (8 bytes, little-endian), then the value in JSON.
pub(super) const DOCUMENTS: Table<'_, (&str, &str), &[u8]> = Table::new("documents");
/// Jobs that are quarantined → their client.
pub(super) const QUARANTINED: Table<'_, u128, &str> = Table::new("quarantined_jobs");
/// Counter → what has been spent.
pub(super) const COUNTERS: Table<'_, &str, u64> = Table::new("counters");
/// Number → what one commit told of its jobs, in MessagePack.
pub(super) const OUTBOX: Table<'_, u64, &[u8]> = Table::new("outbox");
/// Worker → its registration in MessagePack.
pub(super) const WORKERS: Table<'_, &str, &[u8]> = Table::new("workers");
/// Facts about the file.
pub(super) const META: Table<'_, &str, u64> = Table::new("meta");
