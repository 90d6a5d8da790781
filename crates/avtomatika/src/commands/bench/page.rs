//! The figures as a section of `docs/benchmarks.md`, with the drawing and the report beside it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::cases::beside::BESIDE;
use super::chart::{draw, thousands};
use super::report::{Bound, Check, Report, Row};

const BEGIN: &str = "<!-- begin: written by `avtomatika bench --docs`, don't edit -->\n";
const END: &str = "<!-- end -->";
const JSON: &str = "benchmarks.json";
const SVG: &str = "benchmarks.svg";
const PAGE: &str = "benchmarks.md";

/// Writes a report into the folder of documents.
pub(super) fn write(report: &Report, docs: &Path) -> anyhow::Result<()> {
    let mut json = serde_json::to_string_pretty(report)?;
    json.push('\n');
    put(&docs.join(JSON), &json)?;
    render(docs)
}

/// Draws and tells what the report in the folder says.
pub(super) fn render(docs: &Path) -> anyhow::Result<()> {
    let report = read(docs)?;
    put(&docs.join(SVG), &draw(&report))?;
    let path = docs.join(PAGE);
    let page = get(&path)?;
    let (before, _, after) =
        split(&page).with_context(|| format!("{} has lost its marks", path.display()))?;
    put(
        &path,
        &format!("{before}{BEGIN}{}{END}{after}", section(&report)),
    )
}

fn read(docs: &Path) -> anyhow::Result<Report> {
    let path = docs.join(JSON);
    serde_json::from_str(&get(&path)?).with_context(|| format!("failed to read {}", path.display()))
}

fn get(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}

fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}

/// A page before, in and after what is written by us.
fn split(page: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (section, after) = rest.split_once(END)?;
    Some((before, section, after))
}

/// What stands between the marks.
fn section(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "\nTaken {} by `{}` in {} min on {}, {} cores, {} GiB, {}, {}. Other work on the machine just\n\
         before: a load of {:.1}. Ours: {}.\n\n\
         ![jobs a second and latencies, beside a bare server and the Python system]({SVG})\n\n\
         | Figure | Ours | Must be | | Bare server | Python 1.0b30, memory | Python 1.0b30, Redis | |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        report.taken_at,
        report.command,
        report.took_s.div_ceil(60),
        machine.processor,
        machine.cores,
        machine.memory_gib,
        machine.system,
        machine.file_system,
        machine.load_before,
        report.setting,
    );
    for check in &report.checks {
        text.push_str(&verdict(check));
    }
    for trouble in &report.troubles {
        // Writing to a text can't fail.
        let _infallible = writeln!(text, "\nNot measured: {}: {}.", trouble.what, trouble.error);
    }
    text.push_str(
        "\nEvery case, medians of its rounds; µs are processor time for each job or request, of the server's\n\
         processes and of the load with its worker:\n\n\
         | System | Case | In flight | Batch | Rounds | A second | p50 ms | p99 ms | Server µs | Load µs |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in &report.rows {
        text.push_str(&line(row));
    }
    text
}

fn verdict(check: &Check) -> String {
    let sign = match check.met() {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "",
    };
    let others: String = BESIDE
        .iter()
        .map(|system| match check.beside(*system) {
            Some((theirs, times)) => {
                format!("**{}** {} | ", ratio(times), number(theirs, &check.unit))
            }
            None => "– | ".to_owned(),
        })
        .collect();
    format!(
        "| {} | **{}** | {} | {sign} | {others}{} |\n",
        check.what,
        number(check.value, &check.unit),
        bound(check),
        check.beside
    )
}

/// What a figure must be.
pub(super) fn bound(check: &Check) -> String {
    match check.bound {
        Some(Bound::AtLeast(least)) => format!("≥ {}", number(least, &check.unit)),
        Some(Bound::AtMost(most)) => format!("≤ {}", number(most, &check.unit)),
        None => "–".to_owned(),
    }
}

/// How many times better something is.
pub(super) fn ratio(times: f64) -> String {
    match times {
        times if times >= 20.0 => format!("{}×", thousands(times)),
        times if times >= 3.0 => format!("{times:.1}×"),
        times => format!("{times:.2}×"),
    }
}

fn line(row: &Row) -> String {
    let figures = &row.figures;
    let in_flight = match row.in_flight {
        0 => "steady".to_owned(),
        many => many.to_string(),
    };
    let mut text = format!("| {} | {} | {in_flight} |", row.system.name(), row.case);
    // Writing to a text can't fail.
    let _infallible = writeln!(
        text,
        " {} | {} × {:.0} s | {} | {:.2} | {:.2} | {:.0} | {:.0} |",
        row.batch,
        row.rounds,
        row.seconds,
        thousands(figures.per_second),
        figures.p50_ms,
        figures.p99_ms,
        figures.server_cpu_us,
        figures.load_cpu_us
    );
    text
}

/// A value with its unit, as long as it needs to be.
pub(super) fn number(value: f64, unit: &str) -> String {
    match unit {
        "×" => ratio(value),
        "ms" if value < 20.0 => format!("{value:.2} ms"),
        _ => format!("{} {unit}", thousands(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody writes figures by hand: the page and the drawing are what the report beside them
    /// comes to.
    #[test]
    fn the_page_and_the_drawing_say_what_the_report_says() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let report = read(&docs).unwrap();
        let page = get(&docs.join(PAGE)).unwrap();
        let (_, told, _) = split(&page).unwrap();
        assert_eq!(
            told,
            section(&report),
            "run `avtomatika bench --render docs`"
        );
        assert_eq!(get(&docs.join(SVG)).unwrap(), draw(&report));
    }

    #[test]
    fn numbers_are_as_long_as_they_need_to_be() {
        for (value, unit, text) in [
            (0.5, "×", "0.50×"),
            (1_234.0, "×", "1,234×"),
            (1.234, "ms", "1.23 ms"),
            (61.4, "ms", "61 ms"),
            (15_000.0, "jobs/s", "15,000 jobs/s"),
        ] {
            assert_eq!(number(value, unit), text);
        }
    }
}
