//! Every setting of the runner, with its default.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use avtomatika_protocol::bot::SpecPolicy;

use crate::network::pool::Pool;

/// The image bots run on where the official one can't be pulled.
pub const BASE_IMAGE: &str = "avtomatika/python-base:3.11";

/// How the runner works. `RunnerOptions::new` gives the defaults; set what differs.
#[derive(Clone)]
pub struct RunnerOptions {
    /// The worker's name. Containers carry it, and two runners on one engine see only their own.
    pub worker_id: String,
    /// Where the engine listens: `unix:///path`, a bare path, or `tcp://host:port`.
    pub docker_host: String,
    /// The Python image bots and their dependencies start from. It must be there already.
    pub base_image: String,
    /// What names of containers, networks and volumes begin with. Tests use their own.
    pub name_prefix: String,
    /// Where the runner keeps its records (one small file a bot) and, unless
    /// [`label_key`](Self::label_key) is given, its key.
    pub state_dir: PathBuf,
    /// The key of the tag on containers. Without it one is drawn and kept in the state directory.
    pub label_key: Option<[u8; 32]>,
    /// What a bot may be made of and may use, checked here a second time.
    pub policy: SpecPolicy,
    /// How many bots one user may have here. The orchestrator reserves quota first; this is the
    /// second guard.
    pub bots_per_user_max: usize,
    /// The addresses bots' networks are cut from, and what is allowed out of them.
    pub network: NetworkOptions,
    /// When a started bot counts as working.
    pub gate: GateOptions,
    /// When a bot that crashes is stopped for good.
    pub crash: CrashOptions,
    /// A `telegram-sim` that bots are redirected to, e.g. `http://127.0.0.1:8081`. With a
    /// loopback or unspecified host the simulator must listen on all addresses of this machine:
    /// bots reach it at the gateway of their own network, on this port only.
    pub telegram_api_url: Option<String>,
    /// The token the simulator's control side demands, if it does. Set one where bots are not
    /// trusted: the control side is on the same port.
    pub telegram_control_token: Option<String>,
    /// How dependencies are installed.
    pub dependencies: DependencyOptions,
    /// How long a bot has to end after SIGTERM before it is killed.
    pub stop_grace: Duration,
    /// How often everything is compared with what it should be: leftovers, running times, the
    /// firewall rules.
    pub tidy_every: Duration,
    /// Limits no plan changes.
    pub container: ContainerOptions,
}

/// Addresses of bots' networks.
#[derive(Clone, Debug)]
pub struct NetworkOptions {
    /// The range cut into one /29 for each bot; its last /26 is the build network's.
    pub pool: Pool,
    /// Whether the runner keeps firewall rules (needs root and `iptables` on the engine's host).
    /// Without them bots reach the host and private networks: only for engines that are
    /// firewalled by other means.
    pub firewall: bool,
    /// Resolvers bots may ask (port 53 only). Empty: those of `/etc/resolv.conf`, which are the
    /// ones the engine's own resolver forwards to.
    pub resolvers: Vec<Ipv4Addr>,
}

/// The health gate.
#[derive(Clone, Debug)]
pub struct GateOptions {
    /// How long the process must stay alive.
    pub alive: Duration,
    /// When the gate gives up waiting for the first `getUpdates` or for the ready pattern.
    pub deadline: Duration,
    /// Cores the bot gets until the gate passes; then the plan's limit.
    pub boost_cpu_cores: f64,
}

/// The crash loop.
#[derive(Clone, Debug)]
pub struct CrashOptions {
    /// After this many crashes ...
    pub crashes_max: usize,
    /// ... within this time the bot is stopped as `crash-loop`.
    pub window: Duration,
}

/// Installing what a bot requires.
#[derive(Clone, Debug)]
pub struct DependencyOptions {
    /// The package index; without it the tools' own default.
    pub index_url: Option<String>,
    /// A directory of wheels on the engine's host, mounted read-only.
    pub find_links: Option<PathBuf>,
    /// Install from [`find_links`](Self::find_links) alone.
    pub no_index: bool,
    /// Extra trusted certificates (PEM), for an index behind a proxy that re-signs TLS. The base
    /// image usually has them already.
    pub ca_bundle: Option<PathBuf>,
    /// Memory of the container that installs, MiB.
    pub memory_mb: u64,
    /// Its cores.
    pub cpu_cores: f64,
    /// Its processes.
    pub pids_max: i64,
    /// How long an installation may take.
    pub timeout: Duration,
    /// How many dependency images are kept; the least recently used go first.
    pub images_max: usize,
    /// Use `pip` even where there is `uv`.
    pub pip_only: bool,
}

/// Limits of every bot's container beside memory and CPU.
#[derive(Clone, Debug)]
pub struct ContainerOptions {
    /// Processes and threads.
    pub pids_max: i64,
    /// Open files.
    pub nofile_max: i64,
    /// Size of `/tmp`, MiB; it counts as memory.
    pub tmp_mb: u64,
    /// Size of any one file the bot writes, MiB.
    pub file_mb: u64,
    /// Size of one log file, MiB; two are kept.
    pub log_mb: u64,
}

impl RunnerOptions {
    /// The defaults, for a worker of this name that keeps its records there.
    pub fn new(worker_id: impl Into<String>, state_dir: impl Into<PathBuf>) -> Self {
        Self {
            worker_id: worker_id.into(),
            docker_host: "unix:///var/run/docker.sock".to_owned(),
            base_image: BASE_IMAGE.to_owned(),
            name_prefix: "avt-bot".to_owned(),
            state_dir: state_dir.into(),
            label_key: None,
            policy: SpecPolicy::default(),
            bots_per_user_max: 3,
            network: NetworkOptions {
                pool: Pool::default(),
                firewall: true,
                resolvers: Vec::new(),
            },
            gate: GateOptions {
                alive: Duration::from_secs(3),
                deadline: Duration::from_secs(60),
                boost_cpu_cores: 2.0,
            },
            crash: CrashOptions {
                crashes_max: 5,
                window: Duration::from_secs(120),
            },
            telegram_api_url: None,
            telegram_control_token: None,
            dependencies: DependencyOptions {
                index_url: None,
                find_links: None,
                no_index: false,
                ca_bundle: None,
                memory_mb: 2048,
                cpu_cores: 2.0,
                pids_max: 256,
                timeout: Duration::from_secs(600),
                images_max: 20,
                pip_only: false,
            },
            stop_grace: Duration::from_secs(10),
            tidy_every: Duration::from_secs(30),
            container: ContainerOptions {
                pids_max: 100,
                nofile_max: 1024,
                tmp_mb: 64,
                file_mb: 256,
                log_mb: 10,
            },
        }
    }

    /// How long a restarted bot must stay up to be shown as running again: longer than the pace
    /// at which it would end as a crash loop, so that one that crashes over and over never looks
    /// healthy in between.
    pub(crate) fn steady_after(&self) -> Duration {
        let crashes = u32::try_from(self.crash.crashes_max).unwrap_or(u32::MAX);
        self.gate.alive.max(self.crash.window / crashes.max(1))
    }
}
