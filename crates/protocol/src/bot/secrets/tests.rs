use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn secret_values_of_a_body_are_hidden() {
    let mut body = json!({
        "action": "start",
        "env_vars": {"BOT_TOKEN": "123456:TEST-TOKEN", "N": 1, "LIST": ["x"], "EMPTY": ""},
        "registry_auth": {"username": "me", "password": "MARKER"},
        "code": "print('env_vars')",
        "git_repo": "https://me:MARKER@git.example.org/a/b?token=MARKER",
        "archive_url": "https://files.example.org/a.tar.gz?sig=MARKER#x",
        "deep": [{"env_vars": "MARKER"}, {"env_vars": null}],
    });
    mask(&mut body);
    assert_eq!(
        body,
        json!({
            "action": "start",
            "env_vars": {"BOT_TOKEN": "***", "N": "***", "LIST": "***", "EMPTY": "***"},
            "registry_auth": {"username": "***", "password": "***"},
            "code": "print('env_vars')",
            "git_repo": "https://***@git.example.org/a/b?***",
            "archive_url": "https://files.example.org/a.tar.gz?***",
            "deep": [{"env_vars": "***"}, {"env_vars": null}],
        })
    );
}

#[test]
fn occurrences_in_text_are_hidden_longest_first() {
    let secrets = SecretValues::new([
        "secret-one",
        "secret-one-longer",
        "debug",
        "8080",
        "",
        "a1b2c",
    ]);
    assert_eq!(
        secrets.mask_text("secret-one-longer secret-one secret-on debug 8080 a1b2c"),
        "*** *** secret-on debug 8080 ***"
    );
    assert_eq!(secrets.mask_text("привет secret-one!"), "привет ***!");
    assert_eq!(SecretValues::default().mask_text("as it is"), "as it is");
}

#[test]
fn other_spellings_are_hidden_too() {
    let secrets = SecretValues::of(&json!({
        "env_vars": {
            "BOT_TOKEN": "123456:TEST-TOKEN",
            "PASSWORD": "пароль \"x\"",
            "KEY": "-----BEGIN-----\nabcdefghijklmnop\n-----END-----\n",
        },
        "git_repo": "https://me:TOKEN-in-url@git.example.org/a",
    }));
    for text in [
        "/bot123456:TEST-TOKEN/getMe",
        "token=123456%3ATEST-TOKEN&x",
        "secret part TEST-TOKEN alone",
        r#"{"password": "пароль \"x\""}"#,
        "line: abcdefghijklmnop",
        "fatal: could not read from https://me:TOKEN-in-url@git.example.org/a",
        "TOKEN-in-url",
    ] {
        let masked = secrets.mask_text(text);
        assert!(masked.contains(HIDDEN), "{text} -> {masked}");
        for part in ["TEST-TOKEN", "пароль", "abcdefgh", "TOKEN-in-url"] {
            assert!(!masked.contains(part), "{text} -> {masked}");
        }
    }
    assert_eq!(
        secrets.mask_text("bot 123456 is public"),
        "bot 123456 is public"
    );
}

#[test]
fn values_are_masked_in_depth_and_never_printed() {
    let secrets = SecretValues::new(["MARKER-1234"]);
    let mut value = json!({"a": ["x MARKER-1234"], "MARKER-1234": {"b": "MARKER-1234"}, "n": 1});
    secrets.mask_value(&mut value);
    assert_eq!(value, json!({"a": ["x ***"], "***": {"b": "***"}, "n": 1}));
    assert_eq!(
        format!("{:?}", SecretValues::new(["MARKER-1234"])),
        "SecretValues(1)"
    );
}

proptest! {
    #[test]
    fn no_long_secret_survives(
        secrets in prop::collection::vec("[a-c:%\\\\\" яЖ]{8,12}", 1..4),
        parts in prop::collection::vec("[a-c яЖ]{0,6}", 5),
        picks in prop::collection::vec(0..4_usize, 4),
    ) {
        let mut text = String::new();
        for (part, pick) in parts.iter().zip(&picks) {
            text.push_str(part);
            text.push_str(secrets.get(*pick).map_or("", String::as_str));
        }
        let masked = SecretValues::new(&secrets).mask_text(&text);
        for secret in secrets.iter().map(|secret| secret.trim()) {
            if is_worth_hiding(secret) {
                prop_assert!(!masked.contains(secret), "{:?} in {:?}", secret, masked);
            }
        }
    }
}

#[test]
fn each_line_of_a_secret_with_several_is_hidden() {
    let secrets = SecretValues::new(["line1secret\nline2secret"]);
    assert_eq!(
        secrets.mask_text("line2secret and line1secret"),
        "*** and ***"
    );
}
