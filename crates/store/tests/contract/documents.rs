//! Documents.

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::storage::{DocumentChange, StoreError};
use serde_json::json;

use super::fixture::{Fixture, job, new};

pub(crate) fn key(name: &str) -> DocumentKey {
    DocumentKey::new("store", name)
}

pub(crate) fn write(name: &str, from_version: u64, value: u32) -> DocumentChange {
    DocumentChange {
        key: key(name),
        from_version,
        value: Some(json!(value)),
    }
}

pub(crate) async fn a_document_is_written_once_for_each_version(Fixture { store, .. }: &Fixture) {
    for (number, change) in [(1, write("k", 0, 10)), (2, write("k", 1, 20))] {
        let mut batch = new(job(number, "c"));
        batch.documents.push(change);
        store.commit(batch).await.unwrap();
    }
    let document = store.document(&key("k")).await.unwrap().unwrap();
    assert_eq!((document.version, document.value), (2, json!(20)));
    let mut batch = new(job(3, "c"));
    batch.documents.push(DocumentChange {
        key: key("k"),
        from_version: 2,
        value: None,
    });
    store.commit(batch).await.unwrap();
    assert!(store.document(&key("k")).await.unwrap().is_none());
}

pub(crate) async fn two_writers_of_one_document_do_not_both_win(Fixture { store, .. }: &Fixture) {
    let batch = |number| {
        let mut batch = new(job(number, "c"));
        batch
            .documents
            .push(write("k", 0, u32::try_from(number).unwrap()));
        batch
    };
    let (first, second) = tokio::join!(store.commit(batch(1)), store.commit(batch(2)));
    let refused = [first, second]
        .into_iter()
        .filter_map(Result::err)
        .collect::<Vec<_>>();
    assert!(matches!(
        refused.as_slice(),
        [StoreError::Conflict { what: "document" }]
    ));
}
