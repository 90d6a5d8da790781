//! The command line. Precedence: flag, then environment, then default.

mod access;
mod history;
mod jobs;
mod schedules;
mod tls;
mod webhooks;

use std::net::SocketAddr;
use std::path::PathBuf;

use avtomatika_bot_runner::Pool;
use clap::{Parser, Subcommand};

pub(crate) use access::AccessArgs;
pub(crate) use history::HistoryArgs;
pub(crate) use jobs::{JobsArgs, JobsCommand, ServerArgs};
pub(crate) use schedules::{CheckArgs, NextArgs, SchedulesArgs, SchedulesCommand};
pub(crate) use tls::{ClientTlsArgs, TlsArgs};
pub(crate) use webhooks::WebhookArgs;

/// Bytes of the longest name prefix: names have a hash and more behind it.
const NAME_PREFIX_MAX: usize = 30;

/// A self-hosted orchestrator: jobs walk through blueprints, workers pull tasks over HTTP.
#[derive(Debug, Parser)]
#[command(name = "avtomatika", version)]
pub(crate) struct Args {
    /// How to write the log: `text` or `json`
    #[arg(long, global = true, env = "LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// A line a record, for people.
    Text,
    /// A JSON object a record, for machines.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything on this machine: server, embedded store, bot runner
    Up(Box<UpArgs>),
    /// Run a worker
    #[command(subcommand)]
    Worker(WorkerCommand),
    /// List, show, post and steer jobs
    Jobs(JobsArgs),
    /// Check a file of schedules, or tell when they run next
    #[command(subcommand)]
    Schedules(SchedulesCommand),
    /// Run, or talk to, a local Telegram Bot API server
    TelegramSim(avtomatika_telegram_sim::command::Args),
    /// Check or draw blueprint files
    #[command(subcommand)]
    Blueprint(crate::commands::blueprint::Command),
    /// Measure this machine: jobs a second and latencies beside a bare server
    Bench(BenchArgs),
    /// A process the bench measures
    #[command(subcommand, hide = true)]
    BenchRole(BenchRole),
}

/// A server that `avtomatika bench` measures in a process of its own.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchRole {
    /// A bare server
    Floor,
    /// The server with the embedded store
    Server {
        /// Folder of the store
        data_dir: PathBuf,
    },
}

/// `avtomatika up`.
#[derive(Debug, clap::Args)]
pub(crate) struct UpArgs {
    /// Address and port of the API
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Address of the API, without --listen
    #[arg(long, env = "API_HOST", default_value = "127.0.0.1", hide = true)]
    pub(crate) api_host: String,
    /// Port of the API, without --listen
    #[arg(long, env = "API_PORT", default_value_t = 8080, hide = true)]
    pub(crate) api_port: u16,
    /// Folder of jobs, tokens and keys
    #[arg(long, env = "AVTOMATIKA_DATA", default_value = "avtomatika-data")]
    pub(crate) data_dir: PathBuf,
    /// Folder of blueprint files; `blueprints` in the current folder without it, if there is one
    #[arg(long, env = "BLUEPRINTS_DIR", value_name = "DIR")]
    pub(crate) blueprints: Option<PathBuf>,
    /// Run a local Telegram Bot API server too, and have bots talk to it
    #[arg(long)]
    pub(crate) telegram_sim: bool,
    /// Address and port of that server; bots reach it from their containers, so it must listen
    /// on all addresses
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:8081")]
    pub(crate) telegram_sim_listen: SocketAddr,
    /// Address of an OpenTelemetry collector traces are sent to (OTLP over HTTP), for instance
    /// http://127.0.0.1:4318
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,
    /// Don't run bots
    #[arg(long)]
    pub(crate) no_bot_runner: bool,
    /// Run a worker that answers the `echo_task` of the built-in `test_flow`
    #[arg(long)]
    pub(crate) echo_worker: bool,
    #[command(flatten)]
    pub(crate) bots: BotRunnerArgs,
    /// Token of the one client; made and kept in the data folder without it
    #[arg(
        long,
        env = "CLIENT_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub(crate) client_token: Option<String>,
    /// Token of workers; made and kept in the data folder without it
    #[arg(
        long,
        env = "GLOBAL_WORKER_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub(crate) worker_token: Option<String>,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) schedules: SchedulesArgs,
    #[command(flatten)]
    pub(crate) webhooks: WebhookArgs,
    #[command(flatten)]
    pub(crate) history: HistoryArgs,
    /// How long ended jobs are kept, hours
    #[arg(long, env = "RETENTION_HOURS", default_value_t = 168)]
    pub(crate) retention_hours: u64,
    /// Free disk space below which the server only reads, MiB
    #[arg(long, env = "DISK_RESERVE_MB", default_value_t = 64)]
    pub(crate) disk_reserve_mb: u64,
    /// How long a lease lasts after its worker's last sign of life, seconds
    #[arg(long, env = "LEASE_SECONDS", default_value_t = 45)]
    pub(crate) lease_s: u64,
}

