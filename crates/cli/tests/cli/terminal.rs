//! What a person at a terminal sees.

use serde_json::json;

use crate::support::{Program, Reply, Server, completed, frame};

async fn bots() -> Server {
    Server::start(|_| {
        completed(json!({"count": 2, "max_bots": 3, "bots": [
            {"bot_id": "echo", "state": "running"},
            {"bot_id": "bad", "state": "crash-loop", "restarts": 7},
        ]}))
    })
    .await
}

#[tokio::test]
async fn a_terminal_gets_boxes_and_colours() {
    let server = bots().await;
    let (code, drawn) = Program::at(&server).run_on_terminal(&["list"]).await;
    assert_eq!(code, 0);
    for want in [
        "╭──",
        "\u{1b}[32m● running\u{1b}[0m",
        "\u{1b}[31m✗ crash-loop (7)\u{1b}[0m",
    ] {
        assert!(drawn.contains(want), "{want:?} in {drawn:?}");
    }
}

#[tokio::test]
async fn colours_can_be_refused_and_boxes_stay() {
    let server = bots().await;
    let by_variable = Program::at(&server).env("NO_COLOR", "1");
    let by_option = Program::at(&server);
    for (program, arguments) in [
        (&by_variable, &["list"][..]),
        (&by_option, &["list", "--no-color"]),
    ] {
        let (_, drawn) = program.run_on_terminal(arguments).await;
        assert!(drawn.contains("│ echo ┆ ● running"), "{drawn:?}");
        assert!(!drawn.contains("\u{1b}[3"), "{drawn:?}");
    }
}

#[tokio::test]
async fn json_stays_bare_on_a_terminal() {
    let server = bots().await;
    let (_, drawn) = Program::at(&server)
        .run_on_terminal(&["list", "--json"])
        .await;
    assert!(
        drawn.starts_with('{') && drawn.ends_with("}\r\n"),
        "{drawn:?}"
    );
    assert!(!drawn.contains('\u{1b}'), "{drawn:?}");
}

#[tokio::test]
async fn phases_stay_and_the_spinner_goes() {
    let server = Server::start(|_| {
        let phases = json!([
            {"phase": "prepare", "message": "", "at_ms": 1000},
            {"phase": "dependencies", "message": "cached", "at_ms": 1100},
        ]);
        Reply::Job(vec![
            frame(0, "pending", json!({})),
            frame(300, "waiting_for_worker", json!({"phases": phases})),
            frame(
                700,
                "completed",
                json!({"phases": phases, "updated_at_ms": 1500,
                "state_history": {"status": "started"}}),
            ),
        ])
    })
    .await;
    let arguments = ["start", "echo", "--inline", "--code", "1", "--lang", "ru"];
    let (code, drawn) = Program::at(&server).run_on_terminal(&arguments).await;
    assert_eq!(code, 0, "{drawn}");
    for want in [
        "отправляем 1 файл (1 Б), запускается bot.py\r\n",
        "⠋ задание принято, ждём исполнителя ботов",
        "\u{1b}[32m✓\u{1b}[0m зависимости (из кэша)  \u{1b}[2m0,4 с\u{1b}[0m",
        "╭─ \u{1b}[32m✓ Бот echo запущен\u{1b}[0m",
    ] {
        assert!(drawn.contains(want), "{want:?} in {drawn:?}");
    }
    // Nothing of the moving line is left beside the result.
    let after = drawn.rsplit("из кэша").next().unwrap();
    let result = after.rsplit("\u{1b}[2K").next().unwrap();
    assert!(result.starts_with("╭─"), "{result:?}");
}
