//! What people do to jobs: decide, signal, release, discard, run again.

use std::sync::Arc;

use avtomatika_protocol::job::JobView;
use avtomatika_protocol::{ClientId, Failure, JobId};
use serde_json::Value;

use super::drive::Origin;
use super::engine::Engine;
use super::error::EngineError;
use super::submit::{Allowance, Submitted, exhausted};
use super::view::{PAGE_BYTES, view_bytes};
use crate::blueprint::{Client, State};
use crate::machine::{Choice, Event, Ignored, Job, Signal, Wait, digest};

/// Who decides.
#[derive(Clone, Debug)]
pub enum Authority<'a> {
    /// The client whose job it is.
    Client(&'a ClientId),
    /// Whoever holds the token the question was posted with.
    Token(&'a str),
}

/// A person's decision.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What was decided.
    pub decision: String,
    /// Who decided, as they say; the client's name if they say nothing.
    pub by: Option<String>,
    /// What they have to say.
    pub comment: Option<String>,
}

impl Engine {
    /// Takes a person's decision. Durable when it returns; a token is good for one.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`], [`EngineError::WrongToken`], or [`EngineError::Ignored`] if the
    /// job does not ask, or not for that.
    pub async fn decide(
        &self,
        job: JobId,
        authority: Authority<'_>,
        verdict: Verdict,
    ) -> Result<Arc<Job>, EngineError> {
        let (default_name, token_digest) = match authority {
            Authority::Client(client) => {
                self.owned(Some(client), job).await?;
                (client.as_str().to_owned(), None)
            }
            Authority::Token(token) => {
                self.check_token(job, token).await?;
                ("token".to_owned(), Some(digest(token)))
            }
        };
        let choice = Choice {
            decision: verdict.decision,
            by: verdict.by.unwrap_or(default_name),
            comment: verdict.comment,
            token_digest,
        };
        let origin = Origin::Stored(job);
        match self.0.drive(origin, Event::Decided(choice)).await {
            // Another one has used it in between, and the job asks something else now.
            Err(EngineError::Ignored(Ignored::WrongToken)) => Err(EngineError::WrongToken),
            other => other,
        }
    }

    /// Checks a token against the question the job asks now. Whoever holds none learns nothing of
    /// the job.
    async fn check_token(&self, job: JobId, token: &str) -> Result<(), EngineError> {
        let job = self.0.store.job(job).await?;
        let wait = job.as_ref().and_then(|job| job.wait.as_deref());
        let Some(Wait::Approval(approval)) = wait else {
            return Err(EngineError::WrongToken);
        };
        // blake3's hashes compare in constant time.
        let kept = blake3::Hash::from_hex(&approval.token_digest);
        let given = blake3::Hash::from_hex(digest(token));
        match (kept, given) {
            (Ok(kept), Ok(given)) if kept == given => Ok(()),
            _ => Err(EngineError::WrongToken),
        }
    }

    /// Tells a job of this client that something has happened. If it doesn't wait for it yet, it
    /// is kept.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`], or [`EngineError::Ignored`] if the job has ended or keeps too
    /// many already.
    pub async fn signal(
        &self,
        client: &ClientId,
        job: JobId,
        name: &str,
        payload: Value,
    ) -> Result<Arc<Job>, EngineError> {
        self.owned(Some(client), job).await?;
        let signal = Signal {
            name: name.to_owned(),
            payload,
        };
        let origin = Origin::Stored(job);
        self.0.drive(origin, Event::Signalled(signal)).await
    }

    /// Has a quarantined job do the step that failed once more. Without a client: whoever asks
    /// may do so with any job.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`], or [`EngineError::Ignored`] if it is not quarantined.
    pub async fn release(
        &self,
        client: Option<&ClientId>,
        job: JobId,
    ) -> Result<Arc<Job>, EngineError> {
        self.owned(client, job).await?;
        let origin = Origin::Stored(job);
        self.0.drive(origin, Event::Released).await
    }

