//! A full disk: a small file system of its own, filled by the store itself and by others.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use avtomatika_engine::storage::{Store, StoreError};
use avtomatika_protocol::JobStatus;
use avtomatika_store::{Embedded, EmbeddedOptions};

use super::fixture::{NOW_MS, claim, entry, job, job_id, new, queued, register};

/// A small disk that is taken away again at the end.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    /// Only root may mount one.
    fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(dir.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { dir }),
            Ok(output) => {
                let reason = String::from_utf8_lossy(&output.stderr).into_owned();
                println!(
                    "skipped: no small disk can be mounted here: {}",
                    reason.trim()
                );
                None
            }
            Err(error) => {
                println!("skipped: no small disk can be mounted here: {error}");
                None
            }
        }
    }

    fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    fn open(&self, reserve_bytes: u64) -> Embedded {
        let mut options = EmbeddedOptions::new(self.store());
        options.reserve_bytes = reserve_bytes;
        Embedded::open(options, NOW_MS).unwrap()
    }

    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(self.dir.path()).unwrap();
        stat.f_bavail * stat.f_frsize
    }

    /// Fills what is left, to the last byte.
    fn fill(&self) -> PathBuf {
        let path = self.dir.path().join("somebody-elses");
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
        assert_eq!(self.free(), 0);
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let done = Command::new("umount")
            .arg("-l")
            .arg(self.dir.path())
            .status();
        if !done.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.dir.path().display());
        }
    }
}

/// Commits jobs of 20 KiB, ended long ago, until the store refuses. Answers how many are there.
async fn fill_with_jobs(store: &Embedded, from: u128) -> u128 {
    for number in from.. {
        let mut big = job(number, "c");
        big.status = JobStatus::Completed;
        big.data
            .insert("fill".to_owned(), "x".repeat(20_000).into());
        match store.commit(new(big)).await {
            Ok(()) => {}
            Err(StoreError::Full) => return number,
            Err(error) => panic!("job {number}: {error}"),
        }
        assert!(number < 5_000, "the disk is never full");
    }
    unreachable!()
}

async fn assert_readable(store: &Embedded, upto: u128) {
    for number in 1..upto {
        let job = store.job(job_id(number)).await.unwrap();
        assert!(job.is_some(), "acknowledged job {number} of {upto} is lost");
    }
    let listed = store.jobs_of(&"c".into(), 3, 0).await.unwrap();
    assert_eq!(listed.len(), 3);
}

