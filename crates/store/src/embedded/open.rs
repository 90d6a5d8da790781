//! Opening the file and reading the queue back.

use std::fs;
use std::ops::Bound;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use avtomatika_engine::lock::{Mutex, RwLock};
use avtomatika_engine::storage::{Index, StoreError, WorkerRecord};
use avtomatika_protocol::{ClientId, JobId, JobStatus};
use bytes::Bytes;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};

use super::block::Block;
use super::blocks;
use super::cache::Cache;
use super::changes::{Change, Changes};
use super::keyed::Keyed;
use super::layers::Layers;
use super::log::{Files, Log, LogError, Reached, Reader, Size};
use super::paced::PacedFile;
use super::recent::Recent;
use super::tables::Rows;
use super::{EmbeddedOptions, Shared, birth, codec, disk, lookup, tables};
use crate::census::Census;

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

pub(super) fn open(options: EmbeddedOptions, now_ms: u64) -> Result<(Shared, Log), OpenError> {
    let dir = options.dir.clone();
    fs::create_dir_all(&dir).map_err(|source| OpenError::Folder {
        path: dir.clone(),
        source,
    })?;
    restrict(&dir)?;
    let path = file(&options);
    let database = database(&options)?;
    birth::clear_unfinished(&dir);
    let broken = |reason: String| OpenError::Broken {
        path: path.clone(),
        reason,
    };
    let mut index = Index::new(options.lease_ms);
    let mut census = Census::default();
    let reached = prepare(&database, &path)?;
    let (log, layers) = log(&options, reached).map_err(|error| broken(error.to_string()))?;
    read_back(&database, &layers, &mut index, &mut census, now_ms)
        .map_err(|error| broken(error.to_string()))?;
    let told = next_told(&database, &layers).map_err(|error| broken(error.to_string()))?;
    disk::make_ballast(&options.dir);
    let shared = Shared {
        told,
        forgotten: AtomicU64::new(0),
        options,
        database: RwLock::new(Some(Arc::new(database))),
        layers: RwLock::new(layers),
        index: Mutex::new(index),
        census: Mutex::new(census),
        jobs: Cache::new(lookup::CACHED_RECORDS),
        tasks: Cache::new(lookup::CACHED_RECORDS),
        checkpoint: AtomicU64::new(0),
        recent_jobs: Recent::default(),
        recent_tasks: Recent::default(),
        full: AtomicBool::new(false),
        closed: AtomicBool::new(false),
        hurry: Arc::default(),
        broken: AtomicBool::new(false),
        opened: AtomicU64::new(0),
    };
    Ok((shared, log))
}

/// Opens the log, with what it holds beyond the file.
fn log(options: &EmbeddedOptions, reached: Reached) -> Result<(Log, Layers), LogError> {
    let files = Files {
        dir: options.dir.clone(),
        #[cfg(test)]
        faults: options.faults.clone(),
    };
    let size = Size::for_disk(disk::free_bytes(&options.dir).unwrap_or(u64::MAX));
    let (log, payloads) = Log::open(files, size, reached)?;
    let mut layers = Layers::default();
    for payload in &payloads {
        layers.active.decode(Reader::new(payload))?;
    }
    if !payloads.is_empty() {
        tracing::info!(groups = payloads.len(), "read the store's log back");
    }
    Ok((log, layers))
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
    if !path.exists() {
        birth::make_file(&builder, path)?;
    }
    let mut file = fs::OpenOptions::new();
    let file = file.read(true).write(true).open(path)?;
    builder.create_with_backend(PacedFile::new(file)?)
}

/// The format of a file that has been prepared before, and what it holds of the log.
fn facts(database: &Database) -> Result<(Option<u64>, Reached), redb::Error> {
    let read = database.begin_read()?;
    match read.open_table(tables::META) {
        Ok(meta) => {
            let format = meta.get("format")?.map(|format| format.value());
            let number = |name| meta.get(name).map(|found| found.map_or(0, |it| it.value()));
            let reached = Reached {
                group: number(tables::APPLIED)?,
                segment: number(tables::SEGMENT)?,
            };
            Ok((format, reached))
        }
        Err(redb::TableError::TableDoesNotExist(_)) => Ok((None, Reached::default())),
        Err(error) => Err(error.into()),
    }
}

/// Makes the tables and checks the format; answers what the file holds of the log. Writes
/// nothing if the tables are there: a store opens on a full disk too.
fn prepare(database: &Database, path: &Path) -> Result<Reached, OpenError> {
    let broken = |reason: String| OpenError::Broken {
        path: path.to_path_buf(),
        reason,
    };
    let (found, reached) = facts(database).map_err(|error| broken(error.to_string()))?;
    match (found, reached) {
        (Some(tables::FORMAT), reached) => return Ok(reached),
        (Some(tables::FORMAT_UNPACKED) | None, _) => {}
        (Some(found), _) if !tables::FORMATS_UNLOGGED.contains(&found) => {
            return Err(OpenError::Format {
                path: path.to_path_buf(),
                found,
                expected: tables::FORMAT,
            });
        }
        // What such a file lacks is made below.
        (_, _) => {}
    }
    let mut write = database
        .begin_write()
        .map_err(|error| broken(error.to_string()))?;
    // Like every other commit, so that a crash after it needs no repair either.
    write.set_quick_repair(true);
    let made: Result<(), redb::Error> = (|| {
        tables::make(&write)?;
        if let Some(found) = found {
            tracing::info!(
                found,
                format = tables::FORMAT,
                "bringing the store's file to the format of this program"
            );
            tables::take_over(&write)?;
        }
        if found == Some(FORMAT_WITHOUT_LISTS) {
            list_quarantined(&write)?;
        }
        let mut meta = write.open_table(tables::META)?;
        meta.insert("format", tables::FORMAT)?;
        Ok(())
    })();
    made.map_err(|error| broken(error.to_string()))?;
    write.commit().map_err(|error| broken(error.to_string()))?;
    Ok(reached)
}

