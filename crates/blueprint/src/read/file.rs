//! The keys of the whole file.

use super::{Reading, VARIABLES};
use crate::model::{Endpoint, Parsed, State};
use crate::problem::Notes;
use crate::source::{Source, Span};
use crate::yaml::{Kind, Node};

pub(super) const KEYS: [&str; 10] = [
    "name",
    "version",
    "description",
    "endpoint",
    "secrets",
    "input",
    "output",
    "max_transitions",
    "start",
    "states",
];
/// The state jobs begin in when the file does not say.
const START: &str = "start";
/// Hex digits of the text's hash that make a version.
const VERSION_DIGITS: usize = 12;
/// Characters of a version.
const VERSION_CHARS_MAX: usize = 64;
/// States of a blueprint.
const STATES_MAX: usize = 1_000;

/// What a file says.
pub(crate) struct Read {
    pub(crate) parsed: Parsed,
    /// The names of all states, of those with mistakes too.
    pub(crate) declared: Vec<String>,
    /// Whether the actions of all states were understood.
    pub(crate) complete: bool,
}

/// What a file says.
pub(crate) fn file(root: &Node, notes: &mut Notes<'_>) -> Option<Read> {
    let mut reading = Reading {
        notes,
        secrets: Vec::new(),
        locals: Vec::new(),
        documents: Vec::new(),
        declared: Vec::new(),
        complete: true,
    };
    let reading = &mut reading;
    let fields = reading.fields(root, "a blueprint", &KEYS)?;
    let name_node = reading.need(fields, "name", "a blueprint");
    let name = name_node.and_then(|node| reading.name(node, "a blueprint"));
    let version = match fields.get("version") {
        Some(node) => reading.version(node),
        None => None,
    };
    // Before any expression is read: what they may do depends on it.
    if let Some(node) = fields.get("secrets") {
        reading.secrets(node);
    }
    let states = reading.need(fields, "states", "a blueprint");
    let states = states.map_or_else(Vec::new, |node| reading.states(node));
    let start = match fields.get("start") {
        Some(node) => reading.target(node),
        None => None,
    };
    let parsed = Parsed {
        source: reading.notes.source.clone(),
        name: name.unwrap_or_default(),
        name_span: name_node.map_or(Span::default(), |node| node.span),
        version: version.unwrap_or_else(|| version_of(reading.notes.source)),
        description: fields
            .get("description")
            .and_then(|node| reading.string(node, "a description")),
        endpoint: fields
            .get("endpoint")
            .and_then(|node| reading.endpoint(node)),
        secrets: reading.secrets.clone(),
        input: fields
            .get("input")
            .and_then(|node| reading.schema(node, "'input'")),
        output: fields
            .get("output")
            .and_then(|node| reading.schema(node, "'output'")),
        max_transitions: fields
            .get("max_transitions")
            .and_then(|node| reading.whole(node, "max_transitions", 1, 1_000_000))
            .and_then(|most| u32::try_from(most).ok()),
        start: start
            .as_ref()
            .map_or(START, |target| &target.state)
            .to_owned(),
        states,
    };
    if !reading.declared.contains(&parsed.start) && !reading.declared.is_empty() {
        if let Some(target) = start {
            let reason = format!("there is no state '{}'", target.state);
            reading.add(target.span, reason);
        } else {
            let states = fields.entry("states");
            reading.hint(
                states.map_or(fields.span, |(key, _)| key.span),
                "there is no state 'start'",
                "name the state jobs begin in with `start:`",
            );
        }
    }
    Some(Read {
        parsed,
        declared: std::mem::take(&mut reading.declared),
        complete: reading.complete,
    })
}

/// A version made from the text, so that every change is a new one.
fn version_of(source: &Source) -> String {
    let hash = blake3::hash(source.text.as_bytes()).to_hex();
    hash.chars().take(VERSION_DIGITS).collect()
}

impl Reading<'_, '_> {
    fn version(&mut self, node: &Node) -> Option<String> {
        let written = match &node.kind {
            Kind::Text(text) => text.value.clone(),
            // `version: 1.10` is meant as it is written, not as the number 1.1.
            Kind::Number(_) => self.notes.source.slice(node.span).to_owned(),
            Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) => String::new(),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+');
        if written.is_empty() || written.len() > VERSION_CHARS_MAX || !written.chars().all(fits) {
            self.hint(
                node.span,
                "this is no version",
                "versions look like 1, 1.2.0 or 2026-11-21; without one it is made from the text",
            );
            return None;
        }
        Some(written)
    }

    fn secrets(&mut self, node: &Node) {
        let Kind::List(items) = &node.kind else {
            self.hint(
                node.span,
                format!(
                    "'secrets' must be a list of keys of the input, not {}",
                    node.what()
                ),
                "for instance `secrets: [api_key]`",
            );
            return;
        };
        for item in items {
            if let Some(key) = self.string(item, "a secret's key") {
                if self.secrets.contains(&key) {
                    self.add(item.span, format!("'{key}' is already in the list"));
                }
                self.secrets.push(key);
            }
        }
    }

    fn endpoint(&mut self, node: &Node) -> Option<Endpoint> {
        let (path, version) = if node.text().is_some() {
            (node, None)
        } else {
            let fields = self.fields(node, "an endpoint", &["path", "version"])?;
            let path = self.need(fields, "path", "an endpoint")?;
            (path, fields.get("version"))
        };
        let written = self.string(path, "an endpoint's path")?;
        let fits = |c: char| c.is_ascii_alphanumeric() || "/_-.~".contains(c);
        let whole = written.starts_with('/') && written.len() > 1 && written.chars().all(fits);
        let parts = written.split('/').skip(1);
        if !whole || parts.clone().any(|part| matches!(part, "" | "." | "..")) {
            self.hint(
                path.span,
                format!("'{written}' is no path for an endpoint"),
                "it looks like /jobs/NAME: a slash before each part, letters, digits, '_', '-', '.' and '~'",
            );
            return None;
        }
        let version = match version {
            Some(node) => Some(self.version(node)?),
            None => None,
        };
        Some(Endpoint {
            version,
            path: written,
            span: path.span,
        })
    }

    fn states(&mut self, node: &Node) -> Vec<State> {
        let Some(fields) = self.mapping(node, "'states'") else {
            self.complete = false;
            return Vec::new();
        };
        if fields.entries().is_empty() {
            self.add(node.span, "a blueprint needs at least one state");
        }
        if fields.entries().len() > STATES_MAX {
            self.add(node.span, format!("more than {STATES_MAX} states"));
            self.complete = false;
            return Vec::new();
        }
        let names = fields.entries().iter().filter_map(|(key, _)| key.text());
        self.declared = names.map(str::to_owned).collect();
        let mut states = Vec::new();
        for (key, value) in fields.entries() {
            match self.state(key, value) {
                Some(state) => states.push(state),
                None => self.complete = false,
            }
        }
        states
    }
}

/// Whether a name can be a variable of an expression beside the usual ones.
pub(super) fn is_free_variable(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
    first
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !VARIABLES.contains(&name)
        && !["in", "true", "false", "null", "index", "math", "optional"].contains(&name)
}
