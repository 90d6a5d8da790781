//! No list may read a whole table: asks the databases how they would run each.

use avtomatika_protocol::{ClientId, JobStatus};
use uuid::Uuid;

use crate::backend::{Backend, Sql};
use crate::cursor::JobKey;
use crate::driver::{Driver, Rest};
use crate::list::Span;
use crate::query::ListQuery;
use crate::testing;

/// Every driver with every rest.
fn queries() -> Vec<ListQuery> {
    let label = |key: &str| (key.to_owned(), "v".to_owned());
    let mut queries = Vec::new();
    for client in [None, Some(ClientId::from("alice"))] {
        for statuses in [
            vec![],
            vec![JobStatus::Failed],
            vec![JobStatus::Failed, JobStatus::Running],
        ] {
            for blueprint in [None, Some("flow".to_owned())] {
                for labels in [vec![], vec![label("a")], vec![label("a"), label("b")]] {
                    for (state, updated_from_ms) in [(None, None), (Some("s".to_owned()), Some(5))]
                    {
                        queries.push(ListQuery {
                            client: client.clone(),
                            statuses: statuses.clone(),
                            blueprint: blueprint.clone(),
                            labels: labels.clone(),
                            state,
                            updated_from_ms,
                            limit: 100,
                            ..ListQuery::default()
                        });
                    }
                }
            }
        }
    }
    queries
}

/// The statements a list may run.
fn statements(backend: &Backend, query: &ListQuery) -> Vec<Sql> {
    let query = query.as_stored();
    let span = Span {
        before: JobKey {
            created_at_ms: 1_000,
            id: Uuid::nil(),
        },
        down_to: JobKey {
            created_at_ms: 0,
            id: Uuid::nil(),
        },
    };
    let mut statements = Vec::new();
    for driver in Driver::candidates(&query) {
        let rest = Rest::of(&query, &driver);
        statements.push(backend.page(&driver, &rest, span, 101));
        statements.push(Backend::nth_key(&driver, span, 500));
        statements.push(Backend::counting(&driver, span));
    }
    statements
}

#[tokio::test]
async fn sqlite_walks_along_indexes_only() {
    let dir = tempfile::tempdir().unwrap();
    let backend = testing::sqlite(dir.path()).await;
    let mut seen = 0;
    for query in queries() {
        for statement in statements(&backend, &query) {
            let mut sql = Sql::new("EXPLAIN QUERY PLAN ");
            sql.push(&statement.text);
            sql.binds = statement.binds;
            let text = sql.text.clone();
            let plan = backend.rows(sql, |row| row.text(3)).await.unwrap();
            let whole = plan.iter().find(|line| {
                let scans = ["SCAN f", "SCAN d", "SCAN j", "SCAN l", "SCAN x"];
                scans.iter().any(|scan| line.starts_with(scan)) || line.contains("AUTOMATIC")
            });
            assert_eq!(whole, None, "{text}\n{plan:#?}");
            // The parts come sorted out of their indexes.
            let sorts = plan.iter().find(|line| line.contains("TEMP B-TREE"));
            assert_eq!(sorts, None, "{text}\n{plan:#?}");
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen}");
}

#[tokio::test]
async fn postgres_walks_along_indexes_only() {
    let (backend, pool) = testing::postgres().await;
    // Enough rows that reading a table whole would never pay.
    let fill = "
        INSERT INTO jobs SELECT gen_random_uuid(), 'c' || n % 3, 'b' || n % 5, '',
            (ARRAY['completed', 'failed', 'running', 'sleeping'])[n % 4 + 1], 'end', n, n, n, NULL, 1, NULL
            FROM generate_series(1, 40000) AS n;
        INSERT INTO job_labels SELECT id, key, 'v' || created_at_ms % 10, client, created_at_ms
            FROM jobs, (VALUES ('a'), ('b')) AS k (key);
        ANALYZE jobs; ANALYZE job_labels";
    sqlx::raw_sql(fill).execute(&pool).await.unwrap();
    let mut seen = 0;
    for mut query in queries() {
        query.client = query.client.map(|_| ClientId::from("c1"));
        query.blueprint = query.blueprint.map(|_| "b1".to_owned());
        for label in &mut query.labels {
            label.1 = "v1".to_owned();
        }
        for statement in statements(&backend, &query) {
            let mut sql = Sql::new("EXPLAIN ");
            sql.push(&statement.text);
            sql.binds = statement.binds;
            let text = sql.text.clone();
            let plan = backend.rows(sql, |row| row.text(0)).await.unwrap();
            let whole = plan.iter().find(|line| {
                let bad = ["Seq Scan", "Bitmap", "Sort  ("];
                bad.iter().any(|bad| line.contains(bad))
            });
            assert_eq!(whole, None, "{text}\n{plan:#?}");
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen}");
}
