//! What a bot can't do: reach the host, other bots or private networks; become root; write where
//! it should not; be counted for somebody else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    dead_code,
    reason = "tests may panic"
)]

mod support;

use std::collections::HashMap;

use avtomatika_bot_runner::BotId;
use avtomatika_protocol::bot::BotState;
use bollard::models::{ContainerCreateBody, RestartPolicyNameEnum};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
};
use serde_json::json;
use support::{IDLE, bot, request, request_with, with_bench};

/// Tries addresses and says what happened.
const PROBE: &str = r#"
import os, socket, time
for target in os.environ["TARGETS"].split(","):
    host, port = target.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        print("REACHED", target)
    except Exception as error:
        print("CLOSED", target, type(error).__name__)
try:
    print("RESOLVED", socket.gethostbyname("localhost"))
except Exception as error:
    print("UNRESOLVED", error)
print("DONE")
while True: time.sleep(1)
"#;

/// Listens and says so.
const LISTENER: &str = r#"
import socket, time
s = socket.create_server(("0.0.0.0", 7777))
print("LISTENING on", socket.gethostbyname(socket.gethostname()))
while True:
    s.accept()[0].close(); print("SOMEBODY CAME")
"#;

#[tokio::test]
async fn the_host_other_bots_and_private_networks_are_out_of_reach() {
    let host = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let open = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let (host_port, open_port) = (
        host.local_addr().unwrap().port(),
        open.local_addr().unwrap().port(),
    );
    with_bench(
        |options| options.telegram_api_url = Some(format!("http://127.0.0.1:{open_port}")),
        move |bench| async move {
            bench.start(&request("listener", LISTENER)).await.unwrap();
            let other = bench.logs(&bot("listener"), 10).await;
            let other = other
                .split("LISTENING on ")
                .nth(1)
                .unwrap()
                .trim()
                .to_owned();
            let gateway = other
                .rsplit_once('.')
                .map(|(net, last)| format!("{net}.{}", last.parse::<u8>().unwrap() - 1))
                .unwrap();
            // This bot's own gateway: the second /29 of the pool.
            let own = gateway
                .rsplit_once('.')
                .map(|(net, last)| format!("{net}.{}", last.parse::<u8>().unwrap() + 8))
                .unwrap();
            let lan = local_address();
            let targets = [
                format!("{own}:{host_port}"),
                format!("{gateway}:{host_port}"),
                format!("172.17.0.1:{host_port}"),
                format!("{lan}:{host_port}"),
                format!("{other}:7777"),
                "169.254.169.254:80".to_owned(),
                "192.168.1.1:80".to_owned(),
                format!("{own}:{open_port}"),
            ];
            let params = json!({"code": PROBE, "env_vars": {"TARGETS": targets.join(",")}});
            let mut probe = request_with("probe", &params);
            probe.spec.ready_regex = Some("DONE".to_owned());
            bench.start(&probe).await.unwrap();
            let logs = bench.logs(&bot("probe"), 100).await;
            println!("{targets:?}\n{logs}");
            let reached: Vec<_> = logs
                .lines()
                .filter(|it| it.starts_with("REACHED"))
                .collect();
            // The simulator's port, and nothing else.
            assert_eq!(reached, [format!("REACHED {own}:{open_port}")]);
            assert_eq!(logs.matches("CLOSED").count(), targets.len() - 1);
            assert!(logs.contains("RESOLVED"));
            assert!(
                !bench
                    .logs(&bot("listener"), 10)
                    .await
                    .contains("SOMEBODY CAME")
            );
            // The listeners work: from here they are reached.
            std::net::TcpStream::connect(("127.0.0.1", host_port)).unwrap();
        },
    )
    .await;
    drop((host, open));
}

fn local_address() -> String {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("203.0.113.1:9").unwrap();
    socket.local_addr().unwrap().ip().to_string()
}

