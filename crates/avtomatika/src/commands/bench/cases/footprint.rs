//! Memory, and the time from the start of the process to the first 200.

use super::{Bench, Found};
use crate::commands::bench::child::Served;
use crate::commands::bench::figures::{as_f64, median};
use crate::commands::bench::report::{Bound, Footprint, System};

/// Bytes in what is called MB here.
pub(super) const MB: f64 = 1_000_000.0;

#[expect(
    clippy::cast_precision_loss,
    reason = "memory stays far below 2^52 bytes"
)]
pub(super) fn mb(bytes: u64) -> f64 {
    bytes as f64 / MB
}

impl Bench {
    /// Starts of the whole product on an empty folder, and its memory when idle.
    pub(in crate::commands::bench) async fn footprint(&mut self) -> anyhow::Result<()> {
        self.say("start and idle memory of `avtomatika up`");
        let (mut starts, mut memory) = (Vec::new(), Vec::new());
        for number in 0..self.plan.starts {
            let server = Served::up(&self.store(&format!("start-{number}"))).await?;
            starts.push(server.start.as_secs_f64() * 1_000.0);
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            memory.push(mb(server.resident_bytes()?));
            server.kill().await?;
        }
        let floor = Served::floor().await?;
        self.footprints.push(Footprint {
            system: System::Floor,
            start_ms: floor.start.as_secs_f64() * 1_000.0,
            idle_mb: mb(floor.resident_bytes()?),
        });
        floor.stop().await?;
        self.check(Found {
            id: "start_empty",
            what: "start of `avtomatika up` to the first 200, nothing stored".to_owned(),
            value: median(starts.clone()),
            unit: "ms",
            bound: Some(Bound::AtMost(100.0)),
            beside: format!(
                "median of {}, the longest {:.0} ms",
                starts.len(),
                starts.iter().copied().fold(0.0, f64::max)
            ),
        });
        self.check(Found {
            id: "memory_idle",
            what: "resident memory of `avtomatika up`, idle".to_owned(),
            value: median(memory),
            unit: "MB",
            bound: Some(Bound::AtMost(40.0)),
            beside: "without bots".to_owned(),
        });
        Ok(())
    }
}

/// Bytes for each of so many.
pub(super) fn each(before: u64, after: u64, count: usize) -> f64 {
    mb(after.saturating_sub(before)) * MB / as_f64(count.max(1))
}
