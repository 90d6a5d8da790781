//! Deleting jobs that ended long ago.

use avtomatika_protocol::JobId;
use redb::ReadableTable;

use super::write::Tables;
use super::{Shared, codec};

/// Deletes at most `max` jobs that ended before `before_ms`. Answers how many.
pub(super) fn purge(
    shared: &Shared,
    tables: &mut Tables<'_>,
    before_ms: u64,
    max: usize,
) -> Result<usize, redb::Error> {
    let old: Vec<(u64, u128)> = tables
        .ended
        .range(..(before_ms, u128::MIN))?
        .take(max)
        .map(|row| row.map(|(key, _)| key.value()))
        .collect::<Result<_, _>>()?;
    for (ended_ms, id) in &old {
        tables.ended.remove((*ended_ms, *id))?;
        let job = tables
            .jobs
            .remove(*id)?
            .and_then(|row| codec::job(row.value()).ok());
        shared.jobs.remove(JobId(uuid::Uuid::from_u128(*id)));
        let Some(job) = job else { continue };
        tables.by_client.remove((job.owner().as_str(), *id))?;
        if let Some(key) = &job.idempotency_key {
            tables.keys.remove((job.owner().as_str(), key.as_str()))?;
        }
    }
    Ok(old.len())
}
