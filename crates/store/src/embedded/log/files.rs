//! Where segments are kept: files that are made once, written full of zeros, and used again and
//! again, so that a sync has nothing but the data to write.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
#[cfg(test)]
use std::sync::Arc;

#[cfg(test)]
use crate::embedded::faults::{Faults, LogFile};

/// How much is written at once when a file is made, bytes.
pub(super) static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// The folder of the segments.
#[derive(Clone, Debug)]
pub(in super::super) struct Files {
    pub(in super::super) dir: PathBuf,
    /// Makes the files fail on request.
    #[cfg(test)]
    pub(in super::super) faults: Option<Arc<Faults>>,
}

/// A segment's file.
#[derive(Debug)]
pub(super) enum Place {
    File(File),
    #[cfg(test)]
    Test(LogFile),
}

fn path(dir: &Path, slot: u32) -> PathBuf {
    dir.join(format!("log-{slot}"))
}

fn slot(name: &str) -> Option<u32> {
    name.strip_prefix("log-")?.parse().ok()
}

impl Files {
    /// The files that are there.
    pub(super) fn slots(&self) -> io::Result<Vec<u32>> {
        #[cfg(test)]
        if let Some(faults) = self.faults.as_ref().filter(|faults| faults.disk.is_some()) {
            return Ok(faults.log_slots());
        }
        let mut slots = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            slots.extend(entry?.file_name().to_str().and_then(slot));
        }
        slots.sort_unstable();
        Ok(slots)
    }

    /// Opens one that is there.
    pub(super) fn open(&self, slot: u32) -> io::Result<Place> {
        #[cfg(test)]
        if let Some(faults) = &self.faults {
            return LogFile::open(faults, &path(&self.dir, slot), slot).map(Place::Test);
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path(&self.dir, slot))?;
        Ok(Place::File(file))
    }

    /// Makes one, full of zeros, that is there after a crash.
    pub(super) fn make(&self, slot: u32, bytes: u64) -> io::Result<Place> {
        let made = self.make_inner(slot, bytes);
        if made.is_err() {
            // Half a file is none. If it stays it is taken for an empty one.
            let _removed = fs::remove_file(path(&self.dir, slot));
        }
        made
    }

    fn make_inner(&self, slot: u32, bytes: u64) -> io::Result<Place> {
        #[cfg(test)]
        if let Some(faults) = &self.faults {
            let file = LogFile::make(faults, &path(&self.dir, slot), slot, bytes)?;
            return Ok(Place::Test(file));
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path(&self.dir, slot))?;
        fill(&file, bytes)?;
        file.sync_all()?;
        // The name, too, must be on the disk.
        File::open(&self.dir)?.sync_all()?;
        Ok(Place::File(file))
    }
}

/// Writes zeros: space that is merely reserved would be turned into data at the first write, and
/// the sync after it would have that to write down as well.
fn fill(file: &File, bytes: u64) -> io::Result<()> {
    let mut offset = 0;
    while offset < bytes {
        let left = usize::try_from(bytes - offset).unwrap_or(usize::MAX);
        let some = ZEROS.get(..left.min(ZEROS.len())).unwrap_or(&ZEROS);
        file.write_all_at(some, offset)?;
        offset += some.len() as u64;
    }
    Ok(())
}

impl Place {
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::File(file) => {
                let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, 0)?;
                Ok(bytes)
            }
            #[cfg(test)]
            Self::Test(file) => file.read(),
        }
    }

    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all_at(bytes, offset),
            #[cfg(test)]
            Self::Test(file) => file.write(offset, bytes),
        }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        match self {
            Self::File(file) => file.sync_data(),
            #[cfg(test)]
            Self::Test(file) => file.sync(),
        }
    }
}
