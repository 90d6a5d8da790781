//! The core and the service around it, action by action: branches, sub-jobs, people, events and
//! times, quarantine and cancelling, placing of tasks, versions, spending, and what is told of all
//! that.

mod approvals;
mod branches;
mod cancels;
mod children;
mod deadlines;
mod ends;
mod kids;
mod kids_abreast;
mod pauses;
mod placing;
mod quarantine;
mod spending;
mod told;
mod versions;

use std::collections::BTreeMap;
use std::sync::Arc;

use avtomatika_engine::machine::Job;
use avtomatika_engine::service::Handout;
use avtomatika_engine::storage::QueueCounts;
use avtomatika_engine::{Action, Blueprint, Context, EndAs, HandlerError, Settings};
use avtomatika_protocol::worker::Outcome;
use avtomatika_protocol::{Failure, JobId};
use avtomatika_store::Memory;
use serde_json::{Map, Value, json};

use super::lab::{LEASE_MS, Lab};

/// A lab with these blueprints whose history is told.
pub(super) fn lab(blueprints: Vec<Blueprint>) -> Lab {
    lab_with(blueprints, |_| {})
}

pub(super) fn lab_with(blueprints: Vec<Blueprint>, change: impl FnOnce(&mut Settings)) -> Lab {
    Lab::of(Arc::new(Memory::new(LEASE_MS)), blueprints, |settings| {
        settings.history = true;
        change(settings);
    })
}

/// A blueprint that begins with `start`; every state in `tells` ends it with a result that says
/// which state it was and what the job has learnt: see [`tell`].
pub(super) fn telling(
    name: &str,
    tells: &[&str],
    start: impl Fn(&Context<'_>) -> Result<Action, HandlerError> + Send + Sync + 'static,
) -> Blueprint {
    let mut builder = Blueprint::builder(name)
        .start("start", start)
        .end("done", EndAs::Completed)
        .end("broken", EndAs::Failed);
    for state in tells {
        builder = builder.state(state, tell);
    }
    builder.build().unwrap()
}

/// Ends the job with what it has learnt.
pub(super) fn tell(context: &Context<'_>) -> Result<Action, HandlerError> {
    let branches: Map<String, Value> = context
        .branches
        .iter()
        .map(|branch| (branch.name.clone(), json!(branch.status)))
        .collect();
    let child = context
        .child
        .map(|child| json!([child.status, child.result]));
    let decision = context
        .decision
        .map(|decision| json!([decision.decision, decision.by, decision.comment]));
    let result = json!({
        "in": context.state, "branches": branches, "child": child, "decision": decision,
        "data": context.data,
    });
    Ok(Action::finish(EndAs::Completed, Some(result)))
}

/// A worker's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Did {
    Well,
    Partly,
    /// A business error.
    No,
    Transient,
    Permanent,
    Invalid,
    Cancelled,
}

impl Did {
    pub(super) fn outcome(self) -> Outcome {
        let failure = |code| Outcome::failure(&Failure::new(code, "no"));
        match self {
            Self::Well => Outcome::success(json!({"answer": 42})),
            Self::Partly => Outcome {
                status: Some("partly".to_owned()),
                ..Outcome::success(json!({}))
            },
            Self::No => failure("QUOTA_EXCEEDED"),
            Self::Transient => failure("TRANSIENT_ERROR"),
            Self::Permanent => failure("PERMANENT_ERROR"),
            Self::Invalid => failure("INVALID_INPUT_ERROR"),
            Self::Cancelled => Outcome::cancelled(),
        }
    }
}

/// Tasks in a worker's hands, by their parameter `n`.
pub(super) type Hands = BTreeMap<String, Handout>;

impl Lab {
    /// Everything there is for this worker now.
    pub(super) async fn take_all(&self, worker: &str) -> Hands {
        let mut hands = Hands::new();
        while let Some(handout) = self.take(worker).await {
            let params: Value = serde_json::from_str(handout.message.params.get()).unwrap();
            let name = params["n"].as_str().unwrap_or_default().to_owned();
            assert!(
                hands.insert(name, handout).is_none(),
                "two tasks of one name"
            );
        }
        hands
    }

    /// Answers; the result must be taken.
    pub(super) async fn did(&self, worker: &str, handout: &Handout, did: Did) {
        let reported = self.report(worker, handout, did.outcome()).await.unwrap();
        assert_eq!(reported.ignored, None, "{did:?}");
    }

    pub(super) async fn stored(&self, job: JobId) -> Arc<Job> {
        self.store.job(job).await.unwrap().unwrap()
    }

    /// The state a job told its end in, with its branches' statuses.
    pub(super) async fn told(&self, job: JobId) -> Option<Value> {
        let job = self.stored(job).await;
        assert!(job.status.is_terminal(), "it waits: {:?}", job.status);
        job.result.clone()
    }

    /// The code of a job's failure.
    pub(super) async fn code(&self, job: JobId) -> Option<String> {
        self.stored(job)
            .await
            .failure
            .clone()
            .and_then(|failure| failure.code)
    }

    /// Nothing is queued, leased or timed any more, and no job lives.
    pub(super) async fn assert_over(&self) {
        let QueueCounts { queued, leased } = self.store.counts();
        let tasks: u64 = queued.values().chain(leased.values()).sum();
        assert_eq!(tasks, 0, "{queued:?} {leased:?}");
        assert_eq!(self.store.live_jobs(), 0);
        assert_eq!(self.pass(10 * 24 * 3_600_000).await, 0, "a timer was left");
    }
}
