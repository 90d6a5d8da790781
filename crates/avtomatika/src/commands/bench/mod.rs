//! `avtomatika bench`: what this machine does, measured side by side in one run.
//!
//! | Module | What is in it |
//! |---|---|
//! | `plan` | sizes and durations |
//! | `cases` | what is measured, one kind of figure a file |
//! | `child`, `roles` | the servers, each a process of its own |
//! | `load`, `hands`, `polls` | posting jobs, doing them, waiting for them |
//! | `python` | the Python system's servers and workers |
//! | `report`, `table` | what it came to, for programs and for people |
//!
//! The floor is a bare server of the same framework under the same kind of load: what the
//! machine could do if the engine cost nothing. A job of one task costs three such requests
//! (submit, poll, result), so jobs are compared with a third of the floor. A job counts as
//! completed when its worker has the answer that its result is on the server's disk.

mod cases;
mod child;
mod completions;
mod connection;
mod figures;
mod hands;
mod load;
mod machine;
mod plan;
mod polls;
mod proc;
mod python;
mod report;
mod roles;
mod table;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;

use crate::args::{BenchArgs, BenchKind};
use cases::Bench;
use machine::Machine;
use plan::Plan;
use python::Pythons;
use report::{Report, System};

pub(crate) use roles::run as run_role;

/// What every figure of ours is measured with.
const SETTING: &str = "embedded store; every 2xx is sent after the disk has synced what it says; \
                       server, load and worker share the machine, each server a process of its own";

pub(crate) async fn run(args: BenchArgs) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        !args.data_dir.exists(),
        "{} exists; name a folder that isn't there, it is removed afterwards",
        args.data_dir.display()
    );
    let result = Box::pin(measure(&args)).await;
    if args.data_dir.exists() {
        std::fs::remove_dir_all(&args.data_dir)
            .with_context(|| format!("failed to remove {}", args.data_dir.display()))?;
    }
    let report = result?;
    table::show(&report);
    if let Some(path) = &args.json {
        let mut text = serde_json::to_string_pretty(&report)?;
        text.push('\n');
        std::fs::write(path, text)
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(args: &BenchArgs) -> anyhow::Result<Report> {
    let started = Instant::now();
    let plan = Plan::of(args);
    let taken_at = jiff::Timestamp::now().strftime("%FT%TZ").to_string();
    let machine = Machine::look(&args.data_dir);
    let mut bench = Bench {
        dir: args.data_dir.clone(),
        rows: Vec::new(),
        checks: Vec::new(),
        plan,
    };
    let wanted = |kind| args.only.is_empty() || args.only.contains(&kind);
    let sync = cases::sync::measure(&args.data_dir, bench.plan.round).await?;
    bench.row(System::Disk, "sync", 1, &[sync]);
    if wanted(BenchKind::Footprint) {
        bench.footprint().await?;
    }
    if wanted(BenchKind::Throughput) {
        Box::pin(bench.throughput()).await?;
    }
    if wanted(BenchKind::Parked) {
        Box::pin(bench.parked()).await?;
    }
    if wanted(BenchKind::Queued) {
        Box::pin(bench.queued()).await?;
    }
    if let (true, Some(environments)) = (wanted(BenchKind::Peers), &args.peers) {
        let pythons = Pythons {
            environments: environments.clone(),
            programs: args.peer_programs.clone(),
        };
        Box::pin(bench.peers(&pythons)).await?;
    }
    Ok(Report {
        taken_at,
        command: format!("avtomatika bench{}", flag(bench.plan.name)),
        took_s: started.elapsed().as_secs(),
        machine,
        setting: SETTING.to_owned(),
        rows: bench.rows,
        checks: bench.checks,
    })
}

fn flag(plan: &str) -> String {
    match plan {
        "usual" => String::new(),
        other => format!(" --{other}"),
    }
}
