//! The runner: connecting to an engine, and what all operations share.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use bollard::Docker;
use parking_lot::Mutex;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::firewall::{self, Firewall};
use crate::image::{Images, Owner};
use crate::label::Key;
use crate::locks::{Locks, Reservations};
use crate::network::{Bridges, Networks};
use crate::options::RunnerOptions;
use crate::record::{Records, write_whole};
use crate::redirect::{self, Redirect};
use crate::sim::Sim;
use crate::supervise::{self, Crashes};
use crate::{engine, reconcile};

/// Runs bots on one engine. Cheap to clone; supervision ends with the last clone, or with
/// [`Runner::shutdown`].
#[derive(Clone)]
pub struct Runner {
    pub(crate) inner: Arc<Inner>,
    supervision: Arc<Supervision>,
}

struct Supervision {
    tasks: TaskTracker,
    _stop: DropGuard,
    token: CancellationToken,
}

/// What operations work with.
pub(crate) struct Inner {
    pub(crate) options: RunnerOptions,
    pub(crate) docker: Docker,
    pub(crate) networks: Arc<Networks>,
    pub(crate) images: Images,
    pub(crate) firewall: Option<Firewall>,
    pub(crate) key: Key,
    pub(crate) records: Records,
    pub(crate) redirect: Option<Redirect>,
    pub(crate) sim: Option<Sim>,
    pub(crate) locks: Locks,
    pub(crate) reservations: Reservations,
    pub(crate) crashes: Crashes,
    /// Starts and updates under way, by bot key, so that a stop needn't wait for them.
    pub(crate) under_way: Mutex<HashMap<String, CancellationToken>>,
}

/// Why a runner can't begin.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No engine answers.
    #[error("reach the Docker Engine at {host}")]
    Engine {
        /// Where it was looked for.
        host: String,
        /// What happened instead.
        #[source]
        source: bollard::errors::Error,
    },
    /// The state directory can't be used.
    #[error("use the state directory {path}")]
    State {
        /// Which.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The firewall rules can't be set.
    #[error("set the firewall rules that keep bots from the host and private networks")]
    Firewall(#[source] firewall::Error),
    /// The simulator's address is of no use.
    #[error(transparent)]
    TelegramApiUrl(redirect::ParseError),
}

impl Runner {
    /// Connects, sets the firewall rules, clears up what an earlier runner of the same name left
    /// half done, and begins to watch over its bots.
    pub async fn connect(options: RunnerOptions) -> Result<Self, ConnectError> {
        let host = options.docker_host.clone();
        let docker = engine::connect(&host)
            .await
            .map_err(|source| ConnectError::Engine { host, source })?;
        let state_error = |source| ConnectError::State {
            path: options.state_dir.display().to_string(),
            source,
        };
        let records = Records::open(&options.state_dir).map_err(state_error)?;
        let key = load_key(&options).map_err(state_error)?;
        let redirect = options
            .telegram_api_url
            .as_deref()
            .map(Redirect::parse)
            .transpose();
        let redirect = redirect.map_err(ConnectError::TelegramApiUrl)?;
        let bridges = Bridges::of(&options.name_prefix, options.network.pool);
        let firewall = options.network.firewall.then(|| {
            Firewall::new(
                bridges.clone(),
                resolvers(&options),
                redirect.as_ref().and_then(Redirect::host_port),
                redirect.as_ref().and_then(Redirect::open),
            )
        });
        if let Some(firewall) = &firewall {
            firewall.install().await.map_err(ConnectError::Firewall)?;
        }
        let networks = Arc::new(Networks::new(docker.clone(), options.network.pool, bridges));
        let images = Images::new(
            docker.clone(),
            Arc::clone(&networks),
            options.dependencies.clone(),
            &options.base_image,
            Owner {
                prefix: &options.name_prefix,
                runner: &options.worker_id,
                key: key.clone(),
                state_dir: &options.state_dir,
            },
        );
        let inner = Arc::new(Inner {
            sim: options
                .telegram_api_url
                .as_deref()
                .and_then(|url| Sim::new(url, options.telegram_control_token.as_deref())),
            docker,
            networks,
            images,
            firewall,
            key,
            records,
            redirect,
            locks: Locks::default(),
            reservations: Reservations::default(),
            crashes: Crashes::new(options.crash.clone()),
            under_way: Mutex::default(),
            options,
        });
        if let Err(failure) = reconcile::run(&inner).await {
            tracing::warn!(error = failure.message, "leftovers are cleared later");
        }
        Ok(Self {
            supervision: Arc::new(Supervision::begin(&inner)),
            inner,
        })
    }

    /// Ends supervision and waits for it. Bots go on running.
    pub async fn shutdown(&self) {
        self.supervision.token.cancel();
        self.supervision.tasks.close();
        self.supervision.tasks.wait().await;
    }

    /// Stops and removes every bot of this runner, its build network and its firewall rules:
    /// for tests and for taking a machine out of service. Dependency images stay.
    pub async fn remove_everything(&self) -> Result<(), avtomatika_protocol::Failure> {
        self.shutdown().await;
        reconcile::remove_everything(&self.inner).await
    }

    /// The settings it works with.
    pub fn options(&self) -> &RunnerOptions {
        &self.inner.options
    }
}

impl Supervision {
    fn begin(inner: &Arc<Inner>) -> Self {
        let (tasks, token) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(supervise::run(Arc::clone(inner), token.clone()));
        Self {
            tasks,
            _stop: token.clone().drop_guard(),
            token,
        }
    }
}

/// Notes an operation as under way for as long as this lives.
pub(crate) struct UnderWay<'a> {
    inner: &'a Inner,
    key: &'a str,
}

impl Inner {
    /// Makes an operation cancellable by a stop.
    pub(crate) fn under_way<'a>(&'a self, key: &'a str, token: &CancellationToken) -> UnderWay<'a> {
        self.under_way.lock().insert(key.to_owned(), token.clone());
        UnderWay { inner: self, key }
    }

    /// Calls off what is under way with a bot.
    pub(crate) fn call_off(&self, key: &str) {
        if let Some(token) = self.under_way.lock().get(key) {
            token.cancel();
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.inner.under_way.lock().remove(self.key);
    }
}

fn resolvers(options: &RunnerOptions) -> Vec<Ipv4Addr> {
    if options.network.resolvers.is_empty() {
        firewall::host_resolvers()
    } else {
        options.network.resolvers.clone()
    }
}

/// The key given, or the one kept in the state directory, drawn at the first start.
fn load_key(options: &RunnerOptions) -> std::io::Result<Key> {
    if let Some(key) = options.label_key {
        return Ok(Key::new(key));
    }
    let path = options.state_dir.join("label-key");
    let kept = std::fs::read_to_string(&path).ok();
    let kept = kept.and_then(|text| hex::decode(text.trim()).ok()?.try_into().ok());
    if let Some(bytes) = kept {
        return Ok(Key::new(bytes));
    }
    let bytes: [u8; 32] = rand::random();
    write_whole(&path, hex::encode(bytes).as_bytes())?;
    Ok(Key::new(bytes))
}
