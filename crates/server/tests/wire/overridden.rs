//! Rows of the seed era's contract that the engine's design overrides, or that come later.

/// Why a row does not hold as it stands.
#[derive(Debug)]
pub(crate) enum Why {
    /// A rule of the engine's design, by its section, and what holds in its place.
    Rule(&'static str, &'static str),
    /// The part it belongs to is not built yet; until then the path answers 404.
    Later(&'static str),
}

/// A row and why it does not hold as it stands.
#[derive(Debug)]
pub(crate) struct Overridden {
    /// The row, as `rows` names it. A table may still show what holds in its place.
    pub(crate) row: &'static str,
    pub(crate) why: Why,
}

const fn rule(row: &'static str, section: &'static str, instead: &'static str) -> Overridden {
    Overridden {
        row,
        why: Why::Rule(section, instead),
    }
}

const fn later(row: &'static str, part: &'static str) -> Overridden {
    Overridden {
        row,
        why: Why::Later(part),
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
    later("A.4 parallel", "fan-out"),
    later("A.4 sub-blueprints", "sub-jobs"),
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
    later("A.7 scheduler", "schedules"),
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
    later("B.5 parallel branch", "fan-out"),
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
    later("B.10 strategies", "dispatch strategies"),
];

#[test]
fn each_entry_says_why() {
    for entry in OVERRIDDEN {
        match entry.why {
            Why::Rule(section, instead) => assert!(
                section.starts_with(|first: char| first.is_ascii_digit()) && !instead.is_empty(),
                "{entry:?}"
            ),
            Why::Later(part) => assert!(!part.is_empty(), "{entry:?}"),
        }
    }
}
