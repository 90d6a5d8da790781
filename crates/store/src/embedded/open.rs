//! Opening the file and reading the queue back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use avtomatika_engine::storage::{Index, StoreError, WorkerRecord};
use avtomatika_protocol::{ClientId, JobId};
use parking_lot::{Mutex, RwLock};
use redb::{Database, ReadableDatabase, ReadableTable};

use super::cache::Cache;
use super::{EmbeddedOptions, Shared, codec, disk, tables};
use crate::census::Census;

/// Decoded jobs, and tasks, kept in memory.
const CACHED_RECORDS: usize = 4_096;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder can't be used.
    #[error("failed to use the folder {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process has the store open.
    #[error("another process has the store {path} open")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is of another version of this program.
    #[error("the store {path} has format {found}, this program reads format {expected}")]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// Ours.
        expected: u64,
    },
    /// The file can't be read or written.
    #[error("failed to open the store {path}: {reason}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// What the storage engine said.
        reason: String,
    },
    /// No thread for the writer.
    #[error("failed to start the writer thread: {0}")]
    Thread(std::io::Error),
}

pub(super) fn open(options: EmbeddedOptions, now_ms: u64) -> Result<Shared, OpenError> {
    let dir = options.dir.clone();
    fs::create_dir_all(&dir).map_err(|source| OpenError::Folder {
        path: dir.clone(),
        source,
    })?;
    restrict(&dir)?;
    let path = file(&options);
    let database = database(&options)?;
    let broken = |reason: StoreError| OpenError::Broken {
        path: path.clone(),
        reason: reason.to_string(),
    };
    let mut index = Index::new(options.lease_ms);
    let mut census = Census::default();
    prepare(&database, &path)?;
    read_back(&database, &mut index, &mut census, now_ms).map_err(broken)?;
    let told = next_told(&database).map_err(broken)?;
    disk::make_ballast(&options.dir);
    Ok(Shared {
        told,
        options,
        database: RwLock::new(Some(Arc::new(database))),
        index: Mutex::new(index),
        census: Mutex::new(census),
        jobs: Cache::new(CACHED_RECORDS),
        tasks: Cache::new(CACHED_RECORDS),
        full: AtomicBool::new(false),
        closed: AtomicBool::new(false),
        opened: AtomicU64::new(0),
    })
}

fn file(options: &EmbeddedOptions) -> PathBuf {
    options.dir.join("jobs.redb")
}

/// Job data is for the server's user only.
fn restrict(dir: &Path) -> Result<(), OpenError> {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(|source| {
        OpenError::Folder {
            path: dir.to_path_buf(),
            source,
        }
    })
}

pub(super) fn database(options: &EmbeddedOptions) -> Result<Database, OpenError> {
    let path = file(options);
    let opened = match builder(options, &path) {
        Err(redb::DatabaseError::Storage(redb::StorageError::Io(error)))
            if disk::is_full_error(&error) =>
        {
            // What opening has to write is far less than the ballast.
            disk::drop_ballast(&options.dir);
            builder(options, &path)
        }
        other => other,
    };
    // The folder is private already; this is for whoever copies the file out of it.
    if opened.is_ok()
        && let Err(error) = fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
    {
        tracing::warn!(%error, "failed to make the store's file private");
    }
    opened.map_err(|error| match error {
        redb::DatabaseError::DatabaseAlreadyOpen => OpenError::InUse { path: path.clone() },
        other => OpenError::Broken {
            path: path.clone(),
            reason: other.to_string(),
        },
    })
}

fn builder(options: &EmbeddedOptions, path: &Path) -> Result<Database, redb::DatabaseError> {
    let mut builder = Database::builder();
    builder.set_cache_size(options.page_cache_bytes);
    #[cfg(test)]
    if let Some(faults) = &options.faults {
        return builder.create_with_backend(faults.backend(path)?);
    }
    builder.create(path)
}

