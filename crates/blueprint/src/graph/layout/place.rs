//! Where rows and slots go: each slot under the middle of its neighbours, as far as the slots
//! beside it let it.

use super::sort::as_number;
use super::{Rows, Size};

/// Between two slots of a row.
const GAP_X: f64 = 28.0;
/// Between two rows: room for labels.
const GAP_Y: f64 = 64.0;
/// Around all.
const MARGIN: f64 = 24.0;
/// Times the rows are moved, down and up.
const SWEEPS: usize = 24;

/// Places every slot and tells the size of all.
pub(super) fn place(rows: &mut Rows) -> Size {
    let order = rows.rows.clone();
    let mut y = MARGIN;
    for row in &order {
        let height = row
            .iter()
            .filter_map(|slot| rows.slot(*slot))
            .fold(0.0, |height: f64, slot| height.max(slot.height));
        let mut x = 0.0;
        for at in row {
            if let Some(slot) = rows.slots.get_mut(*at) {
                slot.x = x + slot.width / 2.0;
                slot.y = y + height / 2.0;
                x += slot.width + GAP_X;
            }
        }
        y += height + GAP_Y;
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let count = order.len();
        for step in 0..count {
            let at = if down { step } else { count - 1 - step };
            if let Some(row) = order.get(at) {
                let wanted: Vec<f64> = row.iter().map(|slot| wanted(rows, *slot, down)).collect();
                settle(rows, row, &wanted);
            }
        }
    }
    frame(rows, y - GAP_Y + MARGIN)
}

/// Where a slot would like to be: under, or over, the middle of its neighbours.
fn wanted(rows: &Rows, at: usize, down: bool) -> f64 {
    let Some(slot) = rows.slot(at) else {
        return 0.0;
    };
    let (first, second) = if down {
        (&slot.above, &slot.below)
    } else {
        (&slot.below, &slot.above)
    };
    let near = if first.is_empty() { second } else { first };
    let near: Vec<f64> = near
        .iter()
        .filter_map(|at| rows.slot(*at))
        .map(|slot| slot.x)
        .collect();
    if near.is_empty() {
        return slot.x;
    }
    near.iter().sum::<f64>() / as_number(near.len())
}

/// Moves the slots of a row to where they want to be, without overlaps: the mean of pushing
/// them apart from the left and from the right.
fn settle(rows: &mut Rows, row: &[usize], wanted: &[f64]) {
    let widths: Vec<f64> = row
        .iter()
        .map(|at| rows.slot(*at).map_or(0.0, |slot| slot.width))
        .collect();
    let rightwards = pushed(wanted, &widths);
    let mirrored: Vec<f64> = wanted.iter().rev().map(|x| -x).collect();
    let mirrored_widths: Vec<f64> = widths.iter().rev().copied().collect();
    let mut leftwards = pushed(&mirrored, &mirrored_widths);
    leftwards.reverse();
    for ((at, right), left) in row.iter().zip(rightwards).zip(leftwards) {
        if let Some(slot) = rows.slots.get_mut(*at) {
            slot.x = f64::midpoint(right, -left);
        }
    }
}

/// Each at least a gap to the right of the one before it.
fn pushed(wanted: &[f64], widths: &[f64]) -> Vec<f64> {
    let mut free = f64::NEG_INFINITY;
    let mut placed = Vec::with_capacity(wanted.len());
    for (x, width) in wanted.iter().zip(widths) {
        let x = x.max(free + width / 2.0);
        free = x + width / 2.0 + GAP_X;
        placed.push(x);
    }
    placed
}

/// Moves all into the frame.
fn frame(rows: &mut Rows, height: f64) -> Size {
    let left = rows
        .slots
        .iter()
        .map(|slot| slot.x - slot.width / 2.0)
        .fold(f64::INFINITY, f64::min);
    let right = rows
        .slots
        .iter()
        .map(|slot| slot.x + slot.width / 2.0)
        .fold(f64::NEG_INFINITY, f64::max);
    for slot in &mut rows.slots {
        slot.x += MARGIN - left;
    }
    Size {
        width: (right - left).max(0.0) + 2.0 * MARGIN,
        height,
    }
}
