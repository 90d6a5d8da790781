//! The chat in the terminal, and the sub-command.

use std::{process::ExitCode, time::Duration};

use avtomatika_telegram_sim::{
    Language,
    chat::{self, ChatError, ChatOptions},
    command::{self, Args},
    control::Person,
};
use clap::Parser;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, duplex},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::support::{BOT, TOKEN, none, start};

#[tokio::test]
async fn a_conversation_with_buttons() {
    let sim = start().await;
    sim.call("getMe", none()).await;
    let (input, input_far) = duplex(1_000);
    let (output, output_far) = duplex(1_000);
    let user = Person {
        id: 5,
        first_name: "Anna".into(),
        ..Person::default()
    };
    let options = ChatOptions {
        bot: BOT.into(),
        user,
        language: Language::English,
    };
    let client = sim.client.clone();
    let chat = tokio::spawn(async move {
        chat::run(&client, options, BufReader::new(input_far), output).await
    });
    let (mut type_in, mut screen) = (input, BufReader::new(output_far).lines());
    let mut line = async || {
        let line = timeout(Duration::from_secs(5), screen.next_line()).await;
        line.unwrap().unwrap().unwrap()
    };
    assert_eq!(
        line().await,
        "Write a message; /press N presses a button, /quit leaves."
    );

    type_in.write_all("/start\n".as_bytes()).await.unwrap();
    let updates = sim.call("getUpdates", json!({"timeout": 5})).await;
    let message = &updates[0]["message"];
    assert_eq!(
        (&message["text"], &message["from"]["first_name"]),
        (&json!("/start"), &json!("Anna"))
    );
    let keyboard = json!({"inline_keyboard": [[
        {"text": "Site", "url": "http://e.org"}, {"text": "Yes", "callback_data": "y"},
    ]]});
    sim.call(
        "sendMessage",
        json!({"chat_id": 5, "text": "Sure?", "reply_markup": keyboard}),
    )
    .await;
    assert_eq!(line().await, "Bot 123456: Sure?");
    assert_eq!(line().await, "  [1] Site  [2] Yes");

    type_in.write_all(b"/press 1\n/press 2\n").await.unwrap();
    assert_eq!(line().await, "There is no such button to press.");
    let offset = updates[0]["update_id"].as_i64().unwrap() + 1;
    let updates = sim
        .call("getUpdates", json!({"timeout": 5, "offset": offset}))
        .await;
    assert_eq!(updates[0]["callback_query"]["data"], "y");
    let id = &updates[0]["callback_query"]["id"];
    sim.call(
        "answerCallbackQuery",
        json!({"callback_query_id": id, "text": "Noted"}),
    )
    .await;
    assert_eq!(line().await, "Bot 123456: (notice) Noted");

    type_in.write_all(b"/quit\n").await.unwrap();
    timeout(Duration::from_secs(5), chat)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn nobody_to_talk_to() {
    let sim = start().await;
    let options = ChatOptions {
        bot: "42".into(),
        user: Person::default(),
        language: Language::Russian,
    };
    let mut screen = Vec::new();
    let ended = chat::run(&sim.client, options, tokio::io::empty(), &mut screen).await;
    let ended = match ended {
        Err(ChatError::UnknownBot(bot)) => bot,
        other => panic!("{other:?}"),
    };
    assert_eq!(ended, "42");
}

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    args: Args,
}

#[tokio::test]
async fn the_command_serves_sends_and_stops() {
    let shutdown = CancellationToken::new();
    let run = |args: &[&str]| {
        let args = Program::parse_from(["telegram-sim"].iter().chain(args)).args;
        command::run_until(args, shutdown.clone())
    };
    let server = tokio::spawn(run(&["--listen", "127.0.0.1:0"]));
    let sim = start().await;
    sim.call("getMe", none()).await;
    let url = sim.url.as_str();
    let silent = run(&[
        "send", "--url", url, "--bot", TOKEN, "--wait", "50ms", "/start",
    ])
    .await;
    assert_eq!(silent.unwrap(), ExitCode::FAILURE);

    let bot = tokio::spawn({
        let poll = sim.poll_beside(&json!({"timeout": 5, "offset": -1}));
        let send = sim.http.post(sim.method("sendMessage"));
        let send = send.json(&json!({"chat_id": 1000, "text": "pong"}));
        async move {
            poll.await.unwrap();
            // The next message, not the one that was left without an answer.
            tokio::time::sleep(Duration::from_millis(300)).await;
            send.send().await.unwrap();
        }
    });
    let answered = run(&["send", "--url", url, "--bot", BOT, "--wait", "5s", "/ping"]).await;
    assert_eq!(answered.unwrap(), ExitCode::SUCCESS);
    bot.await.unwrap();
    for args in [
        &["bots", "--url", url][..],
        &["ledger", "--url", url, "--bot", BOT],
    ] {
        assert_eq!(run(args).await.unwrap(), ExitCode::SUCCESS);
    }
    assert!(run(&["ledger", "--url", url, "--bot", "42"]).await.is_err());
    shutdown.cancel();
    assert_eq!(server.await.unwrap().unwrap(), ExitCode::SUCCESS);
}
