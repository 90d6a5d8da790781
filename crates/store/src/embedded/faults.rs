//! Files that fail when they are told to, and disks that lose what was not synced, for tests.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use avtomatika_engine::lock::Mutex;
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

/// A disk with a cache that is lost when the power goes: files by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(BTreeMap<String, Image>);

/// A file on such a disk.
#[derive(Clone, Debug, Default)]
struct Image {
    synced: Vec<u8>,
    now: Vec<u8>,
    unsynced: Vec<Change>,
}

/// The name of the store's file on it.
const STORE: &str = "jobs";

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

impl Image {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.unsynced.push(change);
    }

    fn sync(&mut self) {
        self.synced.clone_from(&self.now);
        self.unsynced.clear();
    }
}

impl Disk {
    fn file(&mut self, name: &str) -> &mut Image {
        self.0.entry(name.to_owned()).or_default()
    }

    /// The disk after a power cut: what was synced, and of the rest whatever `survives` picks.
    pub(crate) fn after_power_cut(&self, mut survives: impl FnMut() -> bool) -> Self {
        let cut = self.0.iter().map(|(name, file)| {
            let mut image = file.synced.clone();
            for change in file.unsynced.iter().filter(|_| survives()) {
                change.apply(&mut image);
            }
            let file = Image {
                synced: image.clone(),
                now: image,
                unsynced: Vec::new(),
            };
            (name.clone(), file)
        });
        Self(cut.collect())
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

    /// The segments of the log on the disk.
    pub(crate) fn log_slots(&self) -> Vec<u32> {
        let Some(disk) = &self.disk else {
            return Vec::new();
        };
        let disk = disk.lock();
        let names = disk.0.keys();
        names
            .filter_map(|name| name.strip_prefix("log-")?.parse().ok())
            .collect()
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
            Some(disk) => Ok(disk.lock().file(STORE).now.len() as u64),
            None => self.file.len(),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let Some(disk) = &self.faults.disk else {
            return self.file.read(offset, out);
        };
        let mut disk = disk.lock();
        let from = disk
            .file(STORE)
            .now
            .get(place(offset)..place(offset) + out.len());
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.faults.on(|| match &self.faults.disk {
            Some(disk) => {
                disk.lock().file(STORE).change(Change::Length(place(len)));
                Ok(())
            }
            None => self.file.set_len(len),
        })
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.faults.on(|| match &self.faults.disk {
            Some(disk) => {
                disk.lock().file(STORE).sync();
                Ok(())
            }
            None => self.file.sync_data(),
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.faults.on(|| match &self.faults.disk {
            Some(disk) => {
                let change = Change::Write(place(offset), data.to_vec());
                disk.lock().file(STORE).change(change);
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

/// A segment of the log, as a file or on the disk in its place.
#[derive(Debug)]
pub(crate) struct LogFile {
    faults: Arc<Faults>,
    name: String,
    /// `None` where it is on the disk.
    file: Option<File>,
}

impl LogFile {
    pub(crate) fn open(faults: &Arc<Faults>, path: &Path, slot: u32) -> io::Result<Self> {
        let file = match &faults.disk {
            Some(_) => None,
            None => Some(OpenOptions::new().read(true).write(true).open(path)?),
        };
        Ok(Self {
            faults: Arc::clone(faults),
            name: format!("log-{slot}"),
            file,
        })
    }

    pub(crate) fn make(
        faults: &Arc<Faults>,
        path: &Path,
        slot: u32,
        bytes: u64,
    ) -> io::Result<Self> {
        if faults.disk.is_none() {
            File::create(path)?;
        }
        let file = Self::open(faults, path, slot)?;
        // Small is enough: it grows as it is written to.
        file.write(0, &vec![0; place(bytes.min(4_096))])?;
        file.sync()?;
        Ok(file)
    }

    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        if let Some(disk) = &self.faults.disk {
            return Ok(disk.lock().file(&self.name).now.clone());
        }
        let Some(file) = &self.file else {
            return Ok(Vec::new());
        };
        let mut bytes = vec![0; place(file.metadata()?.len())];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    pub(crate) fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.faults.on(|| {
            if let Some(disk) = &self.faults.disk {
                let change = Change::Write(place(offset), data.to_vec());
                disk.lock().file(&self.name).change(change);
                return Ok(());
            }
            self.file
                .as_ref()
                .map_or(Ok(()), |file| file.write_all_at(data, offset))
        })
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.faults.on(|| {
            if let Some(disk) = &self.faults.disk {
                disk.lock().file(&self.name).sync();
                return Ok(());
            }
            self.file.as_ref().map_or(Ok(()), File::sync_data)
        })
    }
}
