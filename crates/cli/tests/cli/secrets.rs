//! Variables reach the server by every way, and nothing else.

use serde_json::{Value, json};

use crate::support::{Program, Server, completed, failed};

const SECRET: &str = "hush-hush-\"quoted\"-secret";

#[tokio::test]
async fn every_way_of_giving_a_variable_works() {
    let server = Server::start(|_| completed(json!({"status": "started"}))).await;
    let program = Program::at(&server).env("FROM_ENV", "env-value");
    program.file("secret.txt", "file-value\n");
    program.file("vars.env", "# c\nA=overridden\nexport B=\"two words\"\n");
    let arguments = [
        "start",
        "echo",
        "--inline",
        "--code",
        "1",
        "--env-file",
        "vars.env",
        "-e",
        "A=plain=1",
        "-e",
        "FROM_ENV",
        "-e",
        "F=@secret.txt",
        "-e",
        "S=-",
        "-e",
        "CHANNEL=@@mine",
    ];
    let folder = program.folder.path().to_owned();
    let ran = program.run_with(&folder, &arguments, "stdin-value\n").await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        server.posted()[0]["env_vars"],
        json!({"A": "plain=1", "B": "two words", "FROM_ENV": "env-value", "F": "file-value",
            "S": "stdin-value", "CHANNEL": "@mine"})
    );
}

#[tokio::test]
async fn wrong_variables_are_refused_without_their_values() {
    let program = Program::bare().env("AVTOMATIKA_TOKEN", "t");
    program.file("bad.env", "hush-hush\n");
    let start = ["start", "echo", "--inline", "--code", "1"];
    for (option, value, code) in [
        ("-e", "1BAD=hush-hush", "ENV_NAME"),
        ("-e", "NOT_SET_ANYWHERE", "ENV_MISSING"),
        ("-e", "A=@no-such-file", "FILE_UNREADABLE"),
        ("--env-file", "bad.env", "ENV_LINE"),
        ("--env-file", "none.env", "FILE_UNREADABLE"),
    ] {
        let mut arguments = start.to_vec();
        arguments.extend([option, value, "--json"]);
        let ran = program.run(&arguments).await;
        assert_eq!(ran.code, 2, "{value}");
        assert_eq!(ran.json()["error"]["code"], code, "{value}");
        assert!(!ran.all().contains("hush"), "{}", ran.all());
    }
    let mut twice = start.to_vec();
    twice.extend(["-e", "A=-", "-e", "B=-", "--json"]);
    assert_eq!(
        program.run(&twice).await.json()["error"]["code"],
        "STDIN_TWICE"
    );
}

/// A server that repeats every secret it was sent, as a careless one would.
async fn parrot() -> Server {
    Server::start(|body: &Value| {
        let value = body["env_vars"]["BOT_TOKEN"]
            .as_str()
            .unwrap_or("none")
            .to_owned();
        failed(json!({
            "code": "START_FAILED", "message": format!("failed with {value}"), "hint": value,
            "details": {"log_tail": [format!("GET https://h/bot{value}/getMe"), value],
                "env": body["env_vars"]},
        }))
    })
    .await
}

#[tokio::test]
async fn no_secret_is_ever_printed() {
    let server = parrot().await;
    let program = Program::at(&server);
    let env = format!("BOT_TOKEN={SECRET}");
    for extra in [
        &["-v"][..],
        &["--json"],
        &["-v", "--json"],
        &["-v", "--lang", "ru"],
        &[],
    ] {
        let mut arguments = vec!["start", "echo", "--inline", "--code", "1", "-e", &env];
        arguments.extend(extra);
        let ran = program.run(&arguments).await;
        assert_eq!(ran.code, 4, "{}", ran.stderr);
        let all = ran.all();
        assert!(!all.contains("hush"), "{extra:?}: {all}");
        assert!(!all.contains("TEST-TOKEN"), "{extra:?}: {all}");
        assert!(all.contains("***"), "{extra:?}: {all}");
    }
}

#[tokio::test]
async fn verbose_shows_requests_and_answers() {
    let server = parrot().await;
    let ran = Program::at(&server)
        .run(&[
            "start",
            "echo",
            "--inline",
            "--code",
            "1",
            "-v",
            "-e",
            "A=12345678",
        ])
        .await;
    assert!(
        ran.stderr.contains("> POST /api/jobs/bot_runner {"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("< 202 {"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains(r#""env_vars":{"A":"***"}"#),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn a_bot_token_in_a_log_is_masked() {
    let token = format!("123456789:{}", "A".repeat(35));
    let text = format!("HTTP GET https://api.telegram.org/bot{token}/getMe");
    let server = Server::start(move |_| {
        let line = json!({"stream": "stderr", "at": "2026-01-27T10:00:00Z", "text": text});
        completed(json!({"status": "success", "lines": [line], "cursor": "c", "state": "running"}))
    })
    .await;
    let program = Program::at(&server);
    for arguments in [&["logs", "echo"][..], &["logs", "echo", "--json"]] {
        let ran = program.run(arguments).await;
        assert!(!ran.stdout.contains("AAAA"), "{}", ran.stdout);
        assert!(
            ran.stdout.contains("bot123456789:***/getMe"),
            "{}",
            ran.stdout
        );
    }
}
