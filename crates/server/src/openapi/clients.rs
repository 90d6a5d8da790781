//! What clients call.

use axum::http::Method;

use super::operation::{Operation, Who};
use super::parameters::{Kind, Parameter};

const WAIT: Parameter = (
    "wait",
    Kind::Wait,
    "wait so long, like 30s or 500ms; 60 s at most",
);
const JOB: (u16, &[&str]) = (404, &["JOB_NOT_FOUND"]);
const KEY: &[Parameter] = &[(
    "Idempotency-Key",
    Kind::Key,
    "the same key gives the same job: 1 to 255 visible ASCII characters",
)];

fn job(method: Method, below: &str, summary: &'static str) -> Operation {
    let path = format!("/api/jobs/{{job_id}}{below}");
    Operation::new(method, &path, "jobs", Who::Client, summary).refuses(JOB.0, JOB.1)
}

fn get(path: &str, tag: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::GET, path, tag, Who::Client, summary)
}

fn schedule(method: Method, below: &str, summary: &'static str) -> Operation {
    let path = format!("/api/schedules/{{name}}{below}");
    Operation::new(method, &path, "schedules", Who::Client, summary)
        .refuses(404, &["SCHEDULE_NOT_FOUND"])
}

fn admin(path: &str, summary: &'static str) -> Operation {
    Operation::new(Method::POST, path, "admin", Who::Admin, summary)
}

const LIST: &[Parameter] = &[
    (
        "limit",
        Kind::Count,
        "jobs on a page, at most 1000; 100 without it",
    ),
    ("offset", Kind::Count, "jobs to skip; cursors cost less"),
    ("cursor", Kind::Text, "the next page of the same list"),
    ("status", Kind::Statuses, "those that stand at one of these"),
    ("blueprint", Kind::Text, "those of this blueprint"),
    (
        "state",
        Kind::Text,
        "those in this state of their blueprint",
    ),
    (
        "label",
        Kind::SomeLabels,
        "those with this label, as key:value",
    ),
    (
        "created_after",
        Kind::Time,
        "accepted then or later: RFC 3339 or milliseconds",
    ),
    ("created_before", Kind::Time, "accepted before then"),
    ("updated_after", Kind::Time, "changed then or later"),
    ("updated_before", Kind::Time, "changed before then"),
    (
        "client",
        Kind::Text,
        "role admin: those of another client, * for all",
    ),
];

pub(super) fn all() -> Vec<Operation> {
    let mut all = jobs();
    all.extend(others());
    all
}

fn jobs() -> Vec<Operation> {
    vec![
        get("/api/jobs", "jobs", "List jobs, newest first")
            .query(LIST)
            .answers(200, "Jobs")
            .refuses(
                400,
                &[
                    "INVALID_PAGE",
                    "INVALID_QUERY",
                    "INVALID_FILTER",
                    "INVALID_CURSOR",
                    "HISTORY_OFF",
                ],
            )
            .refuses(403, &["FORBIDDEN"]),
        get(
            "/api/jobs/quarantined",
            "jobs",
            "List jobs that were set aside, newest first",
        )
        .query(&[
            ("limit", Kind::Count, "at most 1000; 100 without it"),
            ("all", Kind::Flag, "role admin: those of all clients"),
        ])
        .answers(200, "[JobView]")
        .refuses(400, &["INVALID_PAGE", "INVALID_QUERY"])
        .refuses(403, &["FORBIDDEN"]),
        job(Method::GET, "", "Read a job, or wait for it")
            .query(&[
                WAIT,
                (
                    "until",
                    Kind::Word(&["changed", "ended"]),
                    "changed without it",
                ),
            ])
            .answers(200, "AnyJob")
            .refuses(400, &["INVALID_WAIT", "INVALID_QUERY"])
            // Where a blueprint's endpoint has the path of a job, it can only be posted to.
            .refuses(405, &["METHOD_NOT_ALLOWED"]),
        job(
            Method::POST,
            "/cancel",
            "Cancel a job, with all it has started",
        )
        .answers(200, "Status")
        .refuses(409, &["JOB_ENDED"]),
        job(Method::GET, "/history", "Read what happened to a job")
            .query(&[
                ("limit", Kind::Within(1, 1_000), "events on a page"),
                ("cursor", Kind::Text, "the next page"),
            ])
            .answers(200, "[JobEvent]")
            .refuses(
                400,
                &[
                    "INVALID_PAGE",
                    "INVALID_QUERY",
                    "INVALID_CURSOR",
                    "HISTORY_OFF",
                ],
            ),
        job(Method::GET, "/events", "Follow a job as server-sent events")
            .headers(&[("Last-Event-ID", Kind::Text, "the last event that was seen")])
            .answers(200, "text/event-stream")
            .answers(204, "")
            .refuses(429, &["TOO_MANY_STREAMS"])
            .refuses(503, &["TOO_MANY_STREAMS"]),
        job(
            Method::POST,
            "/events",
            "Tell a job that something has happened",
        )
        .takes("Signal")
        .answers(200, "SignalAnswer")
        .refuses(400, &["MISSING_FIELD", "INVALID_MESSAGE"])
        .refuses(409, &["JOB_ENDED", "MAILBOX_FULL"]),
        job(Method::POST, "/decision", "Decide what a job asks")
            .takes("DecisionBody")
            .answers(200, "JobStatusAnswer")
            .refuses(
                400,
                &["MISSING_FIELD", "INVALID_MESSAGE", "UNKNOWN_DECISION"],
            )
            .refuses(409, &["NO_APPROVAL"]),
        job(
            Method::POST,
            "/rerun",
            "Run an ended job again, as a new one",
        )
        .may_take("RerunBody")
        .answers(202, "Accepted")
        .refuses(400, &["UNKNOWN_STATE"])
        .refuses(404, &["BLUEPRINT_NOT_FOUND"])
        .refuses(409, &["NOT_ENDED"])
        .refuses(429, &["TOO_MANY_JOBS", "MONTHLY_QUOTA"])
        .refuses(503, &["OVERLOADED"]),
        job(Method::POST, "/release", "Have a quarantined job try again")
            .answers(200, "JobStatusAnswer")
            .refuses(409, &["NOT_QUARANTINED"]),
        job(Method::POST, "/discard", "Give a quarantined job up")
            .answers(200, "JobStatusAnswer")
            .refuses(409, &["NOT_QUARANTINED"]),
    ]
}

