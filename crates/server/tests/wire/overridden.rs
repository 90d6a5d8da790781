//! Rows of the seed era's contract that the engine's design overrides.

/// A row, the rule that overrides it, and what holds in its place.
#[derive(Debug)]
pub(crate) struct Overridden {
    /// The row, as `rows` names it. A table may still show what holds in its place.
    pub(crate) row: &'static str,
    /// The rule of the engine's design, by its section.
    section: &'static str,
    /// What holds in its place.
    instead: &'static str,
}

const fn rule(row: &'static str, section: &'static str, instead: &'static str) -> Overridden {
    Overridden {
        row,
        section,
        instead,
    }
}

pub(crate) const OVERRIDDEN: &[Overridden] = &[
    rule(
        "A.0 unhandled exception",
        "4 Limits",
        "errors are JSON with a code; nothing falls over",
    ),
    rule("A.1 owner", "4 Tenancy", "a job of another client is 404"),
    rule(
        "A.2 quota",
        "4 Limits",
        "counts accepted jobs, not requests; none without monthly_attempts (`quotas`)",
    ),
    rule(
        "A.3 cancel, id not in job state",
        "1 No state without an exit",
        "a job is cancelled in any state before its end, with or without a worker",
    ),
    rule(
        "A.3 flush_db",
        "4 Tenancy",
        "nobody wipes the store from outside; the path is 404",
    ),
    rule(
        "A.3 GET quarantined",
        "4 Tenancy",
        "it needs a client's token, and names that client's jobs only",
    ),
    rule(
        "A.3 GET jobs",
        "4 Tenancy",
        "the client's own jobs, not the last events of all",
    ),
    rule(
        "A.4 tracing_context",
        "4 Secrets",
        "request headers are never stored",
    ),
    rule(
        "A.4 client_config",
        "4 Secrets",
        "tokens are shown to nobody",
    ),
    rule(
        "A.4 after dispatch",
        "4 Secrets",
        "type and worker are shown, parameters are not",
    ),
    rule(
        "A.4 no terminal status",
        "1 Terminal status",
        "an ended job has a terminal status",
    ),
    rule(
        "A.5 handler exception",
        "1 Retries back off",
        "tried again after a growing pause",
    ),
    rule(
        "A.5 no worker idle",
        "1 A job waits for a worker",
        "it stays queued and says why",
    ),
    rule(
        "A.5 no action",
        "1 Handlers return one action",
        "there is no way to return none",
    ),
    rule(
        "A.6 approval",
        "4 Tenancy",
        "the owner's token or the question's own is needed; a job that waits for a worker is 409",
    ),
    rule(
        "A.7 metrics names",
        "4 Observability",
        "names begin with `avtomatika_`",
    ),
    rule(
        "B.2 schema-less",
        "1 Sessions",
        "keys the engine reads must have their types",
    ),
    rule(
        "B.2 empty",
        "4 Limits",
        "400: what a caller leaves out is no fault of the server's",
    ),
    rule(
        "B.5 no identity",
        "4 Limits",
        "400: what a caller leaves out is no fault of the server's",
    ),
    rule(
        "B.3 merged for good",
        "2 Storage",
        "of a heartbeat only the task types are kept",
    ),
    rule(
        "B.4 unregistered",
        "1 Sessions",
        "404, so that the worker registers",
    ),
    rule(
        "B.4 removed when handed out",
        "1 Leases",
        "it stays, under a lease, until its result",
    ),
    rule(
        "B.5 other identity",
        "1 Leases",
        "the token is checked for the worker the body names",
    ),
    rule(
        "B.5 null result",
        "4 Limits",
        "400 with a code, not a crash",
    ),
    rule(
        "B.5 stale",
        "1 Leases",
        "the seed's answer, but the job does not move",
    ),
    rule(
        "B.5 any other code",
        "1 Retries back off",
        "an answer, not a fault: no second attempt",
    ),
    rule(
        "B.5 failure transition",
        "1 Retries back off",
        "taken when attempts are used up",
    ),
    rule(
        "B.5 no timeout_seconds",
        "1 Retries back off",
        "a failure needs no time-out to be retried",
    ),
    rule(
        "B.7 cancel flag",
        "1 Leases",
        "the job ends at once, the heartbeat tells the worker",
    ),
    rule(
        "B.8 dispatch deadline",
        "1 A job waits for a worker",
        "`dispatch_timeout` is optional",
    ),
    rule(
        "B.9 rate limit",
        "4 Limits",
        "five requests a minute stall every worker: off unless set, with Retry-After",
    ),
    rule(
        "B.10 filter order",
        "1 Work-conserving",
        "whoever asks and can take it gets it",
    ),
    rule(
        "A.5 sub-job that ends by a result",
        "1 Sub-jobs resume their parent",
        "however it ends, its parent goes on once (`flow::children` of the engine)",
    ),
    rule(
        "B.1 removed entry",
        "4 Tenancy",
        "it is revoked at once: its polls end, its tasks go to others (`revoking`)",
    ),
    rule(
        "B.2 reputation",
        "2 History",
        "counted from results the engine has seen; registering again changes nothing",
    ),
    rule(
        "B.8 monotonic clock",
        "2 Storage",
        "times are wall time from one clock",
    ),
    rule(
        "B.10 unknown strategy",
        "3 Blueprints",
        "a mistake in the file, refused with its line, not taken for the default",
    ),
    rule(
        "B.10 priority",
        "1 Work-conserving",
        "one queue of a task type for all workers, not one a worker",
    ),
    rule(
        "B.10 equal priorities on Redis",
        "1 Work-conserving",
        "the oldest first",
    ),
    rule(
        "B.10 admission limit",
        "1 Work-conserving",
        "a worker that is full is handed nothing until it has room (`leases`)",
    ),
    rule(
        "B.10 hourly reputation",
        "1 Work-conserving",
        "kept up to date with each result, in memory",
    ),
    rule(
        "B.12 addresses, tokens, files",
        "4 Edges",
        "the same names are read (`docs/operating.md`)",
    ),
    rule(
        "B.12 tuning",
        "1 Retries back off",
        "time-outs and attempts belong to a task, in its blueprint, not to the process",
    ),
];

#[test]
fn each_entry_says_why() {
    for entry in OVERRIDDEN {
        let section = entry.section;
        assert!(
            section.starts_with(|first: char| first.is_ascii_digit()) && !entry.instead.is_empty(),
            "{entry:?}"
        );
    }
}
