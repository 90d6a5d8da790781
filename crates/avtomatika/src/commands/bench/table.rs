//! The figures, for people.

use super::cases::beside::BESIDE;
use super::page::{bound, number, ratio};
use super::report::{Check, Report, Row};

#[expect(clippy::print_stdout, reason = "figures are this command's output")]
pub(super) fn show(report: &Report) {
    let machine = &report.machine;
    println!();
    println!(
        "{} · {} cores · {} GiB · {} · {} · load before {:.1} · {} s",
        machine.processor,
        machine.cores,
        machine.memory_gib,
        machine.system,
        machine.file_system,
        machine.load_before,
        report.took_s
    );
    println!();
    println!(
        "{:<32} {:<14} {:>9} {:>5} {:>10} {:>8} {:>8} {:>10} {:>9}",
        "system",
        "case",
        "in flight",
        "batch",
        "a second",
        "p50 ms",
        "p99 ms",
        "server µs",
        "load µs"
    );
    for row in &report.rows {
        println!("{}", line(row));
    }
    println!();
    println!(
        "{:<68} {:>14}   {:<15}{:<22}{:<22}{:<22}",
        "what", "ours", "must be", "bare server", "Python, memory", "Python, Redis"
    );
    for check in &report.checks {
        println!("{}", verdict(check));
    }
    println!("\nN× beside a figure: so many times better is ours; below 1 it is worse.");
    for trouble in &report.troubles {
        println!("not measured: {}: {}", trouble.what, trouble.error);
    }
    println!("{}.", report.setting);
}

fn line(row: &Row) -> String {
    let figures = &row.figures;
    let in_flight = match row.in_flight {
        0 => "steady".to_owned(),
        many => many.to_string(),
    };
    format!(
        "{:<32} {:<14} {:>9} {:>5} {:>10.0} {:>8.2} {:>8.2} {:>10.0} {:>9.0}",
        row.system.name(),
        row.case,
        in_flight,
        row.batch,
        figures.per_second,
        figures.p50_ms,
        figures.p99_ms,
        figures.server_cpu_us,
        figures.load_cpu_us
    )
}

fn verdict(check: &Check) -> String {
    let sign = match check.met() {
        Some(true) => "✓",
        Some(false) => "✗",
        None => " ",
    };
    let others: String = BESIDE
        .iter()
        .map(|system| {
            let other = check.beside(*system).map_or_else(
                || "–".to_owned(),
                |(theirs, times)| format!("{} {}", ratio(times), number(theirs, &check.unit)),
            );
            format!("{other:<22}")
        })
        .collect();
    format!(
        "{:<68} {:>14} {sign} {:<15}{others}{}",
        check.what,
        number(check.value, &check.unit),
        bound(check),
        check.beside
    )
}
