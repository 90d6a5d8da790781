use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::bot::Entrypoint;

fn code_of(body: &Value) -> String {
    BotRequest::parse(body).unwrap_err().code.unwrap()
}

#[test]
fn table_of_refusals() {
    let rows = [
        (json!(null), "INVALID_REQUEST"),
        (json!([]), "INVALID_REQUEST"),
        (json!("start"), "INVALID_REQUEST"),
        (json!({}), "MISSING_REQUIRED_FIELD"),
        (json!({"action": null}), "MISSING_REQUIRED_FIELD"),
        (json!({"action": ""}), "MISSING_REQUIRED_FIELD"),
        (json!({"action": 5}), "INVALID_ACTION"),
        (json!({"action": "Start", "bot_id": "a"}), "INVALID_ACTION"),
        (
            json!({"action": "destroy", "bot_id": "a"}),
            "INVALID_ACTION",
        ),
        (json!({"action": "start"}), "MISSING_REQUIRED_FIELD"),
        (json!({"action": "stop"}), "MISSING_REQUIRED_FIELD"),
        (json!({"action": "logs"}), "MISSING_REQUIRED_FIELD"),
        (
            json!({"action": "status", "bot_id": ""}),
            "MISSING_REQUIRED_FIELD",
        ),
        (
            json!({"action": "restart", "bot_id": null}),
            "MISSING_REQUIRED_FIELD",
        ),
        (json!({"action": "stop", "bot_id": 42}), "INVALID_BOT_ID"),
        (json!({"action": "stop", "bot_id": ["a"]}), "INVALID_BOT_ID"),
        (json!({"action": "stop", "bot_id": "a b"}), "INVALID_BOT_ID"),
        (json!({"action": "stop", "bot_id": "a\n"}), "INVALID_BOT_ID"),
        (json!({"action": "stop", "bot_id": "бот"}), "INVALID_BOT_ID"),
        (
            json!({"action": "stop", "bot_id": "../x"}),
            "INVALID_BOT_ID",
        ),
        (
            json!({"action": "stop", "bot_id": "x".repeat(65)}),
            "INVALID_BOT_ID",
        ),
        (json!({"action": "list", "user_id": 5}), "INVALID_USER_ID"),
        (
            json!({"action": "list", "user_id": "a\n"}),
            "INVALID_USER_ID",
        ),
        (
            json!({"action": "start", "bot_id": "a"}),
            "MISSING_REQUIRED_FIELD",
        ),
        (
            json!({"action": "start", "bot_id": "a", "deployment_mode": "x"}),
            "INVALID_DEPLOYMENT_MODE",
        ),
        (
            json!({"action": "update", "bot_id": "a", "deployment_mode": "simple"}),
            "MISSING_CODE",
        ),
        (
            json!({"action": "logs", "bot_id": "a", "lines": -1}),
            "INVALID_LINES",
        ),
        (
            json!({"action": "logs", "bot_id": "a", "lines": "all"}),
            "INVALID_LINES",
        ),
        (
            json!({"action": "logs", "bot_id": "a", "lines": 1.5}),
            "INVALID_LINES",
        ),
        (
            json!({"action": "logs", "bot_id": "a", "lines": true}),
            "INVALID_LINES",
        ),
        (
            json!({"action": "logs", "bot_id": "a", "cursor": 5}),
            "INVALID_CURSOR",
        ),
        (
            json!({"action": "logs", "bot_id": "a", "cursor": "a b"}),
            "INVALID_CURSOR",
        ),
        (
            json!({"action": "logs", "bot_id": "a", "cursor": "x".repeat(513)}),
            "INVALID_CURSOR",
        ),
        (
            json!({"action": "logs", "bot_id": "a", "wait_ms": "1s"}),
            "INVALID_WAIT",
        ),
        (
            json!({"action": "logs", "bot_id": "a", "wait_ms": -5}),
            "INVALID_WAIT",
        ),
    ];
    for (body, code) in rows {
        assert_eq!(code_of(&body), code, "{body}");
    }
}