#[tokio::test]
async fn the_container_is_locked_up_field_by_field() {
    with_bench(
        |_| (),
        |bench| async move {
            let code = r#"
import os, time
def attempt(what, path):
    try:
        open(path, "w").write("x"); print(what, "WRITTEN")
    except OSError as error:
        print(what, "refused", error.strerror)
print("uid", os.getuid(), "gid", os.getgid(), "cwd", os.getcwd(), "home", os.environ["HOME"])
for line in open("/proc/self/status"):
    if line.split(":")[0] in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp"): print(*line.split())
attempt("root", "/usr/x"); attempt("code", "/bot/code/bot.py"); attempt("site", "/bot/site/x")
attempt("home", os.environ["HOME"] + "/x"); attempt("tmp", "/tmp/x")
try:
    with open("/data/big", "wb") as f:
        for _ in range(400): f.write(b"x" * 2**20)
    print("big WRITTEN")
except OSError as error:
    print("big refused", error.strerror)
os.path.exists("/data/big") and os.remove("/data/big")
def bomb():
    n = 0
    try:
        while n < 500:
            if os.fork() == 0: time.sleep(60); os._exit(0)
            n += 1
    except OSError as error: print("forks refused after", n)
if os.fork() == 0:
    bomb(); os._exit(0)
while True: time.sleep(1)
"#;
            bench
                .start(&request_with(
                    "b",
                    &json!({"code": code, "resource_limits": {"memory_mb": 200}}),
                ))
                .await
                .unwrap();
            bench
                .until(15, "the probes ran", || async {
                    bench.logs(&bot("b"), 50).await.contains("forks")
                })
                .await;
            let logs = bench.logs(&bot("b"), 50).await;
            println!("{logs}");
            for line in [
                "uid 10001 gid 10001 cwd /bot/code home /data",
                "CapEff: 0000000000000000",
                "CapBnd: 0000000000000000",
                "NoNewPrivs: 1",
                "Seccomp: 2",
                "root refused",
                "code refused",
                "site refused",
                "home WRITTEN",
                "tmp WRITTEN",
                "big refused",
                "forks refused",
            ] {
                assert!(logs.contains(line), "{line}");
            }
            let name = bench
                .runner
                .status(&bot("b"))
                .await
                .unwrap()
                .status
                .unwrap()
                .container_name;
            let it = bench.docker.inspect_container(&name, None).await.unwrap();
            let (host, config) = (it.host_config.unwrap(), it.config.unwrap());
            assert_eq!(
                (host.privileged, host.readonly_rootfs, host.init),
                (Some(false), Some(true), Some(true))
            );
            assert_eq!(host.cap_drop.unwrap(), ["ALL"]);
            assert_eq!(host.cap_add.unwrap_or_default(), Vec::<String>::new());
            assert_eq!(host.security_opt.unwrap(), ["no-new-privileges:true"]);
            assert_eq!(
                (host.memory, host.memory_swap),
                (Some(200 << 20), Some(200 << 20))
            );
            assert_eq!(
                (host.pids_limit, host.nano_cpus),
                (Some(100), Some(500_000_000))
            );
            assert_eq!(
                host.restart_policy.unwrap().name,
                Some(RestartPolicyNameEnum::UNLESS_STOPPED)
            );
            assert_eq!(
                host.binds.unwrap_or_default().len() + host.devices.unwrap_or_default().len(),
                0
            );
            assert_eq!(host.network_mode.as_deref(), Some(name.as_str()));
            assert!(
                host.pid_mode.unwrap_or_default().is_empty()
                    && host.ipc_mode.as_deref() == Some("private")
            );
            let log = host.log_config.unwrap();
            assert_eq!(
                log.config.unwrap(),
                HashMap::from([
                    ("max-size".into(), "10m".into()),
                    ("max-file".into(), "2".into())
                ])
            );
            assert_eq!(
                (config.user.as_deref(), config.cmd.unwrap().join(" ")),
                (Some("10001:10001"), "python3 -u bot.py".to_owned())
            );
            assert!(
                it.mounts
                    .unwrap()
                    .iter()
                    .all(|mount| mount.typ.as_deref() == Some("volume"))
            );
        },
    )
    .await;
}

