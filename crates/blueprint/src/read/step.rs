//! Updates and the one action of a state, or of a case of `when`.

use avtomatika_engine::EndAs;

use super::Reading;
use super::fields::Fields;
use crate::model::{Action, Case, End, Finish, Step};
use crate::template::Template;
use crate::yaml::{Kind, Node};

/// The keys that are actions.
pub(super) const ACTIONS: [&str; 13] = [
    "goto",
    "transition",
    "dispatch",
    "parallel",
    "run_blueprint",
    "await_approval",
    "sleep",
    "wait_until",
    "wait_event",
    "finish",
    "fail",
    "when",
    "end",
];
/// Cases of a `when`.
const CASES_MAX: usize = 100;

impl Reading<'_, '_> {
    /// What a mapping of updates and an action says.
    pub(super) fn step(&mut self, fields: Fields<'_>, what: &str) -> Option<Step> {
        let set = match fields.get("set") {
            Some(node) => self.updates(node, "'set'"),
            None => Vec::new(),
        };
        let put = match fields.get("put") {
            Some(node) => self.put(node),
            None => Vec::new(),
        };
        let mut actions = fields
            .entries()
            .iter()
            .filter(|(key, _)| key.text().is_some_and(|key| ACTIONS.contains(&key)));
        let Some((key, node)) = actions.next() else {
            if !fields.misspells(&ACTIONS) {
                self.hint(
                    fields.head(),
                    format!("{what} has no action"),
                    format!("add one of: {}", ACTIONS.join(", ")),
                );
            }
            return None;
        };
        if let Some((second, _)) = actions.next() {
            let (first, second_name) = (key.text().unwrap_or(""), second.text().unwrap_or(""));
            self.hint(
                second.span,
                format!("{what} has a second action '{second_name}' beside '{first}'"),
                "one state does one thing: make another state of it, or choose with `when`",
            );
        }
        let action = self.action(key.text().unwrap_or(""), node, fields)?;
        Some(Step { set, put, action })
    }

    fn action(&mut self, key: &str, node: &Node, fields: Fields<'_>) -> Option<Action> {
        Some(match key {
            "dispatch" => Action::Dispatch(Box::new(self.dispatch(node)?)),
            "parallel" => Action::Parallel(Box::new(self.parallel(node)?)),
            "run_blueprint" => Action::RunBlueprint(Box::new(self.sub_job(node)?)),
            "await_approval" => Action::AwaitApproval(Box::new(self.approval(node)?)),
            "sleep" => Action::Wait(Box::new(self.sleep(node)?)),
            "wait_until" => Action::Wait(Box::new(self.wait_until(node)?)),
            "wait_event" => Action::WaitEvent(Box::new(self.wait_event(node)?)),
            "finish" => Action::Finish(Box::new(self.finish(node)?)),
            "fail" => self.fail(node)?,
            "when" => self.when(node)?,
            "end" => {
                let output = fields.get("output").map(|node| self.template(node));
                let how = self.end_as(node)?;
                Action::End(End { how, output })
            }
            _ => Action::Goto(self.target(node)?),
        })
    }

    /// Keys and their new values, in order.
    fn updates(&mut self, node: &Node, what: &str) -> Vec<(String, Template)> {
        let Some(fields) = self.mapping(node, what) else {
            return Vec::new();
        };
        let entries = fields.entries().iter();
        entries
            .map(|(key, value)| (self.plain_key(key), self.template(value)))
            .collect()
    }

    fn put(&mut self, node: &Node) -> Vec<(String, Template)> {
        if let Some(fields) = self.mapping(node, "'put'") {
            for (key, _) in fields.entries() {
                let name = key.text().unwrap_or("").to_owned();
                if !self.documents.contains(&name) {
                    self.hint(
                        key.span,
                        format!("this state loads no document '{name}'"),
                        "a document is loaded before it is written, so that no change gets lost",
                    );
                }
            }
        }
        self.updates(node, "'put'")
    }

