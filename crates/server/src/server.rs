//! Putting the server together and running it.

use std::net::SocketAddr;
use std::sync::Arc;

use avtomatika_blueprint::loader::Board;
use avtomatika_engine::Engine;
use avtomatika_engine::service::Handout;
use avtomatika_scheduler::{Handle, Scheduler};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
use crate::history::{HistoryOptions, Keeper, Past};
use crate::http::{Front, Handed, Listener, ListenerSettings, Seats};
use crate::schedules::Schedules;
use crate::tls::Tls;
use crate::webhooks::{Deliveries, WebhookSettings};
use crate::{endpoints, routes};

/// Streams of events open at once.
const STREAMS_MAX: usize = 10_000;
/// Those of one client.
const STREAMS_PER_CLIENT_MAX: usize = 100;
/// What a client's streams may have lying unread, bytes, beside what is small. Its other streams
/// wait meanwhile.
const STREAMS_UNREAD_BYTES_MAX: u32 = 32 << 20;
/// Channels to workers open at once.
const SOCKETS_MAX: usize = 20_000;
/// Those of one worker: the newest, and some that are about to be closed.
const SOCKETS_PER_WORKER_MAX: usize = 8;

/// What a server is built from.
pub struct Options {
    /// The engine behind it.
    pub engine: Engine,
    /// The tokens it knows.
    pub access: Access,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
    /// The largest body a client may send, bytes.
    pub body_max_bytes: usize,
    /// What bounds the listener.
    pub listener: ListenerSettings,
    /// TLS, if the address is to speak it.
    pub tls: Option<Arc<Tls>>,
    /// How webhooks are delivered; without it, another server of the same store must do so.
    pub webhooks: Option<WebhookSettings>,
    /// An address that is served without TLS beside: for what runs on the same machine.
    pub local: Option<SocketAddr>,
    /// What is posted by the clock, if anything is.
    pub schedules: Option<Schedules>,
    /// The history of jobs, if there is one.
    pub history: Option<HistoryOptions>,
    /// How the blueprint files stand, if a folder is watched.
    pub blueprint_files: Option<Board>,
}

impl Options {
    /// The options with default limits.
    pub fn new(engine: Engine, access: Access, metrics: PrometheusHandle) -> Self {
        Self {
            engine,
            access,
            metrics,
            body_max_bytes: 16 << 20,
            listener: ListenerSettings::default(),
            tls: None,
            webhooks: None,
            local: None,
            schedules: None,
            history: None,
            blueprint_files: None,
        }
    }
}

/// What request handlers share.
#[derive(Clone)]
pub struct AppState {
    pub(crate) engine: Engine,
    pub(crate) access: Arc<Access>,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) tasks: TaskTracker,
    pub(crate) schedules: Option<Handle>,
    pub(crate) past: Option<Past>,
    pub(crate) blueprint_files: Option<Board>,
    /// Whether webhooks are for the public internet only.
    pub(crate) posts_to_public_only: bool,
    /// Streams of events that are open.
    pub(crate) streams: Arc<Seats>,
    /// Channels to workers that are open.
    pub(crate) sockets: Arc<Seats>,
    /// Cancelled when the server stops.
    pub(crate) closing: CancellationToken,
}

impl AppState {
    /// Tasks on their way to a worker, which come back if they don't get there.
    pub(crate) fn handed<'a>(&self, handouts: impl IntoIterator<Item = &'a Handout>) -> Handed {
        let handouts = handouts.into_iter();
        Handed {
            engine: self.engine.clone(),
            tasks: self.tasks.clone(),
            handouts: handouts
                .map(|handout| (handout.task, handout.lease))
                .collect(),
        }
    }
}

/// A bound server.
pub struct Server {
    listener: Listener,
    local: Option<Listener>,
    tls: Option<Arc<Tls>>,
    webhooks: Option<WebhookSettings>,
    state: AppState,
    front: Front,
    scheduler: Option<Scheduler>,
    keeper: Option<Keeper>,
}

