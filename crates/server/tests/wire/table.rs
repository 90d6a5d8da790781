//! A request and its answer as one row of data, and how a row is checked.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{self, Answer, STRANGER, Wire};

/// What is sent as the body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sent {
    /// No body at all.
    Nothing,
    /// These bytes.
    Text(&'static str),
}

/// One request and what must come back.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The row of the contract it shows, as `rows` names it.
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    /// With `{waiting}`, `{ended}`, `{foreign}`, `{unknown}` for job ids.
    pub(crate) path: &'static str,
    pub(crate) headers: &'static [(&'static str, &'static str)],
    pub(crate) sent: Sent,
    pub(crate) status: u16,
    /// What the body holds at least; a text is compared whole when it isn't JSON.
    pub(crate) body: Value,
    pub(crate) answer_headers: &'static [(&'static str, &'static str)],
}

/// A row that is expected to be answered with this status.
pub(crate) fn row(id: &'static str, method: Method, path: &'static str, status: u16) -> Row {
    Row {
        id,
        method,
        path,
        headers: &[],
        sent: Sent::Nothing,
        status,
        body: Value::Null,
        answer_headers: &[],
    }
}

impl Row {
    pub(crate) fn with(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = headers;
        self
    }

    pub(crate) fn sends(mut self, text: &'static str) -> Self {
        self.sent = Sent::Text(text);
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = body;
        self
    }

    /// The body's `error` is exactly this text.
    pub(crate) fn error(self, text: &str) -> Self {
        self.body(json!({ "error": text }))
    }

    pub(crate) fn answers(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.answer_headers = headers;
        self
    }
}

/// The jobs rows may name.
pub(crate) struct Jobs {
    waiting: String,
    ended: String,
    foreign: String,
}

impl Jobs {
    pub(crate) async fn make(wire: &Wire) -> Self {
        let ended = wire.submit(json!({"handler": "skips"})).await;
        let waiting = wire.submit(json!({"task": "nobody_does_this"})).await;
        let request = wire
            .request(Method::POST, harness::STEPS)
            .header("X-Avtomatika-Token", STRANGER)
            .json(&json!({"task": "nobody_does_this"}));
        let foreign = harness::answer(request).await.json()["job_id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            waiting,
            ended,
            foreign,
        }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{waiting}", &self.waiting)
            .replace("{ended}", &self.ended)
            .replace("{foreign}", &self.foreign)
            .replace("{unknown}", "01890000-0000-7000-8000-000000000000")
    }
}

/// Sends a row's request and compares the answer. Answers what is wrong with it.
pub(crate) async fn check(wire: &Wire, jobs: &Jobs, row: &Row) -> Result<(), String> {
    let mut request = wire.request(row.method.clone(), &jobs.fill(row.path));
    for (name, value) in row.headers {
        request = request.header(*name, *value);
    }
    if let Sent::Text(text) = row.sent {
        request = request.body(jobs.fill(text));
    }
    let answer = harness::answer(request).await;
    compare(row, &answer).map_err(|wrong| {
        format!(
            "{} ({} {}): {wrong}; answered {} {}",
            row.id, row.method, row.path, answer.status, answer.text
        )
    })
}

fn compare(row: &Row, answer: &Answer) -> Result<(), String> {
    if answer.status != row.status {
        return Err(format!("wanted status {}", row.status));
    }
    for (name, value) in row.answer_headers {
        if answer.header(name) != Some(value) {
            return Err(format!("wanted {name}: {value}, not {:?}", answer.headers));
        }
    }
    if answer.status.is_client_error() || answer.status.is_server_error() {
        let body = answer.json();
        let said = |key: &str| body[key].as_str().is_some_and(|text| !text.is_empty());
        if !said("error") || !said("code") {
            return Err("wanted a JSON body with `error` and `code`".to_owned());
        }
    }
    if row.body.is_null() || holds(&answer.json(), &row.body) {
        return Ok(());
    }
    Err(format!("wanted {}", row.body))
}

/// Whether `whole` has at least what `part` has. `"<uuid>"` stands for any id, `"<any>"` for
/// any value but null.
pub(crate) fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (whole, Value::String(text)) if text == "<any>" => !whole.is_null(),
        (Value::String(id), Value::String(text)) if text == "<uuid>" => {
            uuid::Uuid::parse_str(id).is_ok()
        }
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(key, value)| holds(whole.get(key).unwrap_or(&Value::Null), value)),
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(a, b)| holds(a, b))
        }
        (whole, part) => whole == part,
    }
}

/// Checks all rows and names every one that is not as it should be.
pub(crate) async fn check_all(wire: &Wire, rows: &[Row]) {
    let jobs = Jobs::make(wire).await;
    let mut wrong = Vec::new();
    for row in rows {
        wrong.extend(check(wire, &jobs, row).await.err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_row_is_compared_by_what_it_names() {
    let whole = json!({"a": 1, "b": {"c": [1, {"d": "x", "e": 2}]}});
    assert!(holds(&whole, &json!({"b": {"c": [1, {"d": "x"}]}})));
    assert!(!holds(&whole, &json!({"b": {"c": [1]}})));
    assert!(!holds(&whole, &json!({"a": "<uuid>"})));
    assert!(!holds(&whole, &json!({"missing": "<any>"})));
    assert!(holds(&whole, &json!({"missing": null})));
}
