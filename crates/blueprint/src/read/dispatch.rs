//! `dispatch`, and tasks of branches.

use avtomatika_engine::blueprint::Needs;

use super::Reading;
use super::fields::Fields;
use crate::model::{Dispatch, Retry, Routes};
use crate::template::Template;
use crate::yaml::{Kind, Node};

/// The keys of a task, without where its result leads.
pub(super) const TASK_KEYS: [&str; 11] = [
    "task",
    "params",
    "priority",
    "strategy",
    "needs",
    "requirements",
    "max_cost",
    "worker",
    "affinity",
    "retry",
    "timeouts",
];
/// How a worker is chosen.
pub(super) const STRATEGIES: [&str; 6] = [
    "default",
    "round_robin",
    "least_connections",
    "cheapest",
    "best_value",
    "random",
];
/// Attempts of a task.
const ATTEMPTS_MAX: i64 = 1_000;

impl Reading<'_, '_> {
    pub(super) fn dispatch(&mut self, node: &Node) -> Option<Dispatch> {
        let mut known = TASK_KEYS.to_vec();
        known.extend(["on", "save_as"]);
        let fields = self.fields(node, "'dispatch'", &known)?;
        let dispatch = self.task(fields, "'dispatch'");
        let on = self.need(fields, "on", "'dispatch'");
        let on = on.map(|node| self.routes(node, "'on'", None));
        let save_as = fields.get("save_as");
        let save_as = save_as.and_then(|node| self.string(node, "'save_as'"));
        Some(Dispatch {
            on: on?,
            save_as,
            ..dispatch?
        })
    }

    /// A task, without where its result leads.
    pub(super) fn task(&mut self, fields: Fields<'_>, what: &str) -> Option<Dispatch> {
        let task = self.need(fields, "task", what);
        let task = task.and_then(|node| self.task_type(node));
        let params = match fields.get("params") {
            Some(node) => self.object(node, "'params'"),
            None => Template::Literal(serde_json::json!({})),
        };
        let needs = fields.get("needs").or_else(|| fields.get("requirements"));
        if let (Some(_), Some((key, _))) = (fields.get("needs"), fields.entry("requirements")) {
            self.add(key.span, "'requirements' is the same as 'needs'");
        }
        let timeouts = match fields.get("timeouts") {
            Some(node) => self.fields(node, "'timeouts'", &["dispatch", "execution", "result"]),
            None => None,
        };
        let mut timeout = |key: &str| {
            let node = timeouts.and_then(|fields| fields.get(key))?;
            self.duration_setting(node, &format!("the {key} timeout"))
        };
        let dispatch_timeout_ms = timeout("dispatch");
        let execution_timeout_ms = timeout("execution");
        let result_timeout_ms = timeout("result");
        Some(Dispatch {
            priority: fields.get("priority").and_then(|node| {
                self.whole_setting(node, "priority", i32::MIN.into(), i32::MAX.into())
            }),
            strategy: fields
                .get("strategy")
                .and_then(|node| self.choice(node, "strategy", &STRATEGIES)),
            needs: needs.map(|node| self.needs(node)),
            max_cost: fields
                .get("max_cost")
                .and_then(|node| self.amount(node, "max_cost")),
            worker: fields
                .get("worker")
                .map(|node| self.text_value(node, "'worker'")),
            affinity: fields
                .get("affinity")
                .map(|node| self.text_value(node, "'affinity'")),
            retry: fields.get("retry").and_then(|node| self.retry(node)),
            dispatch_timeout_ms,
            execution_timeout_ms,
            result_timeout_ms,
            task: task?,
            params,
            on: Routes::default(),
            save_as: None,
        })
    }

    fn needs(&mut self, node: &Node) -> Template {
        let template = self.object(node, "'needs'");
        if let Template::Literal(value @ serde_json::Value::Object(_)) = &template
            && let Err(reason) = Needs::parse(value)
        {
            self.add(node.span, format!("'needs': {reason}"));
        }
        template
    }

    fn task_type(&mut self, node: &Node) -> Option<Template> {
        if node.text().is_none_or(|text| text.trim().is_empty()) {
            self.add(
                node.span,
                format!("a task's type must be a string, not {}", node.what()),
            );
            return None;
        }
        Some(self.template(node))
    }

    /// An object, or one expression that makes one.
    pub(super) fn object(&mut self, node: &Node, what: &str) -> Template {
        let template = self.template(node);
        let fits = match (&node.kind, &template) {
            (Kind::Map(_), _) | (Kind::Text(_), Template::Expression(_)) => true,
            (Kind::Text(text), _) => text.value.contains("${") && !self.notes.is_clean(),
            _ => false,
        };
        if !fits {
            self.add(
                node.span,
                format!(
                    "{what} must be a mapping or one expression, not {}",
                    node.what()
                ),
            );
        }
        template
    }

    /// A string, perhaps with expressions.
    pub(super) fn text_value(&mut self, node: &Node, what: &str) -> Template {
        match node.text() {
            Some("") => self.add(node.span, format!("{what} is empty")),
            Some(_) => {}
            None => {
                let reason = format!("{what} must be a string, not {}", node.what());
                self.add(node.span, reason);
            }
        }
        self.template(node)
    }

    fn retry(&mut self, node: &Node) -> Option<Retry> {
        let fields = self.fields(node, "'retry'", &["max_attempts", "initial", "max"])?;
        let max_attempts = fields
            .get("max_attempts")
            .and_then(|node| self.whole(node, "max_attempts", 1, ATTEMPTS_MAX))
            .and_then(|most| u32::try_from(most).ok());
        let initial_ms = fields
            .get("initial")
            .and_then(|node| self.duration_ms(node, "the first pause"));
        let max_ms = fields
            .get("max")
            .and_then(|node| self.duration_ms(node, "the longest pause"));
        if let (Some(initial), Some(max), Some((key, _))) =
            (initial_ms, max_ms, fields.entry("max"))
            && max < initial
        {
            self.add(key.span, "the longest pause is shorter than the first");
        }
        Some(Retry {
            max_attempts,
            initial_ms,
            max_ms,
        })
    }
}
