//! What a run came to, as it is kept in `docs/benchmarks.json`.

use serde::{Deserialize, Serialize};

use super::figures::Figures;
use super::machine::Machine;

/// One run of the bench.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    /// When it was taken, RFC 3339.
    pub(super) taken_at: String,
    /// The command that took it.
    pub(super) command: String,
    /// How long it took, seconds.
    pub(super) took_s: u64,
    pub(super) machine: Machine,
    /// What every figure of ours is measured with.
    pub(super) setting: String,
    pub(super) rows: Vec<Row>,
    /// Starts and memory of those beside us.
    #[serde(default)]
    pub(super) footprints: Vec<Footprint>,
    pub(super) checks: Vec<Check>,
    /// What could not be measured.
    #[serde(default)]
    pub(super) troubles: Vec<Trouble>,
}

/// A server before anything is asked of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Footprint {
    pub(super) system: System,
    /// From the start of the process to its first answer, milliseconds.
    pub(super) start_ms: f64,
    /// Resident memory of its processes then, MB.
    pub(super) idle_mb: f64,
}

/// A part of the run that came to nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Trouble {
    pub(super) what: String,
    pub(super) error: String,
    /// Whether it is a part of our own system.
    pub(super) ours: bool,
}

/// A system under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum System {
    /// The disk alone.
    Disk,
    /// A bare server of the same framework.
    Floor,
    /// Ours, on the embedded store.
    Ours,
    /// Ours, with the seed era's Python worker.
    OursSeedWorker,
    /// The Python system on its memory storage.
    PythonMemory,
    /// The Python system on Redis.
    PythonRedis,
    /// The seed era's Python system on its memory storage.
    SeedMemory,
    /// The seed era's Python system on Redis.
    SeedRedis,
}

impl System {
    /// Its name, for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Disk => "the disk alone",
            Self::Floor => "bare server",
            Self::Ours => "Avtomatika",
            Self::OursSeedWorker => "Avtomatika, Python worker 1.0b3",
            Self::PythonMemory => "Python 1.0b30, memory",
            Self::PythonRedis => "Python 1.0b30, Redis",
            Self::SeedMemory => "Python 1.0b6, memory",
            Self::SeedRedis => "Python 1.0b6, Redis",
        }
    }
}

/// One case of one system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) system: System,
    /// What was done; stable, for programs.
    pub(super) case: String,
    /// Jobs or requests in flight at once; 0 where arrivals are steady.
    pub(super) in_flight: usize,
    /// Results and tasks a worker's request carries at most.
    pub(super) batch: usize,
    /// How often it was measured; the figures are medians.
    pub(super) rounds: usize,
    /// How long each round took, seconds.
    pub(super) seconds: f64,
    pub(super) figures: Figures,
}

/// A figure, and what it must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Check {
    /// Stable, for programs.
    pub(super) id: String,
    /// What it says, for people.
    pub(super) what: String,
    pub(super) value: f64,
    pub(super) unit: String,
    /// What it must reach; `None` for a figure nobody set a bound for, or that was taken at a
    /// smaller size than the bound is for.
    pub(super) bound: Option<Bound>,
    /// Whether more of it is better.
    #[serde(default)]
    pub(super) more_is_better: bool,
    /// The same figure of others, in the same unit.
    #[serde(default)]
    pub(super) others: Vec<Other>,
    /// What stands beside it.
    pub(super) beside: String,
}

/// A figure of another system.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Other {
    pub(super) system: System,
    pub(super) value: f64,
}

/// What a figure must reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Check {
    /// Whether the figure reaches its bound, if it has one.
    pub(super) fn met(&self) -> Option<bool> {
        self.bound.map(|bound| match bound {
            Bound::AtLeast(least) => self.value >= least,
            Bound::AtMost(most) => self.value <= most,
        })
    }

    /// The figure of another system, and how many times better ours is: below 1 it is worse.
    pub(super) fn beside(&self, system: System) -> Option<(f64, f64)> {
        let other = self.others.iter().find(|other| other.system == system)?;
        let (ours, theirs) = (self.value, other.value);
        let times = if self.more_is_better {
            ours / theirs
        } else {
            theirs / ours
        };
        times.is_finite().then_some((theirs, times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept_or_not() {
        let mut check = Check {
            id: "x".into(),
            what: String::new(),
            value: 2.0,
            unit: String::new(),
            bound: Some(Bound::AtLeast(2.0)),
            more_is_better: true,
            others: vec![Other {
                system: System::Floor,
                value: 4.0,
            }],
            beside: String::new(),
        };
        assert_eq!(check.beside(System::Floor), Some((4.0, 0.5)));
        assert_eq!(check.beside(System::PythonMemory), None);
        assert_eq!(check.met(), Some(true));
        check.bound = Some(Bound::AtMost(1.9));
        check.more_is_better = false;
        assert_eq!(check.beside(System::Floor), Some((4.0, 2.0)));
        assert_eq!(check.met(), Some(false));
        check.bound = None;
        assert_eq!(check.met(), None);
    }
}
