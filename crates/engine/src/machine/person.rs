//! What people do to a job.

use avtomatika_protocol::JobStatus;
use avtomatika_protocol::job::Decision;
use serde_json::json;

use super::step::{Note, Step};
use super::{Choice, Env, Ignored, Wait};
use crate::blueprint::{Blueprint, State, TIMEOUT};
use crate::history::EventKind;

/// A person has decided. Whether they may was checked by the caller.
pub(super) fn decided(
    step: &mut Step,
    choice: Choice,
    blueprint: &Blueprint,
    env: &Env<'_>,
) -> Result<(), Ignored> {
    let Some(Wait::Approval(approval)) = step.job.wait.take().map(|wait| *wait) else {
        return Err(Ignored::NoApproval);
    };
    if choice
        .token_digest
        .is_some_and(|given| given != approval.token_digest)
    {
        return Err(Ignored::WrongToken);
    }
    let state = approval.transitions.get(&choice.decision);
    let Some(state) = state.filter(|_| choice.decision != TIMEOUT) else {
        return Err(Ignored::UnknownDecision);
    };
    step.note(Note {
        details: Some(json!({"decision": choice.decision, "by": choice.by})),
        ..Note::of(EventKind::ApprovalDecided)
    });
    step.job.decisions.push(Decision {
        state: step.job.state.clone(),
        decision: choice.decision,
        by: choice.by,
        comment: choice.comment,
        at_ms: env.now_ms,
    });
    step.helped();
    step.job.timer_at_ms = None;
    step.enter(state, blueprint, env);
    Ok(())
}

/// A person wants a quarantined job to go on: the step that failed is done once more. The job it
/// ran for has gone on without it.
pub(super) fn released(
    step: &mut Step,
    blueprint: &Blueprint,
    env: &Env<'_>,
) -> Result<(), Ignored> {
    let has_handler = matches!(blueprint.state(&step.job.state), Some(State::Work(_)));
    if step.job.status != JobStatus::Quarantined || !has_handler {
        return Err(Ignored::NotQuarantined);
    }
    step.note(Note::of(EventKind::JobReleased));
    step.job.retry_count = 0;
    step.helped();
    step.job.failure = None;
    step.job.parent = None;
    step.run_handler(blueprint, env);
    Ok(())
}

/// A person gives a quarantined job up.
pub(super) fn discarded(step: &mut Step) -> Result<(), Ignored> {
    if step.job.status != JobStatus::Quarantined {
        return Err(Ignored::NotQuarantined);
    }
    step.note(Note::of(EventKind::JobDiscarded));
    step.job.status = JobStatus::Cancelled;
    Ok(())
}
