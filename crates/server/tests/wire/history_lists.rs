//! Lists of jobs with filters and cursors.

use std::collections::BTreeMap;

use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_protocol::{ClientId, JobStatus};
use serde_json::{Value, json};

use crate::harness::{Answer, CLIENT, STRANGER};
use crate::history::{ADMIN, Remembering, event, get, id, next, refused, remembering};

/// Twenty jobs, at milliseconds 1,700,000,000,000 and after: every second one failed, every fifth
/// labelled `team:red`, every fourth of the blueprint `plain`, the last two a stranger's.
const BEGIN: u64 = 1_700_000_000_000;

async fn with_jobs() -> Remembering {
    let server = remembering().await;
    let jobs: Vec<_> = (0..20)
        .map(|n| {
            let team = ["blue", "red"][usize::from(n % 5 == 0)];
            HistoryEvent {
                client: ClientId::from(["tester", "stranger"][usize::from(n >= 18)]),
                blueprint: ["steps", "plain"][usize::from(n % 4 == 0)].into(),
                state: format!("s{}", n % 3),
                labels: Some(BTreeMap::from([
                    ("team".to_owned(), team.to_owned()),
                    ("url".to_owned(), "http://x:1/?a=b&c".to_owned()),
                ])),
                status: [JobStatus::Completed, JobStatus::Failed][usize::from(n % 2 == 1)],
                ..event(BEGIN + n, 1, EventKind::JobCreated, JobStatus::Completed)
            }
        })
        .collect();
    server.history.write(&jobs).await.unwrap();
    server
}

/// The numbers of the jobs of a page.
fn numbers(page: &Answer) -> Vec<u64> {
    assert_eq!(page.status, 200, "{}", page.text);
    let jobs = page.json();
    let jobs = jobs.as_array().unwrap().iter();
    jobs.map(|job| job["created_at_ms"].as_u64().unwrap() - BEGIN)
        .collect()
}

#[tokio::test]
async fn each_filter_says_which_jobs() {
    let server = with_jobs().await;
    let all = |wanted: fn(u64) -> bool| (0..18).rev().filter(|n| wanted(*n)).collect::<Vec<_>>();
    let cases: Vec<(&str, Vec<u64>)> = vec![
        ("status=failed", all(|n| n % 2 == 1)),
        ("status=failed,completed", all(|_| true)),
        ("status=failed&status=quarantined", all(|n| n % 2 == 1)),
        ("status=quarantined,%20cancelled", vec![]),
        ("blueprint=plain", all(|n| n % 4 == 0)),
        ("blueprint=nothing", vec![]),
        ("state=s1", all(|n| n % 3 == 1)),
        ("label=team:red", all(|n| n % 5 == 0)),
        ("label=team:red&label=team:blue", vec![]),
        (
            "label=team:red&label=url:http%3A%2F%2Fx%3A1%2F%3Fa%3Db%26c",
            all(|n| n % 5 == 0),
        ),
        ("label=team:red&status=failed&blueprint=steps", vec![15, 5]),
        ("created_after=1700000000010", all(|n| n >= 10)),
        ("created_before=1700000000010", all(|n| n < 10)),
        (
            "created_after=2023-11-14T22:13:20.005Z&created_before=2023-11-15T01:13:20.007%2B03:00",
            vec![6, 5],
        ),
        // A plus nobody escaped.
        ("created_before=2023-11-15T01:13:20.002+03:00", vec![1, 0]),
        ("updated_after=1700000000016", all(|n| n >= 15)),
        ("updated_before=1700000000003", vec![1, 0]),
        ("client=tester", all(|_| true)),
        ("status=failed&offset=7", vec![3, 1]),
        ("status=failed&limit=2&offset=3", vec![11, 9]),
        ("status=failed&offset=100", vec![]),
        ("status=failed&unknown=1", all(|n| n % 2 == 1)),
    ];
    for (query, wanted) in cases {
        for path in [
            format!("/api/jobs?{query}"),
            format!("/api/v1/jobs?{query}"),
        ] {
            let page = server.wire.get(&path).await;
            assert_eq!(numbers(&page), wanted, "{path}");
        }
    }
    let page = server.wire.get("/api/jobs?label=team:red&limit=1").await;
    let n = 15;
    let wanted = json!([{
        "id": id(BEGIN + n), "blueprint_name": "steps", "current_state": "s0", "status": "failed",
        "labels": {"team": "red", "url": "http://x:1/?a=b&c"},
        "created_at_ms": BEGIN + n, "updated_at_ms": BEGIN + n + 1, "ended_at_ms": BEGIN + n + 1,
    }]);
    assert_eq!(page.json(), wanted);
}

