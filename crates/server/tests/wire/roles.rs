//! Who may call which route.

use avtomatika_server::ClientConfig;
use avtomatika_server::access::Role;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Wire, access, answer};

/// Routes only the role `admin` opens, and what they answer it.
const ADMIN_ROUTES: &[(&str, &str, u16)] = &[
    ("POST", "/admin/purge?older_than_s=99999", 200),
    ("POST", "/admin/reload", 200),
    ("GET", "/blueprints/files", 200),
    ("POST", "/admin/reload-workers", 400),
];

/// Routes for every client, and what they answer one.
const CLIENT_ROUTES: &[(&str, &str, u16)] = &[
    ("GET", "/me", 200),
    ("GET", "/jobs", 200),
    ("GET", "/workers", 200),
    ("GET", "/dashboard", 200),
    ("POST", "/jobs/steps", 202),
    ("GET", "/jobs/01a1fe58-6f43-701e-8a94-14d7ea1a4e3e", 404),
    (
        "POST",
        "/jobs/01a1fe58-6f43-701e-8a94-14d7ea1a4e3e/cancel",
        404,
    ),
];

async fn ask(wire: &Wire, method: &str, path: &str, token: Option<&str>) -> (u16, String) {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = wire.request(method, &format!("/api/v1{path}"));
    if path == "/jobs/steps" {
        request = request.json(&json!({"handler": "skips"}));
    }
    if let Some(token) = token {
        request = request.header("X-Avtomatika-Token", token);
    }
    let told = answer(request).await;
    let code = told.json()["code"].as_str().unwrap_or_default().to_owned();
    (told.status.as_u16(), code)
}

