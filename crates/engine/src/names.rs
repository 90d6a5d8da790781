//! Metric names, in one place so that docs and code can't drift apart.

/// Jobs accepted, by blueprint.
pub const JOBS_SUBMITTED: &str = "avtomatika_jobs_submitted_total";
/// Jobs ended, by blueprint and status.
pub const JOBS_ENDED: &str = "avtomatika_jobs_ended_total";
/// Seconds from acceptance to the end of a job, by blueprint.
pub const JOB_SECONDS: &str = "avtomatika_job_duration_seconds";
/// Tasks handed out, by type.
pub const TASKS_LEASED: &str = "avtomatika_tasks_leased_total";
/// Tasks given up by a worker's silence, a time-out or a lost hand-out, by reason.
pub const TASKS_LOST: &str = "avtomatika_tasks_lost_total";
/// Results that changed nothing, by reason.
pub const RESULTS_IGNORED: &str = "avtomatika_results_ignored_total";
/// Commits that met a newer version and were decided again.
pub const COMMIT_CONFLICTS: &str = "avtomatika_commit_conflicts_total";
/// Tasks waiting, by type.
pub const TASKS_QUEUED: &str = "avtomatika_tasks_queued";
/// Tasks with workers, by type.
pub const TASKS_RUNNING: &str = "avtomatika_tasks_running";
/// Workers alive.
pub const WORKERS: &str = "avtomatika_workers";
/// Polls parked.
pub const PARKED_POLLS: &str = "avtomatika_parked_polls";
/// Jobs by status.
pub const JOBS: &str = "avtomatika_jobs";
/// Whether the store is read-only because its disk is full.
pub const STORE_FULL: &str = "avtomatika_store_full";
/// Requests refused by a limit, by limit.
pub const LIMIT_HIT: &str = "avtomatika_limit_hits_total";
/// Jobs posted by schedules, by schedule and how the run came about.
pub const SCHEDULE_FIRED: &str = "avtomatika_schedule_fired_total";
/// Runs of schedules dropped because nobody was there at their time, by schedule.
pub const SCHEDULE_MISSED: &str = "avtomatika_schedule_missed_total";
/// Runs of schedules dropped because an earlier job had not ended, by schedule.
pub const SCHEDULE_SKIPPED: &str = "avtomatika_schedule_skipped_total";
/// Schedules that could not be read or posted, by kind.
pub const SCHEDULE_ERRORS: &str = "avtomatika_schedule_errors_total";
/// Events read from the outbox and not yet in the history; more may wait behind them.
pub const HISTORY_LAG: &str = "avtomatika_history_lag_events";
/// Events written to the history.
pub const HISTORY_WRITTEN: &str = "avtomatika_history_events_written_total";
/// Tries to write the history that failed.
pub const HISTORY_FAILURES: &str = "avtomatika_history_failures_total";
/// Jobs deleted from the history because of their age.
pub const HISTORY_DELETED: &str = "avtomatika_history_jobs_deleted_total";
/// Blueprint files that can't be used as they are.
pub const BLUEPRINT_FILES_REFUSED: &str = "avtomatika_blueprint_files_refused";
/// Connections refused before or in their TLS handshake, by reason.
pub const TLS_REFUSED: &str = "avtomatika_tls_refused_total";
/// Spans of traces that could not be sent.
pub const SPANS_DROPPED: &str = "avtomatika_spans_dropped_total";