impl Server {
    /// Binds an address.
    ///
    /// # Errors
    /// When it can't be bound, a blueprint's endpoint can't be mounted, or a file is wrong.
    pub async fn bind(addr: SocketAddr, options: Options) -> std::io::Result<Self> {
        endpoints::check(&options.engine).map_err(std::io::Error::other)?;
        options.access.load().map_err(std::io::Error::other)?;
        let settings = ListenerSettings {
            body_max_bytes: options.body_max_bytes as u64,
            ..options.listener
        };
        let local = match options.local {
            Some(local) => {
                let local = Listener::bind(local, settings.clone(), None).await?;
                Some(local.local_only())
            }
            None => None,
        };
        let listener = Listener::bind(addr, settings, options.tls.clone()).await?;
        let access = Arc::new(options.access);
        let (scheduler, schedules) = options
            .schedules
            .map(|schedules| schedules.open(&options.engine, &access))
            .transpose()
            .map_err(std::io::Error::other)?
            .unzip();
        let (past, keeper) = options
            .history
            .map(|history| history.open(&options.engine))
            .unzip();
        let state = AppState {
            engine: options.engine,
            access,
            metrics: options.metrics,
            tasks: TaskTracker::new(),
            schedules,
            past,
            blueprint_files: options.blueprint_files,
            posts_to_public_only: options
                .webhooks
                .as_ref()
                .is_some_and(|webhooks| !webhooks.allow_private),
            streams: Seats::new(
                "streams",
                STREAMS_MAX,
                STREAMS_PER_CLIENT_MAX,
                STREAMS_UNREAD_BYTES_MAX,
            ),
            sockets: Seats::new("channels", SOCKETS_MAX, SOCKETS_PER_WORKER_MAX, 0),
            closing: CancellationToken::new(),
        };
        let router = routes::router(&state, options.body_max_bytes);
        Ok(Self {
            listener,
            local,
            tls: options.tls,
            webhooks: options.webhooks,
            state,
            front: Front::new(router),
            scheduler,
            keeper,
        })
    }

    /// The address it is bound to.
    ///
    /// # Errors
    /// When the system can't tell.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The address that is served without TLS beside, if there is one.
    ///
    /// # Errors
    /// When the system can't tell.
    pub fn local_only_addr(&self) -> std::io::Result<Option<SocketAddr>> {
        self.local.as_ref().map(Listener::local_addr).transpose()
    }

    /// Serves until `shutdown`; then takes no more work, answers parked polls, lets requests in
    /// flight end, and flushes the store. Answers whether everything ended in time.
    ///
    /// # Errors
    /// When the store could not be flushed.
    pub async fn run(
        self,
        shutdown: CancellationToken,
    ) -> Result<bool, avtomatika_engine::service::EngineError> {
        let engine = self.state.engine.clone();
        let clockwork = {
            let (engine, shutdown) = (engine.clone(), shutdown.clone());
            self.state
                .tasks
                .spawn(async move { engine.run(shutdown).await })
        };
        let access = Arc::clone(&self.state.access);
        self.state.tasks.spawn(access.watch(shutdown.clone()));
        if let Some(scheduler) = self.scheduler {
            self.state.tasks.spawn(scheduler.run(shutdown.clone()));
        }
        // Ends last: until then there may be something to write down.
        let (told, mut keeping) = (CancellationToken::new(), JoinSet::new());
        if let Some(keeper) = self.keeper {
            keeping.spawn(keeper.run(told.clone()));
        }
        let stop = shutdown.clone();
        let closing = self.state.closing.clone();
        let draining = engine.clone();
        self.state.tasks.spawn(async move {
            stop.cancelled().await;
            closing.cancel();
            draining.drain();
        });
        if let Some(settings) = self.webhooks {
            let deliveries = Deliveries::new(engine.clone(), settings);
            self.state.tasks.spawn(deliveries.run(shutdown.clone()));
        }
        if let Some(tls) = self.tls {
            let access = Arc::clone(&self.state.access);
            let watch = tls.watch(shutdown.clone(), move || access.ask_again());
            self.state.tasks.spawn(watch);
        }
        let local = async {
            match self.local {
                Some(local) => local.serve(self.front.clone(), shutdown.clone()).await,
                None => true,
            }
        };
        let serve = self.listener.serve(self.front.clone(), shutdown.clone());
        let (drained, local_drained) = tokio::join!(serve, local);
        let drained = drained && local_drained;
        if let Err(error) = clockwork.await {
            tracing::error!(%error, "the engine's clockwork failed");
        }
        self.state.tasks.close();
        self.state.tasks.wait().await;
        told.cancel();
        keeping.join_all().await;
        engine.close().await?;
        Ok(drained)
    }
}
