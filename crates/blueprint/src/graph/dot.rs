//! The DOT language of Graphviz.

use std::fmt::Write as _;

use super::{Graph, Node, Shape, shortened};

/// Characters of a state's second line.
const DETAIL_CHARS_MAX: usize = 60;

impl Graph {
    /// The graph in DOT.
    pub fn dot(&self) -> String {
        let mut dot = format!("digraph {} {{\n", quoted(&self.name));
        dot.push_str("  rankdir=TB;\n  node [fontname=\"sans-serif\", fontsize=11];\n");
        dot.push_str("  edge [fontname=\"sans-serif\", fontsize=10];\n");
        for node in &self.nodes {
            // Writing to a String cannot fail.
            let _ = writeln!(dot, "  {} [{}];", quoted(&node.name), attributes(node));
        }
        if let Some(start) = self.nodes.iter().find(|node| node.start) {
            dot.push_str("  \"\" [shape=point, width=0.15];\n");
            let _ = writeln!(dot, "  \"\" -> {};", quoted(&start.name));
        }
        for edge in &self.drawn_edges() {
            let name = |at: usize| self.nodes.get(at).map_or("", |node| node.name.as_str());
            let (from, to) = (quoted(name(edge.from)), quoted(name(edge.to)));
            let _ = match edge.label.as_str() {
                "" => writeln!(dot, "  {from} -> {to};"),
                label => writeln!(dot, "  {from} -> {to} [label={}];", quoted(label)),
            };
        }
        dot.push_str("}\n");
        dot
    }
}

fn attributes(node: &Node) -> String {
    let shape = match node.shape {
        Shape::Task => "shape=box",
        Shape::Parallel => "shape=box, peripheries=2",
        Shape::Job => "shape=component",
        Shape::Human => "shape=house",
        Shape::Wait => "shape=octagon",
        Shape::Choice => "shape=diamond",
        Shape::Step => "shape=box, style=rounded",
        Shape::Completed => "shape=doublecircle, color=darkgreen",
        Shape::Failed => "shape=doublecircle, color=firebrick",
    };
    if node.detail.is_empty() {
        return shape.to_owned();
    }
    let detail = shortened(&node.detail, DETAIL_CHARS_MAX);
    // `\n` must stay a line break, so the two lines are escaped apart.
    let label = format!("\"{}\\n{}\"", escaped(&node.name), escaped(&detail));
    format!("{shape}, label={label}")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
