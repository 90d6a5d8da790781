//! What workers say they are doing.

use std::collections::HashMap;

use crate::lock::Mutex;
use avtomatika_protocol::JobId;
use avtomatika_protocol::job::Phase;

/// Phases kept of one task.
const PHASES_MAX: usize = 64;
/// Characters kept of a phase or message.
const TEXT_MAX: usize = 500;

/// The progress of running tasks, by job.
#[derive(Default)]
pub(super) struct ProgressBoard(Mutex<HashMap<JobId, Progress>>);

/// How far one job's task has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub(super) fraction: Option<f64>,
    pub(super) message: Option<String>,
    pub(super) phases: Vec<Phase>,
    /// How often something was said.
    pub(super) said: u64,
}

impl ProgressBoard {
    /// Notes what a worker said. Words of a phase already entered update it.
    pub(super) fn note(
        &self,
        job: JobId,
        fraction: Option<f64>,
        message: Option<&str>,
        phase: Option<&str>,
        now_ms: u64,
    ) {
        let mut board = self.0.lock();
        let progress = board.entry(job).or_default();
        progress.said += 1;
        if let Some(fraction) = fraction.filter(|value| value.is_finite()) {
            progress.fraction = Some(fraction.clamp(0.0, 1.0));
        }
        let message = message.map(clip);
        if let Some(phase) = phase.map(clip) {
            let words = message.clone().unwrap_or_default();
            let room = progress.phases.len() < PHASES_MAX;
            match progress.phases.last_mut() {
                Some(last) if last.phase == phase => last.message = words,
                _ if room => progress.phases.push(Phase {
                    phase,
                    message: words,
                    at_ms: now_ms,
                }),
                _ => {}
            }
        }
        if message.is_some() {
            progress.message = message;
        }
    }

    pub(super) fn get(&self, job: JobId) -> Option<Progress> {
        self.0.lock().get(&job).cloned()
    }

    pub(super) fn forget(&self, job: JobId) {
        self.0.lock().remove(&job);
    }
}

fn clip(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}
