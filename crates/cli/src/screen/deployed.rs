//! Results of what changes a bot.

use super::panel::Panel;
use super::sanitize::clean_line;
use super::theme::{Frame, Role};
use crate::text::Field;
use crate::view::{Accepted, Change, Deployed, Stopped, moment, number_or_text};

/// Draws a bot that was started, updated or restarted.
pub fn draw_deployed(view: &Deployed, frame: &Frame) -> String {
    let text = frame.text;
    let bot = clean_line(&view.bot_id);
    let (role, title) = match view.status {
        Change::Started => (Role::Good, format!("✓ {}", text.started(&bot))),
        Change::AlreadyRunning => (Role::Warning, text.already_running(&bot)),
        Change::Updated => (Role::Good, format!("✓ {}", text.updated(&bot))),
        Change::Restarted => (Role::Good, format!("✓ {}", text.restarted(&bot))),
    };
    let mut panel = Panel::new(role, &title);
    if view.status != Change::AlreadyRunning {
        let took_ms = view.total_ms();
        panel
            .maybe(text.field(Field::Took), took_ms.map(|ms| text.seconds(ms)))
            .maybe(
                text.field(Field::Gap),
                view.gap_ms.map(|ms| text.seconds(ms)),
            );
    }
    panel
        .maybe(
            text.field(Field::Started),
            view.started_at.as_deref().map(|at| clean_line(&moment(at))),
        )
        .maybe(
            text.field(Field::Version),
            view.spec_version
                .as_ref()
                .map(|v| clean_line(&number_or_text(v))),
        )
        .maybe(
            text.field(Field::Container),
            view.container_name.as_deref().map(clean_line),
        )
        .pair(
            text.field(Field::Next),
            format!("avtomatika-bot logs {bot} -f"),
        );
    panel.draw(frame)
}

/// Draws a bot that was stopped.
pub fn draw_stopped(view: &Stopped, frame: &Frame) -> String {
    let title = format!("✓ {}", frame.text.stopped(&clean_line(&view.bot_id)));
    frame.finish(&format!("{}\n", Role::Good.mark(&title)))
}

/// Draws a job nobody waits for.
pub fn draw_accepted(view: &Accepted, frame: &Frame) -> String {
    let text = frame.text;
    let bot = clean_line(&view.bot_id);
    let mut panel = Panel::new(Role::Good, &text.accepted(&bot));
    panel
        .pair(text.field(Field::Job), view.job_id.to_string())
        .pair(
            text.field(Field::Next),
            format!("avtomatika-bot status {bot}"),
        );
    panel.draw(frame)
}

#[cfg(test)]
mod tests;
