//! Seed test 4: every command of the CLI against the real server, in both languages.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::IDLE;
use super::redact::redacted;
use super::support::cli;
use super::support::containers::{BotStack, with_bots};
use super::support::stack::Setup;

/// A bot that counts its seconds.
const COUNTING: &str = r#"
import itertools, time
for n in itertools.count():
    print("tick", n, flush=True)
    time.sleep(0.5)
"#;

async fn shown(bots: &BotStack, arguments: &[&str]) -> String {
    redacted(&bots.bot(arguments).await.ok().stdout)
}

async fn refused(bots: &BotStack, code: i32, arguments: &[&str]) -> String {
    redacted(&bots.bot(arguments).await.ended(code).stderr)
}

async fn json(bots: &BotStack, arguments: &[&str]) -> Value {
    let document = bots
        .bot(&[arguments, &["--json"]].concat())
        .await
        .ok()
        .json();
    assert_eq!(document["ok"], true, "{document}");
    assert_eq!(document["command"], arguments[0], "{document}");
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_in_both_languages() {
    with_bots(Setup::default(), |bots| async move {
        let file = bots.file("idle.py", IDLE);
        let start = ["start", "en", "--simple", &file];
        insta::assert_snapshot!(shown(&bots, &start).await, @"
        ✓ Bot en is running
          Took  TIME
          Started  MOMENT
          Version  1
          Container  PREFIX-BOT
          Look at it  avtomatika-bot logs en -f
        ");
        let start = ["--lang", "ru", "start", "ru", "--simple", &file];
        insta::assert_snapshot!(shown(&bots, &start).await, @"
        ✓ Бот ru запущен
          Заняло  TIME
          Запущен  MOMENT
          Версия  1
          Контейнер  PREFIX-BOT
          Посмотреть  avtomatika-bot logs ru -f
        ");
        insta::assert_snapshot!(shown(&bots, &["list"]).await, @"
        Bots (2/3)
         Bot  State  Running for  Started  Version
         en  ● running  TIME  MOMENT  1
         ru  ● running  TIME  MOMENT  1
        ");
        insta::assert_snapshot!(shown(&bots, &["--lang", "ru", "list"]).await, @"
        Боты (2/3)
         Бот  Состояние  Работает  Запущен  Версия
         en  ● работает  TIME  MOMENT  1
         ru  ● работает  TIME  MOMENT  1
        ");
        insta::assert_snapshot!(shown(&bots, &["status", "en"]).await, @"
        en
          State  ● running
          Running for  TIME
          Started  MOMENT
          Version  1
          Container  PREFIX-BOT
          Image  avtomatika/python-base:3.11
          Memory limit  256 MB
          CPU limit  0.5 cores
        ");
        insta::assert_snapshot!(shown(&bots, &["--lang", "ru", "status", "en"]).await, @"
        en
          Состояние  ● работает
          Работает  TIME
          Запущен  MOMENT
          Версия  1
          Контейнер  PREFIX-BOT
          Образ  avtomatika/python-base:3.11
          Предел памяти  256 МБ
          Предел процессора  0,5 ядра
        ");
        insta::assert_snapshot!(shown(&bots, &["logs", "en"]).await, @"idle bot is up");
        insta::assert_snapshot!(shown(&bots, &["restart", "en"]).await, @"
        ✓ Bot en is restarted
          Was away for  TIME
          Started  MOMENT
          Version  1
          Container  PREFIX-BOT
          Look at it  avtomatika-bot logs en -f
        ");
        insta::assert_snapshot!(shown(&bots, &["--lang", "ru", "restart", "ru"]).await, @"
        ✓ Бот ru перезапущен
          Перерыв  TIME
          Запущен  MOMENT
          Версия  1
          Контейнер  PREFIX-BOT
          Посмотреть  avtomatika-bot logs ru -f
        ");
        let update = ["update", "en", "--simple", &file];
        insta::assert_snapshot!(shown(&bots, &update).await, @"
        ✓ Bot en is updated and running
          Took  TIME
          Was away for  TIME
          Started  MOMENT
          Version  2
          Container  PREFIX-BOT
          Look at it  avtomatika-bot logs en -f
        ");
        let update = ["--lang", "ru", "update", "ru", "--simple", &file];
        insta::assert_snapshot!(shown(&bots, &update).await, @"
        ✓ Бот ru обновлён и работает
          Заняло  TIME
          Перерыв  TIME
          Запущен  MOMENT
          Версия  2
          Контейнер  PREFIX-BOT
          Посмотреть  avtomatika-bot logs ru -f
        ");
        let start = ["start", "en", "--simple", &file];
        insta::assert_snapshot!(shown(&bots, &start).await, @"
        Bot en was running already, nothing was changed
          Started  MOMENT
          Version  2
          Container  PREFIX-BOT
          Look at it  avtomatika-bot logs en -f
        ");
        insta::assert_snapshot!(shown(&bots, &["stop", "en"]).await, @"✓ Bot en is stopped");
        insta::assert_snapshot!(shown(&bots, &["--lang", "ru", "stop", "ru"]).await, @"✓ Бот ru остановлен");
        insta::assert_snapshot!(shown(&bots, &["--lang", "ru", "list"]).await, @"
        Боты (0/3)
         Бот  Состояние  Работает  Запущен  Версия
         en  ○ остановлен  MOMENT  2
         ru  ○ остановлен  MOMENT  2
        ");
        insta::assert_snapshot!(refused(&bots, 4, &["status", "nobody"]).await, @"
        Error: there is no bot nobody
          Hint  look at avtomatika-bot list
          Code  BOT_NOT_FOUND
          Job  JOB
        ");
        insta::assert_snapshot!(refused(&bots, 4, &["--lang", "ru", "stop", "nobody"]).await, @"
        Ошибка: бота nobody нет
          Подсказка  посмотрите список: avtomatika-bot list
          Код  BOT_NOT_FOUND
          Задание  JOB
        ");
        let start = ["--lang", "ru", "start", "../x", "--simple", &file];
        insta::assert_snapshot!(refused(&bots, 3, &start).await, @r#"
        отправляем 1 файл (74 Б), запускается idle.py
        Ошибка: Недопустимый идентификатор бота '../x'
          Подсказка  Строка JSON длиной от 1 до 64 символов: латинские буквы, цифры, '-' и '_'
          Пример  {"bot_id":"my-bot_1"}
          Код  INVALID_BOT_ID
        "#);
        for verb in ["logs", "restart"] {
            bots.bot(&[verb, "nobody"]).await.ended(4);
        }
        bots.bot(&["start", "x"]).await.ended(2);
        bots.bot(&["list", "--token", "wrong-token"]).await.ended(3);
        bots.bot(&["list", "--url", "http://127.0.0.1:9", "--token", "t"]).await.ended(6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_as_json() {
    with_bots(Setup::default(), |bots| async move {
        let file = bots.file("idle.py", IDLE);
        let started = json(&bots, &["start", "data", "--simple", &file]).await;
        assert_eq!(started["status"], "started", "{started}");
        assert!(
            started["timings_ms"]["total"].as_u64().unwrap() > 0,
            "{started}"
        );
        let listed = json(&bots, &["list"]).await;
        assert_eq!(
            (&listed["count"], &listed["max_bots"]),
            (&1.into(), &3.into())
        );
        assert_eq!(listed["bots"][0]["state"], "running", "{listed}");
        let status = json(&bots, &["status", "data"]).await;
        assert_eq!(status["state"], "running", "{status}");
        let container = status["container_name"].as_str().unwrap();
        assert!(container.starts_with(&bots.prefix), "{status}");
        let logs = json(&bots, &["logs", "data"]).await;
        assert_eq!(logs["lines"][0]["text"], "idle bot is up", "{logs}");
        let restarted = json(&bots, &["restart", "data"]).await;
        assert_eq!(restarted["status"], "restarted", "{restarted}");
        let updated = json(&bots, &["update", "data", "--simple", &file]).await;
        assert_eq!(updated["status"], "updated", "{updated}");
        assert!(updated["gap_ms"].as_u64().is_some(), "{updated}");
        let stopped = json(&bots, &["stop", "data"]).await;
        assert_eq!(stopped["status"], "stopped", "{stopped}");
        assert_eq!(json(&bots, &["list"]).await["count"], 0);
        assert_eq!(bots.running_things(), Vec::<String>::new());
        // It is remembered, so that an update can start it again.
        assert_eq!(json(&bots, &["status", "data"]).await["state"], "stopped");
        let ran = bots.bot(&["status", "nobody", "--json"]).await.ended(4);
        assert_eq!(ran.json()["error"]["code"], "BOT_NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_log_is_live_and_has_neither_gap_nor_repeat() {
    with_bots(Setup::default(), |bots| async move {
        let start = ["start", "ticker", "--inline", "--code", COUNTING];
        bots.bot(&start).await.ok();
        let mut follow = cli::command(bots.stack.root.path(), &["logs", "ticker", "-f", "-n", "2"])
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
        let mut numbers: Vec<u64> = Vec::new();
        while numbers.len() < 24 {
            let line = tokio::time::timeout(Duration::from_secs(15), lines.next_line());
            let line = line.await.unwrap().unwrap().unwrap();
            let number = line.strip_prefix("tick ").unwrap().parse().unwrap();
            numbers.push(number);
        }
        let first = numbers[0];
        assert!(
            first > 0,
            "-n 2 shows the end of what was there: {numbers:?}"
        );
        let expected: Vec<u64> = (first..first + 24).collect();
        assert_eq!(numbers, expected);
        // A stop ends the log by itself.
        bots.bot(&["stop", "ticker"]).await.ok();
        let ended = tokio::time::timeout(Duration::from_secs(30), follow.wait());
        println!(
            "after a stop logs -f ended with {}",
            ended.await.unwrap().unwrap()
        );
    })
    .await;
}
