//! Many workers that wait, as little as they can be: each one connection and one poll.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use avtomatika_protocol::worker::{Outcome, ResultMessage, TaskMessage};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::completions::Completions;
use super::connection::{Connection, request};
use super::roles::{TASK, WORKER_TOKEN};

const TOKEN: (&str, &str) = ("X-Worker-Token", WORKER_TOKEN);
/// Registrations under way at once.
const REGISTERING: usize = 64;

/// Parked polls, and the tasks that keep them.
pub(super) struct Polls {
    waiting: JoinSet<anyhow::Result<()>>,
}

impl Polls {
    /// Registers so many workers and parks a poll of each. Tasks they get are done at once.
    pub(super) async fn park(
        addr: SocketAddr,
        polls: usize,
        completions: Arc<Completions>,
    ) -> anyhow::Result<Self> {
        let mut waiting = JoinSet::new();
        let places = Arc::new(Semaphore::new(REGISTERING));
        for number in 0..polls {
            let completions = Arc::clone(&completions);
            let place = Arc::clone(&places).acquire_owned().await?;
            waiting.spawn(async move {
                let name = format!("parked-{number}");
                let mut connection = Connection::open(addr).await?;
                register(&mut connection, &name).await?;
                drop(place);
                wait(connection, &name, &completions).await
            });
        }
        // All are registered once all places are free again; their polls are on the way.
        let _all = places.acquire_many(u32::try_from(REGISTERING)?).await?;
        Ok(Self { waiting })
    }

    /// Hangs up.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.waiting.try_join_next() {
            ended??;
        }
        self.waiting.shutdown().await;
        Ok(())
    }
}

async fn register(connection: &mut Connection, name: &str) -> anyhow::Result<()> {
    let body = json!({"worker_id": name, "supported_tasks": [TASK], "max_concurrent_tasks": 1});
    let register = request(
        "POST",
        "/_worker/workers/register",
        TOKEN,
        &body.to_string(),
    );
    let (status, body) = connection.call(&register).await?;
    anyhow::ensure!(
        status == 200,
        "a registration was answered {status}: {}",
        String::from_utf8_lossy(body)
    );
    Ok(())
}

async fn wait(
    mut connection: Connection,
    name: &str,
    completions: &Completions,
) -> anyhow::Result<()> {
    let poll = format!("/_worker/workers/{name}/tasks/next?timeout=30");
    let poll = request("GET", &poll, TOKEN, "");
    loop {
        let (status, body) = connection.call(&poll).await?;
        if status == 204 {
            continue;
        }
        anyhow::ensure!(
            status == 200,
            "a poll was answered {status}: {}",
            String::from_utf8_lossy(body)
        );
        let task: TaskMessage = serde_json::from_slice(body).context("a task is unreadable")?;
        let result = ResultMessage {
            job_id: task.job_id,
            task_id: task.task_id,
            worker_id: name.into(),
            result: Outcome::success(json!({})),
            lease: task.lease,
            want_next: false,
        };
        let body = serde_json::to_string(&result)?;
        let result = request("POST", "/_worker/tasks/result", TOKEN, &body);
        let (status, _) = connection.call(&result).await?;
        anyhow::ensure!(status == 200, "a result was answered {status}");
        completions.tell(task.job_id.0);
    }
}
