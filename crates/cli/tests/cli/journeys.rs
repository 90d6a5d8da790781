//! list, status, stop, restart, doctor, completion.

use serde_json::{Value, json};

use crate::support::{Program, Reply, Server, completed, failed};

fn bot() -> Value {
    json!({
        "bot_id": "shaky", "container_id": "c1", "container_name": "bot_1", "status": "restarting",
        "state": "restarting", "restarts": 3, "started_at": "2026-01-27T10:00:00Z",
        "spec_version": 2,
    })
}

#[tokio::test]
async fn list_shows_bots_in_both_languages_and_as_json() {
    let server = Server::start(|body| {
        assert_eq!(body["action"], "list");
        completed(json!({"bots": [bot()], "count": 1, "max_bots": 3}))
    })
    .await;
    let program = Program::at(&server);
    let ran = program.run(&["list", "--lang", "en"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout, @"
        Bots (1/3)
         Bot    State             Running for  Started               Version
         shaky  ↻ restarting (3)               2026-01-27 10:00 UTC  2
        ");
    assert_eq!(ran.stderr, "");
    let ran = program.run(&["--lang=ru", "list"]).await;
    insta::assert_snapshot!(ran.stdout, @"
        Боты (1/3)
         Бот    Состояние              Работает  Запущен               Версия
         shaky  ↻ перезапускается (3)            2026-01-27 10:00 UTC  2
        ");
    let document = program.run(&["--json", "list"]).await.json();
    assert_eq!(document["ok"], true);
    assert_eq!(document["command"], "list");
    assert_eq!(document["max_bots"], 3);
    assert_eq!(document["bots"][0]["state"], "restarting");
    assert_eq!(document["bots"][0]["restarts"], 3);
    assert!(document["job_id"].is_string());
}

#[tokio::test]
async fn the_language_comes_from_the_environment() {
    let server = Server::start(|_| completed(json!({"bots": [], "count": 0, "max_bots": 3}))).await;
    let program = Program::at(&server).env("LANG", "ru_RU.UTF-8");
    assert!(
        program
            .run(&["list"])
            .await
            .stdout
            .starts_with("Боты (0/3)")
    );
}

#[tokio::test]
async fn status_shows_one_bot() {
    let server = Server::start(|body| {
        assert_eq!(body["bot_id"], "shaky");
        let mut data = bot();
        data["exists"] = true.into();
        data["exit_code"] = 1.into();
        data["memory_limit_mb"] = 256.into();
        data["cpu_limit"] = 0.5.into();
        completed(data)
    })
    .await;
    let program = Program::at(&server);
    let ran = program.run(&["status", "shaky"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout, @"
        shaky
          State         ↻ restarting (3)
          Exit code     1
          Started       2026-01-27 10:00:00 UTC
          Version       2
          Container     bot_1
          Memory limit  256 MB
          CPU limit     0.5 cores
        ");
    let document = program.run(&["status", "shaky", "--json"]).await.json();
    assert_eq!(document["exit_code"], 1);
    assert_eq!(document["bot_id"], "shaky");
    assert!(document.get("exists").is_none());
}

#[tokio::test]
async fn a_bot_that_is_not_there_is_a_failure() {
    let server = Server::start(|body| match body["action"].as_str().unwrap() {
        "status" => completed(json!({"exists": false, "bot_id": "nobody"})),
        "restart" => failed(json!({"code": "BOT_NOT_FOUND", "message": "no such bot"})),
        _ => completed(json!({"status": "not_found", "logs": null, "container_name": "bot_1"})),
    })
    .await;
    let program = Program::at(&server);
    for command in ["status", "stop", "logs", "restart"] {
        let ran = program.run(&[command, "nobody"]).await;
        assert_eq!(ran.code, 4, "{command}");
        assert_eq!(ran.stdout, "", "{command}");
        assert!(
            ran.stderr.contains("BOT_NOT_FOUND"),
            "{command}: {}",
            ran.stderr
        );
        let document = program.run(&[command, "nobody", "--json"]).await.json();
        assert_eq!(document["ok"], false, "{command}");
        assert_eq!(document["error"]["code"], "BOT_NOT_FOUND", "{command}");
        assert_eq!(document["error"]["exit_code"], 4, "{command}");
    }
}

#[tokio::test]
async fn stop_and_restart_say_what_they_did() {
    let server = Server::start(|body| match body["action"].as_str().unwrap() {
        "stop" => completed(json!({"status": "stopped", "container_name": "bot_1"})),
        _ => completed(json!({
            "status": "restarted", "container_id": "c2", "container_name": "bot_1",
            "started_at": "2026-01-27T10:00:00Z", "gap_ms": 512,
        })),
    })
    .await;
    let program = Program::at(&server);
    let ran = program.run(&["stop", "echo"]).await;
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "✓ Bot echo is stopped\n")
    );
    let ran = program.run(&["stop", "echo", "--lang", "ru"]).await;
    assert_eq!(ran.stdout, "✓ Бот echo остановлен\n");
    assert_eq!(
        program.run(&["stop", "echo", "--json"]).await.json()["status"],
        "stopped"
    );
    let ran = program.run(&["restart", "echo"]).await;
    insta::assert_snapshot!(ran.stdout, @"
        ✓ Bot echo is restarted
          Was away for  0.5 s
          Started       2026-01-27 10:00:00 UTC
          Container     bot_1
          Look at it    avtomatika-bot logs echo -f
        ");
    let document = program.run(&["restart", "echo", "--json"]).await.json();
    assert_eq!(
        (&document["status"], &document["gap_ms"]),
        (&json!("restarted"), &json!(512))
    );
}

#[tokio::test]
async fn doctor_tells_which_part_is_ill() {
    let server = Server::start(|_| completed(json!({"bots": [], "count": 0, "max_bots": 3}))).await;
    let program = Program::at(&server);
    let ran = program.run(&["doctor"]).await;
    assert_eq!(ran.code, 0, "{}", ran.all());
    let document = program.run(&["doctor", "--json"]).await.json();
    assert_eq!(document["healthy"], true);
    assert_eq!(document["checks"].as_array().unwrap().len(), 4);

    let wrong = program
        .run(&["doctor", "--token", "wrong-token", "--lang", "ru"])
        .await;
    assert_eq!(wrong.code, 3);
    assert!(
        wrong.stdout.contains("Токен не подходит"),
        "{}",
        wrong.stdout
    );
    assert!(
        wrong.stdout.contains("проверьте --token"),
        "{}",
        wrong.stdout
    );

    let nobody = program
        .run(&["doctor", "--url", "http://127.0.0.1:9", "--json"])
        .await;
    assert_eq!(nobody.code, 6);
    assert_eq!(nobody.json()["checks"][1]["ok"], false);
}

#[tokio::test]
async fn a_refusal_by_the_server_is_told_with_hint_and_example() {
    let server = Server::start(|_| {
        Reply::Refuse(
            400,
            json!({
                "error": "bot_id is not valid", "code": "INVALID_BOT_ID", "hint": "use letters",
                "example": {"bot_id": "my-bot"},
                "ru": {"message": "Имя бота не подходит", "hint": "только буквы"},
            }),
        )
    })
    .await;
    let program = Program::at(&server);
    let ran = program.run(&["status", "!!"]).await;
    assert_eq!(ran.code, 3);
    insta::assert_snapshot!(ran.stderr, @r#"
        Error: bot_id is not valid
          Hint     use letters
          Example  {"bot_id":"my-bot"}
          Code     INVALID_BOT_ID
        "#);
    let ran = program.run(&["status", "!!", "--lang", "ru"]).await;
    insta::assert_snapshot!(ran.stderr, @r#"
        Ошибка: Имя бота не подходит
          Подсказка  только буквы
          Пример     {"bot_id":"my-bot"}
          Код        INVALID_BOT_ID
        "#);
    let document = program.run(&["status", "!!", "--json"]).await.json();
    assert_eq!(document["error"]["example"]["bot_id"], "my-bot");
    assert_eq!(document["command"], "status");
}

#[tokio::test]
async fn answers_that_are_not_understood_are_told_apart() {
    let server = Server::start(|_| Reply::Garbage).await;
    let program = Program::at(&server);
    let ran = program.run(&["list"]).await;
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("STRANGE_ANSWER"), "{}", ran.stderr);
    let ran = program.run(&["list", "--url", "http://127.0.0.1:9"]).await;
    assert_eq!(ran.code, 6);
    assert!(
        ran.stderr
            .contains("no server answers at http://127.0.0.1:9"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn limits_of_the_server_are_refusals() {
    for status in [429, 503] {
        let server = Server::start(move |_| {
            Reply::Refuse(status, json!({"error": "too much", "code": "RATE_LIMITED"}))
        })
        .await;
        assert_eq!(
            Program::at(&server).run(&["list"]).await.code,
            3,
            "{status}"
        );
    }
}

#[tokio::test]
async fn completion_needs_no_server() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = Program::bare().run(&["completion", shell]).await;
        assert_eq!(ran.code, 0, "{shell}: {}", ran.stderr);
        assert!(ran.stdout.contains("avtomatika-bot"), "{shell}");
    }
}
