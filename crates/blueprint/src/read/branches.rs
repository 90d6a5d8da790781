//! `parallel` and `run_blueprint`.

use super::Reading;
use super::dispatch::TASK_KEYS;
use super::fields::Fields;
use super::file::is_free_variable;
use crate::model::{Branch, BranchWork, Branches, ForEach, Join, Parallel, Routes, SubJob};
use crate::template::Template;
use crate::yaml::Node;

pub(super) const PARALLEL_KEYS: [&str; 9] = [
    "branches",
    "for_each",
    "as",
    "name",
    "branch",
    "join",
    "into",
    "on_failure",
    "timeout",
];
const JOB_KEYS: [&str; 4] = ["blueprint", "version", "input", "timeout"];
/// How a job of another blueprint can end, as keys of its `on`.
pub(super) const ENDINGS: [&str; 7] = [
    "success",
    "failure",
    "completed",
    "failed",
    "cancelled",
    "quarantined",
    "timeout",
];
/// Branches that are written one by one.
const BRANCHES_MAX: usize = 1_000;

impl Reading<'_, '_> {
    pub(super) fn parallel(&mut self, node: &Node) -> Option<Parallel> {
        let fields = self.fields(node, "'parallel'", &PARALLEL_KEYS)?;
        let branches = match (fields.entry("branches"), fields.entry("for_each")) {
            (Some((_, named)), None) => {
                for key in ["as", "name", "branch"] {
                    if let Some((key, _)) = fields.entry(key) {
                        let name = key.text().unwrap_or("");
                        self.add(key.span, format!("'{name}' belongs to 'for_each'"));
                    }
                }
                self.named(named)
            }
            (None, Some((_, list))) => self.for_each(list, fields),
            (Some(_), Some((key, _))) => {
                self.add(key.span, "'for_each' can't be beside 'branches'");
                None
            }
            (None, None) => {
                self.hint(
                    fields.head(),
                    "'parallel' has no branches",
                    "add `branches:` with names, or `for_each:` with a list and `branch:`",
                );
                None
            }
        };
        let into = self.need(fields, "into", "'parallel'");
        let into = into.and_then(|node| self.target(node));
        let on_failure = match fields.get("on_failure") {
            Some(node) => Some(self.target(node)?),
            None => None,
        };
        let join = match fields.get("join") {
            Some(node) => self.join(node),
            None => Some(Join::All),
        };
        let timeout_ms = fields.get("timeout");
        let timeout_ms = timeout_ms.and_then(|node| self.duration_setting(node, "the timeout"));
        let branches = branches?;
        if let (Branches::Named(named), Some(Join::AtLeast(crate::model::Setting::Fixed(least)))) =
            (&branches, &join)
            && u32::try_from(named.len()).is_ok_and(|count| *least > count)
            && let Some((key, _)) = fields.entry("join")
        {
            self.add(
                key.span,
                format!("'join' asks for {least} of {} branches", named.len()),
            );
        }
        Some(Parallel {
            branches,
            join: join?,
            into: into?,
            on_failure,
            timeout_ms,
        })
    }

    fn join(&mut self, node: &Node) -> Option<Join> {
        match node.text() {
            Some(text) if !text.contains("${") => {
                let word = self.choice(node, "join (all, any or a number)", &["all", "any"])?;
                Some(if word == "all" { Join::All } else { Join::Any })
            }
            _ => self
                .whole_setting(node, "'join'", 1, 1_000_000)
                .map(Join::AtLeast),
        }
    }

    fn named(&mut self, node: &Node) -> Option<Branches> {
        let fields = self.mapping(node, "'branches'")?;
        if fields.entries().len() > BRANCHES_MAX {
            self.add(node.span, format!("more than {BRANCHES_MAX} branches"));
            return None;
        }
        let mut branches = Vec::new();
        for (key, value) in fields.entries() {
            let name = self.name(key, "a branch");
            let work = self.work(value, &format!("branch '{}'", key.text().unwrap_or("")));
            if let (Some(name), Some(work)) = (name, work) {
                branches.push(Branch { name, work });
            }
        }
        Some(Branches::Named(branches))
    }

    fn for_each(&mut self, list: &Node, fields: Fields<'_>) -> Option<Branches> {
        let list = self.expression(list, "'for_each'");
        let item = match fields.get("as") {
            Some(node) => {
                let name = self.string(node, "'as'")?;
                if !is_free_variable(&name) {
                    self.hint(
                        node.span,
                        format!("'{name}' is no name for the item"),
                        "a letter, then letters, digits and '_', and no variable there already is",
                    );
                }
                name
            }
            None => "item".to_owned(),
        };
        let branch = self.need(fields, "branch", "'for_each'");
        self.locals = vec![item.clone(), "index".to_owned()];
        let name = fields.get("name").map(|node| self.template(node));
        let work = branch.and_then(|node| self.work(node, "'branch'"));
        self.locals.clear();
        Some(Branches::ForEach(Box::new(ForEach {
            list: list?,
            item,
            name,
            work: work?,
        })))
    }

    /// A task or a job of another blueprint.
    fn work(&mut self, node: &Node, what: &str) -> Option<BranchWork> {
        let fields = self.mapping(node, what)?;
        match (fields.get("task"), fields.entry("blueprint")) {
            (None, Some(_)) => {
                let fields = self.fields(node, what, &JOB_KEYS)?;
                let job = self.job(fields, what)?;
                Some(BranchWork::Job(Box::new(job)))
            }
            (Some(_), Some((key, _))) => {
                self.add(
                    key.span,
                    format!("{what} is a task or a blueprint, not both"),
                );
                None
            }
            (Some(_), None) => {
                let fields = self.fields(node, what, &TASK_KEYS)?;
                let task = self.task(fields, what)?;
                Some(BranchWork::Task(Box::new(task)))
            }
            (None, None) => {
                self.hint(
                    fields.head(),
                    format!("{what} does nothing"),
                    "add `task:` for a worker's task, or `blueprint:` for a job of its own",
                );
                None
            }
        }
    }

    pub(super) fn sub_job(&mut self, node: &Node) -> Option<SubJob> {
        let mut known = JOB_KEYS.to_vec();
        known.extend(["on", "save_as"]);
        let fields = self.fields(node, "'run_blueprint'", &known)?;
        let job = self.job(fields, "'run_blueprint'");
        let on = self.need(fields, "on", "'run_blueprint'");
        let on = on.map(|node| self.routes(node, "'on'", Some(&ENDINGS)));
        let save_as = fields.get("save_as");
        let save_as = save_as.and_then(|node| self.string(node, "'save_as'"));
        if let Some(on) = &on {
            self.timeout_route(fields, on);
        }
        Some(SubJob {
            on: on?,
            save_as,
            ..job?
        })
    }

    fn job(&mut self, fields: Fields<'_>, what: &str) -> Option<SubJob> {
        let blueprint = self.need(fields, "blueprint", what);
        let blueprint_span = blueprint.map(|node| node.span).unwrap_or_default();
        let blueprint = blueprint.map(|node| self.text_value(node, "'blueprint'"));
        let version = fields.get("version");
        let version = version.map(|node| self.text_value(node, "'version'"));
        let input = match fields.get("input") {
            Some(node) => self.template(node),
            None => Template::Literal(serde_json::json!({})),
        };
        let timeout_ms = fields.get("timeout");
        let timeout_ms = timeout_ms.and_then(|node| self.duration_setting(node, "the timeout"));
        Some(SubJob {
            blueprint: blueprint?,
            blueprint_span,
            version,
            input,
            on: Routes::default(),
            timeout_ms,
            save_as: None,
        })
    }
}
