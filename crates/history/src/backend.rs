//! Either database behind one face: the same statements, the same rows.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::error::Result;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;

/// A value bound to a statement.
#[derive(Clone, Debug)]
pub(crate) enum Bind {
    Int(i64),
    Text(String),
    Id(Uuid),
}

/// A statement with its values. Values only ever get in as binds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) binds: Vec<Bind>,
}

impl Sql {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            binds: Vec::new(),
        }
    }

    /// Adds text of ours.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub(crate) fn bind(&mut self, value: Bind) -> &mut Self {
        self.binds.push(value);
        self.text.push_str(&format!("${}", self.binds.len()));
        self
    }

    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        self.bind(Bind::Int(value))
    }

    pub(crate) fn text(&mut self, value: impl Into<String>) -> &mut Self {
        self.bind(Bind::Text(value.into()))
    }

    pub(crate) fn id(&mut self, value: Uuid) -> &mut Self {
        self.bind(Bind::Id(value))
    }
}

/// A row, whichever database it came from.
pub(crate) trait Columns {
    fn int(&self, column: usize) -> Result<i64>;
    fn maybe_int(&self, column: usize) -> Result<Option<i64>>;
    fn text(&self, column: usize) -> Result<String>;
    fn maybe_text(&self, column: usize) -> Result<Option<String>>;
    fn id(&self, column: usize) -> Result<Uuid>;
    fn maybe_id(&self, column: usize) -> Result<Option<Uuid>>;
}

macro_rules! columns {
    ($row:ty) => {
        impl Columns for $row {
            fn int(&self, column: usize) -> Result<i64> {
                Ok(sqlx::Row::try_get(self, column)?)
            }

            fn maybe_int(&self, column: usize) -> Result<Option<i64>> {
                Ok(sqlx::Row::try_get(self, column)?)
            }

            fn text(&self, column: usize) -> Result<String> {
                Ok(sqlx::Row::try_get(self, column)?)
            }

            fn maybe_text(&self, column: usize) -> Result<Option<String>> {
                Ok(sqlx::Row::try_get(self, column)?)
            }

            fn id(&self, column: usize) -> Result<Uuid> {
                Ok(sqlx::Row::try_get(self, column)?)
            }

            fn maybe_id(&self, column: usize) -> Result<Option<Uuid>> {
                Ok(sqlx::Row::try_get(self, column)?)
            }
        }
    };
}

columns!(SqliteRow);
columns!(PgRow);

/// The database.
#[derive(Clone)]
pub(crate) enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// A statement with its values bound.
macro_rules! bound {
    ($sql:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($sql.text));
        for bind in $sql.binds {
            query = match bind {
                Bind::Int(value) => query.bind(value),
                Bind::Text(value) => query.bind(value),
                Bind::Id(value) => query.bind(value),
            };
        }
        query
    }};
}

/// Runs a query on a pool and maps its rows.
macro_rules! fetch {
    ($pool:expr, $sql:expr, $map:expr) => {{
        let rows = bound!($sql).fetch_all($pool).await?;
        rows.iter().map(|row| $map(row)).collect()
    }};
}

impl Backend {
    /// Reads rows.
    pub(crate) async fn rows<T>(
        &self,
        sql: Sql,
        map: impl Fn(&dyn Columns) -> Result<T>,
    ) -> Result<Vec<T>> {
        match self {
            Self::Sqlite(sqlite) => fetch!(&sqlite.pools().readers, sql, map),
            Self::Postgres(postgres) => fetch!(&postgres.pool, sql, map),
        }
    }

    /// Runs statements in one transaction.
    pub(crate) async fn execute_all(&self, statements: Vec<Sql>) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => {
                let writer = sqlite.pools().writer;
                let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
                for sql in statements {
                    bound!(sql).execute(&mut *transaction).await?;
                }
                transaction.commit().await?;
            }
            Self::Postgres(postgres) => {
                let mut transaction = postgres.pool.begin().await?;
                for sql in statements {
                    bound!(sql).execute(&mut *transaction).await?;
                }
                transaction.commit().await?;
            }
        }
        Ok(())
    }

    /// Gives the disk back what deleted rows took; PostgreSQL does so by itself.
    pub(crate) async fn give_space_back(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.give_space_back().await,
            Self::Postgres(_) => Ok(()),
        }
    }

    /// An aggregate that gathers the `key` and `value` of labels into JSON text.
    pub(crate) fn labels_as_json(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "json_group_object(l.key, l.value)",
            Self::Postgres(_) => "CAST(jsonb_object_agg(l.key, l.value) AS TEXT)",
        }
    }

    #[cfg(test)]
    pub(crate) async fn prepare(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.prepare().await,
            Self::Postgres(postgres) => postgres.prepare().await,
        }
    }

    pub(crate) async fn write(&self, batch: &crate::batch::Batch<'_>) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(batch).await,
            Self::Postgres(postgres) => postgres.write(batch).await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.pool.close().await,
        }
    }
}