    fn finish(&mut self, node: &Node) -> Option<Finish> {
        if node.text().is_some() {
            return Some(Finish {
                how: self.end_as(node)?,
                result: None,
            });
        }
        let fields = self.fields(node, "'finish'", &["as", "result"])?;
        let result = fields.get("result").map(|node| self.template(node));
        let how = match fields.get("as") {
            Some(node) => self.end_as(node)?,
            None => EndAs::Completed,
        };
        Some(Finish { how, result })
    }

    fn fail(&mut self, node: &Node) -> Option<Action> {
        let fields = self.fields(node, "'fail'", &["code", "message", "goto"])?;
        let code = self.need(fields, "code", "'fail'");
        let code = code.and_then(|node| self.string(node, "a failure's code"));
        let message = self.need(fields, "message", "'fail'");
        let message = message.map(|node| self.template(node));
        let target = self.need(fields, "goto", "'fail'");
        let target = target.and_then(|node| self.target(node));
        Some(Action::Fail {
            code: code?,
            message: message?,
            target: target?,
        })
    }

    fn end_as(&mut self, node: &Node) -> Option<EndAs> {
        let word = self.choice(node, "way to end", &["completed", "failed"])?;
        Some(if word == "completed" {
            EndAs::Completed
        } else {
            EndAs::Failed
        })
    }

    fn when(&mut self, node: &Node) -> Option<Action> {
        let Kind::List(items) = &node.kind else {
            self.hint(
                node.span,
                format!("'when' must be a list of cases, not {}", node.what()),
                "each case is `- if: …` with an action; the last is `- else: STATE`",
            );
            return None;
        };
        if items.len() > CASES_MAX {
            self.add(node.span, format!("more than {CASES_MAX} cases"));
            return None;
        }
        let mut cases = Vec::new();
        let mut otherwise = None;
        let mut whole = true;
        for (index, item) in items.iter().enumerate() {
            let Some(fields) = self.mapping(item, "a case of 'when'") else {
                whole = false;
                continue;
            };
            if let Some((key, value)) = fields.entry("else") {
                self.fields(item, "the 'else' case", &["else"]);
                if index + 1 < items.len() {
                    self.add(key.span, "'else' must be the last case");
                }
                otherwise = self.otherwise(value);
                whole &= otherwise.is_some();
            } else {
                let case = self.case(item);
                whole &= case.is_some();
                cases.extend(case);
            }
        }
        if otherwise.is_none() && whole {
            self.hint(
                node.span,
                "'when' has no 'else'",
                "add `- else: STATE` as the last case, for when no condition holds",
            );
        }
        let otherwise = otherwise.filter(|_| whole)?;
        Some(Action::When {
            cases,
            otherwise: Box::new(otherwise),
        })
    }

    fn case(&mut self, item: &Node) -> Option<Case> {
        let mut known = vec!["if", "set", "put"];
        known.extend(ACTIONS);
        let fields = self.fields(item, "a case of 'when'", &known)?;
        let condition = self.need(fields, "if", "a case of 'when'");
        let condition = condition.and_then(|node| self.expression(node, "a condition"));
        let step = self.inner_step(fields);
        Some(Case {
            condition: condition?,
            step: step?,
        })
    }

    fn otherwise(&mut self, node: &Node) -> Option<Step> {
        if node.text().is_some() {
            return Some(Step {
                set: Vec::new(),
                put: Vec::new(),
                action: Action::Goto(self.target(node)?),
            });
        }
        if matches!(node.kind, Kind::Null) {
            self.hint(
                node.span,
                "'else' needs a state or an action",
                "write `- else: STATE` or `- else: {dispatch: …}`",
            );
            return None;
        }
        let mut known = vec!["set", "put"];
        known.extend(ACTIONS);
        let fields = self.fields(node, "'else'", &known)?;
        self.inner_step(fields)
    }

    /// A step inside of a `when`.
    fn inner_step(&mut self, fields: Fields<'_>) -> Option<Step> {
        for (key, hint) in [
            ("when", "go to a state with a `when` of its own"),
            ("end", "go to an end state, or use `finish`"),
        ] {
            if let Some((key, _)) = fields.entry(key) {
                let name = key.text().unwrap_or("");
                self.hint(
                    key.span,
                    format!("'{name}' can't be inside of a 'when'"),
                    hint,
                );
                return None;
            }
        }
        self.step(fields, "a case of 'when'")
    }
}
