//! What the failure of an attempt means, whoever waits for its task.

use avtomatika_protocol::error::code;
use avtomatika_protocol::{Failure, JobStatus};

use super::{Env, Lost, Work};

/// What follows from a failed attempt.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// The task is tried again.
    Again {
        /// When, milliseconds since the Unix epoch.
        ready_at_ms: u64,
        /// What went wrong this time.
        failure: Failure,
    },
    /// The `failure` transition is taken; without one the job ends like this.
    Answer(Failure, JobStatus),
    /// The job ends like this, whatever its transitions are.
    Final(Failure, JobStatus),
}

/// Judges a failure a worker reported. `failures` counts it already.
pub(super) fn of_report(work: &Work, failures: u32, failure: Failure, env: &Env<'_>) -> Verdict {
    match failure.code.as_deref() {
        None | Some(code::TRANSIENT) => try_again(work, failures, failure, env, false),
        Some(code::PERMANENT) => {
            let message = format!("Task failed with permanent error: {}", failure.message);
            Verdict::Final(Failure { message, ..failure }, JobStatus::Quarantined)
        }
        Some(code::INVALID_INPUT) => {
            let message = format!("Task failed due to invalid input: {}", failure.message);
            Verdict::Final(Failure { message, ..failure }, JobStatus::Failed)
        }
        Some(_) => Verdict::Answer(failure, JobStatus::Failed),
    }
}

/// Judges the loss of an attempt. `failures` counts it already.
pub(super) fn of_loss(work: &Work, failures: u32, why: Lost, who: &str, env: &Env<'_>) -> Verdict {
    match why {
        Lost::LeaseExpired => {
            let failure = Failure::new("WORKER_LOST", format!("{who} showed no sign of life"));
            try_again(work, failures, failure, env, true)
        }
        Lost::ExecutionTimeout => {
            let failure = Failure::new(
                "EXECUTION_TIMEOUT",
                format!("the attempt at {who} ran too long"),
            );
            try_again(work, failures, failure, env, false)
        }
        Lost::DispatchTimeout => Verdict::Answer(
            Failure::new("DISPATCH_TIMEOUT", "no worker took the task in time")
                .hint("start a worker for this task type, or wait longer"),
            JobStatus::Failed,
        ),
        Lost::ResultTimeout => Verdict::Answer(
            Failure::new("RESULT_TIMEOUT", "the task brought no result in time")
                .hint("waiting and all attempts together took longer than its result time-out"),
            JobStatus::Failed,
        ),
    }
}

fn try_again(
    work: &Work,
    failures: u32,
    failure: Failure,
    env: &Env<'_>,
    at_once: bool,
) -> Verdict {
    if failures >= work.retry.max_attempts {
        let message = format!("Task failed after {failures} attempts: {}", failure.message);
        return Verdict::Answer(Failure { message, ..failure }, JobStatus::Quarantined);
    }
    let pause_ms = if at_once {
        0
    } else {
        work.retry.pause_ms(failures, env.jitter)
    };
    Verdict::Again {
        ready_at_ms: env.now_ms + pause_ms,
        failure,
    }
}
