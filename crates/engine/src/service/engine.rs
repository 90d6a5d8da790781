//! The engine: what it is made of and how it is put together.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::door::Door;
use super::parking::Parking;
use super::progress::ProgressBoard;
use super::pushes::Pushes;
use super::registry::{Registry, Resolver};
use super::turns::Turns;
use super::watch::Watchers;
use crate::blueprint::Blueprint;
use crate::clock::{Clock, SystemClock};
use crate::entropy::Entropy;
use crate::history::HistoryEvent;
use crate::machine::Job;
use crate::seal::Sealer;
use crate::settings::Settings;
use crate::storage::Store;

/// Somebody who wants to know what has been committed: for traces, not for anything that must
/// not be lost.
pub trait Observer: Send + Sync {
    /// These jobs have been written, and this is told of them. Must not block.
    fn committed(&self, jobs: &[Arc<Job>], told: &[HistoryEvent]);
}

/// What an engine is built from.
pub struct Options {
    /// Where jobs live.
    pub store: Arc<dyn Store>,
    /// The blueprints jobs may walk through.
    pub blueprints: Vec<Blueprint>,
    /// Makes blueprints from their sources again, for jobs that began with versions that are not
    /// in use any more.
    pub resolver: Option<Arc<dyn Resolver>>,
    /// Told of every commit once it is durable.
    pub observer: Option<Arc<dyn Observer>>,
    /// Seals secrets.
    pub sealer: Sealer,
    /// Limits and intervals.
    pub settings: Settings,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids and jitter come from.
    pub entropy: Entropy,
}

impl Options {
    /// The options with a real clock, real randomness and default limits.
    pub fn new(store: Arc<dyn Store>, sealer: Sealer) -> Self {
        Self {
            store,
            blueprints: Vec::new(),
            resolver: None,
            observer: None,
            sealer,
            settings: Settings::default(),
            clock: Arc::new(SystemClock),
            entropy: Entropy::system(),
        }
    }

    /// The same, with one more blueprint.
    #[must_use]
    pub fn blueprint(mut self, blueprint: Blueprint) -> Self {
        self.blueprints.push(blueprint);
        self
    }

    /// Puts the engine together. Nothing runs until [`Engine::run`] is called.
    pub fn build(self) -> Engine {
        let registry = Registry::default();
        match super::webhook::blueprint() {
            Ok(blueprint) => registry.put(Arc::new(blueprint)),
            Err(error) => tracing::error!(%error, "the blueprint of deliveries is broken"),
        }
        for blueprint in self.blueprints {
            registry.put(Arc::new(blueprint));
        }
        Engine(Arc::new(Inner {
            store: self.store,
            registry,
            resolver: self.resolver,
            observer: self.observer,
            sealer: self.sealer,
            settings: self.settings,
            clock: self.clock,
            entropy: self.entropy,
            parking: Parking::default(),
            watchers: Watchers::default(),
            progress: ProgressBoard::default(),
            pushes: Pushes::default(),
            turns: Turns::default(),
            door: Door::default(),
            outbox_changed: Notify::new(),
            timer_changed: Notify::new(),
            timers_sleep_until_ms: AtomicU64::new(u64::MAX),
            draining: CancellationToken::new(),
            unfinished: TaskTracker::new(),
        }))
    }
}

/// The engine. Cheap to clone: all clones are the same engine.
#[derive(Clone)]
pub struct Engine(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Arc<dyn Store>,
    pub(super) registry: Registry,
    pub(super) resolver: Option<Arc<dyn Resolver>>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) sealer: Sealer,
    pub(super) settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Entropy,
    /// Polls that wait for a task.
    pub(super) parking: Parking,
    /// Reads that wait for a job to change.
    pub(super) watchers: Watchers,
    /// What workers say they are doing. Lost with the process; copied to the job when a result
    /// arrives.
    pub(super) progress: ProgressBoard,
    /// Channels to workers.
    pub(super) pushes: Pushes,
    /// Jobs on their way in.
    pub(super) door: Door,
    /// Turns at jobs that several change at once.
    pub(super) turns: Turns,
    /// Told when something was put into the outbox.
    pub(super) outbox_changed: Notify,
    /// Told when the next timer may be earlier than the background loop thinks.
    pub(super) timer_changed: Notify,
    /// Until when the clockwork sleeps, as it says itself; the largest number while it is awake.
    pub(super) timers_sleep_until_ms: AtomicU64,
    /// Cancelled when the engine stops taking work.
    pub(super) draining: CancellationToken,
    /// What requests had begun when their connections broke.
    pub(super) unfinished: TaskTracker,
}

impl Engine {
    /// The engine's limits and intervals.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The time, milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> u64 {
        self.0.clock.now_ms()
    }

    /// Stops taking work: new jobs and polls are refused, parked polls are answered.
    pub fn drain(&self) {
        self.0.draining.cancel();
    }

    /// Whether the engine has stopped taking work.
    pub fn is_draining(&self) -> bool {
        self.0.draining.is_cancelled()
    }

    /// Flushes and closes the store. Call after [`Engine::drain`] and the last request.
    ///
    /// # Errors
    /// When the last flush failed.
    pub async fn close(&self) -> Result<(), super::EngineError> {
        self.0.unfinished.close();
        self.0.unfinished.wait().await;
        Ok(self.0.store.close().await?)
    }
}
