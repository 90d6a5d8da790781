//! The rows of the wire contract (Parts A and B), and what shows each of them.
//!
//! A row is shown by a line of a table, by a test of its own named here, or is listed in
//! `overridden`. The names of table rows that are no rows of the contract (extensions) begin
//! with `?`.

use std::collections::BTreeSet;
use std::path::Path;

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
    "A.1 malformed clients.toml",
    "A.1 no clients.toml",
    "A.1 client in handlers",
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
    "A.4 status values",
    "A.5 end states",
    "A.5 handler exception",
    "A.5 no worker idle",
    "A.5 retry_count reset",
    "A.5 no action",
    "A.5 aggregator",
    "A.5 conditional handlers",
    "A.5 sub-job that ends by a result",
    "A.5 unknown state",
    "A.6 approval",
    "A.6 ok",
    "A.6 bad JSON",
    "A.6 no decision",
    "A.6 unknown job",
    "A.6 not waiting",
    "A.6 decision not in transitions",
    "A.6 nobody is notified",
    "A.7 schedules.toml",
    "A.7 one run of several processes",
    "A.7 missed minute",
    "A.7 internal-scheduler",
    "A.7 traceparent",
    "A.7 metrics names",
    "B.1.1 missing token",
    "B.1.2 bad body",
    "B.1.3 no worker_id",
    "B.1.4 own token",
    "B.1.4 own token, mismatch",
    "B.1.5 common token",
    "B.1.6 no valid token",
    "B.1 workers.toml",
    "B.1 reload",
    "B.1 removed entry",
    "B.2 register",
    "B.2 register again",
    "B.2 empty",
    "B.2 no worker_id",
    "B.2 schema-less",
    "B.2 reputation",
    "B.2 keys the server reads",
    "B.3 object",
    "B.3 no object",
    "B.3 unknown",
    "B.3 merged for good",
    "B.4 task",
    "B.4 none",
    "B.4 unregistered",
    "B.4 removed when handed out",
    "B.4 tracing_context",
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
    "B.6 token before the upgrade",
    "B.6 one channel a worker",
    "B.6 clean-up of the older channel",
    "B.6 shutdown",
    "B.6 cancel_task",
    "B.6 progress_update",
    "B.7 cancel flag",
    "B.8 dispatch deadline",
    "B.8 watcher",
    "B.8 branch deadline",
    "B.8 fan-in",
    "B.8 monotonic clock",
    "B.8 late result",
    "B.8 poll of a vanished client",
    "B.8 worker dies after the hand-out",
    "B.8 equal priorities",
    "B.9 rate limit",
    "B.10 filter order",
    "B.10 requirements",
    "B.10 max_cost",
    "B.10 default, hot cache",
    "B.10 round_robin",
    "B.10 least_connections",
    "B.10 cheapest",
    "B.10 best_value",
    "B.10 unknown strategy",
    "B.10 priority",
    "B.10 equal priorities on Redis",
    "B.10 admission limit",
    "B.10 hourly reputation",
    "B.11 unmodified SDK",
    "B.12 addresses, tokens, files",
    "B.12 tuning",
];