async fn commits_within(store: &Embedded, number: u128, patience: Duration) {
    let begun = Instant::now();
    loop {
        match store.commit(queued(number, entry(number, "t"))).await {
            Ok(()) => return,
            Err(StoreError::Full) if begun.elapsed() < patience => {}
            Err(error) => panic!("job {number}: {error} after {:?}", begun.elapsed()),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_reserve_the_store_reads_only_until_old_jobs_are_deleted() {
    let Some(disk) = Disk::mount("48m") else {
        return;
    };
    let store = disk.open(8 << 20);
    register(&store, "w", None).await;
    store
        .commit(queued(9_999, entry(9_999, "t")))
        .await
        .unwrap();
    claim(&store, "w", 1, &["t"]).await.unwrap();
    let upto = fill_with_jobs(&store, 1).await;
    assert!(store.is_full());
    let back = store.dismiss(&"w".into()).await.unwrap();
    assert_eq!(back.len(), 1, "a worker may leave whatever the disk says");
    assert!(disk.free() > 0, "the reserve is what is left");
    assert_readable(&store, upto).await;
    let refused = store.commit(queued(9_000, entry(9_000, "t"))).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    let deleted = store.purge(NOW_MS + 1, 200).await.unwrap();
    assert_eq!(deleted, 200);
    // The file is no smaller, but there is room in it.
    assert!(!store.is_full());
    for number in 9_001..9_050 {
        commits_within(&store, number, Duration::ZERO).await;
    }
    assert!(disk.free() > 2 << 20, "the reserve has been eaten up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_others_fill_to_the_last_byte() {
    let Some(disk) = Disk::mount("24m") else {
        return;
    };
    let store = disk.open(2 << 20);
    let kept = 120;
    for number in 1..kept {
        let mut big = job(number, "c");
        big.status = JobStatus::Completed;
        big.data
            .insert("fill".to_owned(), "x".repeat(20_000).into());
        store.commit(new(big)).await.unwrap();
    }
    let ballast = disk.store().join("ballast");
    assert!(ballast.exists());
    let others = disk.fill();
    // Whatever the file has inside may still be used up; then it is over.
    let upto = fill_with_jobs(&store, kept).await;
    assert!(store.is_full());
    assert_readable(&store, upto).await;
    assert!(ballast.exists(), "it is for the clean-up");
    let deleted = store.purge(NOW_MS + 1, 60).await.unwrap();
    assert_eq!(deleted, 60);
    assert!(!ballast.exists(), "nothing else was free");
    commits_within(&store, 9_001, Duration::ZERO).await;
    let (taken, _) = claim(&store, "w", 1, &["t"]).await.unwrap();
    assert_eq!(taken.job_id, job_id(9_001));
    // And when the others leave, everything is as before.
    std::fs::remove_file(others).unwrap();
    commits_within(&store, 9_002, Duration::from_secs(3)).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    commits_within(&store, 9_003, Duration::from_secs(3)).await;
    assert!(!store.is_full());
    // The next clean-up has its reserve again.
    store.purge(NOW_MS + 1, 1).await.unwrap();
    assert!(ballast.exists());
    store.close().await.unwrap();
    let store = disk.open(2 << 20);
    for number in [9_001, 9_002, 9_003] {
        assert!(store.job(job_id(number)).await.unwrap().is_some());
    }
}

/// Without a reserve the store runs into the wall itself: writes fail half-way.
#[tokio::test(flavor = "multi_thread")]
async fn writes_that_fail_half_way_lose_nothing() {
    let Some(disk) = Disk::mount("24m") else {
        return;
    };
    let store = Arc::new(disk.open(0));
    let mut acknowledged: HashMap<u128, u128> = HashMap::new();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8_u128 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let mut acknowledged = Vec::new();
            let mut refusals = 0;
            for number in 1.. {
                let id = (writer << 32) | number;
                let mut big = job(id, "c");
                big.status = JobStatus::Completed;
                // Writers race for the same keys.
                big.idempotency_key = Some(format!("{}-{number}", writer / 2));
                big.data
                    .insert("fill".to_owned(), "x".repeat(30_000).into());
                match store.commit(new(big)).await {
                    Ok(()) => acknowledged.push((id, id)),
                    Err(StoreError::Duplicate(other)) => {
                        acknowledged.push((id, other.0.as_u128()));
                    }
                    Err(StoreError::Full) => {
                        refusals += 1;
                        if refusals > 20 {
                            return acknowledged;
                        }
                        tokio::time::sleep(Duration::from_millis(70)).await;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            unreachable!()
        });
    }
    while let Some(done) = writers.join_next().await {
        acknowledged.extend(done.unwrap());
    }
    assert!(
        acknowledged.len() > 100,
        "{} is too few",
        acknowledged.len()
    );
    for stage in ["still open", "opened again"] {
        let store = if stage == "still open" {
            Arc::clone(&store)
        } else {
            store.close().await.unwrap();
            Arc::new(disk.open(0))
        };
        for (asked, answered) in &acknowledged {
            let job = store.job(job_id(*answered)).await.unwrap();
            assert!(job.is_some(), "{stage}: {asked:x} was told of {answered:x}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_opens_on_a_full_disk_and_is_cleaned_up_there() {
    let Some(disk) = Disk::mount("24m") else {
        return;
    };
    let store = disk.open(2 << 20);
    for number in 1..60 {
        let mut big = job(number, "c");
        big.status = JobStatus::Completed;
        big.data
            .insert("fill".to_owned(), "x".repeat(20_000).into());
        store.commit(new(big)).await.unwrap();
    }
    disk.fill();
    let upto = fill_with_jobs(&store, 60).await;
    store.close().await.unwrap();
    let store = disk.open(2 << 20);
    disk.fill();
    assert_readable(&store, upto).await;
    let refused = store.commit(queued(9_000, entry(9_000, "t"))).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    assert_eq!(store.purge(NOW_MS + 1, 40).await.unwrap(), 40);
    commits_within(&store, 9_001, Duration::ZERO).await;
    store.close().await.unwrap();
    let store = disk.open(2 << 20);
    assert!(store.job(job_id(9_001)).await.unwrap().is_some());
}
