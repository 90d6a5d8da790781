//! Spans made of what is told of jobs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_engine::machine::Job;
use avtomatika_engine::trace::{TraceContext, job_span, task_span};
use avtomatika_protocol::{JobStatus, TaskId};
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use parking_lot::Mutex;

/// Tasks whose beginning is remembered. Of more, the span begins where it ends.
const TASKS_MAX: usize = 100_000;

/// What has begun and not ended.
#[derive(Default)]
pub(super) struct Spans(Mutex<HashMap<TaskId, u64>>);

impl Spans {
    /// The spans that have ended with this commit.
    pub(super) fn of(&self, jobs: &[Arc<Job>], told: &[HistoryEvent]) -> Vec<SpanData> {
        let mut ended = Vec::new();
        for event in told {
            let job = jobs.iter().find(|job| job.id == event.job_id);
            let trace = job
                .and_then(|job| job.trace_parent.as_deref())
                .and_then(TraceContext::parse)
                .filter(|trace| trace.sampled);
            if let (Some(job), Some(trace)) = (job, trace) {
                ended.extend(self.of_event(job, trace, event));
            }
        }
        ended
    }

    fn of_event(&self, job: &Job, trace: TraceContext, event: &HistoryEvent) -> Option<SpanData> {
        match (event.kind, event.task_id) {
            (EventKind::TaskDispatched, Some(task)) => {
                let mut open = self.0.lock();
                if open.len() < TASKS_MAX {
                    open.insert(task, event.at_ms);
                }
                None
            }
            (
                EventKind::TaskFinished | EventKind::TaskFailed | EventKind::BranchFinished,
                Some(task),
            ) => {
                let began_ms = self.0.lock().remove(&task).unwrap_or(event.at_ms);
                Some(of_task(job, trace, event, task, began_ms))
            }
            (
                EventKind::JobCompleted
                | EventKind::JobFailed
                | EventKind::JobCancelled
                | EventKind::JobQuarantined,
                _,
            ) => Some(of_job(job, trace)),
            _ => None,
        }
    }
}

fn of_task(
    job: &Job,
    trace: TraceContext,
    event: &HistoryEvent,
    task: TaskId,
    began_ms: u64,
) -> SpanData {
    let name = event.task_type.as_deref().unwrap_or("task").to_owned();
    let mut attributes = vec![
        KeyValue::new("avtomatika.job_id", job.id.to_string()),
        KeyValue::new("avtomatika.task_id", task.to_string()),
    ];
    if let Some(worker) = &event.worker {
        attributes.push(KeyValue::new("avtomatika.worker", worker.to_string()));
    }
    let status = match &event.failure {
        Some(failure) => Status::error(failure.message.clone()),
        None => Status::Ok,
    };
    span(
        trace.at(task_span(task)),
        Some(job_span(job.id)),
        format!("task {name}"),
        (began_ms, event.at_ms),
        attributes,
        status,
    )
}

fn of_job(job: &Job, trace: TraceContext) -> SpanData {
    let own = job_span(job.id);
    // One that nobody sent a context with is at the root of its trace.
    let parent = (trace.span != own).then_some(trace.span);
    let attributes = vec![
        KeyValue::new("avtomatika.job_id", job.id.to_string()),
        KeyValue::new("avtomatika.blueprint", job.blueprint.to_string()),
        KeyValue::new("avtomatika.status", job.status.as_str()),
    ];
    let status = match (&job.failure, job.status) {
        (_, JobStatus::Completed) => Status::Ok,
        (Some(failure), _) => Status::error(failure.message.clone()),
        (None, status) => Status::error(status.as_str()),
    };
    span(
        trace.at(own),
        parent,
        format!("job {}", job.blueprint),
        (job.created_at_ms, job.updated_at_ms),
        attributes,
        status,
    )
}

fn span(
    context: TraceContext,
    parent: Option<[u8; 8]>,
    name: String,
    (began_ms, ended_ms): (u64, u64),
    attributes: Vec<KeyValue>,
    status: Status,
) -> SpanData {
    let at = |ms: u64| -> SystemTime { UNIX_EPOCH + Duration::from_millis(ms) };
    SpanData {
        span_context: SpanContext::new(
            TraceId::from_bytes(context.trace),
            SpanId::from_bytes(context.span),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        ),
        parent_span_id: parent.map_or(SpanId::INVALID, SpanId::from_bytes),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: name.into(),
        start_time: at(began_ms),
        end_time: at(ended_ms.max(began_ms)),
        attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status,
        instrumentation_scope: InstrumentationScope::builder("avtomatika").build(),
    }
}
