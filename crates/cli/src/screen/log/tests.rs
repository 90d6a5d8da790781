use super::*;
use crate::screen::theme::tests::frame;
use crate::text::Language;

fn line(text: &str) -> LogLine {
    LogLine {
        at: Some("2026-01-27T10:00:00Z".into()),
        stream: "stdout".into(),
        text: text.into(),
    }
}

fn roles(text: &str) -> String {
    let mut highlighter = Highlighter::default();
    let sign = |role| match role {
        Some(Role::Bad) => 'E',
        Some(Role::Warning) => 'W',
        Some(_) => '~',
        None => '.',
    };
    text.lines()
        .map(|text| sign(highlighter.role(&line(text))))
        .collect()
}

#[test]
fn a_traceback_is_red_to_its_last_line() {
    let text = "\
start
Traceback (most recent call last):
  File \"bot.py\", line 1, in <module>
    raise ValueError(\"x\")
ValueError: x

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"bot.py\", line 2, in <module>
RuntimeError: y
goes on";
    assert_eq!(roles(text), ".EEEE.E.EEE.");
}

#[test]
fn levels_are_words_not_parts_of_words() {
    assert_eq!(
        roles("INFO:aiogram:ok\nERROR:root:bad\nWARNING: hm\n[WARN] hm"),
        ".EWW"
    );
    assert_eq!(
        roles("no errors here\nERRORS=0\nfarewarned\nthe error"),
        "...."
    );
    assert_eq!(
        roles("aiogram.exceptions.TelegramConflictError: Conflict"),
        "E"
    );
    assert_eq!(roles("see Error: not a name"), ".");
}

#[test]
fn what_the_runner_says_itself_is_dimmed() {
    let marker = LogLine {
        stream: "marker".into(),
        ..line("ERROR lines were dropped")
    };
    assert_eq!(Highlighter::default().role(&marker), Some(Role::Dim));
}

#[test]
fn a_line_is_drawn_harmless_and_in_its_colour() {
    let evil = line("ERROR \u{1b}]52;c;aGk=\u{7}[bold]");
    let mut frame = frame(Language::En, 80);
    let role = Highlighter::default().role(&evil);
    assert_eq!(
        draw_log_line(&evil, role, false, &frame),
        "ERROR ␛]52;c;aGk=␇[bold]\n"
    );
    assert_eq!(
        draw_log_line(&evil, role, true, &frame),
        "2026-01-27T10:00:00Z ERROR ␛]52;c;aGk=␇[bold]\n"
    );
    frame.colour = true;
    assert_eq!(
        draw_log_line(&evil, role, false, &frame),
        "\u{1b}[31mERROR ␛]52;c;aGk=␇[bold]\u{1b}[0m\n"
    );
}

#[test]
fn the_header_names_bot_and_state() {
    let log = Log {
        bot_id: "echo".to_owned(),
        state: Some("crash-loop".to_owned()),
        container_name: Some("bot_0123".to_owned()),
        ..Log::default()
    };
    assert_eq!(
        draw_log_header(&log, &frame(Language::Ru, 80)),
        "Бот echo: ✗ постоянно падает  bot_0123\n"
    );
}
