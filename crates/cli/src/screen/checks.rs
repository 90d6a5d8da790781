//! What `doctor` saw.

use super::panel::Panel;
use super::sanitize::clean_line;
use super::theme::{Frame, Role};
use crate::text::Field;
use crate::view::Checks;

/// Draws the checks.
pub fn draw_checks(view: &Checks, frame: &Frame) -> String {
    let text = frame.text;
    let role = if view.healthy { Role::Good } else { Role::Bad };
    let mut panel = Panel::new(role, text.doctor_title(view.healthy));
    for check in &view.checks {
        let sign = if check.ok {
            Role::Good.mark("✓")
        } else {
            Role::Bad.mark("✗")
        };
        panel.pair(check.name, format!("{sign} {}", clean_line(&check.detail)));
        panel.maybe(
            &format!("  {}", text.field(Field::Hint)),
            check.hint.as_deref().map(clean_line),
        );
    }
    panel.draw(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::theme::tests::frame;
    use crate::text::{Check, Language};
    use crate::view::CheckResult;

    #[test]
    fn checks_build_on_each_other() {
        let text = Language::Ru.text();
        let said = text.cannot_connect("http://localhost:8080");
        let checks = vec![
            CheckResult {
                check: "settings",
                name: text.check(Check::Settings),
                ok: true,
                detail: "http://localhost:8080".to_owned(),
                hint: None,
            },
            CheckResult {
                check: "server",
                name: text.check(Check::Server),
                ok: false,
                detail: said.message,
                hint: said.hint,
            },
        ];
        let view = Checks {
            healthy: false,
            checks,
        };
        insta::assert_snapshot!(draw_checks(&view, &frame(Language::Ru, 60)), @"
            ╭─ Нужно ваше внимание ────────────────────────────────────╮
            │ Настройки    ✓ http://localhost:8080                     │
            │ Сервер       ✗ по адресу http://localhost:8080 сервер не │
            │              отвечает                                    │
            │   Подсказка  он запущен? `avtomatika up` запускает свой, │
            │              --url указывает другой                      │
            ╰──────────────────────────────────────────────────────────╯
            ");
    }
}
