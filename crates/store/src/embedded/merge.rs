//! The rows of a range: those of the file with the changes in memory on top.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::keyed::Keyed;

/// The first `max` keys of both, in the order of `compare`. `changed` is newest first and says of
/// each key whether it is there; the file's keys come in that order, too.
pub(super) fn merged<'c, K, F, C>(
    file: F,
    changed: impl IntoIterator<Item = Option<C>>,
    compare: impl Fn(&K::Owned, &K::Owned) -> Ordering,
    max: usize,
) -> Result<Vec<K::Owned>, redb::Error>
where
    K: Keyed,
    F: Iterator<Item = Result<K::Owned, redb::Error>>,
    C: Iterator<Item = (&'c K::Owned, bool)>,
{
    let mut known: BTreeMap<&K::Owned, bool> = BTreeMap::new();
    for layer in changed.into_iter().flatten() {
        for (key, is_there) in layer {
            // A newer layer has said what has become of it.
            known.entry(key).or_insert(is_there);
        }
    }
    let mut there: Vec<&K::Owned> = known
        .iter()
        .filter_map(|(key, there)| there.then_some(*key))
        .collect();
    there.sort_unstable_by(|a, b| compare(a, b));
    let mut there = there.into_iter().peekable();
    let mut keys = Vec::new();
    for key in file {
        let key = key?;
        while keys.len() < max
            && let Some(before) = there.next_if(|other| compare(other, &key).is_lt())
        {
            keys.push(before.clone());
        }
        if keys.len() >= max {
            return Ok(keys);
        }
        if !known.contains_key(&key) {
            keys.push(key);
        }
    }
    keys.extend(there.take(max.saturating_sub(keys.len())).cloned());
    Ok(keys)
}