    /// Gives a quarantined job up: it counts as cancelled.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`], or [`EngineError::Ignored`] if it is not quarantined.
    pub async fn discard(
        &self,
        client: Option<&ClientId>,
        job: JobId,
    ) -> Result<Arc<Job>, EngineError> {
        self.owned(client, job).await?;
        let origin = Origin::Stored(job);
        self.0.drive(origin, Event::Discarded).await
    }

    /// Makes a new job that repeats one that has ended, from one of its states (the one it ended
    /// in, if that has a handler, else the first) with the data it had. It walks through the newest
    /// version of the blueprint: what is run again has usually been mended.
    ///
    /// It is a new job as any other, of the client as it is now: `allowance` says what it counts
    /// against.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`], [`EngineError::NotEnded`], [`EngineError::UnknownState`] if
    /// the blueprint has no such working state, or that the client may make no more jobs.
    pub async fn rerun(
        &self,
        client: &Arc<Client>,
        job: JobId,
        state: Option<&str>,
        allowance: Allowance,
    ) -> Result<Submitted, EngineError> {
        let inner = &self.0;
        if self.is_draining() {
            return Err(EngineError::Draining);
        }
        let old = self.owned(Some(&client.id), job).await?;
        if !old.status.is_terminal() {
            return Err(EngineError::NotEnded);
        }
        // What the client was trusted with then it may not be trusted with now.
        if old.client.trusted && !client.trusted {
            let text = "the job was posted by a client that could act for other users";
            let failure = Failure::new("FOREIGN_USER_ID", text)
                .hint("post it again, in the name of the client's own user");
            return Err(EngineError::Refused(Box::new(failure)));
        }
        let _admitted = inner.admit(&client.id, allowance.jobs_live_max).await?;
        let blueprint = inner.blueprint_for(&old.blueprint, None).await?;
        let is_working = |name: &str| matches!(blueprint.state(name), Some(State::Work(_)));
        let state = match state {
            Some(state) if is_working(state) => state,
            Some(state) => return Err(EngineError::UnknownState(state.to_owned())),
            None if is_working(&old.state) && blueprint.ends_as(&old.state).is_none() => &old.state,
            None => &blueprint.start,
        };
        let now_ms = self.now_ms();
        let id = inner.entropy.job_id(now_ms);
        let input = old.input.as_ref().clone();
        let mut new = Job::new(id, &blueprint, Arc::clone(client), input, now_ms);
        state.clone_into(&mut new.state);
        new.data.clone_from(&old.data);
        new.branches.clone_from(&old.branches);
        new.child.clone_from(&old.child);
        new.last_task.clone_from(&old.last_task);
        new.labels = Arc::clone(&old.labels);
        new.webhook.clone_from(&old.webhook);
        new.rerun_of = Some(old.id);
        let origin = Origin::New(Arc::new(new), allowance.spend);
        let made = inner.drive(origin, Event::Submitted).await;
        made.map_err(exhausted)?;
        Ok(Submitted {
            job: id,
            repeated: false,
        })
    }

    /// The quarantined jobs of a client, or of all, newest first.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn quarantined(
        &self,
        client: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<JobId>, EngineError> {
        Ok(self.0.store.quarantined(client, limit).await?)
    }

    /// The same, with what the jobs look like and whose they are. Ends early once it holds
    /// [`PAGE_BYTES`](super::PAGE_BYTES) of bodies.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn quarantined_jobs(
        &self,
        client: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<(ClientId, JobView)>, EngineError> {
        let (mut jobs, mut bytes) = (Vec::new(), 0);
        for id in self.quarantined(client, limit).await? {
            // One that was released or purged in the meantime is none any more.
            let Some(job) = self.0.store.job(id).await? else {
                continue;
            };
            let view = self.0.view(&job).await?;
            bytes += view_bytes(&view);
            jobs.push((job.owner().clone(), view));
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        Ok(jobs)
    }
}

/// Why a decision was not taken, for those who answer in HTTP.
impl EngineError {
    /// Whether the job does not ask for a decision.
    pub fn is_no_approval(&self) -> bool {
        matches!(self, Self::Ignored(Ignored::NoApproval | Ignored::JobEnded))
    }
}
