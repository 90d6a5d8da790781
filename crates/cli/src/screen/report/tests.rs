use avtomatika_protocol::{ErrorBody, Failure};
use serde_json::json;

use super::*;
use crate::error::{Ended, Error};
use crate::screen::theme::tests::frame;
use crate::text::{Language, Problem};

fn shown(error: &Error, language: Language) -> String {
    let report = Report::new(error, language.text(), Some("echo"));
    draw_report(&report, &frame(language, 72))
}

fn failed(failure: Failure) -> Error {
    let job = "01890000-0000-7000-8000-000000000000".parse().unwrap();
    Error::Failed {
        job,
        ended: Ended::Failed,
        failure: Box::new(failure),
    }
}

fn gate_failed() -> Error {
    failed(
        Failure::new(
            "HEALTH_GATE_FAILED",
            "the bot exited with code 1 after 0.8 s",
        )
        .with(
            "details",
            json!({
                "reason": "exited", "exit_code": 1,
                "log_tail": [
                    "Traceback (most recent call last):",
                    "  File \"/app/bot.py\", line 3, in <module>",
                    "ValueError: TEST\u{1b}]52;c;aGk=\u{7} ERROR",
                ],
            }),
        ),
    )
}

fn refused(body: serde_json::Value) -> Error {
    let body: ErrorBody = serde_json::from_value(body).unwrap();
    Error::Refused {
        status: 400,
        body: Box::new(body),
    }
}

#[test]
fn a_failed_gate_in_english() {
    insta::assert_snapshot!(shown(&gate_failed(), Language::En), @r#"
        ╭─ ✗ Error ───────────────────────────────────────╮
        │ the bot exited with code 1 after 0.8 s          │
        │ Hint     the cause is usually in the last lines │
        │ Reason   exited                                 │
        │ Details  exit_code: 1                           │
        │ Code     HEALTH_GATE_FAILED                     │
        │ Job      01890000-0000-7000-8000-000000000000   │
        │ Last lines of the bot                           │
        │   Traceback (most recent call last):            │
        │     File "/app/bot.py", line 3, in <module>     │
        │   ValueError: TEST␛]52;c;aGk=␇ ERROR            │
        ╰─────────────────────────────────────────────────╯
        "#);
}

#[test]
fn a_failed_gate_in_russian() {
    insta::assert_snapshot!(shown(&gate_failed(), Language::Ru), @r#"
        ╭─ ✗ Ошибка ────────────────────────────────────────────╮
        │ бот запустился, но сразу перестал работать            │
        │ Подсказка    причина обычно видна в последних строках │
        │ Причина      exited                                   │
        │ Подробности  exit_code: 1                             │
        │ Код          HEALTH_GATE_FAILED                       │
        │ Задание      01890000-0000-7000-8000-000000000000     │
        │ Последние строки бота                                 │
        │   Traceback (most recent call last):                  │
        │     File "/app/bot.py", line 3, in <module>           │
        │   ValueError: TEST␛]52;c;aGk=␇ ERROR                  │
        ╰───────────────────────────────────────────────────────╯
        "#);
}

