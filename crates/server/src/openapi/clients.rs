//! What clients call.

use axum::http::Method;

use super::operation::{Operation, Parameter, Who};

const WAIT: Parameter = (
    "wait",
    "string",
    "wait so long, like 30s or 500ms; 60 s at most",
);
const JOB: (u16, &[&str]) = (404, &["JOB_NOT_FOUND"]);
const KEY: &[Parameter] = &[(
    "Idempotency-Key",
    "string",
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
        "integer",
        "jobs on a page, at most 1000; 100 without it",
    ),
    ("offset", "integer", "jobs to skip; cursors cost less"),
    ("cursor", "string", "the next page of the same list"),
    ("status", "strings", "those that stand at one of these"),
    ("blueprint", "string", "those of this blueprint"),
    ("state", "string", "those in this state of their blueprint"),
    ("label", "strings", "those with this label, as key:value"),
    (
        "created_after",
        "string",
        "accepted then or later: RFC 3339 or milliseconds",
    ),
    ("created_before", "string", "accepted before then"),
    ("updated_after", "string", "changed then or later"),
    ("updated_before", "string", "changed before then"),
    (
        "client",
        "string",
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
            ("limit", "integer", "at most 1000; 100 without it"),
            ("all", "boolean", "role admin: those of all clients"),
        ])
        .answers(200, "[JobView]")
        .refuses(400, &["INVALID_PAGE", "INVALID_QUERY"])
        .refuses(403, &["FORBIDDEN"]),
        job(Method::GET, "", "Read a job, or wait for it")
            .query(&[WAIT, ("until", "string", "changed (without it) or ended")])
            .answers(200, "AnyJob")
            .refuses(400, &["INVALID_WAIT", "INVALID_QUERY"]),
        job(
            Method::POST,
            "/cancel",
            "Cancel a job, with all it has started",
        )
        .answers(200, "Status")
        .refuses(409, &["JOB_ENDED"]),
        job(Method::GET, "/history", "Read what happened to a job")
            .query(&[
                ("limit", "integer", "events on a page, at most 1000"),
                ("cursor", "string", "the next page"),
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
            .headers(&[("Last-Event-ID", "string", "the last event that was seen")])
            .answers(200, "text/event-stream")
            .refuses(429, &["TOO_MANY_STREAMS"])
            .refuses(503, &["TOO_MANY_STREAMS"]),
        job(
            Method::POST,
            "/events",
            "Tell a job that something has happened",
        )
        .takes("Signal")
        .answers(200, "JobStatusAnswer")
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
        get(
            "/api/blueprints/{name}/graph",
            "blueprints",
            "Draw a blueprint",
        )
        .query(&[("format", "string", "dot (without it) or svg")])
        .answers(200, "text/vnd.graphviz")
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
                "integer",
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
