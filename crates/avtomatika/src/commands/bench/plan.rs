//! How much is measured.

use std::time::Duration;

use crate::args::BenchArgs;

/// Sizes and durations of a run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) name: &'static str,
    /// How long a round of a case takes.
    pub(super) round: Duration,
    /// How often a case is measured, in turn with the others.
    pub(super) rounds: usize,
    /// How long the Python system is measured, once for each case.
    pub(super) peer_round: Duration,
    /// In how many at once.
    pub(super) sweep: Vec<usize>,
    /// Jobs in the queue of the two servers that are compared.
    pub(super) queued: [usize; 2],
    /// Polls parked at the two servers that are compared.
    pub(super) parked: [usize; 2],
    /// Jobs that are alive when memory is measured.
    pub(super) live: usize,
    /// How often a server is started.
    pub(super) starts: usize,
}

/// Sizes the bounds are set for.
pub(super) const QUEUED: usize = 1_000_000;
pub(super) const PARKED: usize = 10_000;
pub(super) const LIVE: usize = 100_000;
/// In flight where jobs a second are compared.
pub(super) const BUSY: usize = 64;

impl Plan {
    pub(super) fn of(args: &BenchArgs) -> Self {
        let base = if args.full {
            Self::full()
        } else if args.quick {
            Self::quick()
        } else {
            Self::usual()
        };
        let seconds = args.seconds.map(Duration::from_secs);
        let mut plan = Self {
            round: seconds.unwrap_or(base.round),
            ..base
        };
        if !args.concurrency.is_empty() {
            plan.sweep.clone_from(&args.concurrency);
        }
        plan
    }

    fn quick() -> Self {
        Self {
            name: "quick",
            round: Duration::from_secs(2),
            rounds: 2,
            peer_round: Duration::from_secs(4),
            sweep: vec![1, BUSY, 256],
            queued: [1_000, 20_000],
            parked: [16, 1_000],
            live: 20_000,
            starts: 3,
        }
    }

    fn usual() -> Self {
        Self {
            name: "usual",
            round: Duration::from_secs(3),
            rounds: 3,
            peer_round: Duration::from_secs(8),
            sweep: vec![1, 16, BUSY, 256],
            queued: [1_000, LIVE],
            parked: [16, PARKED],
            live: LIVE,
            starts: 5,
        }
    }

    fn full() -> Self {
        Self {
            name: "full",
            queued: [1_000, QUEUED],
            rounds: 5,
            ..Self::usual()
        }
    }
}