#[tokio::test]
async fn pages_lead_to_the_end() {
    let server = with_jobs().await;
    let mut path =
        "/api/v1/jobs?status=failed,completed&limit=7&label=url:http://x:1/?a=b%26c".to_owned();
    let mut seen = Vec::new();
    for length in [7, 7, 4] {
        let page = server.wire.get(&path).await;
        assert_eq!(numbers(&page).len(), length, "{path}");
        seen.extend(numbers(&page));
        match next(&page) {
            Some(link) => path = link,
            None => assert_eq!(length, 4),
        }
    }
    assert_eq!(seen, (0..18).rev().collect::<Vec<_>>());
    // Behind an offset, too: the link does not pass over the same jobs again.
    let page = server
        .wire
        .get("/api/jobs?status=failed&offset=2&limit=3")
        .await;
    assert_eq!(numbers(&page), [13, 11, 9]);
    let page = server.wire.get(&next(&page).unwrap()).await;
    assert_eq!(numbers(&page), [7, 5, 3]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let server = with_jobs().await;
    let wire = &server.wire;
    let page = wire.get("/api/jobs?status=failed&limit=2").await;
    let cursor = page.header("x-next-cursor").unwrap().to_owned();
    let cases = [
        ("status=lost".to_owned(), "INVALID_FILTER"),
        ("status=".to_owned(), "INVALID_FILTER"),
        ("status=failed,,completed".to_owned(), "INVALID_FILTER"),
        ("label=team".to_owned(), "INVALID_FILTER"),
        ("created_after=yesterday".to_owned(), "INVALID_FILTER"),
        ("created_before=-1".to_owned(), "INVALID_FILTER"),
        (
            "created_before=1960-01-01T00:00:00Z".to_owned(),
            "INVALID_FILTER",
        ),
        ("updated_after=".to_owned(), "INVALID_FILTER"),
        (
            format!("status=failed&offset=1&cursor={cursor}"),
            "INVALID_FILTER",
        ),
        ("status=failed&offset=10001".to_owned(), "INVALID_FILTER"),
        ("label=a:b&".repeat(33), "INVALID_FILTER"),
        ("blueprint=a&blueprint=b".to_owned(), "INVALID_QUERY"),
        ("status=failed&limit=0".to_owned(), "INVALID_PAGE"),
        ("status=failed&limit=1001".to_owned(), "INVALID_PAGE"),
        ("status=failed&limit=ten".to_owned(), "INVALID_PAGE"),
        ("status=failed&offset=-1".to_owned(), "INVALID_PAGE"),
        ("cursor=x".to_owned(), "INVALID_CURSOR"),
        (format!("cursor={cursor}"), "INVALID_CURSOR"),
        (
            format!("status=failed,completed&cursor={cursor}"),
            "INVALID_CURSOR",
        ),
        (
            format!("status=failed&blueprint=steps&cursor={cursor}"),
            "INVALID_CURSOR",
        ),
    ];
    for (query, code) in cases {
        refused(wire, &format!("/api/jobs?{query}"), 400, code).await;
    }
    // A cursor does not open another client's list.
    let path = format!("/api/jobs?status=failed&cursor={cursor}");
    assert_eq!(
        numbers(&get(wire, CLIENT, &path).await),
        (0..14).rev().filter(|n| n % 2 == 1).collect::<Vec<_>>()
    );
    assert_eq!(
        get(wire, STRANGER, &path).await.json()["code"],
        "INVALID_CURSOR"
    );
}

#[tokio::test]
async fn only_admins_list_jobs_of_others() {
    let server = with_jobs().await;
    let wire = &server.wire;
    let own = get(wire, STRANGER, "/api/jobs?status=completed,failed").await;
    assert_eq!(numbers(&own), [19, 18]);
    for path in ["/api/jobs?client=stranger", "/api/jobs?client=*"] {
        refused(wire, path, 403, "FORBIDDEN").await;
    }
    let others = get(wire, ADMIN, "/api/jobs?client=stranger").await;
    assert_eq!(numbers(&others), [19, 18]);
    let all = get(wire, ADMIN, "/api/jobs?client=*&limit=3").await;
    assert_eq!(numbers(&all), [19, 18, 17]);
    let all = get(wire, ADMIN, &next(&all).unwrap()).await;
    assert_eq!(numbers(&all), [16, 15, 14]);
    let none = get(wire, ADMIN, "/api/jobs?status=completed").await;
    assert_eq!(none.json(), json!([]));
}

#[tokio::test]
async fn the_store_s_list_goes_on_in_the_history() {
    let server = with_jobs().await;
    let wire = &server.wire;
    // Nothing is left in the store: summaries.
    let page = wire.get("/api/jobs?limit=4").await;
    assert_eq!(numbers(&page), [17, 16, 15, 14]);
    assert_eq!(
        numbers(&wire.get(&next(&page).unwrap()).await),
        [13, 12, 11, 10]
    );
    let page = wire.get("/api/jobs?limit=5000").await;
    assert_eq!(numbers(&page).len(), 18);
    // Two living jobs come first, whole; the deleted ones follow them.
    let mut living = Vec::new();
    for _ in 0..2 {
        living.push(Value::from(wire.submit(json!({"handler": "skips"})).await));
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    living.reverse();
    for path in ["/api/jobs", "/api/jobs?limit=2"] {
        let page = wire.get(path).await;
        let jobs = page.json();
        let ids: Vec<_> = jobs
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["id"].clone())
            .collect();
        assert_eq!(ids, living);
        assert!(jobs[0]["initial_data"].is_object());
        let rest = wire.get(&next(&page).unwrap()).await;
        assert_eq!(numbers(&rest)[..2], [17, 16]);
    }
    let none = wire.get("/api/jobs?limit=0").await;
    assert_eq!((none.json(), next(&none)), (json!([]), None));
    // Somebody who has nothing anywhere.
    let nothing = get(wire, ADMIN, "/api/jobs").await;
    assert_eq!((nothing.json(), next(&nothing)), (json!([]), None));
}
