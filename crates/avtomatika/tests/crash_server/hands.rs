//! A worker spoken in plain HTTP, which writes down every effect: what it did, and what the
//! server took.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::support::stack::WORKER_TOKEN;

/// Workers, and polls of each at once.
const WORKERS: usize = 2;
const POLLS: usize = 4;
/// The pause before anything is tried again.
const PAUSE: Duration = Duration::from_millis(30);

/// The effect log.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Leases under which the server took a result, by job.
    taken: Mutex<HashMap<String, Vec<String>>>,
    done: AtomicUsize,
    ignored: AtomicUsize,
}

impl Ledger {
    /// How many results were taken.
    pub(crate) fn accepted(&self) -> usize {
        self.taken.lock().unwrap().values().map(Vec::len).sum()
    }

    /// Fails unless the job's data is of the one result that was taken for it.
    pub(crate) async fn check(&self, job: &str, lease: &str) {
        // The job shows its end a moment before the result's sender has its answer.
        let mut leases = Vec::new();
        for _ in 0..200 {
            leases = self.leases(job);
            if !leases.is_empty() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        assert_eq!(leases, [lease], "job {job}");
    }

    /// Fails if more than one result was ever taken for a job.
    pub(crate) fn check_all(&self) {
        for (job, leases) in &*self.taken.lock().unwrap() {
            assert_eq!(leases.len(), 1, "job {job}: {leases:?}");
        }
    }

    fn leases(&self, job: &str) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        taken.get(job).cloned().unwrap_or_default()
    }

    pub(crate) fn totals(&self) -> String {
        format!(
            "tasks done {}, results taken {}, ignored {}",
            self.done.load(Ordering::Relaxed),
            self.accepted(),
            self.ignored.load(Ordering::Relaxed)
        )
    }

    fn note(&self, task: &Value, answer: &Value) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        if answer["status"] == "ignored" {
            self.ignored.fetch_add(1, Ordering::Relaxed);
            return;
        }
        assert_eq!(answer["status"], "result_accepted_success", "{answer}");
        let mut taken = self.taken.lock().unwrap();
        taken
            .entry(text(&task["job_id"]))
            .or_default()
            .push(lease(task));
    }
}

fn lease(task: &Value) -> String {
    task["lease"].as_str().unwrap_or_default().to_owned()
}

pub(crate) struct Hands {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

struct Hand {
    http: reqwest::Client,
    url: String,
    worker: String,
    ledger: Arc<Ledger>,
    stop: CancellationToken,
}

impl Hands {
    pub(crate) fn start(url: &str, ledger: &Arc<Ledger>) -> Self {
        // A second time it says that there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
        for worker in 0..WORKERS {
            for _ in 0..POLLS {
                let hand = Hand {
                    http: reqwest::Client::builder().no_proxy().build().unwrap(),
                    url: url.to_owned(),
                    worker: format!("hand-{worker}"),
                    ledger: Arc::clone(ledger),
                    stop: stop.clone(),
                };
                tasks.spawn(hand.work());
            }
        }
        Self { tasks, stop }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        // Parked polls are left alone.
        drop(self.tasks);
    }
}

impl Hand {
    async fn work(self) {
        while !self.stop.is_cancelled() {
            let Some(task) = self.poll().await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let work_ms = rand::random_range(0..8);
            tokio::time::sleep(Duration::from_millis(work_ms)).await;
            self.ledger.done.fetch_add(1, Ordering::Relaxed);
            self.report(&task).await;
        }
    }

    async fn poll(&self) -> Option<Value> {
        let url = format!("{}/_worker/workers/{}/tasks/next", self.url, self.worker);
        let request = self.http.get(url).header("X-Worker-Token", WORKER_TOKEN);
        let answer = request.send().await.ok()?;
        match answer.status().as_u16() {
            200 => answer.json().await.ok(),
            404 | 409 => {
                self.register().await;
                None
            }
            _ => None,
        }
    }

    async fn register(&self) {
        let registration = json!({"worker_id": self.worker, "supported_tasks": ["echo_task"]});
        let url = format!("{}/_worker/workers/register", self.url);
        let request = self.http.post(url).header("X-Worker-Token", WORKER_TOKEN);
        // Tried again by the next poll.
        let _ = request.json(&registration).send().await;
    }

    /// Reports until the server says what became of it.
    async fn report(&self, task: &Value) {
        let result = json!({
            "job_id": task["job_id"], "task_id": task["task_id"], "worker_id": self.worker,
            "lease": task["lease"],
            "result": {"status": "success", "data": {"lease": lease(task)}},
        });
        let url = format!("{}/_worker/tasks/result", self.url);
        loop {
            let request = self.http.post(&url).header("X-Worker-Token", WORKER_TOKEN);
            if let Ok(answer) = request.json(&result).send().await
                && answer.status().as_u16() == 200
                && let Ok(answer) = answer.json::<Value>().await
            {
                return self.ledger.note(task, &answer);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
