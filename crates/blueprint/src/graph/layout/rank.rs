//! Which row each box goes into, and the dummies of ways that pass rows.

use std::collections::BTreeSet;

use super::super::Edge;
use super::{Rows, Size, Slot};

/// The width of a dummy: room for a way between boxes.
const DUMMY_WIDTH: f64 = 24.0;

/// More dummies than these make a drawing nobody can read, slowly.
const DUMMIES_MAX: usize = 4_000;

/// The row of each box: one below the lowest of those that lead to it, ways back left out.
pub(super) fn ranks(count: usize, edges: &[Edge], start: usize) -> Vec<usize> {
    let back = back_edges(count, edges, start);
    let forward: Vec<(usize, usize)> = edges
        .iter()
        .enumerate()
        .filter(|(at, edge)| !back.contains(at) && edge.from != edge.to)
        .map(|(_, edge)| (edge.from, edge.to))
        .collect();
    let mut ranks = vec![0; count];
    // Without ways back the longest way has fewer than `count` steps.
    for _ in 0..count {
        let mut changed = false;
        for (from, to) in &forward {
            let below = ranks.get(*from).map_or(0, |rank| rank + 1);
            if let Some(rank) = ranks.get_mut(*to)
                && *rank < below
            {
                *rank = below;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    ranks
}

/// Edges that lead back to a box one came from, found by walking depth first from the start.
fn back_edges(count: usize, edges: &[Edge], start: usize) -> BTreeSet<usize> {
    let mut back = BTreeSet::new();
    let mut done = BTreeSet::new();
    let mut on_way = BTreeSet::new();
    for root in std::iter::once(start).chain(0..count) {
        if done.contains(&root) {
            continue;
        }
        // Pairs of a box and the edge to look at next: recursion without the stack's limit.
        let mut walk = vec![(root, 0)];
        on_way.insert(root);
        while let Some((at, next)) = walk.pop() {
            let found = edges
                .iter()
                .enumerate()
                .skip(next)
                .find(|(_, edge)| edge.from == at);
            let Some((index, edge)) = found else {
                on_way.remove(&at);
                done.insert(at);
                continue;
            };
            walk.push((at, index + 1));
            if on_way.contains(&edge.to) {
                back.insert(index);
            } else if !done.contains(&edge.to) {
                on_way.insert(edge.to);
                walk.push((edge.to, 0));
            }
        }
    }
    back
}

/// The rows with their boxes and dummies, and for each edge its dummies in its own direction.
pub(super) fn rows(sizes: &[Size], edges: &[Edge], ranks: &[usize]) -> (Rows, Vec<Vec<usize>>) {
    let mut rows = Rows::default();
    let last = ranks.iter().copied().max().unwrap_or(0);
    rows.rows = vec![Vec::new(); last + 1];
    for (size, rank) in sizes.iter().zip(ranks) {
        add(&mut rows, *rank, size.width, size.height);
    }
    let rank = |at: usize| ranks.get(at).copied().unwrap_or(0);
    let span = |edge: &Edge| rank(edge.from).abs_diff(rank(edge.to));
    let crowded = edges.iter().map(span).sum::<usize>() > DUMMIES_MAX;
    let mut chains = Vec::new();
    for edge in edges {
        let (upper, lower) = if rank(edge.from) <= rank(edge.to) {
            (edge.from, edge.to)
        } else {
            (edge.to, edge.from)
        };
        let mut chain = Vec::new();
        if rank(upper) < rank(lower) && !(crowded && span(edge) > 1) {
            let mut above = upper;
            for row in rank(upper) + 1..rank(lower) {
                let dummy = add(&mut rows, row, DUMMY_WIDTH, 0.0);
                chain.push(dummy);
                link(&mut rows, above, dummy);
                above = dummy;
            }
            link(&mut rows, above, lower);
        }
        if upper != edge.from {
            chain.reverse();
        }
        chains.push(chain);
    }
    (rows, chains)
}

fn add(rows: &mut Rows, row: usize, width: f64, height: f64) -> usize {
    let at = rows.slots.len();
    rows.slots.push(Slot {
        width,
        height,
        above: Vec::new(),
        below: Vec::new(),
        x: 0.0,
        y: 0.0,
    });
    if let Some(row) = rows.rows.get_mut(row) {
        row.push(at);
    }
    at
}

fn link(rows: &mut Rows, above: usize, below: usize) {
    if let Some(slot) = rows.slots.get_mut(above) {
        slot.below.push(below);
    }
    if let Some(slot) = rows.slots.get_mut(below) {
        slot.above.push(above);
    }
}
