//! One suite for every store: what [`Store`] promises, row by row.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod also;
mod commits;
mod documents;
mod fixture;
mod leases;
mod queue;
mod random;
mod told;
mod workers;

/// Runs each test body on each store.
macro_rules! on_every_store {
    ($($module:ident :: $name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$module::$name(&super::fixture::memory()).await;
            })+
        }
        mod embedded {
            $(#[tokio::test]
            async fn $name() {
                let fixture = super::fixture::embedded();
                super::$module::$name(&fixture).await;
            })+
        }
    };
}

on_every_store! {
    commits::a_job_is_read_as_it_was_committed,
    commits::an_old_version_changes_nothing,
    commits::an_idempotency_key_belongs_to_one_job,
    commits::the_newest_jobs_of_a_client_come_first,
    commits::live_jobs_are_counted,
    commits::old_jobs_are_purged_with_their_keys,
    commits::a_refused_batch_leaves_nothing,
    commits::a_closed_store_says_so,
    also::all_jobs_of_a_batch_are_written,
    also::a_job_that_changed_refuses_the_whole_batch,
    also::of_many_that_change_one_parent_one_wins,
    also::the_newest_quarantined_jobs_come_first,
    also::a_revived_job_lives_and_ends_once_more,
    also::a_revived_job_may_end_in_the_same_commit,
    told::a_counter_stops_at_its_limit,
    told::a_counter_is_exact_whoever_counts_at_once,
    told::documents_of_no_job_are_written_all_or_none,
    told::the_outbox_tells_commits_in_their_order,
    told::the_outbox_is_emptied_while_it_fills,
    documents::a_document_is_written_once_for_each_version,
    documents::two_writers_of_one_document_do_not_both_win,
    queue::higher_priority_then_longest_waiting,
    queue::a_worker_gets_only_its_types,
    queue::a_tied_task_goes_to_its_worker_only,
    queue::a_retried_task_waits_for_its_back_off,
    queue::a_task_that_waits_too_long_is_due,
    queue::a_job_retry_is_due_until_it_is_dealt_with,
    queue::counts_follow_the_queue,
    leases::a_result_under_an_old_lease_is_a_conflict,
    leases::a_silent_worker_loses_its_lease,
    leases::a_sign_of_life_extends_the_lease,
    leases::a_broken_connection_shortens_the_lease,
    leases::an_attempt_that_runs_too_long_is_due,
    leases::a_handed_back_task_keeps_its_place,
    workers::a_full_worker_says_so,
    workers::reconciling_finds_both_kinds_of_difference,
    workers::a_dismissed_worker_gives_its_tasks_back,
}

#[tokio::test]
async fn both_stores_answer_random_operations_alike() {
    for seed in 0..12 {
        random::both_answer_alike(seed, 300).await;
    }
}
