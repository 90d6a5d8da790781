//! The tests' PostgreSQL server, which scripts/postgres.sh starts.

use std::path::Path;

use uuid::Uuid;

/// The URL of a new, empty schema. Nobody drops it: the server's data goes away as a whole.
pub(crate) async fn new_schema() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/postgres/url");
    let url = std::env::var("AVTOMATIKA_TEST_POSTGRES")
        .or_else(|_| std::fs::read_to_string(file))
        .expect("no PostgreSQL server for tests: run scripts/postgres.sh");
    let url = url.trim();
    let schema = format!("t{}", Uuid::now_v7().simple());
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}")))
        .execute(&mut connection)
        .await
        .unwrap();
    format!("{url}?options=-csearch_path%3D{schema}")
}
