//! The rows of the wire contract (Parts A and B), and what shows each of them.
//!
//! A row is shown by a line of a table, by a test of its own named here, or is listed in
//! `overridden`. The names of table rows that are no rows of the contract (extensions) begin
//! with `?`.

use std::collections::BTreeSet;

use crate::overridden::OVERRIDDEN;
use crate::{client_rows, results, worker_rows};

/// Every row of the contract.
const ROWS: &[&str] = &[
    "A.0 JSON content type",
    "A.0 unknown path",
    "A.0 wrong method",
    "A.0 unhandled exception",
    "A.1 missing token",
    "A.1 unknown token",
    "A.1 CLIENT_TOKEN",
    "A.1 clients.toml",
    "A.1 owner",
    "A.2 quota",
    "A.3 mount, no version",
    "A.3 mount, other prefix",
    "A.3 common routes",
    "A.3 POST endpoint",
    "A.3 POST endpoint, bad JSON",
    "A.3 any JSON value",
    "A.3 GET job",
    "A.3 GET job, unknown",
    "A.3 cancel",
    "A.3 cancel, unknown",
    "A.3 cancel, too late",
    "A.3 cancel, id not in job state",
    "A.3 GET history",
    "A.3 GET jobs",
    "A.3 GET jobs, bad page",
    "A.3 GET workers",
    "A.3 GET dashboard",
    "A.3 GET graph",
    "A.3 reload-workers",
    "A.3 GET status",
    "A.3 GET metrics",
    "A.3 approval",
    "A.3 flush_db",
    "A.3 GET docs",
    "A.3 GET quarantined",
    "A.3 compression",
    "A.4 always there",
    "A.4 tracing_context",
    "A.4 client_config",
    "A.4 retry_count",
    "A.4 error_message",
    "A.4 after dispatch",
    "A.4 after a worker was chosen",
    "A.4 parallel",
    "A.4 sub-blueprints",
    "A.4 no terminal status",
    "A.5 end states",
    "A.5 handler exception",
    "A.5 no worker idle",
    "A.5 retry_count reset",
    "A.5 no action",
    "A.6 approval",
    "A.7 scheduler",
    "A.7 metrics names",
    "B.1.1 missing token",
    "B.1.2 bad body",
    "B.1.3 no worker_id",
    "B.1.4 own token",
    "B.1.4 own token, mismatch",
    "B.1.5 common token",
    "B.1.6 no valid token",
    "B.2 register",
    "B.2 register again",
    "B.2 empty",
    "B.2 no worker_id",
    "B.2 schema-less",
    "B.3 object",
    "B.3 no object",
    "B.3 unknown",
    "B.3 merged for good",
    "B.4 task",
    "B.4 none",
    "B.4 unregistered",
    "B.4 removed when handed out",
    "B.5 no identity",
    "B.5 other identity",
    "B.5 no ids",
    "B.5 unknown job",
    "B.5 null result",
    "B.5 parallel branch",
    "B.5 no result",
    "B.5 no status",
    "B.5 success",
    "B.5 data",
    "B.5 data, no object",
    "B.5 mapped",
    "B.5 unmapped",
    "B.5 cancelled",
    "B.5 cancelled, mapped",
    "B.5 stale",
    "B.5 PERMANENT_ERROR",
    "B.5 INVALID_INPUT_ERROR",
    "B.5 TRANSIENT_ERROR",
    "B.5 no code",
    "B.5 string error",
    "B.5 no error",
    "B.5 any other code",
    "B.5 failure transition",
    "B.5 no timeout_seconds",
    "B.6 WebSocket",
    "B.7 cancel flag",
    "B.8 dispatch deadline",
    "B.8 late result",
    "B.8 poll of a vanished client",
    "B.8 worker dies after the hand-out",
    "B.8 equal priorities",
    "B.9 rate limit",
    "B.10 filter order",
    "B.10 strategies",
];

/// Rows that have tests of their own.
const TESTED: &[(&str, &str)] = &[
    (
        "A.3 GET graph",
        "described::a_blueprint_is_listed_and_drawn",
    ),
    (
        "A.3 GET docs",
        "described::the_page_is_whole_and_loads_from_nowhere_else",
    ),
    (
        "B.6 WebSocket",
        "channels::the_newer_channel_of_a_worker_replaces_the_older",
    ),
    (
        "A.3 approval",
        "people::a_decision_moves_the_job_and_says_who_made_it",
    ),
    (
        "A.0 JSON content type",
        "client_rows, worker_rows: `answers(JSON)`",
    ),
    (
        "A.1 clients.toml",
        "access_files::a_file_of_the_first_generation_is_taken_as_it_is",
    ),
    (
        "A.3 GET history",
        "history::a_job_s_past_is_for_its_owner_and_admins",
    ),
    (
        "A.3 reload-workers",
        "revoking::a_worker_taken_out_loses_its_parked_poll_and_no_task",
    ),
    (
        "A.3 compression",
        "packing::long_answers_are_packed_as_asked",
    ),
    (
        "A.3 GET metrics",
        "bodies::metrics_are_in_prometheus_format_at_both_paths",
    ),
    (
        "A.4 always there",
        "bodies::a_job_shows_what_it_is_and_where_it_stands",
    ),
    (
        "A.4 after a worker was chosen",
        "bodies::a_job_shows_what_it_is_and_where_it_stands",
    ),
    ("A.4 retry_count", "waiting::back_off_of_a_task"),
    (
        "A.4 error_message",
        "results::each_result_makes_of_its_job_what_the_contract_says",
    ),
    (
        "A.5 end states",
        "results::each_result_makes_of_its_job_what_the_contract_says",
    ),
    (
        "A.5 retry_count reset",
        "waiting::a_new_step_counts_from_zero",
    ),
    ("B.4 task", "parking::a_parked_poll_is_woken_by_a_submit"),
    (
        "B.8 late result",
        "stale_results::a_late_success_does_not_revive_a_job_that_ended",
    ),
    (
        "B.8 poll of a vanished client",
        "parking::a_closed_poll_leaves_the_lot_and_takes_no_task",
    ),
    (
        "B.8 worker dies after the hand-out",
        "leases::the_task_of_a_killed_worker_goes_to_another_after_the_grace",
    ),
    (
        "B.8 equal priorities",
        "crowd::workers_in_a_hurry_do_every_job_once",
    ),
];

#[test]
fn every_row_is_tested_or_overridden() {
    let mut shown: BTreeSet<&str> = TESTED.iter().map(|(row, _)| *row).collect();
    shown.extend(client_rows::all().iter().map(|row| row.id));
    shown.extend(worker_rows::all().iter().map(|row| row.id));
    shown.extend(results::ids());
    let overridden: BTreeSet<&str> = OVERRIDDEN.iter().map(|entry| entry.row).collect();
    let rows: BTreeSet<&str> = ROWS.iter().copied().collect();
    assert_eq!(rows.len(), ROWS.len(), "a row is named twice");
    let open: Vec<_> = rows
        .iter()
        .filter(|row| !shown.contains(**row) && !overridden.contains(**row))
        .collect();
    assert!(open.is_empty(), "neither tested nor overridden: {open:?}");
    let stray: Vec<_> = shown
        .union(&overridden)
        .filter(|row| !rows.contains(**row) && !row.starts_with('?'))
        .collect();
    assert!(stray.is_empty(), "no rows of the contract: {stray:?}");
}
