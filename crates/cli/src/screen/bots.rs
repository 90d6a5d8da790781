//! Bots and how they are doing.

use super::panel::Panel;
use super::sanitize::clean_line;
use super::table;
use super::theme::{Frame, Role};
use crate::text::{Field, Text};
use crate::view::{Bot, Bots, minute, moment, number_or_text};

/// Draws the list of bots.
pub fn draw_bots(view: &Bots, frame: &Frame) -> String {
    let text = frame.text;
    let title = text.bots_title(view.count, view.max_bots);
    if view.bots.is_empty() {
        return frame.finish(&format!(
            "{}\n{}\n",
            Role::Title.mark(&title),
            text.no_bots()
        ));
    }
    let fields = [
        Field::Bot,
        Field::State,
        Field::Running,
        Field::Started,
        Field::Version,
    ];
    let header = fields.map(|field| text.field(field));
    let rows = view.bots.iter().map(|bot| row(bot, text)).collect();
    table::draw(&title, &header, rows, frame)
}

fn row(bot: &Bot, text: Text) -> Vec<String> {
    vec![
        clean_line(&bot.bot_id),
        state_cell(bot, text),
        bot.running_s
            .map(|seconds| text.span(seconds))
            .unwrap_or_default(),
        bot.started_at
            .as_deref()
            .map(|at| clean_line(&minute(at)))
            .unwrap_or_default(),
        bot.spec_version
            .as_ref()
            .map(|v| clean_line(&number_or_text(v)))
            .unwrap_or_default(),
    ]
}

/// Draws one bot.
pub fn draw_bot(bot: &Bot, frame: &Frame) -> String {
    let text = frame.text;
    let clean = |value: &Option<String>| value.as_deref().map(clean_line);
    let mut panel = Panel::new(Role::Title, &clean_line(&bot.bot_id));
    panel
        .pair(text.field(Field::State), state_cell(bot, text))
        .maybe(text.field(Field::Reason), clean(&bot.reason))
        .maybe(
            text.field(Field::Running),
            bot.running_s.map(|seconds| text.span(seconds)),
        );
    // The code and the memory fault of an earlier end matter only while the bot isn't up.
    if bot.state != "running" {
        panel.maybe(
            text.field(Field::ExitCode),
            bot.exit_code.map(|code| code.to_string()),
        );
        if bot.oom_killed == Some(true) {
            panel.pair(text.field(Field::OutOfMemory), Role::Bad.mark(text.yes()));
        }
    }
    panel
        .maybe(
            text.field(Field::Started),
            bot.started_at.as_deref().map(|at| clean_line(&moment(at))),
        )
        .maybe(
            text.field(Field::Version),
            bot.spec_version
                .as_ref()
                .map(|v| clean_line(&number_or_text(v))),
        )
        .maybe(text.field(Field::Container), clean(&bot.container_name))
        .maybe(text.field(Field::Image), clean(&bot.image))
        .maybe(
            text.field(Field::Memory),
            bot.memory_limit_mb.map(|n| text.mebibytes(n)),
        )
        .maybe(text.field(Field::Cpu), bot.cpu_limit.map(|n| text.cores(n)));
    panel.draw(frame)
}

/// A state in its colour, with the number of restarts where it matters.
fn state_cell(bot: &Bot, text: Text) -> String {
    let (icon, role) = look(&bot.state);
    let known = text.state(&bot.state);
    let name = known.map_or_else(|| clean_line(&bot.state), str::to_owned);
    let counted = matches!(bot.state.as_str(), "restarting" | "crash-loop") && bot.restarts > 0;
    let name = if counted {
        format!("{name} ({})", bot.restarts)
    } else {
        name
    };
    role.mark(&format!("{icon} {name}"))
}

fn look(state: &str) -> (&'static str, Role) {
    match state {
        "running" => ("●", Role::Good),
        "building" | "starting" => ("◌", Role::Warning),
        "restarting" => ("↻", Role::Warning),
        "stopped" => ("○", Role::Dim),
        _ => ("✗", Role::Bad),
    }
}

/// A state for people, in its colour.
pub(super) fn state_mark(state: &str, text: Text) -> String {
    state_cell(
        &Bot {
            state: state.to_owned(),
            ..Bot::default()
        },
        text,
    )
}

#[cfg(test)]
mod tests;