/// The format before there was a list of quarantined jobs.
const FORMAT_WITHOUT_LISTS: u64 = 1;

/// Lists the jobs that were quarantined before there was a list.
fn list_quarantined(write: &WriteTransaction) -> Result<(), redb::Error> {
    let jobs = write.open_table(tables::JOBS.packed())?;
    let ended = write.open_table(tables::ENDED.packed())?;
    let all = (Bound::Unbounded, Bound::Unbounded);
    let mut list = Changes::default();
    for key in blocks::keys(&ended, all, false)? {
        let (_, id) = key?;
        let Some(bytes) = blocks::get(&jobs, &id)? else {
            continue;
        };
        // One that can't be read is not lost by that; it is only not listed.
        let job = codec::job(&bytes).ok();
        if let Some(job) = job.filter(|job| job.status == JobStatus::Quarantined) {
            let owner = job.owner().as_str();
            list.note(id, Change::Put(Bytes::copy_from_slice(owner.as_bytes())));
        }
    }
    list.apply(write, tables::QUARANTINED.packed())
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::broken("read the queue back", error)
}

/// Goes through all rows of a table: the file's, with the changes in memory on top.
fn each<K: Keyed, V: redb::Value + 'static>(
    read: &ReadTransaction,
    rows: Rows<K, V>,
    changed: [Option<&Changes<K>>; 2],
    mut act: impl FnMut(K::SelfType<'_>, V::SelfType<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let [newer, older] = changed;
    let table = read.open_table(rows.packed()).map_err(failed)?;
    for block in table.iter().map_err(failed)? {
        let (_, block) = block.map_err(failed)?;
        let block = Block::read(block.value()).map_err(failed)?;
        for row in block.rows() {
            let (key, value) = row.map_err(failed)?;
            let key = K::from_bytes(key);
            let is_changed = changed.iter().flatten().any(|layer| {
                // Nearly always there is nothing in memory.
                !layer.is_empty() && layer.get(&K::owned(&key)).is_some()
            });
            if !is_changed {
                act(key, V::from_bytes(value))?;
            }
        }
    }
    for (key, value) in newer.into_iter().flat_map(|layer| layer.range(..)) {
        if let Some(bytes) = value {
            act(K::lent(key), V::from_bytes(bytes))?;
        }
    }
    for (key, value) in older.into_iter().flat_map(|layer| layer.range(..)) {
        let is_newer = newer.is_some_and(|newer| newer.get(key).is_some());
        if let Some(bytes) = value.filter(|_| !is_newer) {
            act(K::lent(key), V::from_bytes(bytes))?;
        }
    }
    Ok(())
}

pub(super) fn read_back(
    database: &Database,
    layers: &Layers,
    index: &mut Index,
    census: &mut Census,
    now_ms: u64,
) -> Result<(), StoreError> {
    let read = database.begin_read().map_err(failed)?;
    let (active, frozen) = (&layers.active, layers.frozen.as_deref());
    let workers = [Some(&active.workers), frozen.map(|layer| &layer.workers)];
    each(&read, tables::WORKERS, workers, |_, bytes| {
        let record: WorkerRecord = codec::unpack(bytes)?;
        // Whoever was there before the restart has a full lease time to show itself again.
        index.register(record, now_ms);
        Ok(())
    })?;
    let queue = [Some(&active.queue), frozen.map(|layer| &layer.queue)];
    each(&read, tables::QUEUE, queue, |_, bytes| {
        index.add(codec::entry(bytes)?, now_ms);
        Ok(())
    })?;
    let live = [Some(&active.live), frozen.map(|layer| &layer.live)];
    each(&read, tables::LIVE, live, |id, (client, timer_at_ms)| {
        census.add(ClientId::from(client));
        if timer_at_ms > 0 {
            index.set_job_timer(JobId(uuid::Uuid::from_u128(id)), Some(timer_at_ms));
        }
        Ok(())
    })
}

/// The number of the outbox's next entry.
fn next_told(database: &Database, layers: &Layers) -> Result<u64, StoreError> {
    let read = database.begin_read().map_err(failed)?;
    let table = read.open_table(tables::OUTBOX.packed()).map_err(failed)?;
    let all = (Bound::Unbounded, Bound::Unbounded);
    let mut newest_first = blocks::keys(&table, all, true).map_err(failed)?;
    let last = newest_first.next().transpose().map_err(failed)?;
    let changed = layers.active.outbox.range(..).next_back();
    let last = last.max(changed.map(|(seq, _)| *seq));
    Ok(last.unwrap_or(0) + 1)
}
