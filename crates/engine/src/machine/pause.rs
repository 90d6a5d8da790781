//! Waiting for a person, an event or a time, and the timer all waits share.

use avtomatika_protocol::{Failure, JobStatus};
use serde_json::json;

use super::step::{Note, Question, Step};
use super::{Approval, Env, Ignored, Signal, SignalWait, Wait, child, fork, returned};
use crate::blueprint::{AwaitApproval, Blueprint, HandlerError, RECEIVED, TIMEOUT, WaitEvent};
use crate::history::EventKind;

/// Events kept for later, of one job.
const MAILBOX_MAX: usize = 64;
/// A sleep this long is no hurry, whatever the loop guard counts, milliseconds.
const UNHURRIED_MS: u64 = 1_000;

/// Asks a person.
pub(super) fn ask(step: &mut Step, approval: AwaitApproval, env: &Env<'_>) {
    let decisions: Vec<String> = approval
        .transitions
        .keys()
        .filter(|decision| *decision != TIMEOUT)
        .cloned()
        .collect();
    if decisions.is_empty() && approval.timeout_ms.is_none() {
        let error = HandlerError("it asks for a decision, but there is none to make".to_owned());
        returned::failed(step, &error, env);
        return;
    }
    let token = env.draw.token();
    step.note(Note {
        details: Some(json!({"message": approval.message, "decisions": decisions})),
        ..Note::of(EventKind::ApprovalRequested)
    });
    rest(step, JobStatus::WaitingForHuman, approval.timeout_ms, env);
    step.job.wait = Some(Box::new(Wait::Approval(Approval {
        message: approval.message.clone(),
        transitions: approval.transitions,
        token_digest: digest(&token),
    })));
    step.ask = approval.notify_url.map(|url| Question {
        url,
        message: approval.message,
        decisions,
        token,
    });
}

/// What is kept of a token.
pub fn digest(token: &str) -> String {
    blake3::hash(token.as_bytes()).to_hex().to_string()
}

/// Waits for an event, unless it has come already.
pub(super) fn await_event(step: &mut Step, wait: WaitEvent, blueprint: &Blueprint, env: &Env<'_>) {
    let save_as = wait.save_as.unwrap_or_else(|| wait.name.clone());
    let waits = SignalWait {
        name: wait.name,
        transitions: wait.transitions,
        save_as,
    };
    let kept = step.job.mailbox.iter();
    if let Some(place) = kept.into_iter().position(|kept| kept.name == waits.name) {
        let signal = step.job.mailbox.remove(place);
        step.job.retry_count = 0;
        step.helped();
        receive(step, waits, signal, blueprint, env);
        return;
    }
    step.note(Note {
        details: Some(json!({"event": waits.name})),
        ..Note::of(EventKind::EventAwaited)
    });
    rest(step, JobStatus::WaitingForEvent, wait.timeout_ms, env);
    step.job.wait = Some(Box::new(Wait::Signal(waits)));
}

/// Sleeps.
pub(super) fn sleep(step: &mut Step, until_ms: u64, then: String, env: &Env<'_>) {
    step.note(Note {
        details: Some(json!({"until_ms": until_ms})),
        ..Note::of(EventKind::Sleeping)
    });
    let for_ms = until_ms.saturating_sub(env.now_ms);
    rest(step, JobStatus::Sleeping, Some(for_ms), env);
    step.job.wait = Some(Box::new(Wait::Sleep { then, for_ms }));
}

fn rest(step: &mut Step, status: JobStatus, limit_ms: Option<u64>, env: &Env<'_>) {
    step.job.retry_count = 0;
    step.job.phases.clear();
    step.job.status = status;
    step.job.waits_since_ms = Some(env.now_ms);
    step.job.timer_at_ms = limit_ms.map(|limit| env.now_ms.saturating_add(limit));
}

/// Something has happened elsewhere. If nobody waits for it, it is kept.
pub(super) fn signalled(
    step: &mut Step,
    signal: Signal,
    blueprint: &Blueprint,
    env: &Env<'_>,
) -> Result<(), Ignored> {
    match step.job.wait.take().map(|wait| *wait) {
        Some(Wait::Signal(wait)) if wait.name == signal.name => {
            step.helped();
            receive(step, wait, signal, blueprint, env);
        }
        other => {
            step.job.wait = other.map(Box::new);
            if step.job.mailbox.len() >= MAILBOX_MAX {
                return Err(Ignored::MailboxFull);
            }
            step.note(Note {
                details: Some(json!({"event": signal.name, "kept": true})),
                ..Note::of(EventKind::EventReceived)
            });
            step.job.mailbox.push(signal);
        }
    }
    Ok(())
}

fn receive(
    step: &mut Step,
    wait: SignalWait,
    signal: Signal,
    blueprint: &Blueprint,
    env: &Env<'_>,
) {
    step.note(Note {
        details: Some(json!({"event": signal.name})),
        ..Note::of(EventKind::EventReceived)
    });
    step.job.timer_at_ms = None;
    step.job.data.insert(wait.save_as, signal.payload);
    match wait.transitions.get(RECEIVED) {
        Some(state) => step.enter(state, blueprint, env),
        None => step.give_up_waiting(
            "UNHANDLED_STATUS",
            "the event came, and there is no transition 'received'",
        ),
    }
}

/// The job's timer has come up.
pub(super) fn timer_due(
    step: &mut Step,
    blueprint: &Blueprint,
    env: &Env<'_>,
) -> Result<(), Ignored> {
    let due_at_ms = step.job.timer_at_ms.filter(|at_ms| *at_ms <= env.now_ms);
    if due_at_ms.is_none() {
        return Err(Ignored::NotDue);
    }
    step.job.timer_at_ms = None;
    let wait = step.job.wait.take().map(|wait| *wait);
    if matches!(wait, Some(Wait::Sleep { .. })) {
        step.note(Note::of(EventKind::Woke));
    } else if wait.is_some() {
        step.note(Note {
            details: wait.as_ref().map(|wait| json!({"waited_for": wait.name()})),
            ..Note::of(EventKind::TimedOut)
        });
    }
    match wait {
        None if step.job.status == JobStatus::AwaitingRetry => step.run_handler(blueprint, env),
        None => return Err(Ignored::NotDue),
        Some(Wait::Sleep { then, for_ms }) => {
            if for_ms >= UNHURRIED_MS {
                step.helped();
            }
            step.enter(&then, blueprint, env);
        }
        Some(Wait::Fork(parallel)) => fork::timed_out(step, parallel, blueprint, env),
        Some(Wait::Child(sub_job)) => child::timed_out(step, sub_job, blueprint, env),
        Some(Wait::Approval(approval)) => match approval.transitions.get(TIMEOUT) {
            Some(state) => {
                step.job.failure = Some(Failure::new("APPROVAL_TIMEOUT", "nobody decided in time"));
                step.enter(state, blueprint, env);
            }
            None => step.give_up_waiting("APPROVAL_TIMEOUT", "nobody decided in time"),
        },
        Some(Wait::Signal(wait)) => match wait.transitions.get(TIMEOUT) {
            Some(state) => {
                let text = format!("the event '{}' did not come in time", wait.name);
                step.job.failure = Some(Failure::new("EVENT_TIMEOUT", text));
                step.enter(state, blueprint, env);
            }
            None => step.give_up_waiting(
                "EVENT_TIMEOUT",
                &format!("the event '{}' did not come in time", wait.name),
            ),
        },
    }
    Ok(())
}
