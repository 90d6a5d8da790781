//! The figures as a drawing: bars on a logarithmic scale, readable on light and dark pages.

use std::fmt::Write as _;

use super::plan::BUSY;
use super::report::{Report, System};

const WIDTH: f64 = 880.0;
/// Where bars begin: names stand left of it.
const LEFT: f64 = 250.0;
/// What is kept free for values right of the longest bar.
const RIGHT: f64 = 110.0;
const BAR: f64 = 20.0;
const STEP: f64 = 30.0;
const TITLE: f64 = 58.0;
const FOOT: f64 = 34.0;

/// Colours by what a bar stands for; the second ones are for dark pages.
const STYLE: &str = "\
text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#1f2328}\
.title{font-size:15px;font-weight:600}.axis{font-size:11px;fill:#656d76}\
.grid{stroke:#d0d7de;stroke-width:1}\
.floor{fill:#afb8c1}.ours{fill:#1a7f64}.mixed{fill:#4ac29a}.python{fill:#d4a72c}.redis{fill:#bc4c00}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.axis{fill:#8d96a0}.grid{stroke:#30363d}\
.floor{fill:#6e7681}.ours{fill:#3fb992}.mixed{fill:#2a8c6c}.python{fill:#e3b341}.redis{fill:#f0883e}}";

struct Bar {
    name: String,
    kind: &'static str,
    value: f64,
    label: String,
}

/// A drawing of the report.
pub(super) fn draw(report: &Report) -> String {
    let panels = [
        (
            format!("Jobs a second, {BUSY} in flight"),
            "more is better; a bare server's requests are divided by the three a job takes",
            jobs(report),
        ),
        (
            "Submit → completed, one job at a time, p50".to_owned(),
            "milliseconds, less is better",
            latencies(report),
        ),
    ];
    let height: f64 = panels.iter().map(|(_, _, bars)| panel_height(bars)).sum();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         aria-label=\"Jobs a second and latencies of Avtomatika, a bare server and the Python system\">\n\
         <style>{STYLE}</style>\n"
    );
    let mut top = 0.0;
    for (title, remark, bars) in &panels {
        panel(&mut svg, top, title, remark, bars);
        top += panel_height(bars);
    }
    svg.push_str("</svg>\n");
    svg
}

fn kind(system: System) -> &'static str {
    match system {
        System::Disk | System::Floor => "floor",
        System::Ours => "ours",
        System::OursSeedWorker => "mixed",
        System::PythonMemory | System::SeedMemory => "python",
        System::PythonRedis | System::SeedRedis => "redis",
    }
}

fn jobs(report: &Report) -> Vec<Bar> {
    let mut bars = Vec::new();
    for row in &report.rows {
        let (name, value) = match (row.case.as_str(), row.in_flight) {
            ("requests", BUSY) => ("bare server ÷ 3".to_owned(), row.figures.per_second / 3.0),
            ("jobs", BUSY) => (row.system.name().to_owned(), row.figures.per_second),
            ("jobs_batched", BUSY) => {
                let name = format!("{}, batches of {}", row.system.name(), row.batch);
                (name, row.figures.per_second)
            }
            _ => continue,
        };
        bars.push(Bar {
            name,
            kind: kind(row.system),
            value,
            label: thousands(value),
        });
    }
    bars.sort_by(|a, b| b.value.total_cmp(&a.value));
    bars
}

fn latencies(report: &Report) -> Vec<Bar> {
    let mut bars = Vec::new();
    for row in report.rows.iter().filter(|row| row.in_flight == 1) {
        let name = match row.case.as_str() {
            "requests" => "bare server, one request".to_owned(),
            "jobs" => row.system.name().to_owned(),
            _ => continue,
        };
        bars.push(Bar {
            name,
            kind: kind(row.system),
            value: row.figures.p50_ms,
            label: format!("{:.2} ms", row.figures.p50_ms),
        });
    }
    bars.sort_by(|a, b| a.value.total_cmp(&b.value));
    bars
}

/// A whole number with its thousands apart.
pub(super) fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "a chart has a handful of bars")]
fn panel_height(bars: &[Bar]) -> f64 {
    TITLE + STEP * bars.len() as f64 + FOOT
}

fn panel(svg: &mut String, top: f64, title: &str, remark: &str, bars: &[Bar]) {
    // Writing to a text can't fail.
    let mut line = |text: String| {
        let _infallible = writeln!(svg, "{text}");
    };
    line(format!(
        "<text class=\"title\" x=\"12\" y=\"{}\">{title}</text>",
        top + 24.0
    ));
    line(format!(
        "<text class=\"axis\" x=\"12\" y=\"{}\">{remark}; logarithmic</text>",
        top + 42.0
    ));
    let values = || {
        bars.iter()
            .map(|bar| bar.value)
            .filter(|value| *value > 0.0)
    };
    let low = values().fold(f64::INFINITY, f64::min).log10().floor();
    let high = values().fold(f64::MIN_POSITIVE, f64::max).log10().ceil();
    let high = high.max(low + 1.0);
    let x = |value: f64| LEFT + (value.log10() - low) / (high - low) * (WIDTH - LEFT - RIGHT);
    let bottom = top + panel_height(bars) - FOOT;
    let mut power = low;
    while power <= high {
        let value = 10_f64.powf(power);
        let at = x(value);
        line(format!(
            "<line class=\"grid\" x1=\"{at:.1}\" y1=\"{:.1}\" x2=\"{at:.1}\" y2=\"{bottom:.1}\"/>",
            top + TITLE - 6.0
        ));
        let label = if value < 1.0 {
            format!("{value}")
        } else {
            thousands(value)
        };
        line(format!(
            "<text class=\"axis\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            bottom + 15.0
        ));
        power += 1.0;
    }
    let mut y = top + TITLE;
    for bar in bars {
        let end = if bar.value > 0.0 { x(bar.value) } else { LEFT };
        let middle = y + BAR * 0.72;
        line(format!(
            "<text x=\"{:.1}\" y=\"{middle:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 10.0,
            bar.name
        ));
        line(format!(
            "<rect class=\"{}\" x=\"{LEFT:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"3\"/>",
            bar.kind,
            (end - LEFT).max(2.0)
        ));
        line(format!(
            "<text x=\"{:.1}\" y=\"{middle:.1}\">{}</text>",
            end + 8.0,
            bar.label
        ));
        y += STEP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (value, text) in [(7.4, "7"), (999.6, "1,000"), (1_234_567.0, "1,234,567")] {
            assert_eq!(thousands(value), text);
        }
    }
}
