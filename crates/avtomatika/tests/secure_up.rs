//! `avtomatika up` with TLS and files of clients and workers, by its flags.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::json;
use support::api::Api;
use support::process::{Process, avtomatika};
use support::stack::{Setup, Stack};
use support::until;

/// A CA and what it has signed, as files.
struct Papers {
    dir: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Papers {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&key).unwrap();
        let papers = Self {
            dir: tempfile::tempdir().unwrap(),
            issuer: Issuer::new(params, key),
        };
        std::fs::write(papers.path("ca.pem"), ca.pem()).unwrap();
        papers
    }

    fn issue(&self, name: &str, hosts: &[&str]) {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let own = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path(&format!("{name}.pem")), own.pem()).unwrap();
        std::fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// A worker in a process of its own that shows a certificate and has no token.
    fn worker(&self, port: u16, name: &str, certificate: &str) -> Process {
        let mut command = avtomatika();
        command
            .args(["worker", "echo", "--worker-id", name])
            .args(["--url", &format!("https://localhost:{port}")])
            .args(["--ca", &self.text("ca.pem")])
            .args(["--cert", &self.text(&format!("{certificate}.pem"))])
            .args(["--key", &self.text(&format!("{certificate}.key"))]);
        Process::start(command, &self.path(&format!("{name}.log")))
    }
}

/// The port that speaks TLS, as the server said it.
fn secure_port(stack: &Stack) -> u16 {
    let said = stack.output();
    let line = said
        .lines()
        .find(|line| line.contains("with TLS: https://"));
    let port = line.unwrap().rsplit(':').next().unwrap();
    port.parse().unwrap()
}

#[tokio::test]
async fn workers_with_certificates_come_in_by_tls_and_local_ones_beside() {
    let papers = Papers::new();
    papers.issue("server", &["localhost"]);
    papers.issue("far-echo", &[]);
    let mut stack = Stack::start(Setup::default().argument(&[
        "--no-bot-runner",
        "--echo-worker",
        "--tls-cert",
        &papers.text("server.pem"),
        "--tls-key",
        &papers.text("server.key"),
        "--tls-client-ca",
        &papers.text("ca.pem"),
        "--worker-auth",
        "mtls-only",
    ]))
    .await;
    // What `client.toml` says is the port for this machine, and its worker works there.
    assert!(stack.api.url.starts_with("http://127.0.0.1:"));
    let body = json!({"message": "hi", "multiply": 2});
    let job = stack.api.submit("/api/v1/jobs/test", &body).await;
    assert_eq!(stack.api.end(&job, 20).await["status"], "completed");

    let port = secure_port(&stack);
    assert_ne!(port.to_string(), stack.port());
    let far = papers.worker(port, "far-echo", "far-echo");
    let impostor = papers.worker(port, "impostor", "far-echo");
    until(20, "the far worker is there", || async {
        let workers = stack.api.get("/api/workers").await;
        let mut workers = workers.as_array().unwrap().iter();
        workers.any(|worker| worker["worker_id"] == "far-echo")
    })
    .await;
    until(20, "the impostor is told", || async {
        impostor
            .output()
            .contains("does not match worker_id 'impostor'")
    })
    .await;
    let workers = stack.api.get("/api/workers").await;
    assert!(!workers.to_string().contains("impostor"), "{workers}");
    let status = far.terminate(Duration::from_secs(20)).await;
    assert!(status.success());
    stack.stop().await;
}

#[tokio::test]
async fn files_by_their_first_names_are_read_and_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let clients = dir.path().join("clients.toml");
    let text =
        "[shop]\ntoken = \"123456:TEST-TOKEN-SHOP\"\nplan = \"premium\"\nmonthly_attempts = 1\n";
    std::fs::write(&clients, text).unwrap();
    let setup = Setup::default()
        .argument(&["--no-bot-runner"])
        .env("CLIENTS_CONFIG_PATH", clients.to_str().unwrap());
    let mut stack = Stack::start(setup).await;
    let shop = Api::new(&stack.api.url, "123456:TEST-TOKEN-SHOP");
    assert_eq!(shop.get("/api/me").await["plan"], "premium");
    let body = json!({"message": "hi"});
    let post = async || shop.try_post("/api/v1/jobs/test", &body).await.unwrap().0;
    assert_eq!((post().await, post().await), (202, 429));
    // The quota is counted in the store, so it is there after a restart.
    stack.stop().await;
    stack.start_again().await;
    assert_eq!(post().await, 429);
    std::fs::write(&clients, "").unwrap();
    until(10, "the shop is no longer known", || async {
        shop.try_get("/api/me").await.unwrap().0 == 401
    })
    .await;
    assert_eq!(stack.api.try_get("/api/me").await.unwrap().0, 200);
    stack.stop().await;
}

#[tokio::test]
async fn what_can_not_be_used_stops_the_start_and_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("clients.toml");
    std::fs::write(&file, "[shop]\nplan = 5\n").unwrap();
    let file = file.to_str().unwrap();
    for (arguments, wanted) in [
        (
            vec!["--clients", file],
            "line 2, [shop] plan: must be a string",
        ),
        (
            vec!["--tls-cert", file, "--tls-key", file],
            "holds no certificate in PEM",
        ),
        (
            vec!["--worker-auth", "mtls-only"],
            "lets nobody in without --tls-cert",
        ),
        (vec!["--tls-cert", file], "--tls-key <FILE>"),
        (vec!["--client-rate", "fast"], "a rate is 0, or a number"),
    ] {
        let mut command = avtomatika();
        let data = dir.path().join("data");
        command
            .args(["up", "--no-bot-runner", "--listen", "127.0.0.1:0"])
            .args(["--data-dir".into(), data])
            .args(&arguments);
        let output = command.output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(said.contains(wanted), "{arguments:?}: {said}");
    }
}
