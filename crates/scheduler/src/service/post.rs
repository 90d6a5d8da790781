//! Posting the jobs of decided runs.

use avtomatika_engine::names;
use metrics::counter;

use super::book::Book;
use crate::port::{PortError, Posted, Posting};
use crate::record::{Last, Record, Refused, Run};
use crate::schedule::{Overlap, Schedule};

/// Whether a job of an earlier run has not ended.
pub(super) async fn is_busy(
    book: &Book,
    schedule: &Schedule,
    record: &Record,
) -> Result<bool, PortError> {
    // The newest is the likeliest.
    for job in record.jobs.iter().rev() {
        let status = book.port.status(&schedule.client, *job).await?;
        if status.is_some_and(|status| !status.is_terminal()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Posts the jobs of the runs that were decided, and writes down which they are.
///
/// Whoever finds the runs in the record posts them: the keys make one job of it. So a crash
/// before the record is written, or two orchestrators here at once, do no harm.
pub(super) async fn fire(
    book: &Book,
    schedule: &Schedule,
    version: u64,
    record: &mut Record,
) -> Result<(), PortError> {
    if schedule.overlap == Overlap::Cancel {
        for job in &record.jobs {
            book.port.cancel(&schedule.client, *job).await?;
        }
    }
    let before = record.clone();
    let mut stopped = Ok(());
    for run in before.firing.clone() {
        match post(book, schedule, run, &run.at_ms.to_string()).await {
            Ok(posted) => record.ran(Last {
                at_ms: run.at_ms,
                fired_at_ms: book.now_ms(),
                job: posted.job,
                how: run.how,
            }),
            Err(error) if error.is_final() => refuse(book, schedule, record, run, &error),
            Err(error) => {
                stopped = Err(error);
                break;
            }
        }
    }
    if *record != before {
        book.write(&schedule.name, version, record).await?;
    }
    stopped
}

/// Posts the job of a run under the key of its instant.
pub(super) async fn post(
    book: &Book,
    schedule: &Schedule,
    run: Run,
    key: &str,
) -> Result<Posted, PortError> {
    let posting = Posting {
        blueprint: schedule.blueprint.clone(),
        client: schedule.client.clone(),
        schedule: schedule.name.clone(),
        input: schedule.input.clone(),
        labels: schedule.job_labels(),
        key: format!("schedule:{}:{key}", schedule.name),
    };
    let posted = book.port.post(posting).await?;
    if !posted.repeated {
        let (name, how) = (schedule.name.clone(), run.how.as_str());
        tracing::info!(schedule = %name, job = %posted.job, how, "a schedule has posted a job");
        counter!(names::SCHEDULE_FIRED, "schedule" => name, "how" => how).increment(1);
    }
    Ok(posted)
}

fn refuse(book: &Book, schedule: &Schedule, record: &mut Record, run: Run, error: &PortError) {
    tracing::error!(%error, schedule = %schedule.name, "the job of a schedule was refused");
    counter!(names::SCHEDULE_ERRORS, "kind" => "refused").increment(1);
    record.firing.retain(|other| other.at_ms != run.at_ms);
    record.refused = Some(Refused {
        at_ms: run.at_ms,
        tried_at_ms: book.now_ms(),
        reason: error.to_string(),
    });
}
