//! Whether parked polls cost anything: two servers with few and with many of them, a job at a
//! time in turn, and what each parked poll takes in memory.

use std::sync::Arc;
use std::time::Duration;

use super::footprint::{each, mb};
use super::{Bench, Found};
use crate::commands::bench::child::Served;
use crate::commands::bench::completions::Completions;
use crate::commands::bench::figures::median;
use crate::commands::bench::load::Target;
use crate::commands::bench::plan::PARKED;
use crate::commands::bench::polls::Polls;
use crate::commands::bench::report::{Bound, System};

/// Between the last poll's parking and the look at memory.
const SETTLE: Duration = Duration::from_millis(500);

/// A server whose workers wait.
struct Waiting {
    server: Served,
    target: Target,
    polls: Polls,
    /// Bytes for each parked poll, its connection and its worker's registration included.
    each_bytes: f64,
}

impl Waiting {
    async fn start(bench: &Bench, name: &str, polls: usize) -> anyhow::Result<Self> {
        let server = Served::server(&bench.store(name)).await?;
        let completions = Arc::new(Completions::default());
        let target = Target::ours(server.addr, server.pid, Arc::clone(&completions));
        let before = server.resident_bytes()?;
        let waiting = Polls::park(server.addr, polls, completions).await?;
        tokio::time::sleep(SETTLE).await;
        let after = server.resident_bytes()?;
        Ok(Self {
            each_bytes: each(before, after, polls),
            server,
            target,
            polls: waiting,
        })
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.polls.stop().await?;
        self.server.kill().await
    }
}

impl Bench {
    /// Parks polls at two servers and compares how fast a job gets through.
    pub(in crate::commands::bench) async fn parked(&mut self) -> anyhow::Result<()> {
        let [few, many] = self.plan.parked;
        self.say(&format!(
            "a job at a time with {few} and with {many} polls parked"
        ));
        let small = Waiting::start(self, "parked-few", few).await?;
        let large = Waiting::start(self, "parked-many", many).await?;
        let mut rounds = [Vec::new(), Vec::new()];
        for _ in 0..self.plan.rounds {
            for (waiting, figures) in [&small, &large].into_iter().zip(&mut rounds) {
                figures.push(waiting.target.closed_loop(1, self.plan.round).await?);
            }
        }
        let each_bytes = large.each_bytes;
        let resident = large.server.resident_bytes()?;
        small.stop().await?;
        large.stop().await?;
        let [by_few, by_many] = &rounds;
        let pairs = by_many.iter().zip(by_few);
        let ratio = median(pairs.map(|(many, few)| many.p50_ms / few.p50_ms).collect());
        let by_few = self.row(System::Ours, "parked_few", 1, by_few);
        let by_many = self.row(System::Ours, "parked_many", 1, by_many);
        self.check(Found {
            id: "parked_bytes",
            what: format!("resident memory for each of {many} parked polls"),
            value: each_bytes,
            unit: "bytes",
            bound: (many >= PARKED).then_some(Bound::AtMost(20.0 * 1_024.0)),
            beside: format!(
                "worker and connection included; {:.0} MB in all",
                mb(resident)
            ),
        });
        self.check(Found {
            id: "parked_dispatch",
            what: format!("submit → completed with {many} polls parked, of that with {few}"),
            value: ratio,
            unit: "×",
            bound: (many >= PARKED).then_some(Bound::AtMost(1.1)),
            beside: format!("p50 {:.2} and {:.2} ms", by_many.p50_ms, by_few.p50_ms),
        });
        Ok(())
    }
}
