//! A container as the engine sees it, without the options upon options.

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum as Status};
use bollard::query_parameters::InspectContainerOptions;

use crate::time::parse_ns;

/// What we need to know of a container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The engine's word: `created`, `running`, `restarting`, `exited`, ...
    pub(crate) status: String,
    /// How often the engine restarted it since it was last started by hand.
    pub(crate) restarts: u64,
    pub(crate) exit_code: i64,
    pub(crate) oom_killed: bool,
    pub(crate) started_ns: Option<i128>,
    pub(crate) finished_ns: Option<i128>,
    pub(crate) image: String,
    pub(crate) env: Vec<String>,
    pub(crate) labels: std::collections::HashMap<String, String>,
    pub(crate) volumes: Vec<String>,
}

/// Looks at a container; `None` when there is none.
pub(crate) async fn look(docker: &Docker, name: &str) -> Result<Option<Seen>, Error> {
    match docker
        .inspect_container(name, None::<InspectContainerOptions>)
        .await
    {
        Ok(answer) => Ok(Some(Seen::from(answer))),
        Err(error) if crate::engine::is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Seen {
    /// Whether its process is there or about to be: what a stop must end.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.status.as_str(), "running" | "restarting" | "paused")
    }
}

impl From<ContainerInspectResponse> for Seen {
    fn from(it: ContainerInspectResponse) -> Self {
        let state = it.state.unwrap_or_default();
        let config = it.config.unwrap_or_default();
        Self {
            id: it.id.unwrap_or_default(),
            name: it
                .name
                .unwrap_or_default()
                .trim_start_matches('/')
                .to_owned(),
            status: word(state.status).to_owned(),
            restarts: u64::try_from(it.restart_count.unwrap_or_default()).unwrap_or_default(),
            exit_code: state.exit_code.unwrap_or_default(),
            oom_killed: state.oom_killed.unwrap_or_default(),
            started_ns: state.started_at.as_deref().and_then(parse_ns),
            finished_ns: state.finished_at.as_deref().and_then(parse_ns),
            image: config.image.unwrap_or_default(),
            env: config.env.unwrap_or_default(),
            labels: config.labels.unwrap_or_default(),
            volumes: it
                .mounts
                .into_iter()
                .flatten()
                .filter_map(|mount| mount.name)
                .collect(),
        }
    }
}

fn word(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::CREATED) => "created",
        Some(Status::RUNNING) => "running",
        Some(Status::PAUSED) => "paused",
        Some(Status::RESTARTING) => "restarting",
        Some(Status::REMOVING) => "removing",
        Some(Status::EXITED) => "exited",
        Some(Status::DEAD) => "dead",
        Some(Status::STOPPING) => "stopping",
        Some(Status::EMPTY) | None => "unknown",
    }
}
