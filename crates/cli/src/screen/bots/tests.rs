use super::*;
use crate::screen::theme::Look;
use crate::screen::theme::tests::frame;
use crate::text::Language;

fn bot(name: &str, state: &str, restarts: u64) -> Bot {
    Bot {
        bot_id: name.to_owned(),
        state: state.to_owned(),
        restarts,
        started_at: Some("2026-01-27T10:00:00Z".to_owned()),
        running_s: (state == "running").then_some(93_600),
        spec_version: Some(3.into()),
        ..Bot::default()
    }
}

fn bots() -> Bots {
    let bots = vec![
        bot("echo", "running", 0),
        bot("broken", "crash-loop", 7),
        bot("shaky", "restarting", 3),
        bot("evil\u{1b}[2J\u{202e}", "stopped", 0),
    ];
    Bots {
        bots,
        count: 4,
        max_bots: Some(5),
    }
}

fn one() -> Bot {
    Bot {
        container_name: Some("bot_0123456789abcdef".to_owned()),
        image: Some("avtomatika-deps:0123456789ab".to_owned()),
        memory_limit_mb: Some(256),
        cpu_limit: Some(0.5),
        exit_code: Some(137),
        oom_killed: Some(true),
        reason: Some("out of memory 3 times in a row".to_owned()),
        ..bot("broken", "crash-loop", 7)
    }
}

#[test]
fn a_list_in_english() {
    insta::assert_snapshot!(draw_bots(&bots(), &frame(Language::En, 90)), @"
        Bots (4/5)
        ╭──────────────────┬──────────────────┬─────────────┬──────────────────────┬─────────╮
        │ Bot              ┆ State            ┆ Running for ┆ Started              ┆ Version │
        ╞══════════════════╪══════════════════╪═════════════╪══════════════════════╪═════════╡
        │ echo             ┆ ● running        ┆ 1 day 2 h   ┆ 2026-01-27 10:00 UTC ┆ 3       │
        │ broken           ┆ ✗ crash-loop (7) ┆             ┆ 2026-01-27 10:00 UTC ┆ 3       │
        │ shaky            ┆ ↻ restarting (3) ┆             ┆ 2026-01-27 10:00 UTC ┆ 3       │
        │ evil␛[2J<U+202E> ┆ ○ stopped        ┆             ┆ 2026-01-27 10:00 UTC ┆ 3       │
        ╰──────────────────┴──────────────────┴─────────────┴──────────────────────┴─────────╯
        ");
}

#[test]
fn a_list_in_russian() {
    insta::assert_snapshot!(draw_bots(&bots(), &frame(Language::Ru, 90)), @"
        Боты (4/5)
        ╭──────────────────┬────────────────────────┬────────────┬──────────────────────┬────────╮
        │ Бот              ┆ Состояние              ┆ Работает   ┆ Запущен              ┆ Версия │
        ╞══════════════════╪════════════════════════╪════════════╪══════════════════════╪════════╡
        │ echo             ┆ ● работает             ┆ 1 день 2 ч ┆ 2026-01-27 10:00 UTC ┆ 3      │
        │ broken           ┆ ✗ постоянно падает (7) ┆            ┆ 2026-01-27 10:00 UTC ┆ 3      │
        │ shaky            ┆ ↻ перезапускается (3)  ┆            ┆ 2026-01-27 10:00 UTC ┆ 3      │
        │ evil␛[2J<U+202E> ┆ ○ остановлен           ┆            ┆ 2026-01-27 10:00 UTC ┆ 3      │
        ╰──────────────────┴────────────────────────┴────────────┴──────────────────────┴────────╯
        ");
}

#[test]
fn a_list_for_a_file() {
    let frame = Frame {
        look: Look::Plain,
        ..frame(Language::En, 40)
    };
    insta::assert_snapshot!(draw_bots(&bots(), &frame), @"
        Bots (4/5)
         Bot               State             Running for  Started               Version
         echo              ● running         1 day 2 h    2026-01-27 10:00 UTC  3
         broken            ✗ crash-loop (7)               2026-01-27 10:00 UTC  3
         shaky             ↻ restarting (3)               2026-01-27 10:00 UTC  3
         evil␛[2J<U+202E>  ○ stopped                      2026-01-27 10:00 UTC  3
        ");
}

#[test]
fn a_list_on_a_narrow_terminal_stays_within_it() {
    let drawing = draw_bots(&bots(), &frame(Language::Ru, 50));
    for line in drawing.lines() {
        assert!(unicode_width::UnicodeWidthStr::width(line) <= 50, "{line}");
    }
}

#[test]
fn no_bots() {
    let view = Bots {
        max_bots: Some(3),
        ..Bots::default()
    };
    insta::assert_snapshot!(draw_bots(&view, &frame(Language::Ru, 90)), @"
        Боты (0/3)
        У вас пока нет ботов. Запустите первого: avtomatika-bot start my-bot --simple bot.py
        ");
}

#[test]
fn one_bot_in_english() {
    insta::assert_snapshot!(draw_bot(&one(), &frame(Language::En, 60)), @"
        ╭─ broken ──────────────────────────────────────╮
        │ State          ✗ crash-loop (7)               │
        │ Reason         out of memory 3 times in a row │
        │ Exit code      137                            │
        │ Out of memory  yes                            │
        │ Started        2026-01-27 10:00:00 UTC        │
        │ Version        3                              │
        │ Container      bot_0123456789abcdef           │
        │ Image          avtomatika-deps:0123456789ab   │
        │ Memory limit   256 MB                         │
        │ CPU limit      0.5 cores                      │
        ╰───────────────────────────────────────────────╯
        ");
}

#[test]
fn one_bot_in_russian() {
    insta::assert_snapshot!(draw_bot(&one(), &frame(Language::Ru, 60)), @"
        ╭─ broken ──────────────────────────────────────────╮
        │ Состояние          ✗ постоянно падает (7)         │
        │ Причина            out of memory 3 times in a row │
        │ Код выхода         137                            │
        │ Не хватило памяти  да                             │
        │ Запущен            2026-01-27 10:00:00 UTC        │
        │ Версия             3                              │
        │ Контейнер          bot_0123456789abcdef           │
        │ Образ              avtomatika-deps:0123456789ab   │
        │ Предел памяти      256 МБ                         │
        │ Предел процессора  0,5 ядра                       │
        ╰───────────────────────────────────────────────────╯
        ");
}

#[test]
fn states_have_their_colours() {
    let frame = Frame {
        colour: true,
        ..frame(Language::En, 60)
    };
    let shown = |state, restarts| frame.finish(&state_cell(&bot("b", state, restarts), frame.text));
    assert_eq!(shown("running", 0), "\u{1b}[32m● running\u{1b}[0m");
    assert_eq!(
        shown("restarting", 3),
        "\u{1b}[33m↻ restarting (3)\u{1b}[0m"
    );
    assert_eq!(shown("crash-loop", 0), "\u{1b}[31m✗ crash-loop\u{1b}[0m");
    // A bot restarted long ago that runs well now is simply running.
    assert_eq!(shown("running", 3), "\u{1b}[32m● running\u{1b}[0m");
}

#[test]
fn a_state_from_outside_is_shown_literally() {
    let frame = frame(Language::En, 60);
    let shown = frame.finish(&state_cell(&bot("b", "x\u{1b}[2J\u{2061}", 0), frame.text));
    assert_eq!(shown, "✗ x␛[2J<U+2061>");
}
