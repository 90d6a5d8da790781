use serde_json::json;

use super::*;

fn full() -> Value {
    json!({
        "deployment_mode": "simple",
        "files": {
            "main.py": "import pkg",
            "pkg/__init__.py": "",
            "pkg/logo.png": {"base64": "iVBORw0KGgr/"},
            "тексты.json": "{\"привет\": 1}",
        },
        "entrypoint": "main.py",
        "requirements": ["aiogram >= 3.0, < 4", "Requests"],
        "env_vars": {"BOT_TOKEN": "123456:TEST-TOKEN"},
        "resource_limits": {"memory_mb": 128, "cpu_cores": 0.25, "timeout_hours": 2},
        "ready_regex": "Run polling",
        "user_id": "u", "bot_id": "b", "spec_version": 7, "unknown": [1],
    })
}

#[test]
fn a_full_spec_is_normalised_and_survives_the_round_trip() {
    let spec = StartSpec::validate(&full()).unwrap();
    assert_eq!(spec.files.len(), 4);
    assert_eq!(spec.requirements, ["aiogram<4,>=3", "requests"]);
    let params = spec.to_params();
    assert_eq!(params["files"]["main.py"], "import pkg");
    assert_eq!(
        params["files"]["pkg/logo.png"],
        json!({"base64": "iVBORw0KGgr/"})
    );
    assert_eq!(params["resource_limits"]["memory_mb"], 128);
    assert_eq!(StartSpec::validate(&params).unwrap(), spec);
    assert_eq!(StartSpec::validate(&params).unwrap().to_params(), params);
}

#[test]
fn the_seed_era_s_payload_is_enough() {
    let spec = StartSpec::validate(&json!({
        "user_id": "u", "bot_id": "b", "deployment_mode": "simple", "code": "print(1)",
        "files": null, "requirements": ["aiogram>=3.0"], "entrypoint": "bot.py", "archive": null,
        "archive_url": null, "git_repo": null, "git_branch": "main", "git_subdir": null,
        "docker_image": null, "registry_auth": null, "env_vars": {}, "resource_limits": {},
    }))
    .unwrap();
    assert_eq!(spec.files["bot.py"], b"print(1)");
    assert_eq!(spec.limits, LimitPolicy::default().defaults());
    assert_eq!(spec.ready_regex, None);
}

#[test]
fn each_part_is_checked() {
    for (field, value, code) in [
        (
            "deployment_mode",
            json!("docker"),
            "INVALID_DEPLOYMENT_MODE",
        ),
        ("code", json!("x"), "CONFLICTING_FIELDS"),
        ("files", json!({"../main.py": ""}), "INVALID_FILE_PATH"),
        ("entrypoint", json!("bot.py"), "ENTRYPOINT_NOT_FOUND"),
        ("entrypoint", json!("main.py\"]"), "INVALID_ENTRYPOINT"),
        ("requirements", json!(["-r x"]), "INVALID_REQUIREMENTS"),
        ("env_vars", json!({"LD_PRELOAD": "x"}), "INVALID_ENV_VARS"),
        (
            "resource_limits",
            json!({"memory_mb": "1g"}),
            "INVALID_LIMITS",
        ),
        ("ready_regex", json!("("), "INVALID_READY_REGEX"),
    ] {
        let mut params = full();
        params[field] = value;
        let failure = StartSpec::validate(&params).unwrap_err();
        assert_eq!(failure.code.as_deref(), Some(code), "{field}");
        assert!(!json!(failure).to_string().contains("TEST-TOKEN"));
    }
    let failure = StartSpec::validate(&json!([])).unwrap_err();
    assert_eq!(failure.code.as_deref(), Some("INVALID_REQUEST"));
}

#[test]
fn digests_tell_sources_and_needs_apart() {
    let spec = |files: Value, requirements: Value| {
        StartSpec::validate(&json!({
            "deployment_mode": "simple", "files": files, "requirements": requirements,
        }))
        .unwrap()
    };
    let one = spec(json!({"bot.py": "ab", "c": ""}), json!(["a", "b>=1.0"]));
    let same = spec(
        json!({"c": "", "bot.py": {"base64": "YWI="}}),
        json!(["B >= 1", "A"]),
    );
    let other = spec(json!({"bot.py": "a", "bc": ""}), json!(["a-b>=1"]));
    assert_eq!(one.source_digest(), same.source_digest());
    assert_eq!(one.requirements_digest(), same.requirements_digest());
    assert_ne!(one.source_digest(), other.source_digest());
    assert_ne!(one.requirements_digest(), other.requirements_digest());
    assert_eq!(one.source_digest().len(), 64);
}

#[test]
fn debug_output_has_neither_code_nor_secrets() {
    let shown = format!("{:?}", StartSpec::validate(&full()).unwrap());
    assert!(shown.contains("BOT_TOKEN") && shown.contains("main.py"));
    assert!(!shown.contains("TEST-TOKEN") && !shown.contains("import pkg"));
}
