//! The API's description, held to what the server does.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{CLIENT, STEPS, Wire, answer};
use crate::pauses::{self, PAUSES};

async fn described(wire: &Wire) -> Value {
    let read = answer(wire.request(Method::GET, "/_public/openapi.json")).await;
    assert_eq!(read.status, 200);
    read.json()
}

/// Checks a body against what is described of this answer: the schema, and that no key of an
/// object is left undescribed.
fn check(document: &Value, path: &str, method: &str, status: u16, body: &Value) {
    let operation = &document["paths"][path][method];
    let answer = &operation["responses"][status.to_string()];
    let schema = &answer["content"]["application/json"]["schema"];
    assert!(!schema.is_null(), "{method} {path} {status} has no schema");
    let whole = json!({"allOf": [schema], "components": document["components"]});
    let validator = jsonschema::draft202012::new(&whole).unwrap();
    let wrong: Vec<_> = validator
        .iter_errors(body)
        .map(|error| error.to_string())
        .collect();
    assert!(
        wrong.is_empty(),
        "{method} {path} {status}: {wrong:?}\n{body}"
    );
    let Some(name) = schema["$ref"].as_str().or(schema["items"]["$ref"].as_str()) else {
        return;
    };
    // A list of jobs, and a job, may be summaries; here none is.
    let name = name
        .replace("AnyJob", "JobView")
        .replace("/Jobs", "/JobView");
    let schema = document.pointer(name.trim_start_matches('#')).unwrap();
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    let one = if body.is_array() { &body[0] } else { body };
    for key in one.as_object().into_iter().flat_map(|one| one.keys()) {
        assert!(
            properties.contains_key(key),
            "{name} does not describe {key}"
        );
    }
}

#[tokio::test]
async fn answers_are_as_described() {
    let wire = pauses::wire().await;
    let document = described(&wire).await;
    let check = |path: &str, method: &str, status: u16, body: &Value| {
        check(&document, path, method, status, body);
    };
    wire.register("w", &["echo"]).await;
    let posted = wire.post(PAUSES, &json!({"do": "task"})).await;
    check(PAUSES, "post", 202, &posted.json());
    let id = posted.json()["job_id"].as_str().unwrap().to_owned();
    let task = wire.take("w").await;
    check("/_worker/workers/{worker_id}/tasks/next", "get", 200, &task);
    check(
        "/api/workers",
        "get",
        200,
        &wire.get("/api/workers").await.json(),
    );
    let job = "/api/jobs/{job_id}";
    check(
        job,
        "get",
        200,
        &wire.get(&format!("/api/jobs/{id}")).await.json(),
    );
    let error = json!({"status": "failure", "error": {"code": "PERMANENT_ERROR", "message": "x", "hint": "y"}});
    let reported = wire.report("w", &task, error).await;
    check("/_worker/tasks/result", "post", 200, &reported.json());
    let beat = wire.beat("w", &json!({"load": 0})).await;
    check("/_worker/workers/{worker_id}", "patch", 200, &beat.json());
    for path in ["/api/jobs", "/api/jobs/quarantined", "/api/blueprints"] {
        check(path, "get", 200, &wire.get(path).await.json());
    }
    let discarded = wire
        .post(&format!("/api/jobs/{id}/discard"), &json!({}))
        .await;
    check("/api/jobs/{job_id}/discard", "post", 200, &discarded.json());
    let mut jobs = Vec::new();
    for what in ["ask", "event", "sleep", "fork", "child"] {
        let id = pauses::submit(&wire, what).await;
        check(
            job,
            "get",
            200,
            &wire.get(&format!("/api/jobs/{id}")).await.json(),
        );
        jobs.push(id);
    }
    let decided = json!({"decision": "yes", "by": "Ann", "comment": "fine"});
    let decided = wire
        .post(&format!("/api/jobs/{}/decision", jobs[0]), &decided)
        .await;
    check("/api/jobs/{job_id}/decision", "post", 200, &decided.json());
    check(
        job,
        "get",
        200,
        &wire.get(&format!("/api/jobs/{}", jobs[0])).await.json(),
    );
    let again = wire
        .post(&format!("/api/jobs/{}/rerun", jobs[0]), &json!({}))
        .await;
    check("/api/jobs/{job_id}/rerun", "post", 202, &again.json());
    let told = wire
        .post(
            &format!("/api/jobs/{}/events", jobs[1]),
            &json!({"name": "paid"}),
        )
        .await;
    check("/api/jobs/{job_id}/events", "post", 200, &told.json());
    for path in [
        "/api/dashboard",
        "/api/me",
        "/api/schedules",
        "/_public/status",
    ] {
        check(path, "get", 200, &wire.get(path).await.json());
    }
    let refused = wire.get("/api/jobs/nonsense").await;
    check(job, "get", 404, &refused.json());
    let refused = wire.post(&format!("{STEPS}?wait=x"), &json!({})).await;
    check(STEPS, "post", 400, &refused.json());
    let waited = wire
        .post(&format!("{PAUSES}?wait=5s"), &json!({"do": "nothing"}))
        .await;
    assert_eq!(waited.status, 200, "{}", waited.text);
    check(PAUSES, "post", 200, &waited.json());
}