/// Settings of the bot runner.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct BotRunnerArgs {
    /// Docker Engine to run bots on
    #[arg(
        long,
        env = "DOCKER_HOST",
        default_value = "unix:///var/run/docker.sock"
    )]
    pub(crate) docker_host: String,
    /// Bots one user may have
    #[arg(long, env = "MAX_BOTS_PER_USER", default_value_t = 3)]
    pub(crate) max_bots_per_user: u32,
    /// Python image bots start from
    #[arg(long, env = "BASE_IMAGE", value_name = "IMAGE")]
    pub(crate) base_image: Option<String>,
    /// What names of bots' containers, networks and images begin with. Two servers on one engine
    /// are kept apart by giving each its own
    #[arg(long, env = "BOT_NAME_PREFIX", value_name = "PREFIX", value_parser = name_prefix)]
    pub(crate) bot_name_prefix: Option<String>,
    /// IPv4 range bots' networks are cut from, 10.231.0.0/16 without it
    #[arg(long, env = "BOT_NETWORK_POOL", value_name = "CIDR")]
    pub(crate) bot_network_pool: Option<Pool>,
    /// How long a bot has to ask for updates, or to match its ready pattern, seconds
    #[arg(long, env = "BOT_READY_SECONDS", default_value_t = 60, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) bot_ready_s: u64,
}

/// A prefix that names of containers, networks, volumes and images may have.
fn name_prefix(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = text.len() <= NAME_PREFIX_MAX
        && text.chars().all(plain)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && !text.contains("--");
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "up to {NAME_PREFIX_MAX} of a-z, 0-9 and single hyphens, a hyphen neither first nor last"
        ))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum WorkerCommand {
    /// Run Telegram bots in Docker containers
    BotRunner(RunnerArgs),
    /// Answer `echo_task`, the task of the built-in `test_flow`
    Echo(EchoArgs),
}

/// `avtomatika worker echo`.
#[derive(Debug, clap::Args)]
pub(crate) struct EchoArgs {
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
    /// How long each task takes, milliseconds: to see what happens meanwhile
    #[arg(long, env = "ECHO_WORK_MS", default_value_t = 0)]
    pub(crate) work_ms: u64,
}

/// How a worker finds its server.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ConnectArgs {
    /// The server
    #[arg(
        long,
        env = "ORCHESTRATOR_URL",
        default_value = "http://localhost:8080"
    )]
    pub(crate) url: String,
    /// The worker's token; not needed where its certificate counts
    #[arg(long, env = "WORKER_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The worker's name
    #[arg(long, env = "WORKER_ID")]
    pub(crate) worker_id: Option<String>,
    #[command(flatten)]
    pub(crate) tls: ClientTlsArgs,
}

/// `avtomatika worker bot-runner`.
#[derive(Debug, clap::Args)]
pub(crate) struct RunnerArgs {
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
    #[command(flatten)]
    pub(crate) bots: BotRunnerArgs,
    /// Folder for the runner's records
    #[arg(
        long,
        env = "BOT_RUNNER_STATE",
        default_value = "avtomatika-data/bot-runner"
    )]
    pub(crate) state_dir: PathBuf,
    /// Bot API server bots are redirected to instead of Telegram's
    #[arg(long, env = "TELEGRAM_API_URL")]
    pub(crate) telegram_api_url: Option<String>,
}

/// `avtomatika bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// About a minute: smaller sizes, fewer rounds
    #[arg(long, conflicts_with = "full")]
    pub(crate) quick: bool,
    /// Every size the bounds are set for: a million queued jobs
    #[arg(long)]
    pub(crate) full: bool,
    /// How long each round of a case takes, seconds
    #[arg(long)]
    pub(crate) seconds: Option<u64>,
    /// How many jobs are in flight, case by case
    #[arg(long, value_delimiter = ',')]
    pub(crate) concurrency: Vec<usize>,
    /// Only these kinds of figures
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<BenchKind>,
    /// Folder for the stores; removed afterwards. Must be on a real disk to mean anything
    #[arg(long, default_value = "avtomatika-bench")]
    pub(crate) data_dir: PathBuf,
    /// Folder with the Python environments `scripts/bench-peers.sh` makes: measures that system too
    #[arg(long, value_name = "DIR")]
    pub(crate) peers: Option<PathBuf>,
    /// Folder with the programs those environments run
    #[arg(long, value_name = "DIR", default_value = "tests/python")]
    pub(crate) peer_programs: PathBuf,
    /// Write the figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Put the figures into `benchmarks.json`, `.svg` and `.md` of this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) docs: Option<PathBuf>,
    /// Measure nothing: draw and tell again what `benchmarks.json` of this folder says
    #[arg(long, value_name = "DIR", conflicts_with_all = ["docs", "json", "full", "quick"])]
    pub(crate) render: Option<PathBuf>,
}

/// A kind of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum BenchKind {
    /// Jobs a second and latencies, beside a bare server
    Throughput,
    /// Long queues
    Queued,
    /// Parked polls
    Parked,
    /// Start and memory
    Footprint,
    /// The Python system, and its worker at our server
    Peers,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn prefixes_are_what_an_engine_takes_for_every_kind_of_name() {
        for good in ["a", "avt-bot", "x9-2"] {
            assert_eq!(name_prefix(good).unwrap(), good);
        }
        for bad in [
            "",
            "-a",
            "a-",
            "a--b",
            "A",
            "a_b",
            "a/b",
            "бот",
            &"a".repeat(31),
        ] {
            assert!(name_prefix(bad).is_err(), "{bad}");
        }
    }
}