fn others() -> Vec<Operation> {
    vec![
        get("/api/workers", "server", "List the workers that are alive").answers(200, "[Worker]"),
        get("/api/dashboard", "server", "Counts").answers(200, "Dashboard"),
        get("/api/me", "server", "Who asks, and what they may do").answers(200, "Me"),
        get("/api/blueprints", "blueprints", "List the blueprints").answers(200, "[Blueprint]"),
        Operation::new(
            Method::GET,
            "/api/blueprints/files",
            "blueprints",
            Who::Admin,
            "List the blueprint files and what is wrong with them",
        )
        .answers(200, "[BlueprintFile]"),
        get(
            "/api/blueprints/{name}/graph",
            "blueprints",
            "Draw a blueprint",
        )
        .query(&[("format", Kind::Word(&["dot", "svg"]), "dot without it")])
        .answers(200, "text/vnd.graphviz,image/svg+xml")
        .refuses(400, &["INVALID_QUERY"])
        .refuses(404, &["BLUEPRINT_NOT_FOUND"]),
        get(
            "/api/schedules",
            "schedules",
            "List what is posted by the clock",
        )
        .answers(200, "Schedules"),
        schedule(Method::GET, "", "Read a schedule").answers(200, "Schedule"),
        schedule(Method::POST, "/run", "Post a schedule's job now")
            .headers(KEY)
            .answers(202, "Accepted")
            .refuses(400, &["INVALID_IDEMPOTENCY_KEY"])
            .refuses(409, &["SCHEDULE_REFUSED"])
            .refuses(429, &["TOO_MANY_JOBS", "MONTHLY_QUOTA"])
            .refuses(503, &["OVERLOADED"]),
        schedule(Method::POST, "/pause", "Have a schedule run no more").answers(200, "Schedule"),
        schedule(Method::POST, "/resume", "Have a schedule run again").answers(200, "Schedule"),
        admin("/api/admin/purge", "Delete jobs that ended some time ago")
            .query(&[(
                "older_than_s",
                Kind::Within(0, u64::MAX),
                "only those that ended so many seconds ago",
            )])
            .answers(200, "Deleted")
            .refuses(400, &["INVALID_QUERY"]),
        admin(
            "/api/admin/reload",
            "Read the files of clients and workers again",
        )
        .answers(200, "Status")
        .refuses(400, &["INVALID_CONFIGURATION"])
        .refuses(500, &["RELOAD_FAILED"]),
        admin(
            "/api/admin/reload-workers",
            "Read the file of workers again",
        )
        .answers(200, "Status")
        .refuses(400, &["NOT_CONFIGURED", "INVALID_CONFIGURATION"])
        .refuses(500, &["RELOAD_FAILED"]),
    ]
}
