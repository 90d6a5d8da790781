//! Jobs in words.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

/// Characters of a job's input, data or result that are shown.
const SHOWN_CHARS_MAX: usize = 2_000;

/// A job, line by line.
pub(super) fn job(view: &Value) -> String {
    let mut out = format!("job        {}\n", word(view, "id"));
    let version = word(view, "blueprint_version");
    let blueprint = match version {
        "" => word(view, "blueprint_name").to_owned(),
        version => format!("{} {version}", word(view, "blueprint_name")),
    };
    add(&mut out, "blueprint", &blueprint);
    for (key, value) in view["labels"].as_object().into_iter().flatten() {
        add(
            &mut out,
            "label",
            &format!("{key}:{}", value.as_str().unwrap_or_default()),
        );
    }
    add(&mut out, "state", word(view, "current_state"));
    add(&mut out, "status", word(view, "status"));
    let waiting = &view["waiting"];
    if waiting.is_object() {
        let mut why = format!("{} ({})", word(waiting, "message"), word(waiting, "reason"));
        if let Some(since) = time(&waiting["since_ms"]) {
            let _ = write!(why, ", since {since}");
        }
        if let Some(until) = time(&waiting["until_ms"]) {
            let _ = write!(why, ", until {until}");
        }
        add(&mut out, "waits", &why);
    }
    if let Some(progress) = view["progress"].as_f64() {
        let text = word(view, "progress_message");
        add(
            &mut out,
            "progress",
            &format!("{:.0} % {text}", progress * 100.0),
        );
    }
    let approval = &view["approval"];
    if approval.is_object() {
        let decisions = list(&approval["decisions"]);
        add(&mut out, "decide", &format!("one of {decisions}"));
    }
    for branch in view["branches"].as_array().into_iter().flatten() {
        let said = branch["failure"]["message"].as_str().unwrap_or_default();
        let text = format!(
            "{}: {} {said}",
            word(branch, "name"),
            word(branch, "status")
        );
        add(&mut out, "branch", text.trim_end());
    }
    for decision in view["decisions"].as_array().into_iter().flatten() {
        let at = time(&decision["at_ms"]).unwrap_or_default();
        let mut text = format!(
            "{} by {} at {at}",
            word(decision, "decision"),
            word(decision, "by")
        );
        if let Some(comment) = decision["comment"].as_str() {
            let _ = write!(text, ": {comment}");
        }
        add(&mut out, "decided", &text);
    }
    for (key, name) in [
        ("parent_job_id", "runs for"),
        ("child_job_id", "sub-job"),
        ("rerun_of", "repeats"),
        ("task_worker_id", "worker"),
    ] {
        add(&mut out, name, word(view, key));
    }
    let error = &view["error"];
    if error.is_object() {
        let code = match word(error, "code") {
            "" => String::new(),
            code => format!(" ({code})"),
        };
        add(
            &mut out,
            "error",
            &(word(error, "message").to_owned() + &code),
        );
        add(&mut out, "hint", word(error, "hint"));
    }
    for (key, name) in [
        ("initial_data", "input"),
        ("state_history", "data"),
        ("result", "result"),
    ] {
        let value = &view[key];
        let is_empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
        if !is_empty {
            add(&mut out, name, &bounded(&value.to_string()));
        }
    }
    add(
        &mut out,
        "created",
        &time(&view["created_at_ms"]).unwrap_or_default(),
    );
    add(
        &mut out,
        "changed",
        &time(&view["updated_at_ms"]).unwrap_or_default(),
    );
    out
}

/// A job in one line.
pub(super) fn line(view: &Value) -> String {
    let mut line = format!(
        "{:<28} {}",
        word(view, "status"),
        word(view, "current_state")
    );
    if let Some(why) = view["waiting"]["message"].as_str() {
        let _ = write!(line, ": {why}");
    }
    if let Some(progress) = view["progress"].as_f64() {
        let said = format!(
            ", {:.0} % {}",
            progress * 100.0,
            word(view, "progress_message")
        );
        line.push_str(said.trim_end());
    }
    if let Some(why) = view["error"]["message"].as_str() {
        let _ = write!(line, ": {why}");
    }
    line
}

/// Whether nothing more happens to it.
pub(super) fn has_ended(view: &Value) -> bool {
    matches!(
        word(view, "status"),
        "completed" | "failed" | "cancelled" | "quarantined"
    )
}

/// A value as far as a screen shows it; `--json` has the whole.
fn bounded(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => {
            let shown = text.get(..end).unwrap_or(text);
            format!("{shown}… ({} bytes; --json shows all)", text.len())
        }
    }
}

