//! The Python system under the same load, and its seed era's worker at our server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::footprint::mb;
use super::{Bench, Found};
use crate::commands::bench::bounded;
use crate::commands::bench::child::Served;
use crate::commands::bench::completions::Completions;
use crate::commands::bench::connection::{Connection, request};
use crate::commands::bench::load::Target;
use crate::commands::bench::plan::BUSY;
use crate::commands::bench::python::{Generation, NEWEST, Pythons, SEED};
use crate::commands::bench::report::{Bound, Footprint, System};
use crate::commands::bench::roles::{CLIENT_TOKEN, PATH};

/// How long a Python worker may take until its first job is done.
const FIRST_JOB_MAX: Duration = Duration::from_secs(30);
/// Load before it is measured.
const WARM_UP: Duration = Duration::from_secs(2);
/// A job that takes longer is given up: on Redis some never end.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest a system is measured.
const PEER_MAX: Duration = Duration::from_secs(120);
/// In flight: one at a time, and many.
const LOADS: [usize; 2] = [1, BUSY];

impl Bench {
    /// Measures whatever of the Python system is there.
    pub(in crate::commands::bench) async fn peers(&mut self, pythons: &Pythons) {
        let python = [
            (NEWEST, System::PythonMemory, false),
            (NEWEST, System::PythonRedis, true),
            (SEED, System::SeedMemory, false),
            (SEED, System::SeedRedis, true),
        ];
        for (generation, system, redis) in python {
            let measured = self.python(pythons, generation, system, redis);
            let measured = bounded(PEER_MAX, measured).await;
            self.note(system.name(), false, measured);
        }
        let measured = bounded(PEER_MAX, self.seed_worker(pythons)).await;
        self.note(System::OursSeedWorker.name(), false, measured);
        self.compare();
    }

    async fn python(
        &mut self,
        pythons: &Pythons,
        generation: Generation,
        system: System,
        redis: bool,
    ) -> anyhow::Result<()> {
        self.say(system.name());
        let dir = self.store(&format!("python-{system:?}"));
        let running = pythons.start(generation, redis, &dir).await?;
        self.footprints.push(Footprint {
            system,
            start_ms: running.start.as_secs_f64() * 1_000.0,
            idle_mb: mb(running.idle_bytes),
        });
        let post = post(generation);
        let completions = Arc::clone(&running.completions);
        let target =
            Target::of(running.addr, post, completions, &running.servers).patient_for(PATIENCE);
        let measured = self.loads(&target, system).await;
        running.stop().await?;
        measured
    }

    /// The seed era's worker, unmodified, at our server. Completion is asked for in the post, which is
    /// answered when the job has ended: its own server tells by a datagram at that moment.
    async fn seed_worker(&mut self, pythons: &Pythons) -> anyhow::Result<()> {
        self.say(System::OursSeedWorker.name());
        let server = Served::server(&self.store("seed-worker")).await?;
        let mut worker = pythons.worker(SEED, server.addr)?;
        let completions = Arc::new(Completions::default());
        let target = Target::of(server.addr, post(SEED), completions, &[server.pid])
            .patient_for(PATIENCE)
            .asking();
        let measured = self.loads(&target, System::OursSeedWorker).await;
        worker.kill().await.context("failed to end a process")?;
        server.kill().await?;
        measured
    }

    async fn loads(&mut self, target: &Target, system: System) -> anyhow::Result<()> {
        first_job(target).await?;
        for in_flight in LOADS {
            target.closed_loop(in_flight, WARM_UP).await?;
            let time = self.plan.peer_round;
            let figures = target.closed_loop(in_flight, time).await?;
            self.row_of(system, "jobs", in_flight, 1, time, &[figures]);
        }
        let busy = self.figures(system, "jobs", BUSY);
        let half = busy.map_or(0.0, |figures| figures.per_second / 2.0);
        if half > 0.0 {
            target.steady(half, WARM_UP).await?;
            let time = self.plan.peer_round;
            let figures = target.steady(half, time).await?;
            self.row_of(system, "half_load", 0, 1, time, &[figures]);
        }
        Ok(())
    }

    /// Ours beside theirs.
    fn compare(&mut self) {
        let pairs = [
            ("seed_memory", System::SeedMemory),
            ("seed_redis", System::SeedRedis),
            ("newest_memory", System::PythonMemory),
            ("newest_redis", System::PythonRedis),
        ];
        let mut compared = Vec::new();
        for (id, theirs) in pairs {
            for in_flight in LOADS {
                let found = |system| self.figures(system, "jobs", in_flight).cloned();
                if let (Some(our), Some(their)) = (found(System::OursSeedWorker), found(theirs)) {
                    compared.push((id, theirs, in_flight, our, their));
                }
            }
        }
        for (id, theirs, in_flight, our, their) in compared {
            self.check(Found {
                id: &format!("{id}_{in_flight}"),
                what: format!(
                    "unmodified Python worker 1.0b3 at our server, of {} with its own, {in_flight} in flight",
                    theirs.name()
                ),
                value: our.per_second / their.per_second,
                unit: "×",
                bound: Some(Bound::AtLeast(1.0)),
                beside: format!(
                    "{:.0} and {:.0} jobs/s, p50 {:.1} and {:.1} ms",
                    our.per_second, their.per_second, our.p50_ms, their.p50_ms
                ),
            });
        }
    }
}

fn post(generation: Generation) -> Vec<u8> {
    let token = (generation.header, CLIENT_TOKEN);
    request("POST", PATH, token, generation.body)
}

/// Posts until a job is done: a job posted before the worker has registered is put aside there.
async fn first_job(target: &Target) -> anyhow::Result<()> {
    let deadline = Instant::now() + FIRST_JOB_MAX;
    let soon = target.clone().patient_for(Duration::from_millis(700));
    loop {
        let mut connection = Connection::open(target.addr).await?;
        // Answered with an error, or not completed: not yet.
        if let Ok(Some(_)) = soon.job(&mut connection).await {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < deadline, "no job was completed in time");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
