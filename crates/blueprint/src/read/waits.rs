//! Waiting: for a while, for a person, for a signal.

use super::Reading;
use super::fields::Fields;
use crate::duration;
use crate::model::{Approval, Event, Routes, Setting, Until, Wait};
use crate::yaml::Node;

impl Reading<'_, '_> {
    pub(super) fn sleep(&mut self, node: &Node) -> Option<Wait> {
        let fields = self.fields(node, "'sleep'", &["for", "then"])?;
        let length = self.need(fields, "for", "'sleep'");
        let length = length.and_then(|node| self.duration_setting(node, "the sleep"));
        let then = self.need(fields, "then", "'sleep'");
        let then = then.and_then(|node| self.target(node));
        Some(Wait {
            until: Until::After(length?),
            then: then?,
        })
    }

    pub(super) fn wait_until(&mut self, node: &Node) -> Option<Wait> {
        let fields = self.fields(node, "'wait_until'", &["time", "then"])?;
        let time = self.need(fields, "time", "'wait_until'");
        let time = time.and_then(|node| self.time(node));
        let then = self.need(fields, "then", "'wait_until'");
        let then = then.and_then(|node| self.target(node));
        Some(Wait {
            until: Until::At(time?),
            then: then?,
        })
    }

    fn time(&mut self, node: &Node) -> Option<Setting<u64>> {
        if let Some(computed) = self.computed_setting(node, "the time") {
            return computed;
        }
        let time = node.text().and_then(duration::time_ms);
        if time.is_none() {
            self.hint(
                node.span,
                "this is no time",
                "times look like 2026-11-21T18:00:00Z, or are computed: \"${now + duration('1h')}\"",
            );
        }
        time.map(Setting::Fixed)
    }

    pub(super) fn approval(&mut self, node: &Node) -> Option<Approval> {
        let known = ["message", "on", "timeout", "notify_url"];
        let fields = self.fields(node, "'await_approval'", &known)?;
        let message = self.need(fields, "message", "'await_approval'");
        let message = message.map(|node| self.text_value(node, "'message'"));
        let on = self.need(fields, "on", "'await_approval'");
        let on = on.map(|node| self.routes(node, "'on'", None));
        if let Some(on) = &on {
            self.timeout_route(fields, on);
            if on.0.keys().all(|outcome| outcome == "timeout") && !on.0.is_empty() {
                self.add(fields.head(), "'await_approval' knows no decision");
            }
        }
        let notify_url = fields.get("notify_url");
        Some(Approval {
            message: message?,
            on: on?,
            timeout_ms: self.timeout(fields),
            notify_url: notify_url.map(|node| self.text_value(node, "'notify_url'")),
        })
    }

    pub(super) fn wait_event(&mut self, node: &Node) -> Option<Event> {
        let known = ["name", "on", "timeout", "save_as"];
        let fields = self.fields(node, "'wait_event'", &known)?;
        let name = self.need(fields, "name", "'wait_event'");
        let name = name.map(|node| self.text_value(node, "a signal's name"));
        let on = self.need(fields, "on", "'wait_event'");
        let on = on.map(|node| self.routes(node, "'on'", Some(&["received", "timeout"])));
        if let Some(on) = &on {
            self.timeout_route(fields, on);
            if !on.0.contains_key("received") && !on.0.is_empty() {
                self.add(fields.head(), "'on' has no state for 'received'");
            }
        }
        let save_as = fields.get("save_as");
        Some(Event {
            name: name?,
            on: on?,
            timeout_ms: self.timeout(fields),
            save_as: save_as.and_then(|node| self.string(node, "'save_as'")),
        })
    }

    fn timeout(&mut self, fields: Fields<'_>) -> Option<Setting<u64>> {
        let node = fields.get("timeout")?;
        self.duration_setting(node, "the timeout")
    }

    /// A timeout and a state for it belong together.
    pub(super) fn timeout_route(&mut self, fields: Fields<'_>, on: &Routes) {
        match (fields.entry("timeout"), on.0.get("timeout")) {
            (Some((key, _)), None) => self.hint(
                key.span,
                "there is no state for when the time is up",
                "add `timeout: STATE` to `on`",
            ),
            (None, Some(target)) => self.hint(
                target.span,
                "the time is never up: there is no `timeout`",
                "add for instance `timeout: 1h` beside `on`",
            ),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}
