//! The worker SDK over TLS: whom it believes, and what it shows.

use std::sync::Arc;
use std::time::Duration;

use avtomatika_server::access::WorkerAuth;
use avtomatika_server::tls::Tls;
use avtomatika_worker::{TaskContext, TlsFiles, Worker, WorkerBuilder};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::authority::{Authority, Drawer, Issued};
use crate::harness::{WORKER, Wire, access};

struct World {
    ca: Authority,
    drawer: Drawer,
    wire: Wire,
}

impl World {
    async fn new(auth: WorkerAuth) -> Self {
        let ca = Authority::new("ca");
        let drawer = Drawer::new(&ca.issue_server(), &ca);
        let tls = Tls::open(drawer.files()).unwrap();
        let wire = Wire::set(access().worker_auth(auth), |options| {
            options.tls = Some(Arc::new(tls));
            options.local = Some(([127, 0, 0, 1], 0).into());
        })
        .await;
        Self { ca, drawer, wire }
    }

    fn show(&self, own: &Issued) -> TlsFiles {
        std::fs::write(self.drawer.path("w-cert.pem"), &own.cert).unwrap();
        std::fs::write(self.drawer.path("w-key.pem"), &own.key).unwrap();
        TlsFiles {
            ca: Some(self.drawer.path("ca.pem")),
            cert: Some(self.drawer.path("w-cert.pem")),
            key: Some(self.drawer.path("w-key.pem")),
        }
    }

    fn worker(&self, name: &str, files: TlsFiles) -> WorkerBuilder {
        Worker::builder(format!("https://localhost:{}", self.wire.addr.port()), name)
            .tls(files)
            .task("echo", |_: TaskContext| async { json!({"echo": true}) })
    }

    /// Posts a job and waits for its end.
    async fn done(&self) -> bool {
        let client = avtomatika_engine::Client::new("tester".into(), "u");
        let new = avtomatika_engine::service::NewJob::new("steps", Arc::new(client), json!({}));
        let id = self.wire.engine.submit(new).await.unwrap().job;
        let ended = async {
            loop {
                let owner = "tester".into();
                let wait = Some(Duration::from_secs(1));
                let job = self.wire.engine.job(&owner, id, wait).await.unwrap();
                if job.status.is_terminal() {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(5), ended)
            .await
            .is_ok()
    }
}

struct Running {
    stop: CancellationToken,
    work: JoinHandle<Result<(), avtomatika_worker::Error>>,
}

fn run(worker: WorkerBuilder) -> Running {
    let stop = CancellationToken::new();
    let worker = worker.build().unwrap();
    let stopped = stop.clone();
    Running {
        stop,
        work: tokio::spawn(async move { worker.run(stopped).await }),
    }
}

impl Running {
    async fn end(self) -> Result<(), avtomatika_worker::Error> {
        self.stop.cancel();
        self.work.await.unwrap()
    }
}

#[tokio::test]
async fn a_worker_with_a_token_works_over_tls() {
    let world = World::new(WorkerAuth::Mixed).await;
    let files = TlsFiles {
        ca: Some(world.drawer.path("ca.pem")),
        ..TlsFiles::default()
    };
    let running = run(world.worker("w1", files).token(WORKER));
    for _ in 0..5 {
        assert!(world.done().await);
    }
    running.end().await.unwrap();
}

#[tokio::test]
async fn a_worker_with_a_certificate_needs_no_token() {
    let world = World::new(WorkerAuth::MtlsOnly).await;
    let running = run(world.worker("w1", world.show(&world.ca.issue("w1"))));
    assert!(world.done().await);
    running.end().await.unwrap();
}

#[tokio::test]
async fn the_certificate_of_another_is_refused() {
    let world = World::new(WorkerAuth::Mixed).await;
    let files = world.show(&world.ca.issue("w2"));
    let running = run(world.worker("w1", files).token(WORKER));
    let refused = running.work.await.unwrap().unwrap_err().to_string();
    assert!(
        refused.contains("Certificate CN 'w2' does not match worker_id 'w1'"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_server_nobody_vouches_for_is_told_nothing() {
    let world = World::new(WorkerAuth::Mixed).await;
    // The system's CAs don't know ours.
    let by_the_system = run(world.worker("w1", TlsFiles::default()).token(WORKER));
    let other = Authority::new("other");
    std::fs::write(world.drawer.path("other.pem"), &other.pem).unwrap();
    let files = TlsFiles {
        ca: Some(world.drawer.path("other.pem")),
        ..TlsFiles::default()
    };
    let by_another = run(world.worker("w2", files).token(WORKER));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(world.wire.engine.live_workers().await.unwrap().is_empty());
    by_the_system.end().await.unwrap();
    by_another.end().await.unwrap();
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_from_its_file() {
    let world = World::new(WorkerAuth::MtlsOnly).await;
    let old = world.ca.issue("w1");
    let running = run(world
        .worker("w1", world.show(&old))
        .poll_timeout(Duration::from_millis(300)));
    assert!(world.done().await);
    // Another CA vouches for workers from now on, and for the server, too.
    let other = Authority::new("other");
    world.drawer.put(&other.issue_server());
    world.drawer.put_ca(&other);
    world.show(&other.issue("w1"));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(
        world.done().await,
        "the worker came back with its new certificate"
    );
    running.end().await.unwrap();
}
