//! The log by itself.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::*;

const SIZE: Size = Size {
    segment_bytes: 1 << 20,
    segments_max: 3,
};

fn files(dir: &Path) -> Files {
    Files {
        dir: dir.to_path_buf(),
        faults: None,
    }
}

fn open(dir: &Path, applied: u64) -> (Log, Vec<Vec<u8>>) {
    let reached = Reached {
        group: applied,
        segment: 0,
    };
    Log::open(files(dir), SIZE, reached).unwrap()
}

fn record(bytes: usize) -> Writing {
    let mut record = Writing::begin(Vec::new());
    record.table(0, 1);
    record.bytes(b"key");
    record.value(Some(&vec![7; bytes]));
    record
}

fn append(log: &mut Log, bytes: usize) -> u64 {
    log.append(&mut record(bytes), false).unwrap()
}

#[test]
fn what_is_not_in_the_file_is_read_back_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, found) = open(dir.path(), 0);
    assert!(found.is_empty());
    for group in 1..=20 {
        assert_eq!(append(&mut log, usize::try_from(group).unwrap()), group);
    }
    drop(log);
    let (mut log, found) = open(dir.path(), 5);
    assert_eq!(found.len(), 15);
    assert!(found.is_sorted_by_key(Vec::len), "groups 6 to 20");
    assert_eq!(append(&mut log, 1), 21, "and it goes on");
    drop(log);
    assert_eq!(open(dir.path(), 5).1.len(), 16);
}

#[test]
fn segments_are_used_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = open(dir.path(), 0);
    for _ in 0..8 {
        append(&mut log, 200_000);
    }
    assert!(log.is_long());
    log.forget(8);
    assert!(!log.is_long());
    for _ in 0..30 {
        for _ in 0..6 {
            append(&mut log, 200_000);
        }
        let last = log.last_group();
        log.forget(last);
    }
    let last = log.last_group();
    for _ in 0..3 {
        append(&mut log, 200_000);
    }
    drop(log);
    let slots = files(dir.path()).slots().unwrap();
    assert!(slots.len() <= 3, "{slots:?}");
    assert_eq!(open(dir.path(), last).1.len(), 3);
}

#[test]
fn a_log_that_is_as_long_as_it_may_be_takes_nothing_but_a_clean_up() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = open(dir.path(), 0);
    let mut groups = 0;
    let refused = loop {
        match log.append(&mut record(100_000), false) {
            Ok(group) => groups = group,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, AppendError::Long), "{refused}");
    assert!(groups >= 18, "{groups}");
    assert_eq!(log.append(&mut record(100_000), true).unwrap(), groups + 1);
    drop(log);
    assert_eq!(open(dir.path(), 0).1.len() as u64, groups + 1);
}

#[test]
fn a_record_larger_than_a_segment_has_one_to_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = open(dir.path(), 0);
    append(&mut log, 10);
    append(&mut log, 3 << 20);
    append(&mut log, 10);
    drop(log);
    assert_eq!(open(dir.path(), 0).1.len(), 3);
}

#[test]
fn a_record_that_was_taken_back_is_gone_and_its_place_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = open(dir.path(), 0);
    append(&mut log, 10);
    let (end, next) = (log.segments.back().unwrap().end, log.next_group);
    append(&mut log, 2_000);
    // As if the sync after it had failed.
    log.segments.back_mut().unwrap().end = end;
    log.next_group = next;
    log.undo().unwrap();
    drop(log);
    let (mut log, found) = open(dir.path(), 0);
    assert_eq!(found.len(), 1);
    assert_eq!(append(&mut log, 10), 2);
    drop(log);
    assert_eq!(open(dir.path(), 0).1.len(), 2);
}

#[test]
fn a_write_that_was_cut_short_is_the_end_and_a_hole_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = open(dir.path(), 0);
    let mut ends = Vec::new();
    for _ in 0..10 {
        append(&mut log, 300_000);
        let last = log.segments.back().unwrap();
        ends.push((last.slot, last.end));
        if log.segments.len() == 3 {
            break;
        }
    }
    drop(log);
    let spoil = |(slot, end): (u32, u64)| {
        let path = dir.path().join(format!("log-{slot}"));
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.write_all_at(b"!", end - 1).unwrap();
    };
    let whole = ends.len();
    spoil(ends[whole - 1]);
    assert_eq!(open(dir.path(), 0).1.len(), whole - 1);
    // One in the middle: those after it were acknowledged.
    spoil(ends[1]);
    refused(dir.path(), 0);
}

fn refused(dir: &Path, segment: u64) {
    let reached = Reached { group: 0, segment };
    let refused = Log::open(files(dir), SIZE, reached);
    assert!(matches!(refused, Err(LogError::Damaged(_))));
}

#[test]
fn damage_before_the_last_record_of_the_only_segment_is_refused() {
    // Every bit of a head may be the one: the segment's, and those of the first and a later record.
    for place in (0..START + 28).chain(3 * 1_000..3 * 1_000 + 200) {
        let dir = tempfile::tempdir().unwrap();
        let (mut log, _) = open(dir.path(), 0);
        for _ in 0..8 {
            append(&mut log, 1_000);
        }
        drop(log);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(dir.path().join("log-0"))
            .unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, place).unwrap();
        file.write_all_at(&[byte[0] ^ 16], place).unwrap();
        refused(dir.path(), 0);
    }
}

#[test]
fn a_log_that_was_cut_off_or_taken_away_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = open(dir.path(), 0);
    for _ in 0..8 {
        append(&mut log, 1_000);
    }
    assert_eq!(log.newest(), 1);
    drop(log);
    std::fs::remove_file(dir.path().join("log-0")).unwrap();
    // Before the first checkpoint nobody knows that there was one.
    assert!(open(dir.path(), 0).1.is_empty());
    refused(dir.path(), 1);
}