#[tokio::test]
async fn each_route_opens_for_its_role_only() {
    let client = |name: &str, roles: &[Role]| {
        let config = ClientConfig::new(name, &format!("123456:TEST-TOKEN-{name}"));
        roles.iter().fold(config, |config, role| config.role(*role))
    };
    let access = access()
        .client(client("plain", &[]))
        .client(client("trusted", &[Role::Trusted]))
        .client(client("admin", &[Role::Admin]))
        .client(client("both", &[Role::Admin, Role::Trusted]));
    let wire = Wire::knowing(access).await;
    for (name, is_admin) in [
        ("plain", false),
        ("trusted", false),
        ("admin", true),
        ("both", true),
    ] {
        let token = format!("123456:TEST-TOKEN-{name}");
        for (method, path, wanted) in ADMIN_ROUTES {
            let (status, code) = ask(&wire, method, path, Some(&token)).await;
            if is_admin {
                assert_eq!(status, *wanted, "{name} {path} {code}");
            } else {
                assert_eq!((status, code.as_str()), (403, "FORBIDDEN"), "{name} {path}");
            }
        }
        for (method, path, wanted) in CLIENT_ROUTES {
            let (status, code) = ask(&wire, method, path, Some(&token)).await;
            assert_eq!(status, *wanted, "{name} {path} {code}");
        }
    }
    for (method, path, _) in ADMIN_ROUTES.iter().chain(CLIENT_ROUTES) {
        let nobody = ask(&wire, method, path, None).await;
        assert_eq!(nobody, (401, "MISSING_TOKEN".to_owned()), "{path}");
        let worker = ask(&wire, method, path, Some(crate::harness::WORKER)).await;
        assert_eq!(worker, (401, "INVALID_TOKEN".to_owned()), "{path}");
    }
    assert_eq!(
        answer(wire.request(Method::GET, "/_public/status"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_admin_reads_follows_and_stops_the_jobs_of_others() {
    let client = |name: &str| ClientConfig::new(name, &format!("123456:TEST-TOKEN-{name}"));
    let access = access()
        .client(client("admin").role(Role::Admin))
        .client(client("trusted").role(Role::Trusted));
    let wire = Wire::knowing(access).await;
    let id = wire.submit(json!({"task": "echo"})).await;
    let paths =
        ["", "?wait=10ms", "?wait=10ms&until=ended"].map(|rest| format!("/jobs/{id}{rest}"));
    let cancel = format!("/jobs/{id}/cancel");
    let events = format!("/jobs/{id}/events");
    let trusted = Some("123456:TEST-TOKEN-trusted");
    let admin = Some("123456:TEST-TOKEN-admin");
    for path in &paths {
        let refused = ask(&wire, "GET", path, trusted).await;
        assert_eq!(refused, (404, "JOB_NOT_FOUND".to_owned()), "{path}");
        assert_eq!(ask(&wire, "GET", path, admin).await.0, 200, "{path}");
    }
    assert_eq!(ask(&wire, "POST", &cancel, trusted).await.0, 404);
    assert_eq!(ask(&wire, "GET", &events, trusted).await.0, 404);
    // Deciding, telling and running again are still the owner's.
    let decision = ask(&wire, "POST", &format!("/jobs/{id}/rerun"), admin).await;
    assert_eq!(decision, (404, "JOB_NOT_FOUND".to_owned()));
    assert_eq!(ask(&wire, "POST", &cancel, admin).await.0, 200);
    assert_eq!(wire.job(&id).await["status"], "cancelled");
    // The stream of an ended job ends, so that it can be read whole.
    assert_eq!(ask(&wire, "GET", &events, admin).await.0, 200);
}

#[tokio::test]
async fn a_client_may_be_kept_to_some_blueprints() {
    let client = |id: &str, names: &[&str]| {
        ClientConfig::new(id, &format!("123456:TEST-TOKEN-{id}")).blueprints(names)
    };
    let access = access()
        .client(client("some", &["other", "ste*"]))
        .client(client("none", &[]));
    let wire = Wire::knowing(access).await;
    for (name, wanted) in [("some", 202), ("none", 403)] {
        let token = format!("123456:TEST-TOKEN-{name}");
        let (status, code) = ask(&wire, "POST", "/jobs/steps", Some(&token)).await;
        assert_eq!(status, wanted, "{name} {code}");
        if wanted == 403 {
            assert_eq!(code, "BLUEPRINT_NOT_ALLOWED");
        }
        // Reading is not starting.
        assert_eq!(ask(&wire, "GET", "/jobs", Some(&token)).await.0, 200);
    }
}

/// A path of the document with something in place of its parameters.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{job_id}" => "01a1fe58-6f43-701e-8a94-14d7ea1a4e3e",
        part if part.starts_with('{') => "some",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn no_described_route_opens_for_nobody() {
    let wire = Wire::start().await;
    let described = wire.get("/_public/openapi.json").await.json();
    let mut seen = (0, 0, 0);
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let needs = operation["security"].to_string();
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let ask = async |header: &str, token: &str| {
                let mut request = wire.request(method.clone(), &filled(path));
                if method != Method::GET {
                    request = request.json(&json!({"worker_id": "some"}));
                }
                answer(request.header(header, token)).await
            };
            let told = ask("x-nothing", "x").await;
            match needs.as_str() {
                r#"[{"client":[]}]"# => {
                    seen.0 += 1;
                    assert_eq!(told.json()["code"], "MISSING_TOKEN", "{method} {path}");
                    let told = ask("X-Avtomatika-Token", crate::harness::WORKER).await;
                    assert_eq!(told.json()["code"], "INVALID_TOKEN", "{method} {path}");
                    if operation["tags"].to_string().contains("admin") {
                        seen.1 += 1;
                        let told = ask("X-Avtomatika-Token", crate::harness::CLIENT).await;
                        assert_eq!(told.json()["code"], "FORBIDDEN", "{method} {path}");
                    }
                }
                r#"[{"worker":[]}]"# => {
                    seen.2 += 1;
                    assert_eq!(told.json()["code"], "MISSING_TOKEN", "{method} {path}");
                    let told = ask("X-Worker-Token", crate::harness::CLIENT).await;
                    assert_eq!(told.json()["code"], "INVALID_TOKEN", "{method} {path}");
                }
                _ => assert!(
                    path.starts_with("/_public/") || path == "/metrics",
                    "{path}"
                ),
            }
        }
    }
    assert!(seen.0 > 20 && seen.1 >= 3 && seen.2 >= 6, "{seen:?}");
}
