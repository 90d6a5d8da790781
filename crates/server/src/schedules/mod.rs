//! Schedules: the scheduler on this server's engine and clients.

mod clock;
mod port;

use std::sync::Arc;

use avtomatika_engine::Engine;
use avtomatika_scheduler::service::OpenError;
use avtomatika_scheduler::{Handle, Options, Scheduler, Source};
use jiff::tz::TimeZone;

use crate::access::Access;
use clock::EngineClock;
use port::EnginePort;

/// The schedules a server runs.
pub struct Schedules {
    /// Where they are from.
    pub source: Source,
    /// The zone of those that name none.
    pub zone: TimeZone,
}

impl Schedules {
    /// Puts a scheduler on an engine.
    pub(crate) fn open(
        self,
        engine: &Engine,
        access: &Arc<Access>,
    ) -> Result<(Scheduler, Handle), OpenError> {
        let port = EnginePort::new(engine.clone(), Arc::clone(access));
        let mut options = Options::new(Arc::new(port), self.source);
        options.zone = self.zone;
        options.clock = Arc::new(EngineClock(engine.clone()));
        options.build()
    }
}
