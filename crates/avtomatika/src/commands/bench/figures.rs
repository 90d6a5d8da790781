//! Latencies to figures.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What one case came to.
pub(super) struct Figures {
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
    pub(super) count: usize,
    /// Processor time of this process for one of them, load and worker included.
    pub(super) cpu_us: f64,
}

/// Wall and processor time since its start.
pub(super) struct Watch {
    started: Instant,
    cpu: Duration,
}

impl Watch {
    pub(super) fn start() -> Self {
        Self {
            started: Instant::now(),
            cpu: cpu_time(),
        }
    }
}

/// The processor time this process has used.
fn cpu_time() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(used.tv_sec).unwrap_or(0),
        u32::try_from(used.tv_nsec).unwrap_or(0),
    )
}

impl Figures {
    /// Figures of what was done while `watch` ran.
    pub(super) fn of(mut latencies: Vec<Duration>, watch: &Watch) -> Self {
        let elapsed = watch.started.elapsed();
        let cpu = cpu_time().saturating_sub(watch.cpu);
        latencies.sort_unstable();
        let at = |share: f64| {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of a length is a small positive number"
            )]
            let index = (latencies.len() as f64 * share) as usize;
            latencies
                .get(index.min(latencies.len().saturating_sub(1)))
                .map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0)
        };
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let per_second = latencies.len() as f64 / elapsed.as_secs_f64();
        Self {
            per_second,
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            max_ms: at(1.0),
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
            cpu_us: cpu.as_secs_f64() * 1e6 / latencies.len().max(1) as f64,
            count: latencies.len(),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "per_second": self.per_second,
            "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms,
            "max_ms": self.max_ms,
            "count": self.count,
            "cpu_us": self.cpu_us,
        })
    }
}
