use std::ops::RangeBounds as _;

use proptest::prelude::*;
use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase as _, ReadableTableMetadata as _};

use super::*;

const TABLE: Packed<u128> = TableDefinition::new("table");
const PAIRS: Packed<(&'static str, u128)> = TableDefinition::new("pairs");

fn database() -> Database {
    let backend = InMemoryBackend::new();
    Database::builder().create_with_backend(backend).unwrap()
}

fn change<K: Keyed>(database: &Database, table: Packed<K>, changes: &BTreeMap<K::Owned, Change>) {
    let write = database.begin_write().unwrap();
    apply::<K>(changes, &mut write.open_table(table).unwrap()).unwrap();
    write.commit().unwrap();
}

/// The table holds what the model does, whichever way it is asked.
fn same<K: Keyed>(
    database: &Database,
    table: Packed<K>,
    model: &BTreeMap<K::Owned, Bytes>,
    asked: &[K::Owned],
) {
    let read = database.begin_read().unwrap();
    let table = read.open_table(table).unwrap();
    for key in model.keys().chain(asked) {
        assert_eq!(
            get(&table, key).unwrap().as_ref(),
            model.get(key),
            "{key:?}"
        );
    }
    let mut bounds = vec![Bound::Unbounded];
    for key in asked.iter().take(3) {
        bounds.extend([Bound::Included(key.clone()), Bound::Excluded(key.clone())]);
    }
    for start in &bounds {
        for end in &bounds {
            let range = (start.clone(), end.clone());
            let mut expected: Vec<K::Owned> = model
                .keys()
                .filter(|key| range.contains(*key))
                .cloned()
                .collect();
            // Neither redb nor a map takes a range that ends before it starts.
            let is_range = match (start, end) {
                (Bound::Excluded(a), Bound::Excluded(b)) => a < b,
                (
                    Bound::Included(a) | Bound::Excluded(a),
                    Bound::Included(b) | Bound::Excluded(b),
                ) => a <= b,
                _ => true,
            };
            if !is_range {
                continue;
            }
            let found = keys(&table, range.clone(), false).unwrap();
            assert_eq!(found.collect::<Result<Vec<_>, _>>().unwrap(), expected);
            let found = keys(&table, range, true).unwrap();
            expected.reverse();
            assert_eq!(found.collect::<Result<Vec<_>, _>>().unwrap(), expected);
        }
    }
}

/// A key, and how long its value is; nothing: it is deleted.
fn batches(keys: std::ops::Range<u32>) -> impl Strategy<Value = Vec<Vec<(u32, Option<usize>)>>> {
    let length = prop_oneof![
        4 => Just(None),
        8 => (0..600_usize).prop_map(Some),
        1 => (0..20_000_usize).prop_map(Some),
    ];
    prop::collection::vec(prop::collection::vec((keys, length), 0..120), 1..12)
}

fn value(key: u32, length: usize) -> Bytes {
    let seed = key as usize + length;
    (0..length)
        .map(|place| (seed + place).to_le_bytes()[0])
        .collect()
}

fn follow<K: Keyed>(
    table: Packed<K>,
    batches: Vec<Vec<(u32, Option<usize>)>>,
    key: impl Fn(u32) -> K::Owned,
) {
    let database = database();
    let mut model = BTreeMap::new();
    for batch in batches {
        let mut changes = BTreeMap::new();
        let mut asked = Vec::new();
        for (number, length) in batch {
            let key = key(number);
            let new = length.map(|length| value(number, length));
            match &new {
                Some(new) => model.insert(key.clone(), new.clone()),
                None => model.remove(&key),
            };
            asked.push(key.clone());
            changes.insert(key, new.map_or(Change::Gone, Change::Put));
        }
        change(&database, table, &changes);
        same(&database, table, &model, &asked);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_in_blocks_are_rows(batches in batches(0..400)) {
        follow(TABLE, batches, u128::from);
    }

    #[test]
    fn pairs_in_blocks_are_pairs(batches in batches(0..150)) {
        follow(PAIRS, batches, |number| {
            let client: Box<str> = ["", "a", "\u{e4}"][number as usize % 3].into();
            (client, u128::from(number) << 60)
        });
    }
}

#[test]
fn a_queue_leaves_nothing_behind_and_its_blocks_are_full() {
    let database = database();
    let put = |keys: std::ops::Range<u32>| {
        let rows = keys.map(|key| (u128::from(key), Change::New(value(key, 300))));
        change(&database, TABLE, &rows.collect());
    };
    let blocks = || {
        let read = database.begin_read().unwrap();
        read.open_table(TABLE).unwrap().len().unwrap()
    };
    for batch in 0..50 {
        put(batch * 100..batch * 100 + 100);
    }
    let rows_in_a_block = (BLOCK_BYTES / (300 + 16 + 2 * NUMBER_BYTES)) as u64;
    assert!(
        blocks() <= 5_000 / rows_in_a_block + 1,
        "{} blocks",
        blocks()
    );
    for batch in 0..50 {
        let rows = batch * 100..batch * 100 + 100;
        let rows = rows.map(|key| (u128::from(key as u32), Change::Gone));
        change(&database, TABLE, &rows.collect());
    }
    assert_eq!(blocks(), 0);
}
