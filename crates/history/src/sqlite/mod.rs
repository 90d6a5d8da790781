//! The history in a file of this machine.

mod write;

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use crate::error::{Error, Result};
use crate::schema;

/// Readers at once. Each has a thread and a cache of its own, made on demand.
const READERS_MAX: u32 = 4;
/// How long a reader that nobody needs stays.
const READER_IDLE: Duration = Duration::from_secs(60);
/// How long a read waits for a free reader.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Free pages that are cut off at once.
const VACUUM_PAGES: i64 = 1_000;
/// What the log is cut back to after a burst, bytes.
const WAL_KEPT_BYTES: u64 = 32 << 20;

/// A file, which is made again when somebody takes it away. Cheap to clone: all clones share the
/// connections.
#[derive(Clone)]
pub(crate) struct Sqlite(Arc<Inner>);

struct Inner {
    path: PathBuf,
    pools: RwLock<Pools>,
    /// The file the pools have open, once its tables are up to date.
    opened: RwLock<Option<FileId>>,
    /// Held while the file is being opened.
    opening: tokio::sync::Mutex<()>,
}

/// One writer, which commits are queued for, and readers that never wait for it.
#[derive(Clone)]
pub(crate) struct Pools {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

/// What tells a file from another one of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    fn of(path: &Path) -> std::io::Result<Self> {
        let about = std::fs::metadata(path)?;
        Ok(Self {
            device: about.dev(),
            inode: about.ino(),
        })
    }
}

impl Pools {
    fn new(path: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(Duration::from_secs(10))
            .disable_statement_logging();
        let writer = options
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            // A commit that has been answered is on the disk: the outbox forgets what is committed
            // here. NORMAL would only promise that the file is not torn.
            .synchronous(SqliteSynchronous::Full)
            .auto_vacuum(SqliteAutoVacuum::Incremental)
            .pragma("journal_size_limit", WAL_KEPT_BYTES.to_string())
            // KiB when negative.
            .pragma("cache_size", "-16384")
            .thread_name(|_| "history-writer".to_owned());
        let readers = options
            .read_only(true)
            .thread_name(|n| format!("history-reader-{n}"));
        Self {
            writer: SqlitePoolOptions::new()
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .acquire_timeout(Duration::from_secs(60))
                .connect_lazy_with(writer),
            readers: SqlitePoolOptions::new()
                .max_connections(READERS_MAX)
                .idle_timeout(READER_IDLE)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect_lazy_with(readers),
        }
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl Sqlite {
    pub(crate) fn new(path: &Path) -> Self {
        Self(Arc::new(Inner {
            path: path.to_owned(),
            pools: RwLock::new(Pools::new(path)),
            opened: RwLock::default(),
            opening: tokio::sync::Mutex::default(),
        }))
    }

    /// The connections as they are now.
    pub(crate) fn pools(&self) -> Pools {
        self.0.pools.read().clone()
    }

    /// Makes the file and its tables, or brings them up to date. Costs a look at the file when
    /// that has been done and the file is still the same: one that was deleted would take what is
    /// written and lose it with the last connection.
    pub(crate) async fn prepare(&self) -> Result<()> {
        if self.is_open() {
            return Ok(());
        }
        let _one = self.0.opening.lock().await;
        if self.is_open() {
            return Ok(());
        }
        let path = &self.0.path;
        // Nobody writes beside the old connections: they share the log's name with the new ones.
        self.pools().close().await;
        if self.0.opened.write().take().is_some() {
            tracing::warn!(
                file = %path.display(),
                "the history's file was deleted or replaced while it was open; it is opened anew, what it held is gone"
            );
        }
        let failed = |source| Error::File {
            path: path.display().to_string(),
            source,
        };
        make_private(path).map_err(failed)?;
        let found = FileId::of(path).map_err(failed)?;
        let pools = Pools::new(path);
        if let Err(error) = schema::sqlite().run(&pools.writer).await {
            pools.close().await;
            return Err(Error::Schema(error));
        }
        *self.0.pools.write() = pools;
        *self.0.opened.write() = Some(found);
        Ok(())
    }

    fn is_open(&self) -> bool {
        let opened = *self.0.opened.read();
        opened.is_some() && FileId::of(&self.0.path).ok() == opened
    }

    /// Cuts free pages off the file, some at a time, while there are more of them than a tenth.
    pub(crate) async fn give_space_back(&self) -> Result<()> {
        let Pools { writer, .. } = self.pools();
        loop {
            let free: i64 = sqlx::query_scalar("SELECT freelist_count FROM pragma_freelist_count")
                .fetch_one(&writer)
                .await?;
            let all: i64 = sqlx::query_scalar("SELECT page_count FROM pragma_page_count")
                .fetch_one(&writer)
                .await?;
            if free < VACUUM_PAGES || free < all / 10 {
                return Ok(());
            }
            let began = Instant::now();
            sqlx::raw_sql("PRAGMA incremental_vacuum(1000)")
                .execute(&writer)
                .await?;
            tokio::time::sleep(began.elapsed()).await;
        }
    }

    pub(crate) async fn close(&self) {
        self.pools().close().await;
    }
}

/// Makes the file readable by its owner only before the database opens it; the log beside it
/// takes the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(dir) = path.parent()
        && !dir.as_os_str().is_empty()
    {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