#[tokio::test]
async fn spoofed_labels_count_for_nobody() {
    with_bench(
        |options| options.bots_per_user_max = 1,
        |bench| async move {
            bench.start(&request("real", IDLE)).await.unwrap();
            let name = bench
                .runner
                .status(&bot("real"))
                .await
                .unwrap()
                .status
                .unwrap()
                .container_name;
            let labels = bench
                .docker
                .inspect_container(&name, None)
                .await
                .unwrap()
                .config
                .unwrap()
                .labels
                .unwrap();
            let mut made = Vec::new();
            // Without a tag, for a victim; and with the real one's tag, copied.
            let mut bare: HashMap<String, String> = labels.clone();
            bare.remove("avtomatika.tag");
            bare.insert("user_id".into(), "victim".into());
            for (n, labels) in [bare, labels].into_iter().enumerate() {
                let spoof = format!("{}-spoof{n}", bench.options.name_prefix);
                let body = ContainerCreateBody {
                    image: Some(bench.options.base_image.clone()),
                    cmd: Some(vec!["sleep".into(), "60".into()]),
                    labels: Some(labels),
                    ..Default::default()
                };
                let options = CreateContainerOptionsBuilder::new().name(&spoof).build();
                bench
                    .docker
                    .create_container(Some(options), body)
                    .await
                    .unwrap();
                bench
                    .docker
                    .start_container(&spoof, None::<StartContainerOptions>)
                    .await
                    .unwrap();
                made.push(spoof);
            }
            let victim = bench.runner.list("victim").await.unwrap();
            let owner = bench.runner.list("cli_test").await.unwrap();
            let mut request = request("victims-own", IDLE);
            request.bot = BotId::new("victim", "own");
            let started = bench.start(&request).await;
            // A name of ours that somebody else's container has is not ours to stop.
            assert_eq!(
                bench
                    .runner
                    .stop(&BotId::new("victim", "real"))
                    .await
                    .unwrap()
                    .status,
                "not_found"
            );
            for spoof in made {
                let options = RemoveContainerOptionsBuilder::new().force(true).build();
                bench
                    .docker
                    .remove_container(&spoof, Some(options))
                    .await
                    .unwrap();
            }
            assert_eq!((victim.count, owner.count), (0, 1));
            assert_eq!(
                started.unwrap().status,
                "started",
                "the victim's quota is untouched"
            );
            assert_eq!(bench.state(&bot("real")).await, BotState::Running);
        },
    )
    .await;
}

#[tokio::test]
async fn bots_whose_ids_look_alike_run_side_by_side() {
    with_bench(
        |options| options.gate.alive = std::time::Duration::from_millis(300),
        |bench| async move {
            let pairs = [
                ("a_b", "c"),
                ("a", "b_c"),
                ("a", "Bot"),
                ("a", "bot"),
                ("ю", "бот"),
            ];
            for (n, (user, name)) in pairs.iter().enumerate() {
                let mut request = request(
                    "x",
                    &format!("print('I am {n}')\nimport time\ntime.sleep(99)"),
                );
                request.bot = BotId::new(*user, *name);
                bench.start(&request).await.unwrap();
            }
            for (n, (user, name)) in pairs.iter().enumerate() {
                let logs = bench.logs(&BotId::new(*user, *name), 5).await;
                assert_eq!(logs.trim(), format!("I am {n}"));
            }
            assert_eq!(bench.runner.list("a").await.unwrap().count, 3);
            bench.runner.stop(&BotId::new("a", "Bot")).await.unwrap();
            assert_eq!(bench.runner.list("a").await.unwrap().count, 2);
            assert_eq!(
                bench.state(&BotId::new("a", "bot")).await,
                BotState::Running
            );
        },
    )
    .await;
}
