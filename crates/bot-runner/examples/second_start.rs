//! Measures the second start of a bot whose requirements are installed already, beside
//! `docker build` and `docker run` of the same bot.
//!
//! `cargo run --release -p avtomatika-bot-runner --example second_start -- [rounds] [requirement...]`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a measuring tool may panic and prints its figures"
)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use avtomatika_bot_runner::{BotId, Runner, RunnerOptions, StartRequest};
use avtomatika_protocol::bot::StartSpec;
use serde_json::json;
use tokio_util::sync::CancellationToken;

const CODE: &str =
    "import time\nprint('first line', time.time(), flush=True)\nwhile True: time.sleep(1)\n";

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let rounds: usize = args
        .next()
        .map_or(10, |it| it.parse().expect("rounds: a number"));
    let mut requirements: Vec<String> = args.collect();
    if requirements.is_empty() {
        requirements.push("aiogram>=3,<4".to_owned());
    }
    let state = tempfile::tempdir().unwrap();
    let mut options = RunnerOptions::new("second-start", state.path());
    options.name_prefix = "avobench".to_owned();
    options.network.pool = "10.230.0.0/24".parse().unwrap();
    options.gate.alive = Duration::from_millis(300);
    options.docker_host =
        std::env::var("DOCKER_HOST").unwrap_or_else(|_| options.docker_host.clone());
    let image = options.base_image.clone();
    remove_images();
    let mut by_pip = options.clone();
    let runner = Runner::connect(options)
        .await
        .expect("a Docker Engine, root and iptables");
    let params = json!({"deployment_mode": "simple", "code": CODE, "requirements": requirements});
    let spec = StartSpec::validate(&params).unwrap();
    let request = StartRequest {
        bot: BotId::new("bench", "bot"),
        spec,
        spec_version: json!(1),
    };
    let token = CancellationToken::new();

    let cold = runner.start(&request, &(), &token).await.unwrap();
    println!("first start, dependencies by uv: {:?}", cold.timings_ms);
    runner.stop(&request.bot).await.unwrap();
    by_pip.dependencies.pip_only = true;
    let other = Runner::connect(by_pip).await.unwrap();
    let pip = other.start(&request, &(), &token).await.unwrap();
    println!("first start, dependencies by pip: {:?}", pip.timings_ms);
    println!(
        "cold dependencies {requirements:?}: uv {} ms, pip {} ms",
        cold.timings_ms.build, pip.timings_ms.build
    );
    other.shutdown().await;
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("requirements.txt"),
        requirements.join("\n"),
    )
    .unwrap();
    std::fs::write(
        directory.path().join("Dockerfile"),
        format!(
            "FROM {image}\nLABEL avobench=1\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\n\
             COPY bot.py .\nCMD [\"python3\", \"-u\", \"bot.py\"]\n"
        ),
    )
    .unwrap();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // Turn by turn, so that whatever else this machine does weighs on both.
    for round in 0..=rounds {
        runner.stop(&request.bot).await.unwrap();
        let it = runner
            .start(&request, &(), &token)
            .await
            .unwrap()
            .timings_ms;
        // Accepted -> first line: what came before the engine's start, and from there on.
        let line = it.first_line.unwrap_or(0);
        let first = it.total - it.start - it.gate + line;
        // New code each round and each run: nobody starts the same bot again for its old code.
        let code = format!("{CODE}# round {round} {:?}\n", std::time::SystemTime::now());
        std::fs::write(directory.path().join("bot.py"), code).unwrap();
        let began = Instant::now();
        docker_build(directory.path());
        let built = began.elapsed().as_millis();
        docker_run_to_first_line();
        let took = u64::try_from(began.elapsed().as_millis()).unwrap();
        docker(&["rm", "-f", "avobench-plain"]);
        if round == 0 {
            println!("docker build + run, first round: {took} ms");
            continue;
        }
        println!(
            "  ours {first:>5} ms (image {} + create {} + start to line {line}; engine {})   \
             docker {took:>5} ms (build {built})",
            it.build, it.create, it.start
        );
        ours.push(first);
        theirs.push(took);
    }
    runner.stop(&request.bot).await.unwrap();
    println!(
        "second start, accepted -> first line:            {}",
        summary(&mut ours)
    );
    println!(
        "docker build (cached) + docker run -> first line: {}",
        summary(&mut theirs)
    );
    docker(&["rmi", "-f", "avobench-plain"]);
    docker(&["image", "prune", "-f", "--filter", "label=avobench=1"]);
    runner.remove_everything().await.unwrap();
    remove_images();
}

fn remove_images() {
    let listed = Command::new("docker")
        .args(["images", "-q", "avobench-deps"])
        .output()
        .unwrap();
    for image in String::from_utf8(listed.stdout).unwrap().split_whitespace() {
        docker(&["rmi", "-f", image]);
    }
}

fn docker_build(directory: &std::path::Path) {
    // The classic builder: the engine of Debian 12 has no buildx plug-in beside it.
    let built = Command::new("docker")
        .args(["build", "-q", "-t", "avobench-plain", "--network", "host"])
        .arg(directory)
        .env("DOCKER_BUILDKIT", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(built.unwrap().success(), "docker build failed");
}

fn docker_run_to_first_line() {
    use std::io::BufRead as _;
    let mut child = Command::new("docker")
        .args([
            "run",
            "--name",
            "avobench-plain",
            "--init",
            "avobench-plain",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("first line"), "{line}");
    docker(&["kill", "avobench-plain"]);
    child.wait().unwrap();
}

fn docker(args: &[&str]) {
    let done = Command::new("docker")
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(done.unwrap().success(), "docker {args:?} failed");
}

fn summary(samples: &mut [u64]) -> String {
    samples.sort_unstable();
    let at = |part: usize| samples[(samples.len() - 1) * part / 100];
    format!(
        "p50 {} ms, p90 {} ms, min {} ms, max {} ms, n {}",
        at(50),
        at(90),
        at(0),
        at(100),
        samples.len()
    )
}
