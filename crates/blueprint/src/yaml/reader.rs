//! From the parser's events to the tree.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::{Kind, Node, Text, scalar};
use crate::problem::Notes;
use crate::source::Span;

/// Lists and mappings inside each other.
const DEPTH_MAX: usize = 32;
/// Nodes of a file, those that aliases stand for included.
const NODES_MAX: usize = 20_000;
/// What most often is wrong with a line that holds an expression.
const QUOTES: &str = "a string with '${…}' in it may need quotes: \"${…}\"";

/// Reads the one document of a file. What is wrong is noted; `None` if there is no tree.
pub(crate) fn read(notes: &mut Notes<'_>) -> Option<Node> {
    let source = notes.source;
    let mut reader = Reader {
        bytes: byte_table(&source.text),
        text_len: source.text.len(),
        stack: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
    };
    for event in Parser::new_from_str(&source.text) {
        match event {
            Ok((event, span)) => {
                let span = reader.span(span.start, span.end);
                reader.event(event, span, notes)?;
            }
            Err(error) => {
                let at = reader.byte(*error.marker());
                let reason = format!("not YAML: {}", error.info());
                let line = notes.source.line(notes.source.position(at).line);
                let hint = line.contains("${").then(|| QUOTES.to_owned());
                notes.push(Span::at(at), reason, hint);
                return None;
            }
        }
    }
    if reader.root.is_none() && notes.is_clean() {
        notes.add(Span::at(0), "the file is empty");
    }
    reader.root
}

struct Reader {
    /// The byte of each character, when the two differ.
    bytes: Option<Vec<usize>>,
    text_len: usize,
    stack: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    root: Option<Node>,
}

/// A list or mapping that has not ended yet.
struct Open {
    anchor: usize,
    start: Span,
    nodes_before: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map {
        entries: Vec<(Node, Node)>,
        /// A key whose value comes next.
        key: Option<Node>,
        /// Where each key was first.
        seen: BTreeMap<String, Span>,
    },
}

impl Reader {
    fn byte(&self, marker: Marker) -> usize {
        match &self.bytes {
            Some(table) => table.get(marker.index()).copied().unwrap_or(self.text_len),
            None => marker.index().min(self.text_len),
        }
    }

    fn span(&self, start: Marker, end: Marker) -> Span {
        Span::new(self.byte(start), self.byte(end))
    }

    fn event(&mut self, event: Event<'_>, span: Span, notes: &mut Notes<'_>) -> Option<()> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                if self.root.is_some() {
                    notes.hint(span, "a second document", "one file holds one blueprint");
                    return None;
                }
            }
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor) else {
                    notes.add(span, "this alias is used inside of what it stands for");
                    return None;
                };
                let (node, size) = (node.clone(), *size);
                self.count(size, span, notes)?;
                self.add(node, notes);
            }
            Event::Scalar(value, style, anchor, tag) => {
                self.count(1, span, notes)?;
                refuse_tag(tag.as_deref(), span, notes);
                let kind = scalar_kind(value.into_owned(), style, span, notes);
                let node = Node { kind, span };
                self.remember(anchor, &node, 1);
                self.add(node, notes);
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), span, notes);
                self.open(anchor, span, Inside::List(Vec::new()), notes)?;
            }
            Event::MappingStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), span, notes);
                let inside = Inside::Map {
                    entries: Vec::new(),
                    key: None,
                    seen: BTreeMap::new(),
                };
                self.open(anchor, span, inside, notes)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span, notes),
        }
        Some(())
    }

    fn count(&mut self, more: usize, span: Span, notes: &mut Notes<'_>) -> Option<()> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > NODES_MAX {
            notes.hint(
                span,
                format!("the file holds more than {NODES_MAX} values"),
                "an alias counts as all it stands for",
            );
            return None;
        }
        Some(())
    }

    fn open(
        &mut self,
        anchor: usize,
        start: Span,
        inside: Inside,
        notes: &mut Notes<'_>,
    ) -> Option<()> {
        self.count(1, start, notes)?;
        if self.stack.len() >= DEPTH_MAX {
            notes.add(
                start,
                format!("more than {DEPTH_MAX} levels inside each other"),
            );
            return None;
        }
        self.stack.push(Open {
            anchor,
            start,
            nodes_before: self.nodes,
            inside,
        });
        Some(())
    }

    fn close(&mut self, end: Span, notes: &mut Notes<'_>) {
        let Some(open) = self.stack.pop() else {
            return;
        };
        let kind = match open.inside {
            Inside::List(items) => Kind::List(items),
            Inside::Map { entries, .. } => Kind::Map(entries),
        };
        let node = Node {
            kind,
            span: Span::new(open.start.start, end.end),
        };
        self.remember(open.anchor, &node, self.nodes - open.nodes_before + 1);
        self.add(node, notes);
    }

    fn remember(&mut self, anchor: usize, node: &Node, size: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node, notes: &mut Notes<'_>) {
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.inside {
            Inside::List(items) => items.push(node),
            Inside::Map { entries, key, seen } => match key.take() {
                Some(name) => {
                    let text = name.text().unwrap_or("").to_owned();
                    if let Some(first) = seen.get(&text) {
                        let line = notes.source.position(first.start).line;
                        notes.add(
                            name.span,
                            format!("the key '{text}' is already on line {line}"),
                        );
                    } else {
                        seen.insert(text, name.span);
                        entries.push((name, node));
                    }
                }
                None => *key = Some(key_node(node, notes)),
            },
        }
    }
}

/// A key as a string: `1: x` and `true: x` have the keys `1` and `true`.
fn key_node(node: Node, notes: &mut Notes<'_>) -> Node {
    let written = match &node.kind {
        Kind::Text(text) => {
            if text.value == "<<" && text.style == ScalarStyle::Plain {
                notes.hint(
                    node.span,
                    "merge keys ('<<') are not supported",
                    "use an alias for the whole value, for instance `retry: *gentle`",
                );
            }
            return node;
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => notes.source.slice(node.span).to_owned(),
        Kind::List(_) | Kind::Map(_) => {
            notes.add(
                node.span,
                format!("a key must be a string, not {}", node.what()),
            );
            String::new()
        }
    };
    Node {
        span: node.span,
        kind: Kind::Text(Text {
            value: written,
            style: ScalarStyle::Plain,
        }),
    }
}

fn scalar_kind(value: String, style: ScalarStyle, span: Span, notes: &mut Notes<'_>) -> Kind {
    if style == ScalarStyle::Plain {
        match scalar::resolve(&value) {
            Ok(Some(kind)) => return kind,
            Ok(None) => {}
            Err(reason) => notes.add(span, reason),
        }
    }
    Kind::Text(Text { value, style })
}

fn refuse_tag(tag: Option<&saphyr_parser::Tag>, span: Span, notes: &mut Notes<'_>) {
    if let Some(tag) = tag {
        notes.hint(
            span,
            format!("tags are not supported ('{tag}')"),
            "put a string in quotes to keep it a string",
        );
    }
}

/// The byte each character begins at, for texts where that is not its number.
fn byte_table(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect())
}
