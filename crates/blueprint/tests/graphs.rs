//! Blueprints as pictures.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

use avtomatika_blueprint::graph::{Edge, Graph, Node, Shape};
use avtomatika_blueprint::{Source, parse};

fn example(name: &str) -> Graph {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/blueprints");
    let text = std::fs::read_to_string(format!("{folder}/{name}.yaml")).unwrap();
    Graph::of(&parse(&Source::new(name, text)).unwrap())
}

#[test]
fn examples_in_dot() {
    for name in ["order", "thumbnails", "onboarding", "payment", "import"] {
        insta::with_settings!({snapshot_suffix => name, omit_expression => true}, {
            insta::assert_snapshot!(example(name).dot());
        });
    }
}

/// A picture's elements are closed, its text escaped, and every state and way is in it.
fn assert_sound(graph: &Graph) {
    let svg = graph.svg();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg.as_str();
    while let Some(at) = rest.find('<') {
        let tag = &rest[at + 1..];
        let end = tag.find('>').expect("a tag ends");
        let inside = &tag[..end];
        assert!(!inside.contains('<'), "{inside}");
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{svg}");
        } else if !inside.ends_with('/') {
            open.push(inside.split_whitespace().next().unwrap());
        }
        rest = &tag[end + 1..];
    }
    assert!(open.is_empty(), "{open:?}");
    let boxes = svg.matches("<text class=\"n\"").count();
    assert_eq!(boxes, graph.nodes.len());
    let mut drawn: Vec<(usize, usize)> = graph
        .edges
        .iter()
        .map(|edge| (edge.from, edge.to))
        .collect();
    drawn.sort_unstable();
    drawn.dedup();
    // One more leads to the start.
    assert_eq!(svg.matches("<path class=\"e\"").count(), drawn.len() + 1);
    // Each label of a way has a ground; an outline under letters is not drawn everywhere.
    let labels = svg.matches("<text class=\"l\"").count();
    assert_eq!(svg.matches("<rect class=\"h\"").count(), labels);
    assert!(!svg.contains("paint-order"), "{svg}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn examples_are_sound_pictures() {
    for name in [
        "greet",
        "order",
        "thumbnails",
        "onboarding",
        "payment",
        "import",
    ] {
        assert_sound(&example(name));
    }
}

#[test]
fn whatever_names_say_stays_text() {
    let node = |name: &str, shape, start| Node {
        name: name.to_owned(),
        detail: "</text><script>alert(1)</script> & \"quotes\"\n\u{0}\u{7}".to_owned(),
        shape,
        start,
    };
    let graph = Graph {
        name: "a\"b\\ <c>".to_owned(),
        nodes: vec![
            node("<start> & \"co\"", Shape::Choice, true),
            node("end\\", Shape::Failed, false),
        ],
        edges: vec![
            Edge {
                from: 0,
                to: 1,
                label: "x < 3 && y == \"z\"".to_owned(),
            },
            Edge {
                from: 0,
                to: 0,
                label: "again".to_owned(),
            },
            Edge {
                from: 1,
                to: 0,
                label: String::new(),
            },
        ],
    };
    assert_sound(&graph);
    assert!(!graph.svg().contains("<script>"));
    insta::assert_snapshot!(graph.dot());
}

#[test]
fn large_graphs_are_drawn_quickly() {
    let nodes = (0..600)
        .map(|at| Node {
            name: format!("state_{at}"),
            detail: String::new(),
            shape: Shape::Task,
            start: at == 0,
        })
        .collect();
    let edges = (0..1_200_usize)
        .map(|at| Edge {
            from: at % 600,
            to: (at * 7 + at / 600 + 1) % 600,
            label: "success".to_owned(),
        })
        .collect();
    let graph = Graph {
        name: "large".to_owned(),
        nodes,
        edges,
    };
    let begun = std::time::Instant::now();
    assert_sound(&graph);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
