//! A layered layout: states in rows from the start downwards, ways between neighbouring rows.
//!
//! The usual four steps, each in its simplest form: ways that lead back are turned round, rows
//! are the longest ways from the start, ways over several rows get a place in each (a dummy),
//! rows are sorted by the middle of their neighbours, and places are moved under them.

mod place;
mod rank;
mod sort;

use super::Edge;

/// The width and height of a box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Where a box's middle is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Where everything goes.
#[derive(Debug)]
pub(super) struct Layout {
    /// The middle of each box.
    pub(super) boxes: Vec<Point>,
    /// For each way the places it passes between its ends, in its own direction.
    pub(super) bends: Vec<Vec<Point>>,
    /// The size of all.
    pub(super) size: Size,
}

/// A place in a row: a box, or a dummy of a way that passes.
#[derive(Clone, Debug)]
struct Slot {
    width: f64,
    height: f64,
    /// Slots of the row above that lead here, and of the row below that this leads to.
    above: Vec<usize>,
    below: Vec<usize>,
    x: f64,
    y: f64,
}

/// Slots and rows.
#[derive(Debug, Default)]
struct Rows {
    slots: Vec<Slot>,
    rows: Vec<Vec<usize>>,
}

impl Rows {
    fn slot(&self, at: usize) -> Option<&Slot> {
        self.slots.get(at)
    }
}

/// Lays out boxes of these sizes; the boxes of `starts` go to the top.
pub(super) fn layout(sizes: &[Size], edges: &[Edge], start: usize) -> Layout {
    let ranks = rank::ranks(sizes.len(), edges, start);
    let (mut rows, chains) = rank::rows(sizes, edges, &ranks);
    sort::sort(&mut rows);
    let size = place::place(&mut rows);
    let point = |slot: usize| {
        rows.slot(slot).map_or(Point::default(), |slot| Point {
            x: slot.x,
            y: slot.y,
        })
    };
    let boxes = (0..sizes.len()).map(point).collect();
    let bends = chains
        .iter()
        .map(|chain| chain.iter().copied().map(point).collect())
        .collect();
    Layout { boxes, bends, size }
}
