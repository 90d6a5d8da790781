//! What workers say over their channels, in the first generation's form and in the latest's.

use avtomatika_protocol::{JobId, TaskId};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How a task gets on.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    pub(super) job: JobId,
    /// Not named in the first generation's form.
    pub(super) task: Option<TaskId>,
    pub(super) payload: Map<String, Value>,
}

/// `{"event": "progress_update", "job_id", "progress", "message"}`.
#[derive(Deserialize)]
struct First {
    job_id: JobId,
    #[serde(default)]
    task_id: Option<TaskId>,
    #[serde(flatten)]
    payload: Map<String, Value>,
}

/// `{"event_type": "progress", "target_job_id", "target_task_id", "payload"}`.
#[derive(Deserialize)]
struct Latest {
    target_job_id: JobId,
    #[serde(default)]
    target_task_id: Option<TaskId>,
    #[serde(default)]
    payload: Map<String, Value>,
}

/// Reads a message. `None` for what is no progress.
pub(super) fn said(bytes: &[u8]) -> Option<Said> {
    let message: Value = serde_json::from_slice(bytes).ok()?;
    let named = |key: &str| message.get(key).and_then(Value::as_str);
    if named("event") == Some("progress_update") {
        let first: First = serde_json::from_value(message).ok()?;
        return Some(Said {
            job: first.job_id,
            task: first.task_id,
            payload: first.payload,
        });
    }
    if named("event_type") == Some("progress") {
        let latest: Latest = serde_json::from_value(message).ok()?;
        return Some(Said {
            job: latest.target_job_id,
            task: latest.target_task_id,
            payload: latest.payload,
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_in_both_forms_and_all_else_passed_over() {
        let id = "01890000-0000-7000-8000-000000000000";
        let first = format!(r#"{{"event": "progress_update", "job_id": "{id}", "progress": 0.5}}"#);
        let read = said(first.as_bytes()).unwrap();
        assert_eq!(
            (read.task, read.payload["progress"].as_f64()),
            (None, Some(0.5))
        );
        let latest = format!(
            r#"{{"event_type": "progress", "event_id": "x", "target_job_id": "{id}",
                "target_task_id": "{id}", "payload": {{"message": "half"}}}}"#
        );
        let read = said(latest.as_bytes()).unwrap();
        assert_eq!(
            (read.task.is_some(), read.payload["message"].as_str()),
            (true, Some("half"))
        );
        for other in [
            "",
            "{",
            "[]",
            "null",
            r#"{"event": "progress_update"}"#,
            r#"{"event_type": "other"}"#,
            r#"{"event": "progress_update", "job_id": 1}"#,
        ] {
            assert_eq!(said(other.as_bytes()), None, "{other}");
        }
    }
}