#[tokio::test]
async fn blueprints_are_described_while_they_are_there() {
    let wire = Wire::start().await;
    assert!(described(&wire).await["paths"][PAUSES].is_null());
    wire.engine.install(pauses::pauses()).await.unwrap();
    let document = described(&wire).await;
    let body = &document["paths"][PAUSES]["post"]["requestBody"];
    let schema = &body["content"]["application/json"]["schema"];
    assert_eq!(schema["properties"]["do"]["type"], "string");
    wire.engine.remove("pauses");
    assert!(described(&wire).await["paths"][PAUSES].is_null());
    // Ids name one operation each.
    let paths = document["paths"].as_object().unwrap();
    let operations = paths
        .values()
        .flat_map(|path| path.as_object().unwrap().values());
    let ids: Vec<_> = operations
        .map(|one| one["operationId"].as_str().unwrap())
        .collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
    // Programs that write code make names of them.
    assert!(!ids.iter().any(|id| id.contains(' ')), "{ids:?}");
    // A blueprint that checks its input refuses what does not fit.
    let refused = &document["paths"][PAUSES]["post"]["responses"]["400"].to_string();
    assert!(refused.contains("INVALID_INPUT_ERROR"), "{refused}");
}

#[tokio::test]
async fn a_blueprint_is_listed_and_drawn() {
    let wire = pauses::wire().await;
    let list = wire.get("/api/blueprints").await.json();
    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["pauses", "plain", "steps"]);
    assert_eq!(list[0]["endpoint"], PAUSES);
    let dot = wire.get("/api/v1/blueprints/pauses/graph").await;
    assert_eq!(
        dot.header("content-type"),
        Some("text/vnd.graphviz; charset=utf-8")
    );
    assert!(
        dot.text.starts_with("digraph") && dot.text.contains("yes"),
        "{}",
        dot.text
    );
    let svg = wire.get("/api/blueprints/pauses/graph?format=svg").await;
    assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
    assert!(svg.text.contains("<svg"), "{}", svg.text);
    for (path, status, code) in [
        ("/api/blueprints/nothing/graph", 404, "BLUEPRINT_NOT_FOUND"),
        (
            "/api/blueprints/avtomatika.webhook/graph",
            404,
            "BLUEPRINT_NOT_FOUND",
        ),
        (
            "/api/blueprints/pauses/graph?format=gif",
            400,
            "INVALID_QUERY",
        ),
    ] {
        let refused = wire.get(path).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["code"]),
            (status, &json!(code))
        );
    }
    assert_eq!(
        wire.get("/api/blueprints/nothing/graph").await.json()["error"],
        "Blueprint not found"
    );
    let nobody = answer(wire.request(Method::GET, "/api/blueprints")).await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn the_page_is_whole_and_loads_from_nowhere_else() {
    let wire = Wire::start().await;
    for (path, kind) in [
        ("/_public/docs", "text/html; charset=utf-8"),
        ("/_public/docs/page.js", "text/javascript; charset=utf-8"),
        ("/_public/docs/page.css", "text/css; charset=utf-8"),
    ] {
        let read = answer(wire.request(Method::GET, path)).await;
        assert_eq!(
            (read.status.as_u16(), read.header("content-type")),
            (200, Some(kind))
        );
        let policy = read.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(!read.text.contains("://"), "{path} names another place");
        assert!(!read.text.contains("innerHTML") && !read.text.contains("style="));
    }
}

#[tokio::test]
async fn workers_are_shown_with_what_they_do_and_how_well() {
    let wire = Wire::start().await;
    let limits =
        json!({"worker_id": "w", "supported_tasks": ["echo"], "task_type_limits": {"echo": 1}});
    wire.register_as(&limits).await;
    wire.beat("w", &json!({"load": 1, "hot_cache": ["echo"]}))
        .await;
    wire.submit(json!({})).await;
    let task = wire.take("w").await;
    let request = wire.request(Method::GET, "/api/workers");
    let shown = answer(request.header("X-Avtomatika-Token", CLIENT))
        .await
        .json();
    assert_eq!(shown[0]["tasks"], json!([task["task_id"]]));
    assert_eq!(shown[0]["hot"], json!(["echo"]));
    assert_eq!(shown[0]["full_of"], json!(["echo"]));
    assert_eq!(shown[0]["task_type_limits"], json!({"echo": 1}));
    assert!(shown[0]["reputation"].as_f64().unwrap() > 0.0);
}
