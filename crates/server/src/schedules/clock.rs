//! The engine's time, for the scheduler to go by.

use avtomatika_engine::Engine;
use avtomatika_engine::clock::Clock;

/// The engine's time.
pub(super) struct EngineClock(pub(super) Engine);

impl Clock for EngineClock {
    fn now_ms(&self) -> u64 {
        self.0.now_ms()
    }
}
