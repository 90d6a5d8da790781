//! A runner on the real engine with names, addresses and state of its own, removed afterwards.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

use avtomatika_bot_runner::{BotId, LogQuery, Runner, RunnerOptions, StartRequest, Started};
use avtomatika_protocol::Failure;
use avtomatika_protocol::bot::{BotState, StartSpec};
use bollard::Docker;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// A bot that counts: a line to each stream every half second.
pub(crate) const COUNTING: &str = r#"
import os, sys, time
print("hello from", os.environ.get("NAME", "nobody"))
n = 0
while True:
    print("tick", n); print("tock", n, file=sys.stderr)
    n += 1
    time.sleep(0.5)
"#;

/// A bot that just stays there.
pub(crate) const IDLE: &str = "import time\nprint('idle')\nwhile True: time.sleep(1)\n";

/// A bot that crashes with a traceback.
pub(crate) const CRASHING: &str = "print('about to fail')\nraise RuntimeError('planted crash')\n";

pub(crate) struct Bench {
    pub(crate) runner: Runner,
    pub(crate) docker: Docker,
    pub(crate) options: RunnerOptions,
    _state: tempfile::TempDir,
}

pub(crate) fn docker_host() -> String {
    std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned())
}

/// Settings that meet no other test's things.
pub(crate) fn options(state: &std::path::Path) -> RunnerOptions {
    let mark: u32 = rand::random();
    let mut options = RunnerOptions::new(format!("test-runner-{mark:08x}"), state);
    options.docker_host = docker_host();
    options.name_prefix = format!("avotest-{mark:08x}");
    let (second, third) = (200 + (mark >> 8) % 24, mark % 256);
    options.network.pool = format!("10.{second}.{third}.0/24").parse().unwrap();
    options.gate.alive = Duration::from_millis(2500);
    options.gate.deadline = Duration::from_secs(30);
    options.stop_grace = Duration::from_secs(3);
    options
}

impl Bench {
    pub(crate) async fn new(change: impl FnOnce(&mut RunnerOptions)) -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut options = options(state.path());
        change(&mut options);
        let runner = Runner::connect(options.clone()).await.expect(
            "these tests need a Docker Engine (DOCKER_HOST or /var/run/docker.sock), root and \
             iptables: scripts/docker-up.sh",
        );
        let docker = Docker::connect_with_unix(&docker_host(), 60, bollard::API_DEFAULT_VERSION);
        Self {
            runner,
            docker: docker.unwrap(),
            options,
            _state: state,
        }
    }

    pub(crate) async fn start(&self, request: &StartRequest) -> Result<Started, Failure> {
        self.runner
            .start(request, &(), &CancellationToken::new())
            .await
    }

    pub(crate) async fn state(&self, bot: &BotId) -> BotState {
        self.runner
            .status(bot)
            .await
            .unwrap()
            .status
            .expect("the bot is there")
            .state
    }

    pub(crate) async fn logs(&self, bot: &BotId, lines: usize) -> String {
        let query = LogQuery {
            lines,
            cursor: None,
            wait: Duration::ZERO,
        };
        self.runner
            .logs(bot, &query)
            .await
            .unwrap()
            .logs
            .unwrap_or_default()
    }

    /// Names of containers, networks and volumes with this bench's prefix.
    pub(crate) async fn things(&self) -> Vec<String> {
        use bollard::query_parameters as q;
        let prefix = &self.options.name_prefix;
        let mut things = Vec::new();
        let all = q::ListContainersOptionsBuilder::new().all(true).build();
        for container in self.docker.list_containers(Some(all)).await.unwrap() {
            let names = container.names.unwrap_or_default();
            things.extend(
                names
                    .into_iter()
                    .map(|name| name.trim_start_matches('/').to_owned()),
            );
        }
        let networks = self
            .docker
            .list_networks(None::<q::ListNetworksOptions>)
            .await
            .unwrap();
        things.extend(networks.into_iter().filter_map(|network| network.name));
        let volumes = self
            .docker
            .list_volumes(None::<q::ListVolumesOptions>)
            .await
            .unwrap();
        things.extend(
            volumes
                .volumes
                .unwrap_or_default()
                .into_iter()
                .map(|volume| volume.name),
        );
        things.retain(|name| name.starts_with(prefix.as_str()));
        things.sort();
        things
    }

    /// Removes this bench's dependency images, which a runner keeps.
    pub(crate) async fn drop_images(&self) {
        use bollard::query_parameters as q;
        let all = self
            .docker
            .list_images(None::<q::ListImagesOptions>)
            .await
            .unwrap();
        let tags = all.into_iter().flat_map(|image| image.repo_tags);
        for tag in tags.filter(|tag| tag.starts_with(&self.options.name_prefix)) {
            let options = q::RemoveImageOptionsBuilder::new().force(true).build();
            self.docker
                .remove_image(&tag, Some(options), None)
                .await
                .unwrap();
        }
    }

    /// Waits until it holds, at most that long.
    pub(crate) async fn until<F: Future<Output = bool>>(
        &self,
        seconds: u64,
        what: &str,
        it: impl Fn() -> F,
    ) {
        let end = Instant::now() + Duration::from_secs(seconds);
        while !it().await {
            assert!(Instant::now() < end, "not within {seconds} s: {what}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Runs a test and removes what it made, whether it passed or not.
pub(crate) async fn with_bench<F, R>(change: impl FnOnce(&mut RunnerOptions), body: F)
where
    F: FnOnce(std::sync::Arc<Bench>) -> R,
    R: Future<Output = ()> + Send + 'static,
{
    let bench = std::sync::Arc::new(Bench::new(change).await);
    let result = tokio::spawn(body(std::sync::Arc::clone(&bench))).await;
    let removed = bench.runner.remove_everything().await;
    let left = bench.things().await;
    bench.drop_images().await;
    if let Err(panic) = result {
        std::panic::resume_unwind(panic.into_panic());
    }
    removed.unwrap();
    assert!(left.is_empty(), "left behind: {left:?}");
}

pub(crate) fn bot(name: &str) -> BotId {
    BotId::new("cli_test", name)
}

/// A bot of one file.
pub(crate) fn request(name: &str, code: &str) -> StartRequest {
    request_with(name, &json!({"code": code}))
}

/// A bot of any params.
pub(crate) fn request_with(name: &str, params: &Value) -> StartRequest {
    let mut all = json!({"deployment_mode": "simple"});
    all.as_object_mut()
        .unwrap()
        .extend(params.as_object().unwrap().clone());
    let spec = StartSpec::validate(&all).unwrap();
    StartRequest {
        bot: bot(name),
        spec,
        spec_version: json!(1),
    }
}

pub(crate) fn details(failure: &Failure) -> Value {
    failure.more.get("details").cloned().unwrap_or_default()
}

pub(crate) fn code(failure: &Failure) -> &str {
    failure.code.as_deref().unwrap_or_default()
}

pub(crate) fn log_tail(failure: &Failure) -> String {
    let details = details(failure);
    let lines = details["log_tail"].as_array().cloned().unwrap_or_default();
    lines
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join("\n")
}

pub(crate) fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}
