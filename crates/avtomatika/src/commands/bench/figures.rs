//! Latencies to figures.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::proc;

/// What one case came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Figures {
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
    pub(super) count: usize,
    /// Processor time of the server's processes for one of them, µs.
    pub(super) server_cpu_us: f64,
    /// Processor time of the load generator for one of them, its worker included, µs.
    pub(super) load_cpu_us: f64,
}

/// Wall and processor time since its start.
pub(super) struct Watch {
    started: Instant,
    servers: Vec<u32>,
    server_cpu: Duration,
    load_cpu: Duration,
}

impl Watch {
    /// Starts watching the processes that serve, beside this one.
    pub(super) fn start(servers: &[u32]) -> Self {
        Self {
            server_cpu: cpu_of(servers),
            servers: servers.to_vec(),
            load_cpu: own_cpu(),
            started: Instant::now(),
        }
    }

    /// Figures of what was done while it ran.
    pub(super) fn figures(&self, latencies: Vec<Duration>) -> Figures {
        let elapsed = self.started.elapsed();
        let server = cpu_of(&self.servers).saturating_sub(self.server_cpu);
        let load = own_cpu().saturating_sub(self.load_cpu);
        Figures::of(latencies, elapsed, server, load)
    }
}

fn cpu_of(pids: &[u32]) -> Duration {
    pids.iter().filter_map(|pid| proc::cpu_time(*pid)).sum()
}

/// The processor time this process has used.
fn own_cpu() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(used.tv_sec).unwrap_or(0),
        u32::try_from(used.tv_nsec).unwrap_or(0),
    )
}

impl Figures {
    fn of(
        mut latencies: Vec<Duration>,
        elapsed: Duration,
        server: Duration,
        load: Duration,
    ) -> Self {
        latencies.sort_unstable();
        let count = latencies.len();
        let each_us = |cpu: Duration| cpu.as_secs_f64() * 1e6 / as_f64(count.max(1));
        Self {
            per_second: as_f64(count) / elapsed.as_secs_f64(),
            p50_ms: quantile_ms(&latencies, 50),
            p99_ms: quantile_ms(&latencies, 99),
            max_ms: quantile_ms(&latencies, 100),
            count,
            server_cpu_us: each_us(server),
            load_cpu_us: each_us(load),
        }
    }

    /// The median of several rounds, figure by figure; the worst maximum.
    pub(super) fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            per_second: of(|round| round.per_second),
            p50_ms: of(|round| round.p50_ms),
            p99_ms: of(|round| round.p99_ms),
            max_ms: rounds.iter().map(|round| round.max_ms).fold(0.0, f64::max),
            count: rounds.iter().map(|round| round.count).sum(),
            server_cpu_us: of(|round| round.server_cpu_us),
            load_cpu_us: of(|round| round.load_cpu_us),
        }
    }
}

/// The median; 0 of nothing.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), middle.checked_sub(1)) {
        (Some(upper), Some(below)) if values.len().is_multiple_of(2) => values
            .get(below)
            .map_or(*upper, |lower| (lower + upper) / 2.0),
        (Some(value), _) => *value,
        (None, _) => 0.0,
    }
}

fn quantile_ms(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted
        .get(index)
        .map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(super) fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_medians() {
        let latencies = (1..=200).map(Duration::from_millis).collect();
        let second = Duration::from_secs(1);
        let figures = Figures::of(latencies, 2 * second, second / 10, second / 5);
        assert!((figures.per_second - 100.0).abs() < 1e-9);
        assert!((figures.p50_ms - 101.0).abs() < 1e-9);
        assert!((figures.p99_ms - 199.0).abs() < 1e-9);
        assert!((figures.max_ms - 200.0).abs() < 1e-9);
        assert!((figures.server_cpu_us - 500.0).abs() < 1e-9);
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(Vec::new()).abs() < 1e-9);
    }
}