#[test]
fn every_action_becomes_its_task() {
    let long = "x".repeat(64);
    for (body, task_type, params) in [
        (
            json!({"action": "list", "bot_id": 5}),
            "list_bots",
            json!({"user_id": "u"}),
        ),
        (
            json!({"action": "stop", "bot_id": long}),
            "stop_bot",
            json!({"user_id": "u", "bot_id": long}),
        ),
        (
            json!({"action": "restart", "bot_id": "A_-9"}),
            "restart_bot",
            json!({"user_id": "u", "bot_id": "A_-9"}),
        ),
        (
            json!({"action": "status", "bot_id": "a", "unknown": [1]}),
            "check_status",
            json!({"user_id": "u", "bot_id": "a"}),
        ),
        (
            json!({"action": "logs", "bot_id": "a"}),
            "get_logs",
            json!({"user_id": "u", "bot_id": "a", "lines": 100}),
        ),
        (
            json!({"action": "logs", "bot_id": "a", "lines": 99_999, "cursor": "c", "wait_ms": 99_999}),
            "get_logs",
            json!({"user_id": "u", "bot_id": "a", "lines": 10_000, "cursor": "c", "wait_ms": 20_000}),
        ),
    ] {
        let request = BotRequest::parse(&body).unwrap();
        assert_eq!(request.action.verb().task_type(), task_type);
        assert_eq!(Value::Object(request.action.task_params("u")), params);
    }
}

#[test]
fn a_start_carries_its_spec_and_an_update_may_keep_the_variables() {
    let body = json!({
        "action": "start", "user_id": "me", "bot_id": "a", "deployment_mode": "simple",
        "code": "print(1)", "env_vars": {"K": "V"},
    });
    let request = BotRequest::parse(&body).unwrap();
    assert_eq!(request.user_id.as_deref(), Some("me"));
    let Action::Start { spec, .. } = &request.action else {
        panic!("{request:?}")
    };
    assert_eq!(spec.entrypoint, Entrypoint::File("bot.py".to_owned()));
    let params = Value::Object(request.action.task_params("u"));
    assert_eq!(params["user_id"], "u");
    assert_eq!(params["env_vars"], json!({"K": "V"}));
    assert_eq!(&StartSpec::validate(&params).unwrap(), spec.as_ref());

    for (env, kept) in [
        (None, true),
        (Some(json!(null)), true),
        (Some(json!({})), false),
    ] {
        let mut body = json!({
            "action": "update", "bot_id": "a", "deployment_mode": "simple", "code": "print(1)",
        });
        if let Some(env) = env {
            body["env_vars"] = env;
        }
        let request = BotRequest::parse(&body).unwrap();
        assert!(matches!(request.action, Action::Update { keep_env, .. } if keep_env == kept));
        assert_eq!(
            request.action.task_params("u").contains_key("env_vars"),
            !kept
        );
    }
}

/// Any JSON, with the keys and values that matter more often than chance would have them.
fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "start",
        "update",
        "logs",
        "list",
        "simple",
        "custom",
        "image",
        "bot.py",
        "../x",
        "a",
        "",
        "aiogram>=3.0",
        "-r x",
        "-m pkg",
        "https://x",
        "(",
        "\0",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let keys = prop::sample::select(vec![
            "action",
            "user_id",
            "bot_id",
            "deployment_mode",
            "code",
            "files",
            "entrypoint",
            "requirements",
            "env_vars",
            "resource_limits",
            "ready_regex",
            "lines",
            "cursor",
            "wait_ms",
            "bot.py",
            "base64",
            "memory_mb",
            "cpu_cores",
            "archive",
            "git_repo",
            "docker_image",
            "registry_auth",
        ]);
        let key = prop_oneof![4 => keys.prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..8)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_body_is_read_or_refused_with_both_languages(body in any_json()) {
        if let Err(failure) = BotRequest::parse(&body) {
            prop_assert!(failure.code.is_some());
            prop_assert!(!failure.message.is_empty());
            prop_assert!(failure.more["ru"]["message"].is_string());
        }
    }

    #[test]
    fn a_start_with_one_odd_field_never_panics_and_what_passes_is_stable(
        key in prop::sample::select(vec![
            "bot_id", "deployment_mode", "code", "files", "entrypoint", "requirements",
            "env_vars", "resource_limits", "ready_regex", "user_id",
        ]),
        odd in any_json(),
    ) {
        let mut body = json!({
            "action": "start", "bot_id": "a", "deployment_mode": "simple", "code": "print(1)",
        });
        body[key] = odd;
        if let Ok(request) = BotRequest::parse(&body) {
            let params = Value::Object(request.action.task_params("u"));
            let again = StartSpec::validate(&params).unwrap();
            prop_assert_eq!(again.to_params(), {
                let mut params = params;
                let map = params.as_object_mut().unwrap();
                map.remove("user_id");
                map.remove("bot_id");
                params
            });
        }
    }
}