/// The format of a file that has been prepared before.
fn format(database: &Database) -> Result<Option<u64>, redb::Error> {
    let read = database.begin_read()?;
    match read.open_table(tables::META) {
        Ok(meta) => Ok(meta.get("format")?.map(|format| format.value())),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes the tables and checks the format. Writes nothing if the tables are there: a store opens
/// on a full disk too.
fn prepare(database: &Database, path: &Path) -> Result<(), OpenError> {
    let broken = |reason: String| OpenError::Broken {
        path: path.to_path_buf(),
        reason,
    };
    match format(database).map_err(|error| broken(error.to_string()))? {
        Some(tables::FORMAT) => return Ok(()),
        // Format 1 had fewer tables; the missing ones are made below.
        Some(1) => {}
        Some(found) => {
            return Err(OpenError::Format {
                path: path.to_path_buf(),
                found,
                expected: tables::FORMAT,
            });
        }
        None => {}
    }
    let mut write = database
        .begin_write()
        .map_err(|error| broken(error.to_string()))?;
    // Like every other commit, so that a crash after it needs no repair either.
    write.set_quick_repair(true);
    let made: Result<(), redb::Error> = (|| {
        write.open_table(tables::JOBS)?;
        write.open_table(tables::BY_CLIENT)?;
        write.open_table(tables::LIVE)?;
        write.open_table(tables::ENDED)?;
        write.open_table(tables::KEYS)?;
        write.open_table(tables::TASKS)?;
        write.open_table(tables::QUEUE)?;
        write.open_table(tables::DOCUMENTS)?;
        write.open_table(tables::WORKERS)?;
        write.open_table(tables::QUARANTINED)?;
        write.open_table(tables::COUNTERS)?;
        write.open_table(tables::OUTBOX)?;
        let mut meta = write.open_table(tables::META)?;
        meta.insert("format", tables::FORMAT)?;
        Ok(())
    })();
    made.map_err(|error| broken(error.to_string()))?;
    write.commit().map_err(|error| broken(error.to_string()))
}

pub(super) fn read_back(
    database: &Database,
    index: &mut Index,
    census: &mut Census,
    now_ms: u64,
) -> Result<(), StoreError> {
    fn failed(error: impl std::fmt::Display) -> StoreError {
        StoreError::broken("read the queue back", error)
    }
    let read = database.begin_read().map_err(failed)?;
    for row in read
        .open_table(tables::WORKERS)
        .map_err(failed)?
        .iter()
        .map_err(failed)?
    {
        let (_, bytes) = row.map_err(failed)?;
        let record: WorkerRecord = codec::unpack(bytes.value())?;
        // Whoever was there before the restart has a full lease time to show itself again.
        index.register(record, now_ms);
    }
    for row in read
        .open_table(tables::QUEUE)
        .map_err(failed)?
        .iter()
        .map_err(failed)?
    {
        let (_, bytes) = row.map_err(failed)?;
        index.add(codec::entry(bytes.value())?, now_ms);
    }
    for row in read
        .open_table(tables::LIVE)
        .map_err(failed)?
        .iter()
        .map_err(failed)?
    {
        let (id, live) = row.map_err(failed)?;
        let (client, timer_at_ms) = live.value();
        census.add(ClientId::from(client));
        if timer_at_ms > 0 {
            index.set_job_timer(JobId(uuid::Uuid::from_u128(id.value())), Some(timer_at_ms));
        }
    }
    Ok(())
}

/// The number of the outbox's next entry.
fn next_told(database: &Database) -> Result<u64, StoreError> {
    let failed = |error: redb::Error| StoreError::broken("read the outbox", error);
    let read = database
        .begin_read()
        .map_err(|error| failed(error.into()))?;
    let table = read
        .open_table(tables::OUTBOX)
        .map_err(|error| failed(error.into()))?;
    let last = table.last().map_err(|error| failed(error.into()))?;
    Ok(last.map_or(1, |(seq, _)| seq.value() + 1))
}
