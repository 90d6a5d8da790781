//! The bodies.

use avtomatika_protocol::JobStatus;
use serde_json::{Map, Value, json};

/// A text that may be left out is one that is never null.
fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn number(description: &str) -> Value {
    json!({"type": "number", "description": description})
}

fn whole(description: &str) -> Value {
    json!({"type": "integer", "description": description})
}

fn id() -> Value {
    json!({"type": "string", "format": "uuid"})
}

fn refer(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn list(name: &str) -> Value {
    json!({"type": "array", "items": refer(name)})
}

/// Anything at all.
fn any(description: &str) -> Value {
    json!({ "description": description })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "schemas read better when JSON is passed as it is written"
)]
fn object(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties})
}

/// A worker's name. Longer in characters of several bytes it may be refused all the same.
fn worker_id() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$"})
}

/// The lease of a task, as it was handed out.
fn lease(may_be_null: bool) -> Value {
    let kind = if may_be_null {
        json!(["string", "null"])
    } else {
        json!("string")
    };
    json!({"type": kind, "pattern": "^[0-9a-fA-F]{1,16}$"})
}

/// Every schema, by name.
pub(super) fn all() -> Value {
    let mut all = Map::new();
    for part in [plain(), job(), asked(), server(), worker()] {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    all.into()
}

fn plain() -> Value {
    json!({
        "Anything": {},
        "Id": id(),
        "Error": object(&["error", "code"], json!({
            "error": text("what is wrong, in English"),
            "code": text("a code that never changes"),
            "hint": text("what to do about it"),
            "details": any("more, where it helps"),
        })),
        "Failure": object(&["message"], json!({
            "code": text("a code that never changes"),
            "message": text("what went wrong, in English"),
            "hint": text("what to do about it"),
        })),
        "Status": object(&["status"], json!({"status": text("what became of it")})),
        "JobStatusAnswer": object(&["status", "job_id"], json!({"status": text("what became of it"), "job_id": id()})),
        "SignalAnswer": object(&["status", "job_id"], json!({
            "status": {"const": "event_received"},
            "job_id": id(),
            "kept": {"const": true, "description": "the job did not wait for it, and keeps it"},
            "hint": text("what the job waits for"),
        })),
        "Accepted": object(&["status", "job_id"], json!({"status": {"const": "accepted"}, "job_id": id()})),
        "Deleted": object(&["deleted"], json!({"deleted": whole("how many jobs")})),
    })
}

fn job() -> Value {
    let status: Vec<&str> = JobStatus::ALL
        .iter()
        .map(|status| status.as_str())
        .collect();
    let always = [
        "id",
        "blueprint_name",
        "current_state",
        "status",
        "initial_data",
        "state_history",
        "retry_count",
        "created_at_ms",
        "updated_at_ms",
    ];
    json!({
        "JobStatus": {"type": "string", "enum": status},
        "JobView": object(&always, json!({
            "id": id(),
            "blueprint_name": text("the blueprint it walks through"),
            "blueprint_version": text("the version it began with"),
            "current_state": text("the blueprint's state it is in"),
            "status": refer("JobStatus"),
            "initial_data": any("the body it was posted with; secrets read ***"),
            "state_history": {"type": "object", "description": "data gathered on the way"},
            "retry_count": whole("failures of the current step"),
            "error_message": text("the last failure, as text"),
            "error": refer("Failure"),
            "current_task_id": id(),
            "current_task_type": text("the type of the task it waits for"),
            "task_worker_id": text("the worker that has the task, or had the last one"),
            "waiting": refer("Waiting"),
            "progress": number("how far the worker has come, 0 to 1"),
            "progress_message": text("what the worker said last"),
            "phases": list("Phase"),
            "result": any("what it came to"),
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "parent_job_id": id(),
            "child_job_id": id(),
            "branches": list("Branch"),
            "approval": refer("Approval"),
            "decisions": list("Decision"),
            "rerun_of": id(),
            "client": text("whose it is, where jobs of several are listed"),
            "created_at_ms": whole("milliseconds since the Unix epoch"),
            "updated_at_ms": whole("milliseconds since the Unix epoch"),
        })),
        "JobSummary": object(&["id", "blueprint_name", "current_state", "status"], json!({
            "id": id(),
            "blueprint_name": text("the blueprint it walked through"),
            "current_state": text("the state it is in"),
            "status": refer("JobStatus"),
        })),
        "AnyJob": {"anyOf": [refer("JobView"), refer("JobSummary")]},
        "Jobs": list("AnyJob"),
        "Waiting": object(&["reason", "message", "since_ms"], json!({
            "reason": {"type": "string", "enum": [
                "no_worker", "workers_busy", "workers_silent", "worker_away", "with_worker", "back_off",
                "none_fits",
                "branches", "sub_job", "approval", "event", "sleep",
            ]},
            "message": text("the reason in English"),
            "since_ms": whole("milliseconds since the Unix epoch"),
            "until_ms": whole("when the wait ends by itself"),
        })),
        "Phase": object(&["phase", "at_ms"], json!({
            "phase": text("the worker's name for it"),
            "message": text("what it said"),
            "at_ms": whole("milliseconds since the Unix epoch"),
        })),
        "Branch": object(&["name", "status"], json!({
            "name": text("the blueprint's name for it"),
            "status": text("queued, running, or how it ended"),
            "task_id": id(),
            "job_id": id(),
            "data": any("what it yielded"),
            "failure": refer("Failure"),
        })),
        "ServerSentEvent": object(&["event", "data"], json!({
            "event": {"type": "string", "enum": ["job", "end"], "description": "end is the last"},
            "id": text("to be sent back as Last-Event-ID"),
            "data": text("JSON: of job the job as it is now, of end job_id, status and current_state"),
        })),
        "Approval": object(&["message", "decisions"], json!({
            "message": text("the question"),
            "decisions": {"type": "array", "items": {"type": "string"}},
        })),
        "Decision": object(&["state", "decision", "by", "at_ms"], json!({
            "state": text("the state the job asked in"),
            "decision": text("what was decided"),
            "by": text("who decided"),
            "comment": text("what they said"),
            "at_ms": whole("milliseconds since the Unix epoch"),
        })),
        "JobEvent": object(&["job_id", "version", "n", "at_ms", "event_type", "state", "status"], json!({
            "job_id": id(),
            "version": whole("the version of the job it came with"),
            "n": whole("its place in that version"),
            "at_ms": whole("milliseconds since the Unix epoch"),
            "event_type": text("what happened"),
            "state": text("the state the job was in"),
            "previous_state": text("the state it left"),
            "status": refer("JobStatus"),
            "task_id": id(),
            "task_type": text("the type of the task"),
            "worker_id": text("the worker that had it"),
            "attempt_number": whole("which attempt"),
            "error": refer("Failure"),
            "details": any("whatever else belongs to the kind"),
        })),
    })
}

fn asked() -> Value {
    json!({
        "Signal": object(&["name"], json!({
            "name": {"type": "string", "minLength": 1, "maxLength": 128},
            "payload": any("what it carries, 64 KiB at most"),
        })),
        "DecisionBody": object(&["decision"], json!({
            "decision": {"type": "string", "minLength": 1, "maxLength": 200},
            "by": {"type": ["string", "null"], "maxLength": 200},
            "comment": {"type": ["string", "null"], "maxLength": 4000},
            "token": {"type": ["string", "null"], "maxLength": 200},
        })),
        "RerunBody": object(&[], json!({"state": {"type": ["string", "null"]}})),
    })
}

fn server() -> Value {
    json!({
        "Worker": object(&["worker_id", "worker_type", "supported_tasks", "status", "load", "tasks"], json!({
            "worker_id": text("its name"),
            "worker_type": text("what kind it is"),
            "supported_tasks": {"type": "array", "items": {"type": "string"}},
            "max_concurrent_tasks": {"type": ["integer", "null"]},
            "task_type_limits": {"type": "object", "description": "tasks of one type at once"},
            "resources": any("what it has, as it told"),
            "status": {"type": "string", "enum": ["idle", "busy"]},
            "load": whole("tasks it has"),
            "tasks": {"type": "array", "items": id()},
            "reputation": number("how well it has done: 1 at best"),
            "full_of": {"type": "array", "items": {"type": "string"}, "description": "task types it has as many tasks of as it takes"},
            "hot": {"type": "array", "items": {"type": "string"}, "description": "task types it has what it takes for at hand"},
            "registered_at_ms": whole("milliseconds since the Unix epoch"),
            "last_seen_at_ms": whole("milliseconds since the Unix epoch"),
        })),
        "Dashboard": object(&["workers", "jobs"], json!({
            "workers": object(&["total"], json!({"total": whole("workers alive")})),
            "jobs": object(&["queued", "running", "live"], json!({
                "queued": whole("tasks that wait"),
                "running": whole("tasks with workers"),
                "live": whole("jobs that have not ended"),
            })),
        })),
        "Me": object(&["client", "user_id", "roles"], json!({
            "client": text("its name"),
            "user_id": text("the user it acts for"),
            "roles": {"type": "array", "items": {"type": "string"}},
            "plan": any("its plan"),
            "params": any("what its blueprints are told of it"),
            "quota": any("jobs a month: limit, used, remaining, resets_at_ms"),
            "rate": any("requests: per_second, burst"),
            "jobs_live_max": any("jobs under way at once"),
            "blueprints": any("those it may start; null: all"),
        })),
        "Blueprint": object(&["name", "version", "states", "from_file"], json!({
            "name": text("its name"),
            "version": text("the version new jobs begin with; empty for one without"),
            "endpoint": {"type": ["string", "null"], "description": "where jobs are posted"},
            "start": text("the state jobs begin in"),
            "states": {"type": "array", "items": {"type": "string"}},
            "from_file": {"type": "boolean", "description": "whether it was read from a file"},
            "input_schema": any("what its input must be"),
            "output_schema": any("what its result is"),
        })),
        "BlueprintFile": object(&["file", "problems"], json!({
            "file": text("its path"),
            "name": {"type": ["string", "null"], "description": "the blueprint of it that is in use"},
            "version": {"type": ["string", "null"], "description": "that blueprint's version"},
            "problems": list("BlueprintProblem"),
        })),
        "BlueprintProblem": object(&["line", "column", "reason"], json!({
            "file": text("the file"),
            "line": whole("where, from 1"),
            "column": whole("where, from 1"),
            "length": whole("how many characters it concerns"),
            "reason": text("what is wrong"),
            "hint": text("what to do about it"),
            "source": text("the line it is in"),
        })),
        "Schedules": object(&["schedules"], json!({"schedules": list("Schedule")})),
        "Schedule": {"type": "object"},
    })
}

fn worker() -> Value {
    let task = json!({
        "job_id": id(),
        "task_id": id(),
        "type": text("what is to be done"),
        "params": {"type": "object"},
        "tracing_context": {"type": "object"},
        "attempt": whole("which hand-out this is, from 1"),
        "lease": text("to be sent back with the result"),
        "priority": number("higher goes first"),
        "deadline_at_ms": whole("when the server gives it up"),
    });
    json!({
        "Registration": object(&["worker_id"], json!({
            "worker_id": worker_id(),
            "worker_type": {"type": "string"},
            "supported_tasks": {"type": "array", "items": {"type": "string"}},
            "max_concurrent_tasks": {"type": ["integer", "null"], "minimum": 0, "maximum": u32::MAX},
            "task_type_limits": {"type": "object"},
        })),
        "Registered": object(&["status", "session_id", "heartbeat_interval_ms", "lease_ms"], json!({
            "status": {"const": "registered"},
            "session_id": id(),
            "heartbeat_interval_ms": whole("how often to send one"),
            "lease_ms": whole("how long a lease lasts without"),
        })),
        "RunningTask": object(&["task_id", "lease"], json!({"task_id": id(), "lease": lease(false)})),
        "Heartbeat": object(&[], json!({
            "load": {"type": ["number", "null"]},
            "status": {"type": ["string", "null"]},
            "supported_tasks": {"type": ["array", "null"], "items": {"type": "string"}},
            "session_id": {"anyOf": [id(), {"type": "null"}]},
            "running": {"type": ["array", "null"], "items": refer("RunningTask")},
            "hot_cache": any("task types it has what it takes for at hand"),
        })),
        "HeartbeatAnswer": object(&[], json!({
            "cancel_task_ids": {"type": "array", "items": id()},
            "lost_task_ids": {"type": "array", "items": id()},
            // Below is the worker's registration, and over it what the heartbeat said, as it stands.
            "status": any("ttl_refreshed to an empty body; else what the worker said"),
            "worker_id": text("its name"),
            "worker_type": any("what kind it is"),
            "supported_tasks": any("the task types it takes"),
            "max_concurrent_tasks": any("how many tasks it runs at once"),
            "task_type_limits": any("how many of one type"),
            "load": any("what the worker said"),
        })),
        "Task": object(&["job_id", "task_id", "type", "params"], task),
        "Tasks": {"anyOf": [refer("Task"), object(&["tasks"], json!({"tasks": list("Task")}))]},
        "Outcome": object(&[], json!({
            "status": {"type": ["string", "null"]},
            "data": any("what it yielded"),
            "error": any("what went wrong: {code, message} or a text"),
        })),
        "Result": object(&["job_id", "task_id", "worker_id"], json!({
            "job_id": id(),
            "task_id": id(),
            "worker_id": worker_id(),
            "result": refer("Outcome"),
            "lease": lease(true),
            "want_next": {"type": "boolean"},
        })),
        "ResultAnswer": object(&["status"], json!({
            "status": text("what became of it"),
            "reason": text("why it was ignored"),
            "next_task": refer("Task"),
        })),
        "Results": object(&["worker_id", "results"], json!({
            "worker_id": worker_id(),
            "results": {
                "type": "array",
                "maxItems": 256,
                "items": {"description": "as it would be posted alone; each is judged for itself"},
            },
            "want_next": any("how many tasks to take in the answer, at most 256"),
        })),
        "Standing": object(&["status"], json!({
            "status": text("as of a result that is posted alone, or error"),
            "reason": text("why it was ignored"),
            "code": text("what is wrong with it, as a code"),
            "message": text("what is wrong with it, in English"),
            "retry": {"type": "boolean", "description": "whether it may be sent again"},
        })),
        "ResultsAnswer": object(&["results"], json!({
            "results": list("Standing"),
            "tasks": list("Task"),
        })),
        "WorkerEvent": object(&["event_type", "worker_id", "target_job_id", "target_task_id"], json!({
            "event_type": {"type": "string"},
            "worker_id": worker_id(),
            "target_job_id": id(),
            "target_task_id": id(),
            "payload": {"type": "object"},
        })),
    })
}
