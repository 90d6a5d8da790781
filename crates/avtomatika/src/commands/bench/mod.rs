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
//! | `page`, `chart` | the same for `docs/benchmarks.md` |
//!
//! The floor is a bare server of the same framework under the same kind of load: what the
//! machine could do if the engine cost nothing. A job of one task costs three such requests
//! (submit, poll, result), so jobs are compared with a third of the floor. A job counts as
//! completed when its worker has the answer that its result is on the server's disk.

mod cases;
mod chart;
mod child;
mod completions;
mod connection;
mod figures;
mod hands;
mod load;
mod machine;
mod page;
mod plan;
mod polls;
mod proc;
mod python;
mod report;
mod roles;
mod table;

use std::process::ExitCode;
use std::time::{Duration, Instant};

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

/// How long the disk is measured.
const SYNC: Duration = Duration::from_secs(2);
/// The longest each part may take.
const THROUGHPUT_MAX: Duration = Duration::from_secs(300);
const QUEUED_MAX: Duration = Duration::from_secs(400);
const PARKED_MAX: Duration = Duration::from_secs(120);
const FOOTPRINT_MAX: Duration = Duration::from_secs(60);

pub(crate) async fn run(args: BenchArgs) -> anyhow::Result<ExitCode> {
    if let Some(docs) = &args.render {
        page::render(docs)?;
        return Ok(ExitCode::SUCCESS);
    }
    anyhow::ensure!(
        !args.data_dir.exists(),
        "{} exists; name a folder that isn't there, it is removed afterwards",
        args.data_dir.display()
    );
    let stop = crate::signals::shutdown()?;
    let result = tokio::select! {
        report = Box::pin(measure(&args)) => report,
        // Whatever was started ends with its handle.
        () = stop.cancelled() => Err(anyhow::anyhow!("stopped")),
    };
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
    if let Some(docs) = &args.docs {
        page::write(&report, docs)?;
    }
    let all_ours = !report.troubles.iter().any(|trouble| trouble.ours);
    Ok(if all_ours {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Ends a part that takes too long; what it started ends with it.
async fn bounded(
    longest: Duration,
    part: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let ended = tokio::time::timeout(longest, Box::pin(part)).await;
    ended.unwrap_or_else(|_| anyhow::bail!("it took more than {} s", longest.as_secs()))
}

async fn measure(args: &BenchArgs) -> anyhow::Result<Report> {
    let started = Instant::now();
    let plan = Plan::of(args);
    let taken_at = jiff::Timestamp::now().strftime("%FT%TZ").to_string();
    let machine = Machine::look(&args.data_dir);
    let mut bench = Bench {
        dir: args.data_dir.clone(),
        rows: Vec::new(),
        footprints: Vec::new(),
        checks: Vec::new(),
        troubles: Vec::new(),
        plan,
    };
    let wanted = |kind| args.only.is_empty() || args.only.contains(&kind);
    let sync = cases::sync::measure(&args.data_dir, SYNC).await?;
    bench.row_of(System::Disk, "sync", 1, 1, SYNC, &[sync]);
    if wanted(BenchKind::Throughput) {
        let measured = bounded(THROUGHPUT_MAX, bench.throughput()).await;
        bench.note("jobs a second and latencies", true, measured);
    }
    if wanted(BenchKind::Queued) {
        let measured = bounded(QUEUED_MAX, bench.queued()).await;
        bench.note("queued jobs", true, measured);
    }
    if wanted(BenchKind::Parked) {
        let measured = bounded(PARKED_MAX, bench.parked()).await;
        bench.note("parked polls", true, measured);
    }
    if wanted(BenchKind::Footprint) {
        let measured = bounded(FOOTPRINT_MAX, bench.footprint()).await;
        bench.note("start and memory", true, measured);
    }
    if let (true, Some(environments)) = (wanted(BenchKind::Peers), &args.peers) {
        let pythons = Pythons {
            environments: environments.clone(),
            programs: args.peer_programs.clone(),
        };
        Box::pin(bench.peers(&pythons)).await;
    }
    bench.beside();
    Ok(Report {
        taken_at,
        command: format!("avtomatika bench{}", flag(bench.plan.name)),
        took_s: started.elapsed().as_secs(),
        machine,
        setting: SETTING.to_owned(),
        rows: bench.rows,
        footprints: bench.footprints,
        checks: bench.checks,
        troubles: bench.troubles,
    })
}

fn flag(plan: &str) -> String {
    match plan {
        "usual" => String::new(),
        other => format!(" --{other}"),
    }
}
