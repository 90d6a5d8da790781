//! The picture.

use std::fmt::Write as _;

use super::label::Labels;
use super::layout::{Layout, Point, Size, layout};
use super::{Edge, Graph, Node, Shape, shortened};

/// The width of a letter, more or less: browsers' sans-serif at 12 and 10 pixels.
const NAME_LETTER: f64 = 7.0;
pub(super) const DETAIL_LETTER: f64 = 5.6;
const BOX_PADDING: f64 = 28.0;
const BOX_WIDTH_MIN: f64 = 72.0;
/// Characters of a state's name and of its second line.
const NAME_CHARS_MAX: usize = 40;
const DETAIL_CHARS_MAX: usize = 44;
/// Room above the first row for the arrow to the start.
const LEAD: f64 = 26.0;
/// How far a way from a state to itself swings out.
const LOOP: f64 = 34.0;
/// How far ways upwards are moved aside.
const BACK: f64 = 16.0;

const STYLE: &str = "text{font-family:sans-serif;fill:#1f2933;text-anchor:middle}\
.n{font-size:12px;font-weight:600}.d{font-size:10px;fill:#52606d}\
.l{font-size:10px;fill:#334e68;}.h{fill:#fff}\
.s{fill:#f5f7fa;stroke:#627d98;stroke-width:1.4}.task{fill:#e6f0fa}.human{fill:#fdf3d8}\
.wait{fill:#f3e8fb}.ok{fill:#dff3e3;stroke:#2f8132}.bad{fill:#fbe4e4;stroke:#ab2b2b}\
.e{fill:none;stroke:#829ab1;stroke-width:1.4;marker-end:url(#a)}";

impl Graph {
    /// The graph as an SVG picture.
    pub fn svg(&self) -> String {
        let edges = self.drawn_edges();
        let sizes: Vec<Size> = self.nodes.iter().map(size).collect();
        let start = self.nodes.iter().position(|node| node.start).unwrap_or(0);
        let layout = layout(&sizes, &edges, start);
        // Labels and loops may stand out to the right.
        let widest = edges
            .iter()
            .map(|edge| letters(&edge.label))
            .fold(0.0, f64::max);
        let width = layout.size.width + widest * DETAIL_LETTER / 2.0 + LOOP;
        let height = layout.size.height + LEAD;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n\
             <title>{}</title>\n<style>{STYLE}</style>\n\
             <defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" \
             markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#829ab1\"/></marker></defs>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<g transform=\"translate(0 {LEAD})\">\n",
            escaped(&self.name)
        );
        if let (Some(top), Some(size)) = (layout.boxes.get(start), sizes.get(start)) {
            let y = top.y - size.height / 2.0;
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"#1f2933\"/>\
                 <path class=\"e\" d=\"M{:.1} {:.1}V{y:.1}\"/>",
                top.x,
                y - 30.0,
                top.x,
                y - 25.0
            );
        }
        let mut labels = Labels::default();
        for (at, edge) in edges.iter().enumerate() {
            let bends = layout.bends.get(at).map_or(&[][..], Vec::as_slice);
            way(&mut svg, edge, bends, (&layout, &sizes), &mut labels);
        }
        for ((node, middle), size) in self.nodes.iter().zip(&layout.boxes).zip(&sizes) {
            state(&mut svg, node, *middle, *size);
        }
        svg.push_str("</g>\n</svg>\n");
        svg
    }
}

pub(super) fn letters(text: &str) -> f64 {
    text.chars().map(|_| 1.0).sum()
}

fn size(node: &Node) -> Size {
    let name = letters(&shortened(&node.name, NAME_CHARS_MAX)) * NAME_LETTER;
    let detail = letters(&shortened(&node.detail, DETAIL_CHARS_MAX)) * DETAIL_LETTER;
    let slant = if node.shape == Shape::Choice {
        24.0
    } else {
        0.0
    };
    Size {
        width: (name.max(detail) + BOX_PADDING + slant).max(BOX_WIDTH_MIN),
        height: if node.detail.is_empty() { 34.0 } else { 46.0 },
    }
}

