//! One worker at one server: register, then poll and send heartbeats until told otherwise.

use std::sync::Arc;
use std::time::Duration;

use avtomatika_protocol::SessionId;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::client::Client;
use crate::courier;
use crate::delivered::Observer;
use crate::error::Error;
use crate::handler::Handlers;
use crate::progress::{self, Note, QUEUE_LEN_MAX};
use crate::running::RunningTasks;
use crate::settings::Settings;
use crate::slots::Slots;

/// A registration that held this long was a good one; those that don't are repeated with growing
/// pauses.
const SETTLED: Duration = Duration::from_secs(10);

/// What the sessions of a worker share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) handlers: Handlers,
    pub(crate) delivered: Option<Observer>,
    pub(crate) slots: Slots,
    /// How many servers the slots are shared by.
    pub(crate) sessions: usize,
    /// The worker was told to stop: no new tasks.
    pub(crate) draining: CancellationToken,
}

/// What the server said when it registered the worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registered {
    /// Counts registrations, so that a complaint about an earlier one is not taken for a
    /// complaint about this one. 0: not yet registered.
    pub(crate) generation: u64,
    /// The seed era has none.
    pub(crate) session_id: Option<SessionId>,
    pub(crate) heartbeat_interval: Duration,
    /// How long a lease lasts without a heartbeat.
    pub(crate) lease: Duration,
}

/// What the handlers of a session tell, on its way out.
pub(crate) struct Told {
    progress: mpsc::Receiver<Note>,
    results: mpsc::UnboundedReceiver<courier::Item>,
}

/// One worker at one server.
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) client: Client,
    pub(crate) running: RunningTasks,
    pub(crate) registered: watch::Sender<Registered>,
    /// Asks for a heartbeat before its time.
    pub(crate) heartbeat_now: Notify,
    /// When the server last answered a heartbeat or a registration: until a lease later it
    /// keeps our leases.
    pub(crate) last_heard: Mutex<Instant>,
    pub(crate) progress: mpsc::Sender<Note>,
    /// Takes results that may go together, if the worker wants that.
    pub(crate) courier: Option<mpsc::UnboundedSender<courier::Item>>,
    /// The generation somebody was told is unknown.
    stale: watch::Sender<u64>,
    /// Results that may wait for another attempt without keeping their slots.
    pub(crate) patience: Semaphore,
}

impl Session {
    /// A session, and what its handlers will tell.
    pub(crate) fn new(shared: Arc<Shared>, client: Client) -> (Arc<Self>, Told) {
        let (progress, told) = mpsc::channel(QUEUE_LEN_MAX);
        let (courier, results) = mpsc::unbounded_channel();
        let told = Told {
            progress: told,
            results,
        };
        let registered = Registered {
            generation: 0,
            session_id: None,
            heartbeat_interval: Duration::from_secs(15),
            lease: Duration::from_secs(60),
        };
        let patience = Semaphore::new(shared.slots.max() as usize);
        let courier = (shared.settings.batch > 1).then_some(courier);
        let session = Self {
            shared,
            client,
            running: RunningTasks::default(),
            registered: watch::Sender::new(registered),
            heartbeat_now: Notify::new(),
            last_heard: Mutex::new(Instant::now()),
            progress,
            courier,
            stale: watch::Sender::new(0),
            patience,
        };
        (Arc::new(session), told)
    }

    /// Works until the worker is told to stop, then drains.
    ///
    /// # Errors
    /// Only when the server refuses the first registration.
    pub(crate) async fn run(self: Arc<Self>, told: Told) -> Result<(), Error> {
        let work = async {
            // Owned here and nowhere else: dropping this future ends all lanes.
            let mut lanes = JoinSet::new();
            let outcome = tokio::select! {
                biased;
                () = self.shared.draining.cancelled() => Ok(()),
                error = self.serve(&mut lanes) => Err(error),
            };
            self.drain(lanes).await;
            outcome
        };
        let settings = &self.shared.settings;
        let (client, worker) = (&self.client, &settings.worker_id);
        let carry = async {
            if self.courier.is_some() {
                courier::carry(client, worker, told.results, settings.batch as usize).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            outcome = work => outcome,
            // Neither ends first: the session itself holds their senders.
            () = progress::send_all(client, worker, told.progress) => Ok(()),
            () = carry => Ok(()),
        }
    }

    /// Registers, works, and registers again whenever the server has forgotten the worker.
    async fn serve(self: &Arc<Self>, lanes: &mut JoinSet<()>) -> Error {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(30));
        loop {
            if let Err(error) = self.register(&mut backoff).await {
                return error;
            }
            let since = Instant::now();
            let generation = self.registered.borrow().generation;
            let mut stale = self.stale.subscribe();
            tokio::select! {
                _ = stale.wait_for(|stale| *stale >= generation) => {}
                () = self.poll_for_ever(lanes) => {}
                () = self.send_heartbeats("idle") => {}
                () = self.keep_channel() => {}
            }
            tracing::warn!(server = %self.client.server(), "the server forgot this worker");
            if since.elapsed() > SETTLED {
                backoff.reset();
            }
        }
    }

    /// Notes that the server does not know this registration any more.
    pub(crate) fn mark_stale(&self, generation: u64) {
        self.stale.send_if_modified(|stale| {
            let newer = generation > *stale;
            *stale = generation.max(*stale);
            newer
        });
    }

    /// Whether the server speaks the seed era's protocol, without sessions and leases.
    pub(crate) fn is_seed_era(&self) -> bool {
        self.registered.borrow().session_id.is_none()
    }
}
