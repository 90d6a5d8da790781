//! What anybody may call.

use axum::http::Method;

use super::operation::{Operation, Who};
use super::parameters::Kind;

fn get(path: &str, summary: &'static str) -> Operation {
    Operation::new(Method::GET, path, "public", Who::Anybody, summary)
}

pub(super) fn all() -> Vec<Operation> {
    vec![
        get("/_public/status", "Whether the server takes work").answers(200, "Status"),
        get("/_public/metrics", "Metrics, for Prometheus").answers(200, "text/plain"),
        get("/metrics", "Metrics, for Prometheus").answers(200, "text/plain"),
        get("/_public/openapi.json", "This description").answers(200, "Anything"),
        get("/_public/docs", "This description as a page").answers(200, "text/html"),
        get("/_public/docs/page.js", "The page's script").answers(200, "text/javascript"),
        get("/_public/docs/page.css", "The page's looks").answers(200, "text/css"),
        Operation::new(
            Method::POST,
            "/_public/webhooks/approval/{job_id}",
            "public",
            Who::ClientOrToken,
            "Decide what a job asks, as its owner or with the question's token",
        )
        .query(&[(
            "token",
            Kind::Text,
            "the question's token; the body may have it instead",
        )])
        .takes("DecisionBody")
        .answers(200, "JobStatusAnswer")
        .refuses(
            400,
            &[
                "MISSING_FIELD",
                "INVALID_MESSAGE",
                "UNKNOWN_DECISION",
                "INVALID_QUERY",
            ],
        )
        .refuses(401, &["WRONG_TOKEN"])
        .refuses(404, &["JOB_NOT_FOUND"])
        .refuses(409, &["NO_APPROVAL"]),
        Operation::new(
            Method::GET,
            "/_public/jobs/quarantined",
            "public",
            Who::Client,
            "The ids of the client's quarantined jobs",
        )
        .answers(200, "[Id]"),
    ]
}
