//! Backends for tests that look inside.

#[path = "../tests/history/server.rs"]
mod server;

use std::path::Path;

use crate::backend::Backend;
use crate::location::Location;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;

pub(crate) async fn sqlite(dir: &Path) -> Backend {
    let backend = Backend::Sqlite(Sqlite::new(&dir.join("history.db")));
    backend.prepare().await.unwrap();
    backend
}

pub(crate) async fn postgres() -> (Backend, sqlx::PgPool) {
    let Location::Postgres(options) = server::new_schema().await.parse().unwrap() else {
        panic!("no server");
    };
    let postgres = Postgres::new(*options);
    let pool = postgres.pool.clone();
    let backend = Backend::Postgres(postgres);
    backend.prepare().await.unwrap();
    (backend, pool)
}