fn state(svg: &mut String, node: &Node, middle: Point, size: Size) {
    let (left, top) = (middle.x - size.width / 2.0, middle.y - size.height / 2.0);
    let (right, bottom) = (left + size.width, top + size.height);
    let (width, height) = (size.width, size.height);
    let rect = |class: &str, radius: f64, inset: f64| {
        format!(
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{radius}\"/>",
            left + inset,
            top + inset,
            width - 2.0 * inset,
            height - 2.0 * inset
        )
    };
    let polygon = |class: &str, points: &[(f64, f64)]| {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        format!(
            "<polygon class=\"{class}\" points=\"{}\"/>",
            points.join(" ")
        )
    };
    let outline = match node.shape {
        Shape::Task => rect("s task", 3.0, 0.0),
        Shape::Parallel => rect("s task", 3.0, 0.0) + &rect("s task", 2.0, 4.0),
        Shape::Job => {
            rect("s task", 3.0, 0.0)
                + &format!(
                    "<path class=\"s\" d=\"M{:.1} {top:.1}V{bottom:.1}M{:.1} {top:.1}V{bottom:.1}\"/>",
                    left + 8.0,
                    right - 8.0
                )
        }
        Shape::Human => polygon(
            "s human",
            &[
                (left + 14.0, top),
                (right, top),
                (right - 14.0, bottom),
                (left, bottom),
            ],
        ),
        Shape::Wait => rect("s wait", height / 2.0, 0.0),
        Shape::Choice => polygon(
            "s",
            &[
                (left, middle.y),
                (left + 18.0, top),
                (right - 18.0, top),
                (right, middle.y),
                (right - 18.0, bottom),
                (left + 18.0, bottom),
            ],
        ),
        Shape::Step => rect("s", 9.0, 0.0),
        Shape::Completed => rect("s ok", height / 2.0, 0.0) + &rect("s ok", height / 2.0, 3.5),
        Shape::Failed => rect("s bad", height / 2.0, 0.0) + &rect("s bad", height / 2.0, 3.5),
    };
    let x = middle.x;
    let name_y = if node.detail.is_empty() {
        middle.y + 4.0
    } else {
        middle.y - 2.0
    };
    let _ = write!(
        svg,
        "<g>{outline}<text class=\"n\" x=\"{x:.1}\" y=\"{name_y:.1}\">{}</text>",
        escaped(&shortened(&node.name, NAME_CHARS_MAX))
    );
    if !node.detail.is_empty() {
        let _ = write!(
            svg,
            "<text class=\"d\" x=\"{x:.1}\" y=\"{:.1}\">{}</text><title>{}</title>",
            middle.y + 13.0,
            escaped(&shortened(&node.detail, DETAIL_CHARS_MAX)),
            escaped(&node.detail)
        );
    }
    svg.push_str("</g>\n");
}

fn way(
    svg: &mut String,
    edge: &Edge,
    bends: &[Point],
    (layout, sizes): (&Layout, &[Size]),
    labels: &mut Labels,
) {
    let ends = |at: usize| Some((*layout.boxes.get(at)?, *sizes.get(at)?));
    let (Some((from, from_size)), Some((to, to_size))) = (ends(edge.from), ends(edge.to)) else {
        return;
    };
    if edge.from == edge.to {
        let (x, y) = (from.x + from_size.width / 2.0, from.y);
        let _ = writeln!(
            svg,
            "<path class=\"e\" d=\"M{x:.1} {:.1}c{LOOP} -14 {LOOP} 30 0 14\"/>",
            y - 6.0
        );
        let at = Point {
            x: x + LOOP,
            y: y - 12.0,
        };
        labels.put(svg, &edge.label, at, at);
        return;
    }
    let down = from.y <= to.y;
    let edge_of = |middle: Point, size: Size, below: bool| Point {
        x: middle.x,
        y: if below {
            middle.y + size.height / 2.0
        } else {
            middle.y - size.height / 2.0
        },
    };
    let mut points = vec![edge_of(from, from_size, down)];
    points.extend_from_slice(bends);
    points.push(edge_of(to, to_size, !down));
    if !down {
        // Beside the way in the other direction, if there is one.
        for point in &mut points {
            point.x += BACK;
        }
    }
    let mut path = String::new();
    for (at, point) in points.iter().enumerate() {
        let _ = match at.checked_sub(1).and_then(|before| points.get(before)) {
            None => write!(path, "M{:.1} {:.1}", point.x, point.y),
            Some(before) => {
                let half = (point.y - before.y) / 2.0;
                write!(
                    path,
                    "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
                    before.x,
                    before.y + half,
                    point.x,
                    point.y - half,
                    point.x,
                    point.y
                )
            }
        };
    }
    let _ = writeln!(svg, "<path class=\"e\" d=\"{path}\"/>");
    if let (Some(first), Some(second)) = (points.first(), points.get(1)) {
        labels.put(svg, &edge.label, *first, *second);
    }
}

/// Text for XML; characters XML can't hold are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() && !matches!(c, '\n' | '\t') => {}
            c => escaped.push(c),
        }
    }
    escaped
}
