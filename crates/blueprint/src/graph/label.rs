//! Labels of ways, beside each other.

use std::fmt::Write as _;

use super::layout::Point;
use super::svg::{DETAIL_LETTER, escaped, letters};

/// How far along its way a label may be, in the order tried: nearer to where the way ends first,
/// where ways lie apart.
const PLACES: [f64; 7] = [0.58, 0.44, 0.7, 0.32, 0.8, 0.22, 0.9];
/// Pixels of a line of text.
const LINE: f64 = 12.0;
/// Pixels from the top of a label's ground to the line its letters stand on.
const GROUND: f64 = 9.0;

/// Labels that are drawn already.
#[derive(Debug, Default)]
pub(super) struct Labels(Vec<(Point, f64)>);

impl Labels {
    /// Draws a label on the way between two points, where it is on no other, if there is such a
    /// place.
    pub(super) fn put(&mut self, svg: &mut String, text: &str, from: Point, to: Point) {
        if text.is_empty() {
            return;
        }
        let width = letters(text) * DETAIL_LETTER;
        let mut places = PLACES.iter().map(|part| on_way(from, to, *part));
        let first = on_way(from, to, PLACES[0]);
        let at = places.find(|at| self.is_free(*at, width)).unwrap_or(first);
        self.0.push((at, width));
        // A ground of its own: not all renderers can draw an outline under letters.
        let _ = writeln!(
            svg,
            "<rect class=\"h\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{LINE}\"/>",
            at.x - width / 2.0 - 2.0,
            at.y - GROUND,
            width + 4.0,
        );
        let _ = writeln!(
            svg,
            "<text class=\"l\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            at.x,
            at.y,
            escaped(text)
        );
    }

    fn is_free(&self, at: Point, width: f64) -> bool {
        let mut others = self.0.iter();
        !others.any(|(other, other_width)| {
            (other.y - at.y).abs() < LINE
                && (other.x - at.x).abs() < (width + other_width) / 2.0 + 6.0
        })
    }
}

/// A point of the curve between two points, which leaves and arrives upright.
fn on_way(from: Point, to: Point, part: f64) -> Point {
    let rest = 1.0 - part;
    // The cubic curve with both control points half way down.
    let across = 3.0 * rest * part * part + part * part * part;
    let down = 1.5 * rest * rest * part + 1.5 * rest * part * part + part * part * part;
    Point {
        x: from.x + (to.x - from.x) * across,
        y: from.y + (to.y - from.y) * down,
    }
}
