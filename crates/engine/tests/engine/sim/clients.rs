//! Those who post jobs, cancel them, decide for them, and send them events.

use std::sync::Arc;

use avtomatika_engine::machine::{Job, Wait};
use avtomatika_engine::service::{Authority, NewJob, Verdict};
use avtomatika_engine::storage::Spend;
use rand::Rng;

use super::world::{JOBS, World};
use crate::lab::Lab;

impl World {
    pub(super) async fn clients(&mut self) {
        if !self.unanswered.is_empty() && self.dice.random_range(0..5) == 0 {
            let place = self.dice.random_range(0..self.unanswered.len());
            let number = self.unanswered[place];
            let engine = self.lab.engine.clone();
            let input = self.inputs[number].clone();
            let new = NewJob {
                spend: Some(Spend {
                    counter: "sim".to_owned(),
                    limit: JOBS as u64,
                }),
                ..Lab::new_job(input, Some(&format!("job {number}")))
            };
            match self.send(async move { engine.submit(new).await }).await {
                Some(Ok(submitted)) => {
                    self.tally.conflicts_of_keys += u64::from(submitted.repeated);
                    self.accepted.insert(number, submitted.job);
                    self.unanswered.swap_remove(place);
                }
                Some(Err(_)) => self.tally.failed_commits += 1,
                None => {}
            }
        }
        if self.dice.random_range(0..3) == 0 {
            self.people().await;
        }
    }

    /// The jobs that have not ended, in an order that is the same in each run.
    fn live(&self) -> Vec<Arc<Job>> {
        let mut live = self.store.jobs();
        live.retain(|job| !job.status.is_terminal());
        live.sort_by_key(|job| job.id);
        live
    }

    fn one_of(&mut self, jobs: &[Arc<Job>]) -> Option<Arc<Job>> {
        if jobs.is_empty() {
            return None;
        }
        let place = self.dice.random_range(0..jobs.len());
        Some(Arc::clone(&jobs[place]))
    }

    async fn people(&mut self) {
        let live = self.live();
        if self.chance(3)
            && let Some(job) = self.one_of(&live)
        {
            let (engine, id) = (self.lab.engine.clone(), job.id);
            self.send(async move { engine.cancel(&"c".into(), id).await })
                .await;
        }
        let asks = |job: &Arc<Job>| matches!(job.wait.as_deref(), Some(Wait::Approval(_)));
        let asking: Vec<_> = live.iter().filter(|job| asks(job)).cloned().collect();
        if let Some(job) = self.one_of(&asking) {
            self.decide(&job).await;
            if self.chance(30) {
                self.decide(&job).await;
            }
            if self.chance(20) {
                self.late.push(job);
            }
        }
        if !self.late.is_empty() && self.dice.random_range(0..8) == 0 {
            let job = self.late.swap_remove(0);
            self.decide(&job).await;
        }
        // Events come when they come: before they are waited for, or never.
        let early = self.chance(10);
        let awaits = |job: &Arc<Job>| matches!(job.wait.as_deref(), Some(Wait::Signal(_)));
        let waiting: Vec<_> = live
            .iter()
            .filter(|job| early || awaits(job))
            .cloned()
            .collect();
        if let Some(job) = self.one_of(&waiting) {
            let (engine, id) = (self.lab.engine.clone(), job.id);
            self.tally.early_events += u64::from(!awaits(&job));
            let payload = serde_json::json!(self.dice.random_range(0..9));
            self.send(async move { engine.signal(&"c".into(), id, "go", payload).await })
                .await;
        }
    }

    async fn decide(&mut self, job: &Job) {
        let (engine, id) = (self.lab.engine.clone(), job.id);
        let decision = if self.chance(10) { "reject" } else { "approve" };
        let verdict = Verdict {
            decision: decision.to_owned(),
            by: None,
            comment: None,
        };
        let decide = async move {
            engine
                .decide(id, Authority::Client(&"c".into()), verdict)
                .await
        };
        match self.send(decide).await {
            Some(Ok(_)) => self.tally.decisions += 1,
            Some(Err(_)) => self.tally.decisions_refused += 1,
            None => {}
        }
    }
}
