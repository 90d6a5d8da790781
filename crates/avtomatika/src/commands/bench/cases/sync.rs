//! What the disk does: one page written and synced, again and again. A job of one task is two
//! commits, and a commit two syncs, so four of these are the least a lone job can take.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::commands::bench::figures::{Figures, Watch};

/// Pages written in turn, so that the file does not grow.
const PAGES: u64 = 256;
const PAGE: [u8; 4_096] = [0x5a; 4_096];

pub(in crate::commands::bench) async fn measure(
    dir: &Path,
    time: Duration,
) -> anyhow::Result<Figures> {
    std::fs::create_dir_all(dir).context("failed to make the folder")?;
    let path = dir.join("sync");
    let measured = tokio::task::spawn_blocking(move || {
        let file = File::create(&path)?;
        for page in 0..PAGES {
            file.write_all_at(&PAGE, page * PAGE.len() as u64)?;
        }
        file.sync_all()?;
        let watch = Watch::start(&[]);
        let end = Instant::now() + time;
        let mut latencies = Vec::new();
        while Instant::now() < end {
            let started = Instant::now();
            let page = latencies.len() as u64 % PAGES;
            file.write_all_at(&PAGE, page * PAGE.len() as u64)?;
            file.sync_data()?;
            latencies.push(started.elapsed());
        }
        std::fs::remove_file(&path)?;
        Ok::<_, std::io::Error>(watch.figures(latencies))
    })
    .await?;
    measured.context("failed to measure the disk")
}
