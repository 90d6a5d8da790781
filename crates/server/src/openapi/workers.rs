//! What workers call.

use axum::http::Method;

use super::operation::{Operation, Who};
use super::parameters::Kind;

fn worker(method: Method, path: &str, summary: &'static str) -> Operation {
    Operation::new(method, path, "workers", Who::Worker, summary)
}

pub(super) fn all() -> Vec<Operation> {
    vec![
        worker(Method::POST, "/_worker/workers/register", "Register")
            .takes("Registration")
            .answers(200, "Registered")
            .refuses(
                400,
                &[
                    "MISSING_FIELD",
                    "INVALID_WORKER_ID",
                    "INVALID_MESSAGE",
                    "RESERVED_TASK_TYPE",
                ],
            )
            .refuses(507, &["STORAGE_FULL"]),
        worker(
            Method::PATCH,
            "/_worker/workers/{worker_id}",
            "Send a heartbeat",
        )
        .may_take("Heartbeat")
        .answers(200, "HeartbeatAnswer")
        .refuses(
            400,
            &["INVALID_MESSAGE", "INVALID_WORKER_ID", "RESERVED_TASK_TYPE"],
        )
        .refuses(404, &["WORKER_NOT_FOUND"]),
        worker(
            Method::GET,
            "/_worker/workers/{worker_id}/tasks/next",
            "Wait for a task, or for several",
        )
        .query(&[
            (
                "timeout",
                Kind::Wait,
                "how long to wait, seconds or like 500ms",
            ),
            (
                "session",
                Kind::Text,
                "the registration the poll belongs to",
            ),
            (
                "types",
                Kind::Text,
                "task types to take now, separated by commas",
            ),
            (
                "max",
                Kind::Count,
                "how many tasks to take at once, at most 256",
            ),
        ])
        .answers(200, "Tasks")
        .answers(204, "")
        .refuses(
            400,
            &[
                "INVALID_WAIT",
                "INVALID_QUERY",
                "INVALID_WORKER_ID",
                "RESERVED_TASK_TYPE",
            ],
        )
        .refuses(404, &["WORKER_NOT_FOUND"])
        .refuses(500, &["ENCODING"]),
        worker(
            Method::POST,
            "/_worker/tasks/result",
            "Send a task's result",
        )
        .takes("Result")
        .answers(200, "ResultAnswer")
        .refuses(
            400,
            &["MISSING_FIELD", "INVALID_MESSAGE", "INVALID_WORKER_ID"],
        )
        .refuses(404, &["JOB_NOT_FOUND"])
        .refuses(500, &["ENCODING"])
        .refuses(503, &["CONTENDED"])
        .refuses(507, &["STORAGE_FULL"]),
        worker(
            Method::POST,
            "/_worker/tasks/results",
            "Send several results",
        )
        .takes("Results")
        .answers(200, "ResultsAnswer")
        .refuses(
            400,
            &[
                "MISSING_FIELD",
                "INVALID_MESSAGE",
                "INVALID_WORKER_ID",
                "TOO_MANY_RESULTS",
            ],
        )
        .refuses(500, &["ENCODING"]),
        worker(Method::POST, "/_worker/events", "Tell how a task gets on")
            .takes("WorkerEvent")
            .answers(200, "Status")
            .refuses(
                400,
                &["MISSING_FIELD", "INVALID_MESSAGE", "INVALID_WORKER_ID"],
            )
            .refuses(404, &["JOB_NOT_FOUND"]),
        worker(
            Method::GET,
            "/_worker/ws/{worker_id}",
            "Open a channel (WebSocket)",
        )
        .answers(101, "")
        .refuses(400, &["INVALID_WORKER_ID"])
        .refuses(426, &["UPGRADE_REQUIRED"])
        .refuses(429, &["TOO_MANY_STREAMS"])
        .refuses(503, &["TOO_MANY_STREAMS"]),
    ]
}
