//! A file that can't be used for a while, or is deleted under the history.

use std::fs;

use avtomatika_history::{History, Location};

use crate::outbox::Outbox;
use crate::pumping::{commit, events_of, quick, start, until};

#[tokio::test]
async fn a_deleted_file_is_made_anew_and_loses_nothing_that_comes_later() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("history.db");
    let history = History::open(Location::file(&file)).await.unwrap();
    let outbox = Outbox::default();
    let pump = start(&outbox, &history, quick());
    for round in 1..=3 {
        outbox.put(commit(round, 1));
        until(async || outbox.len() == 0).await;
        assert_eq!(events_of(&history, round).await, 2);
        // With its log, and without.
        fs::remove_file(&file).unwrap();
        if round == 2 {
            fs::remove_file(dir.path().join("history.db-wal")).unwrap();
            fs::remove_file(dir.path().join("history.db-shm")).unwrap();
        }
    }
    outbox.put(commit(4, 1));
    until(async || outbox.len() == 0).await;
    pump.stop.cancel();
    pump.task.await.unwrap();
    history.close().await;
    let after = History::open(Location::file(&file)).await.unwrap();
    assert_eq!(events_of(&after, 4).await, 2);
    assert_eq!(events_of(&after, 3).await, 0);
}

#[tokio::test]
async fn a_file_that_can_not_be_used_yet_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("history.db");
    // SQLite clears a log away that is there before the file's first page, and can't.
    let log = dir.path().join("history.db-wal");
    fs::create_dir(&log).unwrap();
    let history = History::new(Location::file(&file));
    let error = history.prepare().await.unwrap_err();
    assert!(error.may_pass(), "{error:?}");
    let outbox = Outbox::default();
    let pump = start(&outbox, &history, quick());
    outbox.put(commit(1, 1));
    until(async || pump.handle.is_failing()).await;
    fs::remove_dir(&log).unwrap();
    until(async || outbox.len() == 0).await;
    assert_eq!(events_of(&history, 1).await, 2);
    // What is no database will not become one.
    let text = dir.path().join("text.db");
    fs::write(&text, "a letter of sixteen bytes and more").unwrap();
    let error = History::open(Location::file(&text)).await.err().unwrap();
    assert!(!error.may_pass(), "{error:?}");
}
