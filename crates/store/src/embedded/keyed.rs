//! Keys as they are held in memory and written to the log.

use std::fmt::Debug;

/// A key of one of the tables: held in memory in the order the file keeps it in.
pub(super) trait Keyed: redb::Key + 'static {
    /// The key, owned.
    type Owned: Ord + Clone + Debug + Send + Sync + 'static;

    /// Takes a key over.
    fn owned(key: &Self::SelfType<'_>) -> Self::Owned;

    /// Lends it back.
    fn lent(key: &Self::Owned) -> Self::SelfType<'_>;

    /// About what an owned key takes on the heap beside its map entry, bytes.
    fn heap_bytes(key: &Self::Owned) -> usize;
}

impl Keyed for u128 {
    type Owned = u128;

    fn owned(key: &u128) -> u128 {
        *key
    }

    fn lent(key: &u128) -> u128 {
        *key
    }

    fn heap_bytes(_: &u128) -> usize {
        0
    }
}

impl Keyed for u64 {
    type Owned = u64;

    fn owned(key: &u64) -> u64 {
        *key
    }

    fn lent(key: &u64) -> u64 {
        *key
    }

    fn heap_bytes(_: &u64) -> usize {
        0
    }
}

impl Keyed for (u64, u128) {
    type Owned = (u64, u128);

    fn owned(key: &(u64, u128)) -> (u64, u128) {
        *key
    }

    fn lent(key: &(u64, u128)) -> (u64, u128) {
        *key
    }

    fn heap_bytes(_: &(u64, u128)) -> usize {
        0
    }
}

impl Keyed for &'static str {
    type Owned = Box<str>;

    fn owned(key: &&str) -> Box<str> {
        (*key).into()
    }

    fn lent(key: &Box<str>) -> &str {
        key
    }

    fn heap_bytes(key: &Box<str>) -> usize {
        key.len()
    }
}

impl Keyed for (&'static str, u128) {
    type Owned = (Box<str>, u128);

    fn owned(key: &(&str, u128)) -> Self::Owned {
        (key.0.into(), key.1)
    }

    fn lent(key: &Self::Owned) -> (&str, u128) {
        (&key.0, key.1)
    }

    fn heap_bytes(key: &Self::Owned) -> usize {
        key.0.len()
    }
}

impl Keyed for (&'static str, &'static str) {
    type Owned = (Box<str>, Box<str>);

    fn owned(key: &(&str, &str)) -> Self::Owned {
        (key.0.into(), key.1.into())
    }

    fn lent(key: &Self::Owned) -> (&str, &str) {
        (&key.0, &key.1)
    }

    fn heap_bytes(key: &Self::Owned) -> usize {
        key.0.len() + key.1.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory must iterate in the order of the file, or merging the two would skip rows.
    fn ordered<K: Keyed>(keys: &[K::Owned]) {
        for a in keys {
            for b in keys {
                let (in_a, in_b) = (K::lent(a), K::lent(b));
                let in_file = K::compare(K::as_bytes(&in_a).as_ref(), K::as_bytes(&in_b).as_ref());
                assert_eq!(a.cmp(b), in_file, "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn keys_are_in_the_same_order_in_memory_and_in_the_file() {
        ordered::<u128>(&[0, 1, 255, 256, u128::MAX, 1 << 64]);
        ordered::<(u64, u128)>(&[(0, 9), (1, 0), (256, 1), (255, 2), (1, u128::MAX)]);
        let texts: Vec<Box<str>> = ["", "a", "a\0", "ab", "b", "я"].map(Into::into).into();
        ordered::<&'static str>(&texts);
        let mut pairs = Vec::new();
        let mut twos = Vec::new();
        for text in &texts {
            pairs.extend([
                (text.clone(), 0),
                (text.clone(), 300),
                (text.clone(), 1 << 70),
            ]);
            twos.extend(texts.iter().map(|other| (text.clone(), other.clone())));
        }
        ordered::<(&'static str, u128)>(&pairs);
        ordered::<(&'static str, &'static str)>(&twos);
    }
}
