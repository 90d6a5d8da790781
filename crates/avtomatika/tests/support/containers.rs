//! A stack with a bot runner and a telegram-sim, whose bots have names and addresses of their own.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use avtomatika_bot_runner::{Runner, RunnerOptions};
use avtomatika_telegram_sim::SimClient;

use super::cli::{self, Ran};
use super::stack::{Setup, Stack};

/// Images with dependencies are kept under this name between tests, so that each stack, under a
/// prefix of its own, need not install them anew.
const CACHE: &str = "avotest-e2e-cache";
/// How many of them.
const CACHED_MAX: usize = 4;

pub struct BotStack {
    pub stack: Stack,
    pub sim: SimClient,
    pub prefix: String,
    pool: String,
}

/// Runs a test with a stack of its own, and removes everything, whether it passed or not.
pub async fn with_bots<F, R>(setup: Setup, body: F)
where
    F: FnOnce(Arc<BotStack>) -> R,
    R: Future<Output = ()> + Send + 'static,
{
    let mark: u32 = rand::random();
    let prefix = format!("avotest-e2e-{mark:08x}");
    let pool = format!("10.{}.{}.0/24", 224 + (mark >> 8) % 6, mark % 256);
    restore_images(&prefix);
    let setup = setup
        .argument(&["--telegram-sim", "--telegram-sim-listen", "0.0.0.0:0"])
        .argument(&["--bot-name-prefix", &prefix, "--bot-network-pool", &pool]);
    let stack = Stack::start(setup).await;
    let mut sim = None;
    super::until(30, "telegram-sim and the bot runner are ready", || {
        let output = stack.output();
        let url = output
            .split_once("telegram-sim is ready url=")
            .and_then(|(_, rest)| rest.split_whitespace().next());
        sim = url.map(str::to_owned);
        let ready = sim.is_some() && output.contains("the bot runner is ready");
        async move { ready }
    })
    .await;
    let bots = Arc::new(BotStack {
        stack,
        sim: SimClient::new(sim.unwrap()),
        prefix,
        pool,
    });
    let result = tokio::spawn(body(Arc::clone(&bots))).await;
    let mut bots = Arc::into_inner(bots).expect("the test keeps no hold on the stack");
    if result.is_err() {
        println!("--- the server's log:\n{}", bots.stack.output());
    }
    let removed = bots.remove().await;
    if let Err(panic) = result {
        std::panic::resume_unwind(panic.into_panic());
    }
    assert_eq!(removed, Vec::<String>::new(), "left behind");
}

impl BotStack {
    /// Runs `avtomatika-bot`.
    pub async fn bot(&self, arguments: &[&str]) -> Ran {
        cli::run(self.stack.root.path(), arguments).await
    }

    /// Writes a file beside the data folder; its name, as the CLI is given it.
    pub fn file(&self, name: &str, content: &str) -> String {
        std::fs::write(self.stack.root.path().join(name), content).unwrap();
        name.to_owned()
    }

    /// An example from the repository, as a path.
    pub fn example(&self, name: &str) -> String {
        let path = super::workspace().join("examples/bots").join(name);
        path.to_str().unwrap().to_owned()
    }

    /// Names of all containers, networks, volumes and images with this stack's prefix, but for
    /// the one network that dependencies are installed in.
    pub fn things(&self) -> Vec<String> {
        let mut things = docker(&["ps", "-a", "--format", "{{.Names}}"]);
        things.extend(docker(&["network", "ls", "--format", "{{.Name}}"]));
        things.extend(docker(&["volume", "ls", "--format", "{{.Name}}"]));
        let image = "{{.Repository}}:{{.Tag}}";
        things.extend(docker(&["image", "ls", "--format", image]));
        let build = format!("{}-build", self.prefix);
        things.retain(|name| name.starts_with(&self.prefix) && *name != build);
        things.sort();
        things
    }

    /// The same without the images, which a runner keeps for the next bot.
    pub fn running_things(&self) -> Vec<String> {
        let images = format!("{}-deps:", self.prefix);
        let things = self.things().into_iter();
        things.filter(|name| !name.starts_with(&images)).collect()
    }

    /// Stops the server, then removes what it leaves running on purpose. What is left after all.
    async fn remove(&mut self) -> Vec<String> {
        self.stack.stop().await;
        let state = self.stack.data().join("bot-runner");
        let mut options = RunnerOptions::new("local-bot-runner", state);
        options.name_prefix.clone_from(&self.prefix);
        options.network.pool = self.pool.parse().unwrap();
        options.stop_grace = Duration::from_secs(1);
        if let Ok(host) = std::env::var("DOCKER_HOST") {
            options.docker_host = host;
        }
        let runner = Runner::connect(options).await.unwrap();
        runner.remove_everything().await.unwrap();
        keep_images(&self.prefix);
        self.things()
    }
}

/// Lines that a `docker` command prints.
pub fn docker(arguments: &[&str]) -> Vec<String> {
    let output = std::process::Command::new("docker")
        .args(arguments)
        .output()
        .expect("these tests need the docker command: scripts/docker-up.sh");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {error}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(str::to_owned).collect()
}

fn tags(repository: &str) -> Vec<String> {
    docker(&["image", "ls", "--format", "{{.Tag}}", repository])
}

fn restore_images(prefix: &str) {
    for tag in tags(CACHE) {
        docker(&[
            "tag",
            &format!("{CACHE}:{tag}"),
            &format!("{prefix}-deps:{tag}"),
        ]);
    }
}

fn keep_images(prefix: &str) {
    for tag in tags(&format!("{prefix}-deps")) {
        let own = format!("{prefix}-deps:{tag}");
        docker(&["tag", &own, &format!("{CACHE}:{tag}")]);
        docker(&["rmi", &own]);
    }
    // The newest come first.
    for tag in tags(CACHE).iter().skip(CACHED_MAX) {
        docker(&["rmi", &format!("{CACHE}:{tag}")]);
    }
}
