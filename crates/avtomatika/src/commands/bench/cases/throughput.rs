//! Jobs a second and latencies, beside the floor in the same run.

use std::sync::Arc;
use std::time::Duration;

use super::{Bench, Found};
use crate::commands::bench::child::Served;
use crate::commands::bench::completions::Completions;
use crate::commands::bench::figures::{Figures, median};
use crate::commands::bench::hands::{Hands, Work};
use crate::commands::bench::load::{Target, requests};
use crate::commands::bench::plan::BUSY;
use crate::commands::bench::report::{Bound, System};

/// Load before a round is measured.
const WARM_UP: Duration = Duration::from_millis(500);
/// Tasks the worker runs at once, beside those it waits for.
const SPARE_SLOTS: usize = 36;
/// Results and tasks a request carries at most where they are batched.
const BATCH: u32 = 64;

/// A worker with room for what is in flight.
fn hands_for(target: &Target, in_flight: usize, batch: u32) -> anyhow::Result<Hands> {
    let work = Work {
        tasks: u32::try_from(in_flight + SPARE_SLOTS)?,
        batch,
        gate: None,
    };
    Hands::start(target.addr, work, Arc::clone(&target.completions))
}

/// One round of jobs in a closed loop, warmed up.
async fn round(
    target: &Target,
    in_flight: usize,
    batch: u32,
    time: Duration,
) -> anyhow::Result<Figures> {
    let hands = hands_for(target, in_flight, batch)?;
    target.closed_loop(in_flight, WARM_UP).await?;
    let figures = target.closed_loop(in_flight, time).await?;
    hands.stop().await?;
    Ok(figures)
}

impl Bench {
    /// Requests of the floor and jobs of ours in turn, sweep by sweep; then latency at half load.
    pub(in crate::commands::bench) async fn throughput(&mut self) -> anyhow::Result<()> {
        let floor = Served::floor().await?;
        let server = Served::server(&self.store("throughput")).await?;
        let target = Target::ours(server.addr, server.pid, Arc::new(Completions::default()));
        for in_flight in self.plan.sweep.clone() {
            self.say(&format!("jobs and the floor, {in_flight} in flight"));
            let (mut bare, mut jobs, mut batched) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..self.plan.rounds {
                let time = self.plan.round;
                bare.push(requests(floor.addr, floor.pid, in_flight, time).await?);
                jobs.push(round(&target, in_flight, 1, time).await?);
                if in_flight >= BUSY {
                    batched.push(round(&target, in_flight, BATCH, time).await?);
                }
            }
            if !batched.is_empty() {
                self.judge_batched(in_flight, &batched);
            }
            let ratio = ratio_of(&jobs, &bare);
            let bare = self.row(System::Floor, "requests", in_flight, &bare);
            let jobs = self.row(System::Ours, "jobs", in_flight, &jobs);
            self.judge(in_flight, &bare, &jobs, ratio);
            if in_flight == BUSY {
                self.half_load(&target, jobs.per_second / 2.0).await?;
            }
        }
        floor.stop().await?;
        server.stop().await
    }

    fn judge(&mut self, in_flight: usize, bare: &Figures, jobs: &Figures, ratio: f64) {
        if in_flight == BUSY {
            self.check(Found {
                id: "jobs_per_second",
                what: format!("durable jobs/s end to end, {BUSY} in flight"),
                value: jobs.per_second,
                unit: "jobs/s",
                bound: Some(Bound::AtLeast(5_000.0)),
                beside: format!("bare server ÷ 3: {:.0}", bare.per_second / 3.0),
            });
            self.check(Found {
                id: "jobs_of_floor",
                what: "the same, of what a bare server does ÷ 3 requests".to_owned(),
                value: ratio,
                unit: "×",
                bound: Some(Bound::AtLeast(0.5)),
                beside: format!(
                    "processor a job {:.0} µs, three bare requests {:.0} µs",
                    jobs.server_cpu_us + jobs.load_cpu_us,
                    3.0 * (bare.server_cpu_us + bare.load_cpu_us)
                ),
            });
        }
        if in_flight == 1 {
            self.check(Found {
                id: "idle_p50",
                what: "submit → completed, idle, p50".to_owned(),
                value: jobs.p50_ms,
                unit: "ms",
                bound: Some(Bound::AtMost(2.0)),
                beside: format!("a bare request: {:.2} ms", bare.p50_ms),
            });
        }
    }

    fn judge_batched(&mut self, in_flight: usize, rounds: &[Figures]) {
        let (time, batch) = (self.plan.round, BATCH as usize);
        let batched = self.row_of(System::Ours, "jobs_batched", in_flight, batch, time, rounds);
        let most = self.plan.sweep.iter().max();
        if most == Some(&in_flight) {
            self.check(Found {
                id: "batched_jobs_per_second",
                what: format!(
                    "the same with up to {BATCH} results a request, {in_flight} in flight"
                ),
                value: batched.per_second,
                unit: "jobs/s",
                bound: Some(Bound::AtLeast(15_000.0)),
                beside: format!("p50 {:.1} ms, p99 {:.1} ms", batched.p50_ms, batched.p99_ms),
            });
        }
    }

    async fn half_load(&mut self, target: &Target, per_second: f64) -> anyhow::Result<()> {
        self.say(&format!("jobs at half load, {per_second:.0} a second"));
        let hands = hands_for(target, BUSY, 1)?;
        target.steady(per_second, WARM_UP).await?;
        let mut rounds = Vec::new();
        for _ in 0..self.plan.rounds {
            rounds.push(target.steady(per_second, self.plan.round).await?);
        }
        hands.stop().await?;
        let half = self.row(System::Ours, "half_load", 0, &rounds);
        self.check(Found {
            id: "half_load_p99",
            what: "submit → completed, steady half load, p99".to_owned(),
            value: half.p99_ms,
            unit: "ms",
            bound: Some(Bound::AtMost(10.0)),
            beside: format!("p50 {:.2} ms at {:.0} jobs/s", half.p50_ms, half.per_second),
        });
        Ok(())
    }
}

/// Jobs against a third of the floor: the median of rounds that were taken one after the other.
fn ratio_of(jobs: &[Figures], bare: &[Figures]) -> f64 {
    let pairs = jobs.iter().zip(bare);
    median(
        pairs
            .map(|(jobs, bare)| jobs.per_second / (bare.per_second / 3.0))
            .collect(),
    )
}
