//! The recorder behind `/metrics`.

use avtomatika_engine::names;
use avtomatika_engine::service::Stats;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Bounds of the duration histograms, seconds.
const SECONDS: &[f64] = &[
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
    3_600.0,
];

/// Installs the process's metrics recorder. In a process that has one already, the new handle
/// shows nothing.
pub fn install() -> PrometheusHandle {
    let builder = PrometheusBuilder::new();
    let builder = builder
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .unwrap_or_default();
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::debug!("a metrics recorder is installed already");
    }
    describe();
    handle
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_counter!(names::JOBS_SUBMITTED, "Jobs accepted, by blueprint");
    describe_counter!(names::JOBS_ENDED, "Jobs ended, by blueprint and status");
    describe_histogram!(
        names::JOB_SECONDS,
        Unit::Seconds,
        "From acceptance to the end of a job"
    );
    describe_counter!(names::SPANS_DROPPED, "Spans of traces that were not sent");
    describe_counter!(names::TASKS_LEASED, "Tasks handed out, by type");
    describe_counter!(names::TASKS_LOST, "Tasks given up or taken back, by reason");
    describe_counter!(
        names::RESULTS_IGNORED,
        "Results that changed nothing, by reason"
    );
    describe_counter!(
        names::COMMIT_CONFLICTS,
        "Commits decided again, by what changed"
    );
    describe_counter!(names::LIMIT_HIT, "Requests refused by a limit, by limit");
    describe_counter!(
        names::TLS_REFUSED,
        "Connections refused before or in their TLS handshake, by reason"
    );
    describe_gauge!(names::TASKS_QUEUED, "Tasks waiting, by type");
    describe_gauge!(names::TASKS_RUNNING, "Tasks with workers, by type");
    describe_gauge!(names::WORKERS, "Workers alive");
    describe_gauge!(names::PARKED_POLLS, "Polls that wait for a task");
    describe_gauge!(names::JOBS, "Jobs that have not ended");
    describe_gauge!(
        names::STORE_FULL,
        "1 while the store is read-only because its disk is full"
    );
}

/// Sets the gauges to what the engine counts now.
#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are f64; counts stay far below 2^52"
)]
pub(crate) fn set_gauges(stats: &Stats) {
    use metrics::gauge;
    for (task_type, count) in &stats.queue.queued {
        gauge!(names::TASKS_QUEUED, "type" => task_type.to_string()).set(*count as f64);
    }
    for (task_type, count) in &stats.queue.leased {
        gauge!(names::TASKS_RUNNING, "type" => task_type.to_string()).set(*count as f64);
    }
    gauge!(names::WORKERS).set(stats.live_workers as f64);
    gauge!(names::PARKED_POLLS).set(stats.parked_polls as f64);
    gauge!(names::JOBS).set(stats.live_jobs as f64);
    gauge!(names::STORE_FULL).set(f64::from(u8::from(stats.store_full)));
}
