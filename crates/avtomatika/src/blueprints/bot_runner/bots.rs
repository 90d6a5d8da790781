//! A user's bots: what is wanted, where it is placed, who changes it now.

use std::collections::BTreeMap;

use avtomatika_engine::HandlerError;
use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_protocol::bot::{BotState, Verb};
use avtomatika_protocol::{JobId, WorkerId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The form the document is written in.
const FORMAT: u32 = 1;

/// All bots of one user: one document, so that counting and reserving is one write.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct UserBots {
    format: u32,
    /// By name.
    pub(super) bots: BTreeMap<String, Bot>,
}

/// One bot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Bot {
    /// What is wanted of it.
    pub(super) desired: Desired,
    /// How it was when a job last dealt with it.
    pub(super) state: BotState,
    /// The version that runs, or would be started again; none before the first start succeeded.
    pub(super) spec_version: Option<u64>,
    /// The highest version number given out.
    pub(super) last_version: u64,
    /// The versions whose documents exist, ascending.
    pub(super) versions: Vec<u64>,
    /// The worker it runs on.
    pub(super) worker: Option<WorkerId>,
    /// Workers that may still run it though they should not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pending_stop: Vec<WorkerId>,
    /// When its container was started, as the worker said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) started_at: Option<String>,
    /// The job that changes it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) busy: Option<Busy>,
    /// When it last changed, milliseconds since the Unix epoch.
    pub(super) updated_at_ms: u64,
}

/// What is wanted of a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Desired {
    Running,
    Stopped,
}

/// A job that changes a bot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Busy {
    pub(super) job: JobId,
    /// The action, for people who read the document.
    pub(super) action: String,
    /// When the marker stops counting, should the job have vanished, milliseconds since the
    /// Unix epoch.
    pub(super) until_ms: u64,
    /// The version it brings in.
    pub(super) version: Option<u64>,
    /// Whether that version was made by this job, and goes if the job fails.
    pub(super) fresh: bool,
    /// Workers it has asked to stop the bot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) asked: Vec<WorkerId>,
    /// How things stood before the job.
    pub(super) before: Before,
}

/// How a bot stood before a job began to change it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Before {
    pub(super) desired: Desired,
    pub(super) state: BotState,
    pub(super) worker: Option<WorkerId>,
}

impl UserBots {
    /// Where a user's bots are kept.
    pub(super) fn key(user: &str) -> DocumentKey {
        DocumentKey::new("bots", user)
    }

    /// Reads the document; a user without one has no bots.
    pub(super) fn read(value: Option<&Value>) -> Result<Self, HandlerError> {
        let Some(value) = value else {
            return Ok(Self {
                format: FORMAT,
                bots: BTreeMap::new(),
            });
        };
        let bots: Self = serde_json::from_value(value.clone())
            .map_err(|error| HandlerError(format!("failed to read the user's bots: {error}")))?;
        if bots.format == FORMAT {
            Ok(bots)
        } else {
            Err(HandlerError(format!(
                "the user's bots were written in form {}, this server reads form {FORMAT}",
                bots.format
            )))
        }
    }

    pub(super) fn to_value(&self) -> Result<Value, HandlerError> {
        serde_json::to_value(self)
            .map_err(|error| HandlerError(format!("failed to write the user's bots: {error}")))
    }

    /// Names of the bots that count against the quota.
    pub(super) fn counted(&self, now_ms: u64) -> Vec<String> {
        let counts = self.bots.iter().filter(|(_, bot)| bot.counts(now_ms));
        counts.map(|(name, _)| name.clone()).collect()
    }
}

impl Bot {
    /// A bot nobody has heard of.
    pub(super) fn new(now_ms: u64) -> Self {
        Self {
            desired: Desired::Stopped,
            state: BotState::Stopped,
            spec_version: None,
            last_version: 0,
            versions: Vec::new(),
            worker: None,
            pending_stop: Vec::new(),
            started_at: None,
            busy: None,
            updated_at_ms: now_ms,
        }
    }

    /// Whether it counts against the quota: it is wanted running, or about to be stopped but not
    /// yet stopped. A first start whose job vanished does not count.
    pub(super) fn counts(&self, now_ms: u64) -> bool {
        match (self.desired, self.changed_by(now_ms)) {
            (Desired::Running, None) => self.spec_version.is_some() || self.worker.is_some(),
            (Desired::Running, Some(_)) => true,
            (Desired::Stopped, None) => false,
            (Desired::Stopped, Some(busy)) => busy.before.desired == Desired::Running,
        }
    }

    /// The worker it runs on, while it is wanted running there.
    pub(super) fn runs_on(&self) -> Option<&WorkerId> {
        let running = self.desired == Desired::Running;
        self.worker.as_ref().filter(|_| running)
    }

    /// The marker of the job that changes it now.
    pub(super) fn changed_by(&self, now_ms: u64) -> Option<&Busy> {
        self.busy.as_ref().filter(|busy| busy.until_ms > now_ms)
    }

    /// Marks it as being changed. Takes over from a job that vanished.
    pub(super) fn begin(
        &mut self,
        job: JobId,
        verb: Verb,
        now_ms: u64,
        until_ms: u64,
    ) -> &mut Busy {
        if !self.counts(now_ms) {
            self.desired = Desired::Stopped;
        }
        self.busy.insert(Busy {
            job,
            action: verb.as_str().to_owned(),
            until_ms,
            version: None,
            fresh: false,
            asked: Vec::new(),
            before: Before {
                desired: self.desired,
                state: self.state,
                worker: self.worker.clone(),
            },
        })
    }

    /// Puts back what stood before the job.
    pub(super) fn restore(&mut self, before: Before) {
        self.desired = before.desired;
        self.state = before.state;
        self.worker = before.worker;
    }

    /// Notes that these workers may still run it.
    pub(super) fn suspect(&mut self, workers: &[WorkerId]) {
        for worker in workers {
            if self.worker.as_ref() != Some(worker) && !self.pending_stop.contains(worker) {
                self.pending_stop.push(worker.clone());
            }
        }
    }

    /// Notes that a worker does not run it as something to be stopped.
    pub(super) fn clear(&mut self, worker: Option<&WorkerId>) {
        self.pending_stop.retain(|pending| Some(pending) != worker);
    }

    /// A worker that may still run it and has not been asked by the present job.
    pub(super) fn to_be_asked(&self) -> Option<WorkerId> {
        let asked = self.busy.as_ref().map(|busy| busy.asked.as_slice());
        let mut pending = self.pending_stop.iter();
        pending
            .find(|worker| !asked.unwrap_or_default().contains(worker))
            .cloned()
    }

    /// Whether nothing of it is left to remember.
    pub(super) fn is_blank(&self) -> bool {
        self.desired == Desired::Stopped && self.versions.is_empty() && self.pending_stop.is_empty()
    }
}