#[test]
fn a_refusal_with_its_own_russian_words() {
    let error = refused(json!({
        "error": "bot_id must match ^[a-zA-Z0-9_-]{1,64}$", "code": "INVALID_BOT_ID",
        "hint": "use letters, digits, - and _", "example": {"bot_id": "my-bot"},
        "ru": {"message": "Имя бота не подходит", "hint": "Только латинские буквы, цифры, - и _"},
    }));
    insta::assert_snapshot!(shown(&error, Language::En), @r#"
        ╭─ ✗ Error ───────────────────────────────╮
        │ bot_id must match ^[a-zA-Z0-9_-]{1,64}$ │
        │ Hint     use letters, digits, - and _   │
        │ Example  {"bot_id":"my-bot"}            │
        │ Code     INVALID_BOT_ID                 │
        ╰─────────────────────────────────────────╯
        "#);
    insta::assert_snapshot!(shown(&error, Language::Ru), @r#"
        ╭─ ✗ Ошибка ──────────────────────────────────────╮
        │ Имя бота не подходит                            │
        │ Подсказка  Только латинские буквы, цифры, - и _ │
        │ Пример     {"bot_id":"my-bot"}                  │
        │ Код        INVALID_BOT_ID                       │
        ╰─────────────────────────────────────────────────╯
        "#);
}

#[test]
fn a_quota_in_both_languages() {
    let error = failed(
        Failure::new("QUOTA_EXCEEDED", "Maximum 3 bots per user").with(
            "details",
            json!({"current_bots": 3, "max_bots": 3, "active_bots": ["a", "b", "c"]}),
        ),
    );
    insta::assert_snapshot!(shown(&error, Language::En), @"
        ╭─ ✗ Error ────────────────────────────────────────────────────────────╮
        │ Maximum 3 bots per user                                              │
        │ Hint     stop one: avtomatika-bot list, then avtomatika-bot stop BOT │
        │ Details  active_bots: a, b, c; current_bots: 3; max_bots: 3          │
        │ Code     QUOTA_EXCEEDED                                              │
        │ Job      01890000-0000-7000-8000-000000000000                        │
        ╰──────────────────────────────────────────────────────────────────────╯
        ");
    insta::assert_snapshot!(shown(&error, Language::Ru), @"
        ╭─ ✗ Ошибка ──────────────────────────────────────────────────────╮
        │ у вас уже запущено столько ботов, сколько разрешено             │
        │ Подсказка    остановите одного: avtomatika-bot list, затем      │
        │              avtomatika-bot stop БОТ                            │
        │ Подробности  active_bots: a, b, c; current_bots: 3; max_bots: 3 │
        │ Код          QUOTA_EXCEEDED                                     │
        │ Задание      01890000-0000-7000-8000-000000000000               │
        ╰─────────────────────────────────────────────────────────────────╯
        ");
    assert_eq!(error.exit_code(), 3);
}

#[test]
fn an_update_that_was_rolled_back() {
    let error = failed(Failure::new("UPDATE_FAILED", "the new version failed").with(
        "details",
        json!({"reason": "MISSING_PACKAGE", "rolled_back": true, "previous_spec_version": 1,
               "log_tail": [{"stream": "stderr", "text": "ModuleNotFoundError: No module named 'x'"}]}),
    ));
    insta::assert_snapshot!(shown(&error, Language::En), @"
        ╭─ ✗ Error ───────────────────────────────────────────╮
        │ the new version failed                              │
        │ the former version runs again                       │
        │ Reason   a package the bot imports is not installed │
        │          (MISSING_PACKAGE)                          │
        │ Details  previous_spec_version: 1                   │
        │ Code     UPDATE_FAILED                              │
        │ Job      01890000-0000-7000-8000-000000000000       │
        │ Last lines of the bot                               │
        │   ModuleNotFoundError: No module named 'x'          │
        ╰─────────────────────────────────────────────────────╯
        ");
    insta::assert_snapshot!(shown(&error, Language::Ru), @"
        ╭─ ✗ Ошибка ────────────────────────────────────────────────╮
        │ новая версия не запустилась                               │
        │ прежняя версия снова работает                             │
        │ Причина      не установлен пакет, который импортирует бот │
        │              (MISSING_PACKAGE)                            │
        │ Подробности  previous_spec_version: 1                     │
        │ Код          UPDATE_FAILED                                │
        │ Задание      01890000-0000-7000-8000-000000000000         │
        │ Последние строки бота                                     │
        │   ModuleNotFoundError: No module named 'x'                │
        ╰───────────────────────────────────────────────────────────╯
        ");
}

#[test]
fn an_unknown_code_without_russian_words_is_shown_in_english() {
    let error = failed(Failure::new("NEW_CODE", "something new"));
    let report = Report::new(&error, Language::Ru.text(), None);
    assert_eq!(report.message, "something new");
}

#[test]
fn a_quarantine_without_words() {
    let job = "01890000-0000-7000-8000-000000000000".parse().unwrap();
    let failure = Box::new(Failure::default());
    let error = Error::Failed {
        job,
        ended: Ended::Quarantined,
        failure,
    };
    insta::assert_snapshot!(shown(&error, Language::Ru), @"
        ╭─ ✗ Ошибка ────────────────────────────────────────────────────╮
        │ задание много раз не удалось и отложено                       │
        │ Подсказка  попросите администратора сервера посмотреть на это │
        │            задание                                            │
        │ Код        QUARANTINED                                        │
        │ Задание    01890000-0000-7000-8000-000000000000               │
        ╰───────────────────────────────────────────────────────────────╯
        ");
}

#[test]
fn a_server_that_is_not_there() {
    let why = "Connection refused (os error 111)".to_owned();
    let error = Error::CannotConnect {
        url: "http://localhost:8080".to_owned(),
        why,
    };
    insta::assert_snapshot!(shown(&error, Language::En), @"
        ╭─ ✗ Error ───────────────────────────────────────────────────────╮
        │ no server answers at http://localhost:8080                      │
        │ Hint     is it running? `avtomatika up` starts one; --url names │
        │          another                                                │
        │ Details  Connection refused (os error 111)                      │
        │ Code     CANNOT_CONNECT                                         │
        ╰─────────────────────────────────────────────────────────────────╯
        ");
    insta::assert_snapshot!(shown(&error, Language::Ru), @"
        ╭─ ✗ Ошибка ─────────────────────────────────────────────────────╮
        │ по адресу http://localhost:8080 сервер не отвечает             │
        │ Подсказка    он запущен? `avtomatika up` запускает свой, --url │
        │              указывает другой                                  │
        │ Подробности  Connection refused (os error 111)                 │
        │ Код          CANNOT_CONNECT                                    │
        ╰────────────────────────────────────────────────────────────────╯
        ");
}

#[test]
fn a_timeout_and_an_interruption_say_that_the_job_goes_on() {
    let job = "01890000-0000-7000-8000-000000000000".parse().ok();
    let timeout = Error::Timeout {
        job,
        after: std::time::Duration::from_secs(2),
    };
    insta::assert_snapshot!(shown(&timeout, Language::Ru), @"
        ╭─ ✗ Ошибка ───────────────────────────────────────────────────────╮
        │ за 2 секунды не закончилось; задание продолжается                │
        │ Подсказка  посмотреть, чем кончилось: avtomatika-bot status echo │
        │ Код        TIMEOUT                                               │
        │ Задание    01890000-0000-7000-8000-000000000000                  │
        ╰──────────────────────────────────────────────────────────────────╯
        ");
    insta::assert_snapshot!(shown(&Error::Interrupted { job }, Language::En), @"
        ╭─ ✗ Error ─────────────────────────────────────────╮
        │ you stopped waiting; the job goes on              │
        │ Hint  see how it went: avtomatika-bot status echo │
        │ Code  INTERRUPTED                                 │
        │ Job   01890000-0000-7000-8000-000000000000        │
        ╰───────────────────────────────────────────────────╯
        ");
}

#[test]
fn a_problem_of_this_side_for_a_file() {
    let error = Error::Problem(Problem::EnvMissing("BOT_TOKEN".to_owned()));
    let report = Report::new(&error, Language::Ru.text(), None);
    let frame = Frame {
        look: Look::Plain,
        ..frame(Language::Ru, 72)
    };
    insta::assert_snapshot!(draw_report(&report, &frame), @"
        Ошибка: переменная BOT_TOKEN не задана в вашем окружении
          Подсказка  export BOT_TOKEN=… или -e BOT_TOKEN=VALUE
          Код        ENV_MISSING
        ");
}