/// Several jobs.
pub(super) fn table(jobs: &Value) -> String {
    let rows = jobs.as_array().into_iter().flatten();
    let mut out = String::new();
    for job in rows {
        let id = [word(job, "id"), word(job, "job_id")].concat();
        let name = [word(job, "blueprint_name"), word(job, "blueprint")].concat();
        let state = [word(job, "current_state"), word(job, "state")].concat();
        let at = time(&job["created_at_ms"]).unwrap_or_default();
        let _ = writeln!(
            out,
            "{id}  {:<26} {name:<20} {state:<20} {at}",
            word(job, "status")
        );
    }
    if out.is_empty() {
        "no jobs".clone_into(&mut out);
    }
    out
}

/// What happened to a job, in order.
pub(super) fn history(events: &Value) -> String {
    let mut out = String::new();
    for event in events.as_array().into_iter().flatten() {
        let at = time(&event["at_ms"]).unwrap_or_default();
        let mut line = format!(
            "{at}  {:<20} {}",
            word(event, "event_type"),
            word(event, "state")
        );
        for key in ["task_type", "worker_id"] {
            if !word(event, key).is_empty() {
                let _ = write!(line, "  {}", word(event, key));
            }
        }
        if let Some(why) = event["error"]["message"].as_str() {
            let _ = write!(line, "  {why}");
        }
        if !event["details"].is_null() {
            let _ = write!(line, "  {}", event["details"]);
        }
        let _ = writeln!(out, "{line}");
    }
    out
}

fn add(out: &mut String, name: &str, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(out, "{name:<10} {text}");
    }
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list(value: &Value) -> String {
    let words = value.as_array().into_iter().flatten();
    let words: Vec<&str> = words.filter_map(Value::as_str).collect();
    words.join(", ")
}

/// Milliseconds since the Unix epoch as people write them.
fn time(value: &Value) -> Option<String> {
    let at = Timestamp::from_millisecond(value.as_i64()?).ok()?;
    Some(at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_is_told_with_what_it_waits_for() {
        let view = json!({
            "id": "j", "blueprint_name": "b", "blueprint_version": "2", "current_state": "ask",
            "status": "waiting_for_human", "created_at_ms": 0, "updated_at_ms": 1_000,
            "waiting": {"reason": "approval", "message": "a person has to decide: ok?",
                        "since_ms": 1_000, "until_ms": 61_000},
            "approval": {"message": "ok?", "decisions": ["no", "yes"]},
            "branches": [{"name": "x", "status": "failure", "failure": {"message": "broke"}}],
            "labels": {"shop": "north"}, "initial_data": {"sum": 5, "card": "***"},
            "state_history": {}, "progress": 0.25, "progress_message": "page 3",
            "decisions": [{"decision": "no", "by": "ann", "comment": "too dear", "at_ms": 0}],
        });
        assert_eq!(
            job(&view),
            "job        j\n\
             blueprint  b 2\n\
             label      shop:north\n\
             state      ask\n\
             status     waiting_for_human\n\
             waits      a person has to decide: ok? (approval), since 1970-01-01 00:00:01 UTC, until 1970-01-01 00:01:01 UTC\n\
             progress   25 % page 3\n\
             decide     one of no, yes\n\
             branch     x: failure broke\n\
             decided    no by ann at 1970-01-01 00:00:00 UTC: too dear\n\
             input      {\"card\":\"***\",\"sum\":5}\n\
             created    1970-01-01 00:00:00 UTC\n\
             changed    1970-01-01 00:00:01 UTC\n"
        );
        assert_eq!(
            line(&view),
            "waiting_for_human            ask: a person has to decide: ok?, 25 % page 3"
        );
        assert!(!has_ended(&view));
        let long = bounded(&"я".repeat(2_001));
        assert!(
            long.ends_with("я… (4002 bytes; --json shows all)"),
            "{long}"
        );
    }

    #[test]
    fn a_past_names_what_happened_and_who_did_it() {
        // From the type the server answers with: its keys are what is read.
        let event = avtomatika_protocol::history::JobEvent {
            job_id: avtomatika_protocol::JobId(uuid::Uuid::nil()),
            version: 2,
            n: 0,
            at_ms: 1_000,
            event_type: "task_failed".to_owned(),
            state: "start".to_owned(),
            previous_state: None,
            status: avtomatika_protocol::JobStatus::AwaitingRetry,
            task_id: None,
            task_type: Some("resize".to_owned()),
            worker_id: Some("w-1".into()),
            attempt_number: Some(1),
            error: Some(avtomatika_protocol::Failure {
                message: "out of memory".to_owned(),
                ..Default::default()
            }),
            details: None,
        };
        assert_eq!(
            history(&json!([event])),
            "1970-01-01 00:00:01 UTC  task_failed          start  resize  w-1  out of memory\n"
        );
    }

    #[test]
    fn lists_say_when_they_are_empty() {
        assert_eq!(table(&json!([])), "no jobs");
        let row = json!([{"id": "j", "status": "completed", "blueprint_name": "b",
                          "current_state": "done", "created_at_ms": 0}]);
        assert!(table(&row).starts_with("j  completed "));
    }
}
