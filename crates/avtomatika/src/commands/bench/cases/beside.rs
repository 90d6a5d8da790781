//! What the bare server and the Python system come to where ours has a bound.

use super::Bench;
use crate::commands::bench::plan::BUSY;
use crate::commands::bench::report::{Other, System};

/// Those a figure of ours stands beside.
pub(in crate::commands::bench) const BESIDE: [System; 3] =
    [System::Floor, System::PythonMemory, System::PythonRedis];

/// What a reader wants to know first.
const FIRST: [&str; 5] = [
    "jobs_per_second",
    "half_load_p99",
    "jobs_of_floor",
    "batched_jobs_per_second",
    "idle_p50",
];

impl Bench {
    /// Puts the others' figures beside ours.
    pub(in crate::commands::bench) fn beside(&mut self) {
        let mut checks = std::mem::take(&mut self.checks);
        for check in &mut checks {
            let others = BESIDE.into_iter().filter_map(|system| {
                let value = self.other(&check.id, system)?;
                Some(Other { system, value })
            });
            check.others = others.collect();
        }
        let place = |id: &str| FIRST.iter().position(|first| *first == id);
        checks.sort_by_key(|check| place(&check.id).unwrap_or(FIRST.len()));
        self.checks = checks;
    }

    fn other(&self, id: &str, system: System) -> Option<f64> {
        let floor = system == System::Floor;
        let case = if floor { "requests" } else { "jobs" };
        // A job is three requests.
        let jobs = if floor { 3.0 } else { 1.0 };
        let footprint = || {
            let mut footprints = self.footprints.iter();
            footprints.find(|footprint| footprint.system == system)
        };
        match id {
            "jobs_per_second" | "batched_jobs_per_second" => {
                let figures = self.figures(system, case, BUSY)?;
                Some(figures.per_second / jobs)
            }
            "idle_p50" => Some(self.figures(system, case, 1)?.p50_ms),
            "half_load_p99" => Some(self.figures(system, "half_load", 0)?.p99_ms),
            "start_empty" => Some(footprint()?.start_ms),
            "memory_idle" => Some(footprint()?.idle_mb),
            _ => None,
        }
    }
}
