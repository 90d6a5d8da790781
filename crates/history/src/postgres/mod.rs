//! The history in a PostgreSQL database.

mod write;

use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::error::{Error, Result};
use crate::schema;

/// Connections at once.
const CONNECTIONS_MAX: u32 = 6;
/// How long an operation waits for a connection: a server that is away is noticed by then.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a connection that nobody needs stays.
const IDLE: Duration = Duration::from_secs(300);

/// A commit that has been answered must be on the disk, whatever the database's default: the outbox
/// forgets what is committed here.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";
/// Every query of ours walks along an index in the order it answers in and stops early. Where
/// statistics are old or missing the planner would rather gather and sort everything.
const INDEXES_ONLY: &str = "SELECT set_config(name, value, false) FROM (VALUES \
     ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'), ('enable_sort', 'off'), \
     ('max_parallel_workers_per_gather', '0'), ('jit', 'off')) AS settings (name, value)";

/// A pool of connections.
#[derive(Clone)]
pub(crate) struct Postgres {
    pub(crate) pool: PgPool,
}

impl Postgres {
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        let options = options
            .application_name("avtomatika-history")
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    for settings in [DURABLE, INDEXES_ONLY] {
                        sqlx::query(settings).execute(&mut *connection).await?;
                    }
                    Ok(())
                })
            })
            .connect_lazy_with(options);
        Self { pool }
    }

    /// Makes the tables, or brings them up to date.
    pub(crate) async fn prepare(&self) -> Result<()> {
        // Tells a server that is away from one that refuses.
        self.pool.acquire().await?;
        schema::postgres()
            .run(&self.pool)
            .await
            .map_err(Error::Schema)
    }
}
