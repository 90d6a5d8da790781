//! The Python system under the same load, and its seed era's worker at our server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::{Bench, Found};
use crate::commands::bench::child::Served;
use crate::commands::bench::completions::Completions;
use crate::commands::bench::connection::{Connection, request};
use crate::commands::bench::load::Target;
use crate::commands::bench::plan::BUSY;
use crate::commands::bench::python::{Generation, NEWEST, Pythons, SEED};
use crate::commands::bench::report::{Bound, System};
use crate::commands::bench::roles::{CLIENT_TOKEN, PATH};

/// How long a Python worker may take until its first job is done.
const FIRST_JOB_MAX: Duration = Duration::from_secs(30);
/// Load before it is measured.
const WARM_UP: Duration = Duration::from_secs(2);
/// A job that takes longer is given up: on Redis some never end.
const PATIENCE: Duration = Duration::from_secs(10);
/// In flight: one at a time, and many.
const LOADS: [usize; 2] = [1, BUSY];

impl Bench {
    /// Measures whatever of the Python system is there.
    pub(in crate::commands::bench) async fn peers(
        &mut self,
        pythons: &Pythons,
    ) -> anyhow::Result<()> {
        if pythons.have(NEWEST) {
            self.python(pythons, NEWEST, System::PythonMemory, false)
                .await?;
            self.python(pythons, NEWEST, System::PythonRedis, true)
                .await?;
        }
        if pythons.have(SEED) {
            self.python(pythons, SEED, System::SeedMemory, false)
                .await?;
            self.python(pythons, SEED, System::SeedRedis, true).await?;
            self.seed_worker(pythons).await?;
        }
        self.compare();
        Ok(())
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
        let post = post(generation);
        let completions = Arc::clone(&running.completions);
        let target =
            Target::of(running.addr, post, completions, &running.servers).patient_for(PATIENCE);
        let measured = self.loads(&target, system).await;
        running.stop().await?;
        measured.with_context(|| format!("failed to measure: {}", system.name()))
    }

    /// The seed era's worker, unmodified, at our server. Completion is asked for, which costs us a
    /// request more for each job than it costs the worker's own server.
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
        Ok(())
    }

    /// Ours beside theirs.
    fn compare(&mut self) {
        let found = |system, in_flight| {
            let row = self.rows.iter().find(|row| {
                row.system == system && row.case == "jobs" && row.in_flight == in_flight
            });
            row.map(|row| row.figures.clone())
        };
        let pairs = [
            ("python_memory", System::Ours, System::PythonMemory, None),
            ("python_redis", System::Ours, System::PythonRedis, None),
            (
                "seed_memory",
                System::OursSeedWorker,
                System::SeedMemory,
                Some(Bound::AtLeast(1.0)),
            ),
            (
                "seed_redis",
                System::OursSeedWorker,
                System::SeedRedis,
                Some(Bound::AtLeast(1.0)),
            ),
        ];
        let mut compared = Vec::new();
        for (id, ours, theirs, bound) in pairs {
            for in_flight in LOADS {
                let both = (found(ours, in_flight), found(theirs, in_flight));
                if let (Some(our), Some(their)) = both {
                    compared.push((id, ours, theirs, bound, in_flight, our, their));
                }
            }
        }
        for (id, ours, theirs, bound, in_flight, our, their) in compared {
            self.check(Found {
                id: &format!("{id}_{in_flight}"),
                what: format!(
                    "jobs/s of {}, of those of {}, {in_flight} in flight",
                    ours.name(),
                    theirs.name()
                ),
                value: our.per_second / their.per_second,
                unit: "×",
                bound,
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
