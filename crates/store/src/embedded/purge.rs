//! Deleting jobs that ended long ago.

use avtomatika_protocol::JobId;

use super::codec;
use super::tables::Tables;

/// What a clean-up has deleted.
#[derive(Clone, Debug, Default)]
pub(super) struct Purged {
    pub(super) jobs: Vec<JobId>,
    /// What their records took; the file can use that space again.
    pub(super) bytes: u64,
}

fn job_id(number: u128) -> JobId {
    JobId(uuid::Uuid::from_u128(number))
}

/// Deletes at most `max` jobs that ended before `before_ms`.
pub(super) fn purge(
    tables: &mut Tables<'_>,
    before_ms: u64,
    max: usize,
) -> Result<Purged, redb::Error> {
    let old = tables.ended.first_below(&(before_ms, u128::MIN), max)?;
    let mut purged = Purged {
        jobs: old.iter().map(|(_, id)| job_id(*id)).collect(),
        bytes: 0,
    };
    for (ended_ms, id) in &old {
        tables.ended.remove((*ended_ms, *id));
        tables.quarantined.remove(*id);
        let job = tables.jobs.get(*id)?.and_then(|row| {
            purged.bytes += row.value().len() as u64;
            codec::job(row.value()).ok()
        });
        tables.jobs.remove(*id);
        let Some(job) = job else { continue };
        tables.by_client.remove((job.owner().as_str(), *id));
        if let Some(key) = &job.idempotency_key {
            tables.keys.remove((job.owner().as_str(), key.as_str()));
        }
    }
    Ok(purged)
}
