//! start and update: what is sent, and what comes back.

use serde_json::{Value, json};

use crate::support::{Program, Reply, Server, completed, failed, frame};

fn started() -> Value {
    json!({
        "status": "started", "container_id": "c1", "container_name": "bot_1",
        "started_at": "2026-01-27T10:00:00Z", "spec_version": 1, "image": "deps:1",
        "timings_ms": {"fetch": 1, "build": 2, "create": 3, "start": 4, "gate": 5, "total": 15},
    })
}

#[tokio::test]
async fn a_single_file_starts_with_the_requirements_beside_it() {
    let server = Server::start(|_| completed(started())).await;
    let program = Program::at(&server);
    program.file("src/echo_bot.py", "print('hi')\n");
    program.file("src/requirements.txt", "aiogram==3.4  # pinned\n\nredis\n");
    let ran = program
        .run(&[
            "start",
            "echo",
            "--simple",
            "src/echo_bot.py",
            "-e",
            "BOT_TOKEN=123456:SECRET-VALUE",
        ])
        .await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        server.posted(),
        [json!({
            "action": "start", "bot_id": "echo", "deployment_mode": "simple",
            "files": {"echo_bot.py": "print('hi')\n"}, "entrypoint": "echo_bot.py",
            "requirements": ["aiogram==3.4", "redis"],
            "env_vars": {"BOT_TOKEN": "123456:SECRET-VALUE"},
        })]
    );
    insta::assert_snapshot!(ran.stdout, @"
        ✓ Bot echo is running
          Took        0.0 s
          Started     2026-01-27 10:00:00 UTC
          Version     1
          Container   bot_1
          Look at it  avtomatika-bot logs echo -f
        ");
    insta::assert_snapshot!(ran.stderr, @"
        sending 1 file (12 B), runs echo_bot.py
        2 requirements from requirements.txt
        ");
}

#[tokio::test]
async fn a_folder_is_sent_without_what_does_not_belong_to_the_bot() {
    let server = Server::start(|_| completed(started())).await;
    let program = Program::at(&server);
    for (name, content) in [
        ("bot/bot.py", "import handlers"),
        ("bot/handlers/__init__.py", ""),
        ("bot/handlers/__pycache__/x.pyc", "x"),
        ("bot/.git/config", "x"),
        ("bot/.venv/lib.py", "x"),
        ("bot/node_modules/a.js", "x"),
        ("bot/.env", "BOT_TOKEN=hush-hush"),
        ("bot/.botignore", "*.log\n/data/\n!keep.log\n"),
        ("bot/debug.log", "x"),
        ("bot/keep.log", "kept"),
        ("bot/data/big.bin", "x"),
    ] {
        program.file(name, content);
    }
    program.file("bot/logo.png", [0x89, b'P', 0xff, 0x00]);
    std::os::unix::fs::symlink("/etc/passwd", program.folder.path().join("bot/link")).unwrap();
    let ran = program
        .run(&["start", "echo", "--simple", "bot", "--lang", "ru"])
        .await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let body = &server.posted()[0];
    assert_eq!(
        body["files"],
        json!({
            "bot.py": "import handlers", "handlers/__init__.py": "", "keep.log": "kept",
            "logo.png": {"base64": "iVD/AA=="},
        })
    );
    assert_eq!(body["entrypoint"], "bot.py");
    assert!(body.get("env_vars").is_none());
    assert!(ran.stderr.contains("отправляем 4 файла"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains(".env не отправляется"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("1 символическая ссылка пропущена"),
        "{}",
        ran.stderr
    );
    assert!(!ran.all().contains("hush"), "{}", ran.all());
}

#[tokio::test]
async fn several_files_and_folders_keep_their_names() {
    let server = Server::start(|_| completed(started())).await;
    let program = Program::at(&server);
    program.file("a/run.py", "1");
    program.file("a/lib/x.py", "2");
    let arguments = [
        "start",
        "echo",
        "--simple",
        "a/run.py",
        "a/lib",
        "--entrypoint",
        "run.py",
        "-r",
        "x>=1,<2,y",
    ];
    assert_eq!(program.run(&arguments).await.code, 0);
    let body = &server.posted()[0];
    assert_eq!(body["files"], json!({"run.py": "1", "lib/x.py": "2"}));
    assert_eq!(body["requirements"], json!(["x>=1,<2", "y"]));
}

#[tokio::test]
async fn inline_code_comes_from_the_line_or_from_stdin() {
    let server = Server::start(|_| completed(started())).await;
    let program = Program::at(&server);
    let ran = program
        .run(&[
            "start", "echo", "--inline", "--code", "print(1)", "--memory", "64",
        ])
        .await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let folder = program.folder.path().to_owned();
    let arguments = [
        "start", "echo", "--inline", "--code", "-", "--ready", "^ready",
    ];
    assert_eq!(
        program
            .run_with(&folder, &arguments, "print(2)\n")
            .await
            .code,
        0
    );
    let posted = server.posted();
    assert_eq!(posted[0]["code"], "print(1)");
    assert_eq!(posted[0]["entrypoint"], "bot.py");
    assert_eq!(posted[0]["resource_limits"], json!({"memory_mb": 64}));
    assert_eq!(posted[1]["code"], "print(2)\n");
    assert_eq!(posted[1]["ready_regex"], "^ready");
}

#[tokio::test]
async fn ways_that_are_not_there_yet_are_refused_before_anything_is_sent() {
    let server = Server::start(|_| completed(started())).await;
    let program = Program::at(&server);
    for (option, extra) in [
        ("--custom", "."),
        ("--git", "https://h/r"),
        ("--image", "i"),
    ] {
        let ran = program
            .run(&["start", "echo", option, extra, "--branch", "main"])
            .await;
        assert_eq!(ran.code, 3, "{option}");
        let want = format!("{option} is not available yet in this version");
        assert!(ran.stderr.contains(&want), "{}", ran.stderr);
        let document = program
            .run(&["start", "echo", option, extra, "--json"])
            .await
            .json();
        assert_eq!(document["error"]["code"], "MODE_NOT_AVAILABLE");
    }
    assert_eq!(server.posted(), [] as [Value; 0]);
}

#[tokio::test]
async fn a_bot_that_runs_already_is_no_failure() {
    let data = json!({"status": "already_running", "container_id": "c", "container_name": "bot_1"});
    let server = Server::start(move |_| completed(data.clone())).await;
    let program = Program::at(&server);
    let ran = program
        .run(&["start", "echo", "--inline", "--code", "1"])
        .await;
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout.starts_with("Bot echo was running already"),
        "{}",
        ran.stdout
    );
    let document = program
        .run(&["start", "echo", "--inline", "--code", "1", "--json"])
        .await
        .json();
    assert_eq!(document["status"], "already_running");
}

#[tokio::test]
async fn a_failed_start_shows_the_last_lines_of_the_bot() {
    let server = Server::start(|_| {
        let error = json!({
            "code": "HEALTH_GATE_FAILED", "message": "the bot exited with code 1",
            "details": {"exit_code": 1, "log_tail": ["Traceback (most recent call last):",
                "ValueError: \u{1b}[2JTEST"]},
            "ru": {"message": "бот завершился с кодом 1", "hint": "посмотрите строки ниже"},
        });
        failed(error)
    })
    .await;
    let program = Program::at(&server);
    let ran = program
        .run(&["start", "echo", "--inline", "--code", "1", "--lang", "ru"])
        .await;
    assert_eq!(ran.code, 4);
    assert_eq!(ran.stdout, "");
    assert!(!ran.stderr.contains('\u{1b}'));
    for want in [
        "бот завершился с кодом 1",
        "Последние строки бота",
        "ValueError: ␛[2JTEST",
    ] {
        assert!(ran.stderr.contains(want), "{want}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn a_quota_is_a_refusal_with_exit_code_3() {
    let server = Server::start(|_| {
        failed(json!({
            "code": "QUOTA_EXCEEDED", "message": "Maximum 3 bots per user",
            "details": {"current_bots": 3, "max_bots": 3, "active_bots": ["a", "b", "c"]},
        }))
    })
    .await;
    let ran = Program::at(&server)
        .run(&["start", "echo", "--inline", "--code", "1", "--json"])
        .await;
    assert_eq!(ran.code, 3);
    let document = ran.json();
    assert_eq!(document["error"]["details"]["max_bots"], 3);
    assert!(document["error"]["job_id"].is_string());
}

#[tokio::test]
async fn update_keeps_variables_unless_some_are_given() {
    let data = json!({"status": "updated", "container_id": "c2", "container_name": "bot_1",
        "started_at": "2026-01-27T10:00:00Z", "spec_version": 2, "gap_ms": 430});
    let server = Server::start(move |_| completed(data.clone())).await;
    let program = Program::at(&server);
    program.file("echo_bot_v2.py", "2");
    let ran = program
        .run(&["update", "echo", "--simple", "echo_bot_v2.py"])
        .await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout, @"
        ✓ Bot echo is updated and running
          Was away for  0.4 s
          Started       2026-01-27 10:00:00 UTC
          Version       2
          Container     bot_1
          Look at it    avtomatika-bot logs echo -f
        ");
    let with_env = ["update", "echo", "--simple", "echo_bot_v2.py", "-e", "A=1"];
    assert_eq!(program.run(&with_env).await.code, 0);
    let posted = server.posted();
    assert_eq!(posted[0]["action"], "update");
    assert!(posted[0].get("env_vars").is_none());
    assert_eq!(posted[1]["env_vars"], json!({"A": "1"}));
}

#[tokio::test]
async fn a_failed_update_says_that_the_former_version_runs() {
    let server = Server::start(|_| {
        failed(json!({
            "code": "UPDATE_FAILED", "message": "the new version failed",
            "details": {"reason": "HEALTH_GATE_FAILED", "rolled_back": true,
                "previous_spec_version": 1, "log_tail": ["boom"]},
        }))
    })
    .await;
    let ran = Program::at(&server)
        .run(&["update", "echo", "--inline", "--code", "1"])
        .await;
    assert_eq!(ran.code, 4);
    assert!(
        ran.stderr.contains("the former version runs again"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("(HEALTH_GATE_FAILED)"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn no_wait_returns_with_the_job() {
    let server = Server::start(|_| Reply::Job(vec![frame(0, "pending", json!({}))])).await;
    let program = Program::at(&server);
    let ran = program
        .run(&["start", "echo", "--inline", "--code", "1", "--no-wait"])
        .await;
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout.contains("avtomatika-bot status echo"),
        "{}",
        ran.stdout
    );
    let arguments = ["stop", "echo", "--no-wait", "--json"];
    let document = program.run(&arguments).await.json();
    assert_eq!(document["status"], "accepted");
    assert!(document["job_id"].is_string());
    assert_eq!(server.waits(), [] as [String; 0]);
}
