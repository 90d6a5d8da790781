//! The simulation must find what it is there for: the store is broken on purpose in three ways, and
//! it has to complain of each within a few seeds.

use super::world::World;
use crate::stretched::Break;

/// Runs broken worlds until one complains of this; answers which seed it was.
async fn found(how: Break, complaint: &str, seeds: u64) {
    for seed in 0..seeds {
        let mut world = World::new(seed, Some(how)).await;
        world.storm().await;
        world.calm().await;
        let complaints = world.complaints().await;
        if let Some(found) = complaints.iter().find(|text| text.contains(complaint)) {
            eprintln!("{how:?}: seed {seed} found it: {found}");
            return;
        }
    }
    panic!("{how:?}: nothing found in {seeds} seeds");
}

#[tokio::test(start_paused = true)]
async fn a_stale_attempt_that_is_accepted_is_found() {
    found(Break::StaleAccepted, "held", 100).await;
}

#[tokio::test(start_paused = true)]
async fn a_parent_that_is_resumed_twice_is_found() {
    found(Break::EndedTwice, "resumed twice", 200).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_wake_up_is_found() {
    found(Break::WakeLost, "has not ended", 100).await;
}