/// Rows that have tests of their own: `module::test` here, or the file from the folder of the crates.
const TESTED: &[(&str, &str)] = &[
    (
        "A.1 malformed clients.toml",
        "access_files::a_broken_file_stops_the_start",
    ),
    (
        "A.1 no clients.toml",
        "access_files::a_file_that_is_not_there_holds_nobody",
    ),
    (
        "A.1 client in handlers",
        "access_files::a_file_of_the_first_generation_is_taken_as_it_is",
    ),
    (
        "A.4 parallel",
        "forks::branches_are_seen_with_what_came_of_each_and_joined_once",
    ),
    (
        "A.4 sub-blueprints",
        "forks::parent_and_sub_job_name_each_other_and_the_parent_goes_on_with_the_end",
    ),
    (
        "A.4 status values",
        "people::a_job_can_be_cancelled_whatever_it_waits_for",
    ),
    (
        "A.5 aggregator",
        "blueprint/tests/runs/actions.rs::branches_join_all_with_what_came_of_each",
    ),
    (
        "A.5 conditional handlers",
        "blueprint/tests/runs/actions.rs::goto_set_and_when_choose_by_what_was_set",
    ),
    (
        "A.5 unknown state",
        "engine/tests/engine/core_table.rs::an_unknown_state_sets_the_job_aside",
    ),
    (
        "A.6 ok",
        "people::a_decision_moves_the_job_and_says_who_made_it",
    ),
    (
        "A.6 bad JSON",
        "people::a_decision_that_cannot_be_taken_says_why",
    ),
    (
        "A.6 no decision",
        "people::a_decision_that_cannot_be_taken_says_why",
    ),
    (
        "A.6 unknown job",
        "people::a_decision_that_cannot_be_taken_says_why",
    ),
    (
        "A.6 not waiting",
        "people::a_decision_that_cannot_be_taken_says_why",
    ),
    (
        "A.6 decision not in transitions",
        "people::a_decision_that_cannot_be_taken_says_why",
    ),
    (
        "A.6 nobody is notified",
        "deliveries::a_question_carries_a_token_that_decides",
    ),
    (
        "A.7 schedules.toml",
        "scheduler/src/file/tests.rs::the_seeds_keys_are_read",
    ),
    (
        "A.7 one run of several processes",
        "scheduler/tests/service/restart.rs::two_schedulers_make_one_job_of_each_run",
    ),
    (
        "A.7 missed minute",
        "scheduler/tests/service/restart.rs::missed_runs_are_made_up_for_as_the_policy_says",
    ),
    (
        "A.7 internal-scheduler",
        "schedules::an_interval_runs_at_once_for_nobody_in_particular",
    ),
    (
        "A.7 traceparent",
        "avtomatika/tests/traces.rs::a_trace_goes_from_the_client_to_the_worker_and_the_collector",
    ),
    (
        "B.1 workers.toml",
        "access_files::a_file_of_the_first_generation_is_taken_as_it_is",
    ),
    (
        "B.1 reload",
        "revoking::a_worker_taken_out_loses_its_parked_poll_and_no_task",
    ),
    (
        "B.2 keys the server reads",
        "described::workers_are_shown_with_what_they_do_and_how_well",
    ),
    (
        "B.4 tracing_context",
        "avtomatika/tests/traces.rs::a_trace_goes_from_the_client_to_the_worker_and_the_collector",
    ),
    (
        "B.5 parallel branch",
        "forks::branches_are_seen_with_what_came_of_each_and_joined_once",
    ),
    (
        "B.6 token before the upgrade",
        "channels::who_may_not_speak_for_a_worker_gets_no_channel",
    ),
    (
        "B.6 one channel a worker",
        "channels::the_newer_channel_of_a_worker_replaces_the_older",
    ),
    (
        "B.6 clean-up of the older channel",
        "channels::the_newer_channel_of_a_worker_replaces_the_older",
    ),
    ("B.6 shutdown", "channels::a_stopping_server_says_so"),
    (
        "B.6 cancel_task",
        "channels::a_worker_is_told_at_once_what_to_stop",
    ),
    (
        "B.6 progress_update",
        "channels::progress_is_taken_in_both_forms_and_nonsense_is_passed_over",
    ),
    (
        "B.8 watcher",
        "waiting::a_wait_for_a_worker_may_have_an_end",
    ),
    (
        "B.8 branch deadline",
        "engine/tests/engine/flow/deadlines.rs::a_branch_that_takes_too_long_has_failed_and_the_others_go_on",
    ),
    (
        "B.8 fan-in",
        "engine/tests/engine/flow/kids_abreast.rs::many_sub_jobs_that_end_at_once_are_all_joined",
    ),
    (
        "B.10 requirements",
        "engine/tests/engine/flow/placing.rs::a_task_goes_to_a_worker_that_has_what_it_needs_and_costs_no_more",
    ),
    (
        "B.10 max_cost",
        "engine/tests/engine/flow/placing.rs::a_task_goes_to_a_worker_that_has_what_it_needs_and_costs_no_more",
    ),
    (
        "B.10 default, hot cache",
        "engine/tests/engine/flow/placing.rs::each_strategy_asks_its_own_first",
    ),
    (
        "B.10 round_robin",
        "engine/tests/engine/flow/placing.rs::each_strategy_asks_its_own_first",
    ),
    (
        "B.10 least_connections",
        "engine/tests/engine/flow/placing.rs::each_strategy_asks_its_own_first",
    ),
    (
        "B.10 cheapest",
        "engine/tests/engine/flow/placing.rs::each_strategy_asks_its_own_first",
    ),
    (
        "B.10 best_value",
        "engine/tests/engine/flow/placing.rs::each_strategy_asks_its_own_first",
    ),
    (
        "B.11 unmodified SDK",
        "avtomatika/tests/seed_local_test_plan.rs::the_plan_works_with_the_published_python_sdk",
    ),
    (
        "A.3 GET graph",
        "described::a_blueprint_is_listed_and_drawn",
    ),
    (
        "A.3 GET docs",
        "described::the_page_is_whole_and_loads_from_nowhere_else",
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

#[test]
fn every_test_that_is_named_is_there() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (row, named) in TESTED {
        let Some((place, test)) = named.split_once("::") else {
            continue;
        };
        let file = if place.ends_with(".rs") {
            crates.join(place)
        } else {
            crates.join(format!("server/tests/wire/{place}.rs"))
        };
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            text.contains(&format!("fn {test}(")),
            "{row}: there is no {named}"
        );
    }
}
