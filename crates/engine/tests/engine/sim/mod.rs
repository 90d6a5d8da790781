//! The whole engine under simulated time and faults: clients and workers whose messages are
//! dropped, delayed and sent twice, whose connections break half-way and who crash and come back,
//! by seed. Each accepted job must end exactly once, its transitions applied in order.
//!
//! `AVTOMATIKA_SIM_SEEDS` runs more seeds, `AVTOMATIKA_SIM_FIRST` begins with another one, so
//! that a failing seed can be run alone.

mod blueprint;
mod worker;
mod world;

use world::{Tally, World};

const SEEDS: u64 = 200;

/// The seeds to run.
pub(crate) fn seeds() -> std::ops::Range<u64> {
    let first = number("AVTOMATIKA_SIM_FIRST").unwrap_or(0);
    first..first + number("AVTOMATIKA_SIM_SEEDS").unwrap_or(SEEDS)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(start_paused = true)]
async fn every_accepted_job_ends_exactly_once() {
    let (seeds, mut tally) = (seeds(), Tally::default());
    for seed in seeds.clone() {
        let mut world = World::new(seed).await;
        world.storm().await;
        world.calm().await;
        world.check().await;
        tally.add(&world.tally);
    }
    eprintln!("seeds {seeds:?}: {tally:?}");
    if seeds.end - seeds.start >= SEEDS {
        tally.assert_eventful();
    }
}

/// The same seed must give the same run, or a failing one could not be looked into.
#[tokio::test(start_paused = true)]
async fn a_seed_gives_the_same_run_again() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let mut world = World::new(42).await;
        world.storm().await;
        world.calm().await;
        runs.push(world.trace());
    }
    assert_eq!(runs[0], runs[1]);
}
