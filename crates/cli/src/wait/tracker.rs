//! From one look at a job to the next: which phases began and which are over. Pure.

use avtomatika_protocol::JobStatus;
use avtomatika_protocol::job::{JobView, Phase};
use serde_json::Value;

/// The phase in which the runner goes back to the version before.
const ROLL_BACK: &str = "roll_back";

/// Something that happened to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The worker entered a phase.
    Began {
        /// Its key.
        phase: String,
        /// The worker's words.
        message: String,
    },
    /// The worker left a phase.
    Ended {
        /// Its key.
        phase: String,
        /// The worker's words.
        message: String,
        /// How long it took by the server's clock, milliseconds.
        took_ms: u64,
        /// Whether it did what it should.
        well: bool,
    },
}

/// Remembers what was seen of a job.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    /// Phases seen so far, those of one key in a row merged.
    phases: Vec<Phase>,
    /// How many of them were told to be over.
    ended: usize,
    /// How many of them were told to have begun.
    began: usize,
    /// What else a person can see moving.
    seen: Option<(JobStatus, String, usize)>,
}

impl Tracker {
    /// Takes a look at the job; answers what happened since the last one.
    pub fn look(&mut self, view: &JobView) -> Vec<Step> {
        let merged = merge(&view.phases);
        // The phases of a finished job may be gone; those of a second attempt start over.
        if !merged.is_empty() {
            let same_start = self.phases.first().map(|phase| phase.at_ms)
                == merged.first().map(|phase| phase.at_ms);
            if !same_start {
                (self.ended, self.began) = (0, 0);
            }
            self.phases = merged;
        }
        let over = view.status.is_terminal();
        let well = view.status == JobStatus::Completed;
        let mut steps = Vec::new();
        for (index, phase) in self.phases.iter().enumerate().skip(self.ended) {
            let next = self.phases.get(index + 1);
            let Some(until_ms) = next
                .map(|next| next.at_ms)
                .or(over.then_some(view.updated_at_ms))
            else {
                if self.began <= index {
                    self.began = index + 1;
                    let Phase { phase, message, .. } = phase.clone();
                    steps.push(Step::Began { phase, message });
                }
                break;
            };
            self.ended = index + 1;
            let went_well = match next {
                // What made the runner go back to the old version is the step before that.
                Some(next) => next.phase != ROLL_BACK,
                None if phase.phase == ROLL_BACK => well || is_back(view),
                None => well,
            };
            steps.push(Step::Ended {
                phase: phase.phase.clone(),
                message: phase.message.clone(),
                took_ms: until_ms.saturating_sub(phase.at_ms),
                well: went_well,
            });
        }
        steps
    }

    /// Whether anything a person can see has changed since this was last asked.
    pub fn has_moved(&mut self, view: &JobView) -> bool {
        let now = (view.status, view.current_state.clone(), view.phases.len());
        self.seen.replace(now.clone()) != Some(now)
    }
}

/// Whether a failed update ended with the old version in its place.
fn is_back(view: &JobView) -> bool {
    let details = view
        .error
        .as_ref()
        .and_then(|error| error.more.get("details"));
    details.and_then(|details| details.get("rolled_back")) == Some(&Value::Bool(true))
}

/// Merges reports on the same phase in a row: it began with the first, the last words count.
fn merge(phases: &[Phase]) -> Vec<Phase> {
    let mut merged: Vec<Phase> = Vec::new();
    for phase in phases {
        match merged.last_mut() {
            Some(last) if last.phase == phase.phase => last.message.clone_from(&phase.message),
            _ => merged.push(phase.clone()),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view(status: &str, phases: &[(&str, &str, u64)], updated_at_ms: u64) -> JobView {
        let phases: Vec<_> = phases
            .iter()
            .map(|(phase, message, at)| json!({"phase": phase, "message": message, "at_ms": at}))
            .collect();
        serde_json::from_value(json!({
            "id": "01890000-0000-7000-8000-000000000000",
            "blueprint_name": "bot_runner", "current_state": status, "status": status,
            "initial_data": {}, "state_history": {}, "retry_count": 0, "phases": phases,
            "created_at_ms": 0, "updated_at_ms": updated_at_ms,
        }))
        .unwrap()
    }

    fn began(phase: &str) -> Step {
        Step::Began {
            phase: phase.to_owned(),
            message: String::new(),
        }
    }

    fn ended(phase: &str, message: &str, took_ms: u64, well: bool) -> Step {
        Step::Ended {
            phase: phase.to_owned(),
            message: message.to_owned(),
            took_ms,
            well,
        }
    }

    #[test]
    fn each_phase_is_told_once() {
        let mut tracker = Tracker::default();
        let one = [("prepare", "", 10)];
        let two = [
            ("prepare", "", 10),
            ("dependencies", "", 30),
            ("dependencies", "cached", 50),
        ];
        assert_eq!(tracker.look(&view("running", &one, 10)), [began("prepare")]);
        assert_eq!(tracker.look(&view("running", &one, 10)), []);
        assert_eq!(
            tracker.look(&view("running", &two, 50)),
            [
                ended("prepare", "", 20, true),
                Step::Began {
                    phase: "dependencies".into(),
                    message: "cached".into()
                }
            ]
        );
        // The finished job shows no phases any more: the open one ends with it.
        assert_eq!(
            tracker.look(&view("completed", &[], 90)),
            [ended("dependencies", "cached", 60, true)]
        );
        assert_eq!(tracker.look(&view("completed", &[], 90)), []);
    }

    #[test]
    fn the_last_phase_of_a_failed_job_did_not_go_well() {
        let steps =
            Tracker::default().look(&view("failed", &[("start", "", 10), ("gate", "", 20)], 25));
        assert_eq!(
            steps,
            [ended("start", "", 10, true), ended("gate", "", 5, false)]
        );
    }

    #[test]
    fn a_roll_back_that_went_well_blames_the_step_before_it() {
        let mut failed = view("failed", &[("gate", "", 10), ("roll_back", "", 20)], 25);
        failed.error = serde_json::from_value(json!({"details": {"rolled_back": true}})).unwrap();
        assert_eq!(
            Tracker::default().look(&failed),
            [
                ended("gate", "", 10, false),
                ended("roll_back", "", 5, true)
            ]
        );
    }

    #[test]
    fn a_second_attempt_starts_over() {
        let mut tracker = Tracker::default();
        tracker.look(&view(
            "running",
            &[("prepare", "", 10), ("create", "", 20)],
            20,
        ));
        assert_eq!(
            tracker.look(&view("running", &[("prepare", "", 99)], 99)),
            [began("prepare")]
        );
    }

    #[test]
    fn movement_is_what_a_person_can_see() {
        let mut tracker = Tracker::default();
        assert!(tracker.has_moved(&view("pending", &[], 1)));
        assert!(!tracker.has_moved(&view("pending", &[], 2)));
        assert!(tracker.has_moved(&view("running", &[], 2)));
    }
}
