//! B.5: what each result makes of its job, as data.

use serde_json::{Value, json};

use crate::harness::Wire;
use crate::table::holds;

/// One result, reported until the job ends, and what it makes of the job.
struct Made {
    /// The row of the contract, as `rows` names it.
    id: &'static str,
    /// The job's input: which transitions its task has.
    input: Value,
    /// The body's `result`; `None` leaves it out.
    result: Option<Value>,
    /// The answer's `status`.
    answered: &'static str,
    /// How often it is reported before the job ends.
    times: usize,
    /// What the job then holds at least.
    job: Value,
}

const OK: &str = "result_accepted_success";
const BAD: &str = "result_accepted_failure";

fn made(id: &'static str, result: Value, answered: &'static str, job: Value) -> Made {
    Made {
        id,
        input: json!({}),
        result: Some(result),
        answered,
        times: 1,
        job,
    }
}

/// A failure with this error, its answer and what the job then holds.
fn failure(id: &'static str, error: Value, job: Value) -> Made {
    let result = json!({"status": "failure", "error": error});
    made(id, result, BAD, job)
}

impl Made {
    fn on(mut self, transitions: Value) -> Self {
        self.input = json!({ "on": transitions });
        self
    }

    fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }
}

fn successes() -> Vec<Made> {
    let done = json!({"status": "completed", "current_state": "completed", "waiting": null});
    let with_data = json!({
        "status": "completed", "state_history": {"a": 1}, "error_message": null,
    });
    let unhandled = |status: &str| {
        json!({
            "status": "failed", "current_state": "start",
            "error_message": format!("Worker returned unhandled status: {status}"),
        })
    };
    let mut without = made("B.5 no result", json!(null), OK, done.clone());
    without.result = None;
    vec![
        made(
            "B.5 success",
            json!({"status": "success"}),
            OK,
            done.clone(),
        ),
        made(
            "B.5 no status",
            json!({"data": {"a": 1}}),
            OK,
            with_data.clone(),
        ),
        made("B.5 no status", json!({"status": null}), OK, done),
        without,
        made(
            "B.5 data",
            json!({"status": "success", "data": {"a": 1}}),
            OK,
            with_data,
        ),
        made(
            "B.5 data, no object",
            json!({"status": "success", "data": [1]}),
            OK,
            json!({
                "status": "completed", "state_history": {},
            }),
        ),
        made(
            "B.5 mapped",
            json!({"status": "partial", "data": {"a": 1}}),
            OK,
            json!({
                "status": "completed", "current_state": "stopped", "state_history": {"a": 1},
            }),
        )
        .on(json!({"partial": "stopped"})),
        made(
            "B.5 unmapped",
            json!({"status": "odd"}),
            OK,
            unhandled("odd"),
        ),
        made(
            "B.5 unmapped",
            json!({"status": "success"}),
            OK,
            unhandled("success"),
        )
        .on(json!({})),
        made(
            "B.5 cancelled",
            json!({"status": "cancelled"}),
            "result_accepted_cancelled",
            json!({
                "status": "cancelled", "current_state": "start",
            }),
        ),
        made(
            "B.5 cancelled, mapped",
            json!({"status": "cancelled"}),
            "result_accepted_cancelled",
            json!({"status": "completed", "current_state": "stopped"}),
        )
        .on(json!({"cancelled": "stopped"})),
    ]
}

fn failures() -> Vec<Made> {
    let permanent = json!({"code": "PERMANENT_ERROR", "message": "m"});
    let invalid = json!({"code": "INVALID_INPUT_ERROR", "message": "m"});
    let transient = json!({"code": "TRANSIENT_ERROR", "message": "m"});
    let business =
        json!({"code": "QUOTA_EXCEEDED", "message": "m", "hint": "h", "details": {"n": 3}});
    let used_up = json!({
        "status": "quarantined", "retry_count": 4,
        "error_message": "Task failed after 4 attempts: m",
    });
    let failed = json!({"status": "failed", "current_state": "failed"});
    let none = json!({"success": "completed"});
    vec![
        failure(
            "B.5 PERMANENT_ERROR",
            permanent.clone(),
            json!({
                "status": "quarantined", "error": {"code": "PERMANENT_ERROR"},
                "error_message": "Task failed with permanent error: m",
            }),
        ),
        failure(
            "B.5 PERMANENT_ERROR",
            permanent,
            json!({"status": "quarantined"}),
        )
        .on(none.clone()),
        failure(
            "B.5 INVALID_INPUT_ERROR",
            invalid.clone(),
            json!({
                "status": "failed", "error": {"code": "INVALID_INPUT_ERROR"},
                "error_message": "Task failed due to invalid input: m",
            }),
        ),
        failure(
            "B.5 INVALID_INPUT_ERROR",
            invalid,
            json!({"status": "failed"}),
        )
        .on(none.clone()),
        failure("B.5 TRANSIENT_ERROR", transient.clone(), used_up.clone())
            .on(none.clone())
            .times(4),
        failure("B.5 no code", json!({"message": "m"}), used_up.clone())
            .on(none.clone())
            .times(4),
        failure("B.5 string error", json!("m"), used_up)
            .on(none.clone())
            .times(4),
        made(
            "B.5 no error",
            json!({"status": "failure"}),
            BAD,
            json!({"status": "quarantined"}),
        )
        .on(none.clone())
        .times(4),
        // The F worker's words for a task it does not know.
        made(
            "B.5 no error",
            json!({"status": "failure", "error_message": "x"}),
            BAD,
            json!({"status": "quarantined"}),
        )
        .on(none.clone())
        .times(4),
        failure("B.5 failure transition", transient, failed.clone()).times(4),
        failure("B.5 failure transition", business.clone(), failed),
        failure(
            "B.5 any other code",
            business,
            json!({
                "status": "failed", "current_state": "start", "error_message": "m",
                "error": {"code": "QUOTA_EXCEEDED", "hint": "h", "details": {"n": 3}},
            }),
        )
        .on(none),
    ]
}

fn all() -> Vec<Made> {
    let mut all = successes();
    all.extend(failures());
    all
}

pub(crate) fn ids() -> Vec<&'static str> {
    all().iter().map(|made| made.id).collect()
}

#[tokio::test]
async fn each_result_makes_of_its_job_what_the_contract_says() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let mut wrong = Vec::new();
    for made in all() {
        wrong.extend(check(&wire, &made).await.err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn check(wire: &Wire, made: &Made) -> Result<(), String> {
    let id = wire.submit(made.input.clone()).await;
    let mut task_ids = Vec::new();
    for attempt in 1..=made.times {
        let task = wire.take("w").await;
        assert_eq!(task["job_id"], id.as_str());
        assert_eq!(task["attempt"], attempt);
        task_ids.push(task["task_id"].clone());
        let mut body = json!({
            "job_id": id, "task_id": task["task_id"], "worker_id": "w",
        });
        if let Some(result) = &made.result {
            body["result"] = result.clone();
        }
        let reported = wire.report_as(&body).await;
        if reported.status != 200 || reported.json()["status"] != made.answered {
            return Err(format!("{}: answered {}", made.id, reported.text));
        }
    }
    // Every attempt is the same task.
    task_ids.dedup();
    assert_eq!(task_ids.len(), 1);
    let job = wire.job(&id).await;
    if holds(&job, &made.job) {
        Ok(())
    } else {
        Err(format!(
            "{}: wanted {}, the job is {job}",
            made.id, made.job
        ))
    }
}
