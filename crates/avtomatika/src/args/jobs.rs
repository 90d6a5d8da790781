//! `avtomatika jobs`: what people ask of jobs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Where the server is, and who asks.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// Address of the server; without it that of the server in the data folder
    #[arg(long, env = "AVTOMATIKA_URL", value_name = "URL", global = true)]
    pub(crate) url: Option<String>,
    /// Token of the client; without it that in the data folder
    #[arg(
        long,
        env = "AVTOMATIKA_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        global = true
    )]
    pub(crate) token: Option<String>,
    /// Folder `avtomatika up` keeps its address and token in
    #[arg(
        long,
        env = "AVTOMATIKA_DATA",
        default_value = "avtomatika-data",
        global = true
    )]
    pub(crate) data_dir: PathBuf,
    /// Print what the server answers, as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// `avtomatika jobs`.
#[derive(Debug, Args)]
pub(crate) struct JobsArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(subcommand)]
    pub(crate) command: JobsCommand,
}

/// What is asked of jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List the newest jobs
    List {
        /// Only those with this status
        #[arg(long)]
        status: Option<String>,
        /// Only those of this blueprint
        #[arg(long)]
        blueprint: Option<String>,
        /// Only those with this label
        #[arg(long, value_name = "KEY:VALUE")]
        label: Vec<String>,
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Post a job: `avtomatika jobs submit /jobs/test --input '{"message": "hello"}'`
    Submit {
        /// Path of the blueprint's endpoint below /api, for instance v1/jobs/test
        endpoint: String,
        /// Body of the job: JSON, or @FILE
        #[arg(long, default_value = "{}")]
        input: String,
        /// A label to find it by
        #[arg(long, value_name = "KEY:VALUE")]
        label: Vec<String>,
        /// The same key gives the same job
        #[arg(long)]
        idempotency_key: Option<String>,
        /// Where the server posts the job's end
        #[arg(long, value_name = "URL")]
        webhook: Option<String>,
        /// Follow the job until it ends, as `watch` does
        #[arg(long)]
        wait: bool,
    },
    /// Show a job: where it stands, and why it waits
    Show {
        /// The job
        job: String,
    },
    /// Follow a job until it ends
    Watch {
        /// The job
        job: String,
    },
    /// Tell what happened to a job
    History {
        /// The job
        job: String,
    },
    /// Stop a job, and everything it has started
    Cancel {
        /// The job
        job: String,
    },
    /// Decide what a job asks
    Decide {
        /// The job
        job: String,
        /// The decision; `avtomatika jobs show` names those the job asks for
        decision: String,
        /// Who decides, for the record; the client's name without it
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// What there is to say about it
        #[arg(long)]
        comment: Option<String>,
    },
    /// Tell a job that something has happened
    Signal {
        /// The job
        job: String,
        /// The event's name
        name: String,
        /// What it carries: JSON
        #[arg(long, default_value = "null")]
        payload: String,
    },
    /// Repeat a job that has ended, from one of its states
    Rerun {
        /// The job
        job: String,
        /// The state; without it the one it ended in, or the first
        #[arg(long)]
        state: Option<String>,
    },
    /// List the jobs that are quarantined
    Quarantined,
    /// Have a quarantined job try once more
    Release {
        /// The job
        job: String,
    },
    /// Give a quarantined job up
    Discard {
        /// The job
        job: String,
    },
}
