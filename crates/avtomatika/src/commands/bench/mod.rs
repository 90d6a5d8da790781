//! `avtomatika bench`: what this machine does, measured side by side in one run.
//!
//! The floor is a bare server of the same framework under the same kind of load: what the
//! machine could do if the engine cost nothing. A job of one task costs three such requests
//! (submit, poll, result), so jobs are compared with a third of the floor.

mod connection;
mod figures;
mod floor;
mod jobs;
mod sync;

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use crate::args::BenchArgs;
use figures::Figures;

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
    show(&args, &result?);
    Ok(ExitCode::SUCCESS)
}

/// One row of the result.
struct Row {
    name: &'static str,
    concurrency: usize,
    figures: Figures,
}

async fn measure(args: &BenchArgs) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let figures = sync::measure(&args.data_dir, args.seconds.min(2)).await?;
    rows.push(Row {
        name: "sync",
        concurrency: 1,
        figures,
    });
    for concurrency in &args.concurrency {
        let figures = floor::measure(*concurrency, args.seconds).await?;
        rows.push(Row {
            name: "floor",
            concurrency: *concurrency,
            figures,
        });
    }
    let stack = jobs::Stack::start(&args.data_dir).await?;
    for concurrency in &args.concurrency {
        let figures = stack.measure(*concurrency, args.seconds).await?;
        rows.push(Row {
            name: "jobs",
            concurrency: *concurrency,
            figures,
        });
    }
    stack.stop().await?;
    Ok(rows)
}

#[expect(clippy::print_stdout, reason = "figures are this command's output")]
fn show(args: &BenchArgs, rows: &[Row]) {
    if args.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                let mut shown = row.figures.to_json();
                shown["name"] = json!(row.name);
                shown["concurrency"] = json!(row.concurrency);
                shown
            })
            .collect();
        println!("{}", json!({ "seconds": args.seconds, "rows": rows }));
        return;
    }
    println!("what    in flight   per second   p50 ms   p99 ms   cpu µs   of floor / 3");
    for row in rows {
        let floor = rows
            .iter()
            .find(|other| other.name == "floor" && other.concurrency == row.concurrency)
            .map_or(f64::NAN, |floor| floor.figures.per_second / 3.0);
        let ratio = if row.name == "jobs" {
            format!("{:.2}", row.figures.per_second / floor)
        } else {
            String::new()
        };
        println!(
            "{:<7} {:>9}   {:>10.0}   {:>6.2}   {:>6.2}   {:>6.0}   {ratio}",
            row.name,
            row.concurrency,
            row.figures.per_second,
            row.figures.p50_ms,
            row.figures.p99_ms,
            row.figures.cpu_us
        );
    }
    println!("sync: one page written and synced to this disk; a lone job needs four in a row.");
    println!("floor: requests to a bare server; jobs: durably completed, submit to completed.");
    println!("Load, server and worker share this machine; embedded store, every commit synced.");
}
