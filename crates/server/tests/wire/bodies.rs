//! Answers whose whole shape matters: a job, lists, metrics, idempotency.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, CLIENT, STEPS, STRANGER, Wire, answer};
use crate::table::holds;

async fn keyed(wire: &Wire, token: &str, key: impl AsRef<[u8]>) -> Answer {
    let key = reqwest::header::HeaderValue::from_bytes(key.as_ref()).unwrap();
    let request = wire
        .request(Method::POST, STEPS)
        .header("X-Avtomatika-Token", token)
        .header("Idempotency-Key", key)
        .json(&json!({}));
    answer(request).await
}

#[tokio::test]
async fn one_key_is_one_job() {
    let wire = Wire::start().await;
    let first = keyed(&wire, CLIENT, "order 7").await;
    assert_eq!(first.status, 202);
    assert_eq!(keyed(&wire, CLIENT, "order 7").await.json(), first.json());
    assert_ne!(keyed(&wire, CLIENT, "order 8").await.json(), first.json());
    assert_ne!(keyed(&wire, STRANGER, "order 7").await.json(), first.json());
    assert_eq!(
        wire.get("/api/v1/jobs")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let many = (0..20).map(|_| keyed(&wire, CLIENT, "at once"));
    let mut ids: Vec<String> = futures(many)
        .await
        .into_iter()
        .map(|said| said.text)
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

async fn futures<F: Future>(many: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = many.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in waiting.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let wire = Wire::start().await;
    assert_eq!(keyed(&wire, CLIENT, "k".repeat(255)).await.status, 202);
    for bad in [
        "".as_bytes(),
        "k".repeat(256).as_bytes(),
        "ключ".as_bytes(),
        &[0xff],
    ] {
        let refused = keyed(&wire, CLIENT, bad).await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.json()["code"], "INVALID_IDEMPOTENCY_KEY");
    }
}

#[tokio::test]
async fn a_job_shows_what_it_is_and_where_it_stands() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({"data": {"kept": "as posted"}})).await;
    let task = wire.take("w").await;
    let running = json!({
        "id": id, "blueprint_name": "steps", "current_state": "start",
        "status": "waiting_for_worker", "initial_data": {"data": {"kept": "as posted"}},
        "state_history": {}, "retry_count": 0, "current_task_id": task["task_id"],
        "current_task_type": "echo", "task_worker_id": "w", "created_at_ms": "<any>",
        "updated_at_ms": "<any>",
    });
    let job = wire.job(&id).await;
    assert!(holds(&job, &running), "{job}");
    wire.report("w", &task, json!({"data": {"n": 2}})).await;
    let ended = json!({
        "status": "completed", "current_state": "completed", "state_history": {"n": 2},
        "current_task_id": null, "waiting": null,
    });
    let job = wire.job(&id).await;
    assert!(holds(&job, &ended), "{job}");
}

#[tokio::test]
async fn lists_show_the_newest_first_and_page() {
    let wire = Wire::start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(Value::from(wire.submit(json!({"handler": "skips"})).await));
        // Ids of one millisecond have no order among them.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    ids.reverse();
    let listed = |answer: Answer| -> Vec<Value> {
        let jobs = answer.json();
        jobs.as_array()
            .unwrap()
            .iter()
            .map(|job| job["id"].clone())
            .collect()
    };
    assert_eq!(listed(wire.get("/api/v1/jobs").await), ids);
    assert_eq!(
        listed(wire.get("/api/jobs?limit=2&offset=1").await),
        ids[1..3]
    );
    let other = wire
        .request(Method::GET, "/api/v1/jobs")
        .header("X-Avtomatika-Token", STRANGER);
    assert_eq!(answer(other).await.json(), json!([]));
}

#[tokio::test]
async fn workers_and_the_dashboard_count() {
    let wire = Wire::start().await;
    let body = json!({
        "worker_id": "w", "worker_type": "cpu", "supported_tasks": ["echo"],
        "max_concurrent_tasks": 1, "resources": {"cpu_cores": 4},
    });
    wire.register_as(&body).await;
    wire.submit(json!({})).await;
    wire.submit(json!({})).await;
    wire.take("w").await;
    let workers = wire.get("/api/v1/workers").await.json();
    let shown = json!([{
        "worker_id": "w", "worker_type": "cpu", "supported_tasks": ["echo"], "status": "busy",
        "load": 1, "max_concurrent_tasks": 1, "resources": {"cpu_cores": 4},
    }]);
    assert!(holds(&workers, &shown), "{workers}");
    let dashboard = wire.get("/api/v1/dashboard").await.json();
    let shown = json!({"workers": {"total": 1}, "jobs": {"queued": 1, "running": 1, "live": 2}});
    assert!(holds(&dashboard, &shown), "{dashboard}");
}

#[tokio::test]
async fn metrics_are_in_prometheus_format_at_both_paths() {
    let wire = Wire::start().await;
    wire.register("w", &["metered"]).await;
    wire.submit(json!({"task": "metered"})).await;
    let task = wire.take("w").await;
    wire.report("w", &task, json!({})).await;
    for path in ["/metrics", "/_public/metrics"] {
        let read = answer(wire.request(Method::GET, path)).await;
        assert_eq!(read.status, 200);
        assert_eq!(
            read.header("content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        for wanted in [
            "# TYPE avtomatika_jobs_submitted_total counter",
            "# TYPE avtomatika_job_duration_seconds histogram",
            "# TYPE avtomatika_workers gauge",
            r#"avtomatika_jobs_ended_total{blueprint="steps",status="completed"}"#,
            r#"avtomatika_tasks_leased_total{type="metered"} 1"#,
            r#"avtomatika_job_duration_seconds_bucket{blueprint="steps",le="+Inf"}"#,
        ] {
            assert!(
                read.text.contains(wanted),
                "{wanted} is not in\n{}",
                read.text
            );
        }
        // Each line is a comment or a name, labels and a number.
        for line in read
            .text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("avtomatika_"), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
}
