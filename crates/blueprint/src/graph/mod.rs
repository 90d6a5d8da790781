//! Blueprints as pictures: [`Graph::dot`] for other tools, [`Graph::svg`] drawn here, without any.

mod dot;
mod label;
mod layout;
mod of;
mod svg;

/// The states of a blueprint and the ways between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// The blueprint's name.
    pub name: String,
    /// Its states.
    pub nodes: Vec<Node>,
    /// The ways between them.
    pub edges: Vec<Edge>,
}

/// A state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What is done there, in a few words; empty if there is nothing to say.
    pub detail: String,
    /// What kind of state it is.
    pub shape: Shape,
    /// Whether jobs begin here.
    pub start: bool,
}

/// What kind of state, which decides how it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A worker has a task.
    Task,
    /// Several branches at once.
    Parallel,
    /// Another blueprint runs.
    Job,
    /// A person decides.
    Human,
    /// A wait for time or a signal.
    Wait,
    /// A choice between ways.
    Choice,
    /// A step that goes on at once, and states of Rust blueprints.
    Step,
    /// An end the blueprint wanted.
    Completed,
    /// An end in a failure.
    Failed,
}

/// A way from a state to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// From this state, by its place in [`Graph::nodes`].
    pub from: usize,
    /// To this one.
    pub to: usize,
    /// When.
    pub label: String,
}

/// Characters of a label.
const LABEL_CHARS_MAX: usize = 36;

impl Graph {
    /// The edges with a text that is short enough to draw, those between the same two states as
    /// one.
    fn drawn_edges(&self) -> Vec<Edge> {
        let mut drawn: Vec<Edge> = Vec::new();
        for edge in &self.edges {
            let same = drawn
                .iter_mut()
                .find(|one| (one.from, one.to) == (edge.from, edge.to));
            match same {
                Some(one) if edge.label.is_empty() || one.label.is_empty() => {
                    one.label.push_str(&edge.label);
                }
                Some(one) => one.label = format!("{}, {}", one.label, edge.label),
                None => drawn.push(edge.clone()),
            }
        }
        for edge in &mut drawn {
            edge.label = shortened(&edge.label, LABEL_CHARS_MAX);
        }
        drawn
    }
}

/// A text in one line of at most so many characters.
fn shortened(text: &str, chars_max: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= chars_max {
        return text;
    }
    let mut short: String = text.chars().take(chars_max - 1).collect();
    short.push('…');
    short
}
