//! Whether a long queue costs anything: two servers with queues of different length under the
//! same load in turn, and what each queued job takes in memory.

use std::sync::Arc;
use std::time::Duration;

use super::footprint::{each, mb};
use super::{Bench, Found};
use crate::commands::bench::child::Served;
use crate::commands::bench::completions::Completions;
use crate::commands::bench::figures::{Figures, median};
use crate::commands::bench::hands::{Hands, Work};
use crate::commands::bench::load::Target;
use crate::commands::bench::plan::{BUSY, LIVE, QUEUED};
use crate::commands::bench::report::{Bound, System};

/// Connections that fill a queue.
const FILLING: usize = 64;

/// A server with jobs in its queue.
struct Full {
    server: Served,
    target: Target,
}

impl Bench {
    /// Fills two queues, compares, and starts the server with the longer one anew.
    pub(in crate::commands::bench) async fn queued(&mut self) -> anyhow::Result<()> {
        let [short, long] = self.plan.queued;
        let small = self.full("queue-short", short).await?;
        let large = self.full("queue-long", long).await?;
        self.say(&format!("jobs/s with {short} and with {long} queued"));
        let mut rounds = [Vec::new(), Vec::new()];
        for _ in 0..self.plan.rounds {
            for (full, figures) in [&small, &large].into_iter().zip(&mut rounds) {
                figures.push(full.round(self.plan.round).await?);
            }
        }
        let [few, many] = &rounds;
        let pairs = many.iter().zip(few);
        let ratio = median(
            pairs
                .map(|(many, few)| many.per_second / few.per_second)
                .collect(),
        );
        let few = self.row(System::Ours, "queued_short", BUSY, few);
        let many = self.row(System::Ours, "queued_long", BUSY, many);
        self.check(Found {
            id: "queued_jobs_per_second",
            what: format!("jobs/s with {long} jobs queued, of those with {short}"),
            value: ratio,
            unit: "×",
            bound: (long >= QUEUED).then_some(Bound::AtLeast(0.9)),
            beside: format!("{:.0} and {:.0} jobs/s", many.per_second, few.per_second),
        });
        small.server.stop().await?;
        large.server.stop().await?;
        self.started_full("queue-long", long).await
    }

    async fn started_full(&mut self, name: &str, jobs: usize) -> anyhow::Result<()> {
        self.say(&format!("start with {jobs} jobs"));
        let mut starts = Vec::new();
        let mut memory = 0;
        for _ in 0..self.plan.starts.min(3) {
            let server = Served::server(&self.store(name)).await?;
            starts.push(server.start.as_secs_f64() * 1_000.0);
            memory = server.resident_bytes()?;
            server.stop().await?;
        }
        self.check(Found {
            id: "start_full",
            what: format!("start of the server to the first 200, {jobs} jobs queued"),
            value: median(starts),
            unit: "ms",
            bound: (jobs >= QUEUED).then_some(Bound::AtMost(5_000.0)),
            beside: format!("{:.0} MB resident then", mb(memory)),
        });
        Ok(())
    }

    /// A server with so many jobs in its queue.
    async fn full(&mut self, name: &str, jobs: usize) -> anyhow::Result<Full> {
        self.say(&format!("filling a queue with {jobs} jobs"));
        let server = Served::server(&self.store(name)).await?;
        let target = Target::ours(server.addr, server.pid, Arc::new(Completions::default()));
        let before = server.resident_bytes()?;
        let live = self.plan.live.min(jobs);
        let mut filled = target.fill(FILLING, live).await?;
        if jobs >= self.plan.live {
            self.check(Found {
                id: "memory_live",
                what: format!("resident memory with {live} live jobs"),
                value: mb(server.resident_bytes()?),
                unit: "MB",
                bound: (live >= LIVE).then_some(Bound::AtMost(200.0)),
                beside: format!("{:.0} MB before", mb(before)),
            });
        }
        if jobs > live {
            filled = target.fill(FILLING, jobs - live).await?;
        }
        if jobs >= self.plan.live {
            self.row_of(
                System::Ours,
                "submit",
                FILLING,
                1,
                Duration::ZERO,
                &[filled],
            );
            let after = server.resident_bytes()?;
            self.check(Found {
                id: "queued_bytes",
                what: format!("resident memory for each of {jobs} queued jobs"),
                value: each(before, after, jobs),
                unit: "bytes",
                bound: (jobs >= QUEUED).then_some(Bound::AtMost(1_024.0)),
                beside: format!("{:.0} MB in all", mb(after)),
            });
        }
        Ok(Full { server, target })
    }
}

impl Full {
    /// Jobs in a closed loop that leaves the queue as long as it is: a task is begun when a job
    /// was posted, and a job posted when one was completed.
    async fn round(&self, time: Duration) -> anyhow::Result<Figures> {
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let work = Work {
            tasks: u32::try_from(2 * BUSY)?,
            batch: 1,
            gate: Some(Arc::clone(&gate)),
        };
        let hands = Hands::start(self.target.addr, work, Arc::clone(&self.target.completions))?;
        let warm_up = Duration::from_millis(500);
        self.target.any_loop(BUSY, warm_up, &gate).await?;
        let figures = self.target.any_loop(BUSY, time, &gate).await?;
        hands.stop().await?;
        Ok(figures)
    }
}
