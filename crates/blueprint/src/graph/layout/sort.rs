//! The order within rows: each slot near the middle of its neighbours, so that few ways cross.

use super::Rows;

/// Times the rows are gone through, down and up.
const SWEEPS: usize = 12;

/// Sorts every row; keeps the order with the fewest crossings seen.
pub(super) fn sort(rows: &mut Rows) {
    let mut best = (crossings(rows), rows.rows.clone());
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let count = rows.rows.len();
        for step in 0..count {
            let row = if down { step } else { count - 1 - step };
            sort_row(rows, row, down);
        }
        let crossed = crossings(rows);
        if crossed < best.0 {
            best = (crossed, rows.rows.clone());
        }
    }
    rows.rows = best.1;
}

fn sort_row(rows: &mut Rows, row: usize, down: bool) {
    let places = places(rows);
    let middle = |slot: usize| {
        let slot = rows.slot(slot)?;
        let near = if down { &slot.above } else { &slot.below };
        let near: Vec<usize> = near
            .iter()
            .filter_map(|at| places.get(*at).copied())
            .collect();
        if near.is_empty() {
            return None;
        }
        Some(mean(&near))
    };
    let Some(slots) = rows.rows.get(row) else {
        return;
    };
    let mut keyed: Vec<(f64, usize)> = slots
        .iter()
        .enumerate()
        .map(|(at, slot)| (middle(*slot).unwrap_or(as_number(at)), *slot))
        .collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let Some(slots) = rows.rows.get_mut(row) {
        *slots = keyed.into_iter().map(|(_, slot)| slot).collect();
    }
}

/// The place of each slot in its row.
fn places(rows: &Rows) -> Vec<usize> {
    let mut places = vec![0; rows.slots.len()];
    for row in &rows.rows {
        for (at, slot) in row.iter().enumerate() {
            if let Some(place) = places.get_mut(*slot) {
                *place = at;
            }
        }
    }
    places
}

/// How many pairs of ways cross.
fn crossings(rows: &Rows) -> usize {
    let places = places(rows);
    let place = |slot: usize| places.get(slot).copied().unwrap_or(0);
    let mut crossed = 0;
    for row in &rows.rows {
        let mut ways: Vec<(usize, usize)> = Vec::new();
        for slot in row {
            let below = rows.slot(*slot).map_or(&[][..], |slot| &slot.below);
            ways.extend(below.iter().map(|below| (place(*slot), place(*below))));
        }
        for (at, (from, to)) in ways.iter().enumerate() {
            let others = ways.iter().skip(at + 1);
            crossed += others
                .filter(|(other_from, other_to)| {
                    (other_from > from && other_to < to) || (other_from < from && other_to > to)
                })
                .count();
        }
    }
    crossed
}

fn mean(numbers: &[usize]) -> f64 {
    numbers.iter().copied().map(as_number).sum::<f64>() / as_number(numbers.len())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "places in a row are small numbers"
)]
pub(super) fn as_number(place: usize) -> f64 {
    place as f64
}
