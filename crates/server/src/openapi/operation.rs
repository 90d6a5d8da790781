//! How one route is described, and how that is written.

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::parameters::{self, Parameter};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Client,
    Admin,
    Worker,
    /// No token at all.
    Anybody,
    /// A client's token, or one in the body.
    ClientOrToken,
}

/// One route.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: String,
    tag: &'static str,
    summary: &'static str,
    who: Who,
    query: &'static [Parameter],
    headers: &'static [Parameter],
    body: Option<(&'static str, bool)>,
    answers: Vec<(u16, &'static str)>,
    codes: Vec<(u16, &'static str)>,
}

impl Operation {
    pub(super) fn new(
        method: Method,
        path: &str,
        tag: &'static str,
        who: Who,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path: path.to_owned(),
            tag,
            summary,
            who,
            query: &[],
            headers: &[],
            body: None,
            answers: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// An answer: a schema's name, `[name]` for a list of such, a media type for no JSON (or two of
    /// them with a comma), or nothing.
    pub(super) fn answers(mut self, status: u16, schema: &'static str) -> Self {
        self.answers.push((status, schema));
        self
    }

    pub(super) fn query(mut self, query: &'static [Parameter]) -> Self {
        self.query = query;
        self
    }

    pub(super) fn headers(mut self, headers: &'static [Parameter]) -> Self {
        self.headers = headers;
        self
    }

    /// What is sent.
    pub(super) fn takes(mut self, schema: &'static str) -> Self {
        self.body = Some((schema, true));
        self
    }

    /// What may be sent, or not.
    pub(super) fn may_take(mut self, schema: &'static str) -> Self {
        self.body = Some((schema, false));
        self
    }

    /// Codes of refusals, beside those of its kind.
    pub(super) fn refuses(mut self, status: u16, codes: &[&'static str]) -> Self {
        self.codes.extend(codes.iter().map(|code| (status, *code)));
        self
    }

    pub(super) fn written(&self) -> Value {
        let query = self.query.iter();
        let headers = self.headers.iter();
        let parameters: Vec<Value> = parameters::of_path(&self.path)
            .chain(query.map(|one| parameters::written("query", one)))
            .chain(headers.map(|one| parameters::written("header", one)))
            .collect();
        let mut written = json!({
            "tags": [self.tag],
            "summary": self.summary,
            "operationId": self.id(),
            "security": security(self.who),
            "responses": self.responses(),
        });
        if !parameters.is_empty() {
            written["parameters"] = parameters.into();
        }
        if let Some((schema, required)) = self.body {
            written["requestBody"] = json!({
                "required": required,
                "content": {"application/json": {"schema": named(schema)}},
            });
        }
        written
    }

    fn id(&self) -> String {
        let words = self.path.split(|c: char| !c.is_ascii_alphanumeric());
        let words = words.filter(|word| !word.is_empty() && *word != "api");
        let method = self.method.as_str().to_ascii_lowercase();
        words.fold(method, |id, word| format!("{id}_{word}"))
    }

    fn responses(&self) -> Value {
        let mut responses = Map::new();
        for (status, schema) in &self.answers {
            responses.insert(status.to_string(), answer(*status, schema));
        }
        let mut codes = self.codes.clone();
        codes.extend(usual(self.who));
        if self.body.is_some() {
            codes.extend(OF_BODIES);
        }
        if self.method != Method::GET && self.who != Who::Worker {
            codes.extend(OF_WRITES);
        }
        refusals(&mut responses, &codes);
        responses.into()
    }
}

/// Refusals any request may meet.
const OF_ALL: [(u16, &str); 3] = [
    (408, "BODY_TIMEOUT"),
    (500, "STORAGE_FAILED"),
    (503, "SHUTTING_DOWN"),
];
const OF_BODIES: [(u16, &str); 4] = [
    (400, "INVALID_JSON"),
    (400, "BODY_UNREADABLE"),
    (413, "BODY_TOO_LARGE"),
    (415, "UNSUPPORTED_ENCODING"),
];
const OF_WRITES: [(u16, &str); 3] = [(409, "CONFLICT"), (503, "CONTENDED"), (507, "STORAGE_FULL")];
const OF_CLIENTS: [(u16, &str); 4] = [
    (401, "MISSING_TOKEN"),
    (401, "INVALID_TOKEN"),
    (403, "CLIENT_DISABLED"),
    (429, "RATE_LIMITED"),
];
const OF_WORKERS: [(u16, &str); 6] = [
    (401, "MISSING_TOKEN"),
    (401, "INVALID_TOKEN"),
    (401, "MISSING_CERTIFICATE"),
    (401, "CERTIFICATE_MISMATCH"),
    (403, "WORKER_DISABLED"),
    (429, "RATE_LIMITED"),
];

pub(super) fn usual(who: Who) -> Vec<(u16, &'static str)> {
    let mut codes = Vec::new();
    match who {
        Who::Client | Who::ClientOrToken => codes.extend(OF_CLIENTS),
        Who::Admin => {
            codes.extend(OF_CLIENTS);
            codes.push((403, "FORBIDDEN"));
        }
        Who::Worker => codes.extend(OF_WORKERS),
        Who::Anybody => {}
    }
    codes.extend(OF_ALL);
    codes
}

/// What `security` says.
fn security(who: Who) -> Value {
    match who {
        Who::Client | Who::Admin => json!([{"client": []}]),
        Who::Worker => json!([{"worker": []}]),
        Who::Anybody => json!([]),
        Who::ClientOrToken => json!([{"client": []}, {}]),
    }
}

/// The schema of this name, or of a list of such.
pub(super) fn named(name: &str) -> Value {
    let refer = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    match name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
    {
        Some(name) => json!({"type": "array", "items": refer(name)}),
        None => refer(name),
    }
}

fn reason(status: u16) -> &'static str {
    let status = StatusCode::from_u16(status).ok();
    let reason = status.and_then(|status| status.canonical_reason());
    reason.unwrap_or("Refused")
}

pub(super) fn answer(status: u16, schema: &str) -> Value {
    let mut answer = json!({ "description": reason(status) });
    if schema.contains('/') {
        for media_type in schema.split(',') {
            let schema = match media_type {
                "text/event-stream" => named("ServerSentEvent"),
                _ => json!({"type": "string"}),
            };
            answer["content"][media_type] = json!({"schema": schema});
        }
    } else if !schema.is_empty() {
        answer["content"] = json!({"application/json": {"schema": named(schema)}});
    }
    answer
}

/// Adds refusals, those of one status as one answer. Beside the codes named, an answer may always
/// have that of a refusal without one.
pub(super) fn refusals(responses: &mut Map<String, Value>, codes: &[(u16, &'static str)]) {
    let mut statuses: Vec<u16> = codes.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let mut named: Vec<&str> = Vec::new();
        for (_, code) in codes.iter().filter(|(of, _)| *of == status) {
            if !named.contains(code) {
                named.push(code);
            }
        }
        let schema = json!({
            "allOf": [{"$ref": "#/components/schemas/Error"}],
            "properties": {"code": {"examples": named}},
        });
        let mut refusal = json!({
            "description": format!("{}: {}", reason(status), named.join(", ")),
            "content": {"application/json": {"schema": schema}},
        });
        if matches!(status, 429 | 503 | 507) {
            refusal["headers"] = json!({
                "Retry-After": {"description": "when to try again, seconds", "schema": {"type": "integer"}},
            });
        }
        responses.insert(status.to_string(), refusal);
    }
}
