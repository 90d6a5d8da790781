use serde_json::json;

use super::*;
use crate::screen::theme::Look;
use crate::screen::theme::tests::frame;
use crate::text::Language;

fn deployed(status: Change) -> Deployed {
    Deployed {
        bot_id: "echo".to_owned(),
        status,
        container_name: Some("bot_0123456789abcdef".to_owned()),
        started_at: Some("2026-01-27T10:00:00Z".to_owned()),
        spec_version: Some(json!(2)),
        timings_ms: json!({"total": 932}).as_object().cloned(),
        gap_ms: (status != Change::Started).then_some(412),
        ..Deployed::default()
    }
}

#[test]
fn a_start_in_english() {
    insta::assert_snapshot!(
        draw_deployed(&deployed(Change::Started), &frame(Language::En, 60)), @"
        ╭─ ✓ Bot echo is running ─────────────────╮
        │ Took        0.9 s                       │
        │ Started     2026-01-27 10:00:00 UTC     │
        │ Version     2                           │
        │ Container   bot_0123456789abcdef        │
        │ Look at it  avtomatika-bot logs echo -f │
        ╰─────────────────────────────────────────╯
        ");
}

#[test]
fn a_start_in_russian() {
    insta::assert_snapshot!(
        draw_deployed(&deployed(Change::Started), &frame(Language::Ru, 60)), @"
        ╭─ ✓ Бот echo запущен ────────────────────╮
        │ Заняло      0,9 с                       │
        │ Запущен     2026-01-27 10:00:00 UTC     │
        │ Версия      2                           │
        │ Контейнер   bot_0123456789abcdef        │
        │ Посмотреть  avtomatika-bot logs echo -f │
        ╰─────────────────────────────────────────╯
        ");
}

#[test]
fn a_start_for_a_file() {
    let frame = Frame {
        look: Look::Plain,
        ..frame(Language::Ru, 60)
    };
    insta::assert_snapshot!(draw_deployed(&deployed(Change::Started), &frame), @"
        ✓ Бот echo запущен
          Заняло      0,9 с
          Запущен     2026-01-27 10:00:00 UTC
          Версия      2
          Контейнер   bot_0123456789abcdef
          Посмотреть  avtomatika-bot logs echo -f
        ");
}

#[test]
fn an_update_in_both_languages() {
    insta::assert_snapshot!(
        draw_deployed(&deployed(Change::Updated), &frame(Language::En, 60)), @"
        ╭─ ✓ Bot echo is updated and running ───────╮
        │ Took          0.9 s                       │
        │ Was away for  0.4 s                       │
        │ Started       2026-01-27 10:00:00 UTC     │
        │ Version       2                           │
        │ Container     bot_0123456789abcdef        │
        │ Look at it    avtomatika-bot logs echo -f │
        ╰───────────────────────────────────────────╯
        ");
    insta::assert_snapshot!(
        draw_deployed(&deployed(Change::Updated), &frame(Language::Ru, 60)), @"
        ╭─ ✓ Бот echo обновлён и работает ────────╮
        │ Заняло      0,9 с                       │
        │ Перерыв     0,4 с                       │
        │ Запущен     2026-01-27 10:00:00 UTC     │
        │ Версия      2                           │
        │ Контейнер   bot_0123456789abcdef        │
        │ Посмотреть  avtomatika-bot logs echo -f │
        ╰─────────────────────────────────────────╯
        ");
}

#[test]
fn a_restart_in_russian() {
    insta::assert_snapshot!(
        draw_deployed(&deployed(Change::Restarted), &frame(Language::Ru, 60)), @"
        ╭─ ✓ Бот echo перезапущен ────────────────╮
        │ Заняло      0,9 с                       │
        │ Перерыв     0,4 с                       │
        │ Запущен     2026-01-27 10:00:00 UTC     │
        │ Версия      2                           │
        │ Контейнер   bot_0123456789abcdef        │
        │ Посмотреть  avtomatika-bot logs echo -f │
        ╰─────────────────────────────────────────╯
        ");
}

#[test]
fn a_bot_that_ran_already() {
    insta::assert_snapshot!(
        draw_deployed(&deployed(Change::AlreadyRunning), &frame(Language::En, 60)), @"
        ╭─ Bot echo was running already, nothing was changed ─╮
        │ Started     2026-01-27 10:00:00 UTC                 │
        │ Version     2                                       │
        │ Container   bot_0123456789abcdef                    │
        │ Look at it  avtomatika-bot logs echo -f             │
        ╰─────────────────────────────────────────────────────╯
        ");
}

#[test]
fn a_stop_in_both_languages() {
    let view = Stopped {
        bot_id: "echo".to_owned(),
        status: "stopped",
        container_name: None,
    };
    assert_eq!(
        draw_stopped(&view, &frame(Language::En, 60)),
        "✓ Bot echo is stopped\n"
    );
    assert_eq!(
        draw_stopped(&view, &frame(Language::Ru, 60)),
        "✓ Бот echo остановлен\n"
    );
}

#[test]
fn a_job_nobody_waits_for() {
    let job_id = "01890000-0000-7000-8000-000000000000".parse().unwrap();
    let view = Accepted {
        bot_id: "echo".to_owned(),
        status: "accepted",
        job_id,
    };
    insta::assert_snapshot!(draw_accepted(&view, &frame(Language::En, 70)), @"
        ╭─ The job for bot echo is accepted ───────────────╮
        │ Job         01890000-0000-7000-8000-000000000000 │
        │ Look at it  avtomatika-bot status echo           │
        ╰──────────────────────────────────────────────────╯
        ");
    insta::assert_snapshot!(draw_accepted(&view, &frame(Language::Ru, 70)), @"
        ╭─ Задание для бота echo принято ──────────────────╮
        │ Задание     01890000-0000-7000-8000-000000000000 │
        │ Посмотреть  avtomatika-bot status echo           │
        ╰──────────────────────────────────────────────────╯
        ");
}
