//! What is measured, one kind of figure a file.

pub(super) mod beside;
pub(super) mod footprint;
pub(super) mod parked;
pub(super) mod peers;
pub(super) mod queued;
pub(super) mod sync;
pub(super) mod throughput;

use std::path::PathBuf;
use std::time::Duration;

use super::figures::Figures;
use super::plan::Plan;
use super::report::{Bound, Check, Footprint, Row, System, Trouble};

/// A run that is going on.
pub(super) struct Bench {
    pub(super) plan: Plan,
    /// Where stores are made.
    pub(super) dir: PathBuf,
    pub(super) rows: Vec<Row>,
    pub(super) footprints: Vec<Footprint>,
    pub(super) checks: Vec<Check>,
    pub(super) troubles: Vec<Trouble>,
}

/// A figure and its bound, as the cases hand them in.
pub(super) struct Found<'a> {
    pub(super) id: &'a str,
    pub(super) what: String,
    pub(super) value: f64,
    pub(super) unit: &'a str,
    pub(super) bound: Option<Bound>,
    pub(super) beside: String,
}

impl Bench {
    /// Says what comes now.
    #[expect(
        clippy::print_stderr,
        reason = "a bench takes minutes; people want to see it move"
    )]
    pub(super) fn say(&self, text: &str) {
        eprintln!("  {text}");
    }

    /// Takes a part's outcome: one that failed is reported with the figures of the others.
    pub(super) fn note(&mut self, what: &str, ours: bool, outcome: anyhow::Result<()>) {
        if let Err(error) = outcome {
            let error = format!("{error:#}");
            self.say(&format!("failed: {what}: {error}"));
            self.troubles.push(Trouble {
                what: what.to_owned(),
                error,
                ours,
            });
        }
    }

    /// Keeps the median of a case's rounds.
    pub(super) fn row(
        &mut self,
        system: System,
        case: &str,
        in_flight: usize,
        rounds: &[Figures],
    ) -> Figures {
        self.row_of(system, case, in_flight, 1, self.plan.round, rounds)
    }

    /// Keeps the median of a case's rounds of this length.
    pub(super) fn row_of(
        &mut self,
        system: System,
        case: &str,
        in_flight: usize,
        batch: usize,
        round: Duration,
        rounds: &[Figures],
    ) -> Figures {
        let figures = Figures::median(rounds);
        self.rows.push(Row {
            system,
            case: case.to_owned(),
            in_flight,
            batch,
            rounds: rounds.len(),
            seconds: round.as_secs_f64(),
            figures: figures.clone(),
        });
        figures
    }

    pub(super) fn check(&mut self, found: Found<'_>) {
        self.checks.push(Check {
            id: found.id.to_owned(),
            what: found.what,
            value: found.value,
            unit: found.unit.to_owned(),
            bound: found.bound,
            more_is_better: matches!(found.unit, "jobs/s" | "×"),
            others: Vec::new(),
            beside: found.beside,
        });
    }

    /// A case's figures, if it was measured.
    pub(super) fn figures(&self, system: System, case: &str, in_flight: usize) -> Option<&Figures> {
        let row = self
            .rows
            .iter()
            .find(|row| row.system == system && row.case == case && row.in_flight == in_flight);
        row.map(|row| &row.figures)
    }

    /// A folder for one server's store.
    pub(super) fn store(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}
