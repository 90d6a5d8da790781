//! Files that fail when they are told to, and disks that lose what was not synced, for tests.

use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

/// Which operation on the file fails, and how.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Operations that change the file until one fails; 0: none does.
    countdown: AtomicU64,
    /// Whether the one that fails has its effect all the same.
    after: AtomicBool,
    /// Whether it reports a full disk.
    full: AtomicBool,
    /// Whether it came to that.
    pub(crate) struck: AtomicBool,
    /// The disk to use instead of a file.
    pub(crate) disk: Option<Mutex<Disk>>,
}

/// A disk with a cache that is lost when the power goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    synced: Vec<u8>,
    now: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Length(len) => image.resize(*len, 0),
            Self::Write(offset, data) => {
                let end = offset + data.len();
                if image.len() < end {
                    image.resize(end, 0);
                }
                image[*offset..end].copy_from_slice(data);
            }
        }
    }
}

impl Disk {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.unsynced.push(change);
    }

    fn sync(&mut self) {
        self.synced.clone_from(&self.now);
        self.unsynced.clear();
    }

    /// The disk after a power cut: what was synced, and of the rest whatever `survives` picks.
    pub(crate) fn after_power_cut(&self, mut survives: impl FnMut() -> bool) -> Self {
        let mut image = self.synced.clone();
        for change in self.unsynced.iter().filter(|_| survives()) {
            change.apply(&mut image);
        }
        Self {
            synced: image.clone(),
            now: image,
            unsynced: Vec::new(),
        }
    }
}

impl Faults {
    pub(crate) fn on_disk(disk: Disk) -> Self {
        Self {
            disk: Some(Mutex::new(disk)),
            ..Self::default()
        }
    }

    pub(crate) fn arm(&self, countdown: u64, after: bool, full: bool) {
        self.after.store(after, Ordering::SeqCst);
        self.full.store(full, Ordering::SeqCst);
        self.struck.store(false, Ordering::SeqCst);
        self.countdown.store(countdown, Ordering::SeqCst);
    }

    pub(crate) fn backend(self: &Arc<Self>, path: &Path) -> Result<Backend, DatabaseError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(redb::StorageError::from)?;
        Ok(Backend {
            faults: Arc::clone(self),
            file: FileBackend::new(file)?,
        })
    }

    fn on(&self, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let left = self.countdown.load(Ordering::SeqCst);
        if left > 0 {
            self.countdown.store(left - 1, Ordering::SeqCst);
        }
        if left != 1 {
            return act();
        }
        self.struck.store(true, Ordering::SeqCst);
        if self.after.load(Ordering::SeqCst) {
            act()?;
        }
        Err(if self.full.load(Ordering::SeqCst) {
            io::Error::from(io::ErrorKind::StorageFull)
        } else {
            io::Error::other("the test said so")
        })
    }
}

/// The file, or the disk in its place.
#[derive(Debug)]
pub(crate) struct Backend {
    faults: Arc<Faults>,
    file: FileBackend,
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("test files are small")
}

impl StorageBackend for Backend {
    fn len(&self) -> Result<u64, io::Error> {
        match &self.faults.disk {
            Some(disk) => Ok(disk.lock().now.len() as u64),
            None => self.file.len(),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let Some(disk) = &self.faults.disk else {
            return self.file.read(offset, out);
        };
        let disk = disk.lock();
        let from = disk.now.get(place(offset)..place(offset) + out.len());
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.faults.on(|| match &self.faults.disk {
            Some(disk) => {
                disk.lock().change(Change::Length(place(len)));
                Ok(())
            }
            None => self.file.set_len(len),
        })
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.faults.on(|| match &self.faults.disk {
            Some(disk) => {
                disk.lock().sync();
                Ok(())
            }
            None => self.file.sync_data(),
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.faults.on(|| match &self.faults.disk {
            Some(disk) => {
                let change = Change::Write(place(offset), data.to_vec());
                disk.lock().change(change);
                Ok(())
            }
            None => self.file.write(offset, data),
        })
    }

    fn close(&self) -> Result<(), io::Error> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}
