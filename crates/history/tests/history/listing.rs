//! Lists: every filter, against a plain search through all jobs.

use std::collections::BTreeMap;
use std::sync::Arc;

use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_history::{Error, ListQuery};
use avtomatika_protocol::{ClientId, JobId, JobStatus};

use crate::db::{Db, event, id, on_both};

on_both! {
    every_combination_of_filters_finds_what_a_plain_search_finds
    a_cursor_belongs_to_its_filters
    jobs_that_come_meanwhile_move_nothing
}

const STATUSES: [JobStatus; 5] = [
    JobStatus::Completed,
    JobStatus::Failed,
    JobStatus::Quarantined,
    JobStatus::Running,
    JobStatus::WaitingForWorker,
];

/// A job and what it is filtered by.
struct Known {
    event: HistoryEvent,
    labels: BTreeMap<String, String>,
}

/// Jobs that differ in everything a filter asks for, several at the same time.
fn world(jobs: u64) -> Vec<Known> {
    (0..jobs)
        .map(|n| {
            let created_at_ms = 10_000 + n / 3;
            // Spread, and the same in each run.
            let dice =
                |sides: u64, salt: u64| ((n * 2_654_435_761 + salt * 40_503_001) >> 7) % sides;
            let mut labels = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
            labels.insert("n".to_owned(), (n % 7).to_string());
            if n % 50 == 0 {
                labels.insert("rare".to_owned(), "yes".to_owned());
            }
            let event = HistoryEvent {
                client: ClientId::from(["alice", "bob"][usize::try_from(dice(2, 1)).unwrap()]),
                blueprint: Arc::from(
                    ["flow", "deploy", "report"][usize::try_from(dice(3, 2)).unwrap()],
                ),
                state: format!("s{}", dice(4, 5)),
                status: STATUSES[usize::try_from(dice(5, 3)).unwrap()],
                at_ms: created_at_ms + dice(300, 4),
                labels: Some(labels.clone()),
                ..event(
                    id(created_at_ms, n),
                    created_at_ms,
                    1,
                    EventKind::JobCreated,
                )
            };
            Known { event, labels }
        })
        .collect()
}

fn fits(known: &Known, query: &ListQuery) -> bool {
    let event = &known.event;
    let within = |at_ms: u64, from: Option<u64>, to: Option<u64>| {
        from.is_none_or(|from| at_ms >= from) && to.is_none_or(|to| at_ms < to)
    };
    query.client.as_ref().is_none_or(|it| *it == event.client)
        && (query.statuses.is_empty() || query.statuses.contains(&event.status))
        && query
            .blueprint
            .as_deref()
            .is_none_or(|it| it == &*event.blueprint)
        && query.state.as_deref().is_none_or(|it| it == event.state)
        && query
            .labels
            .iter()
            .all(|(key, value)| known.labels.get(key) == Some(value))
        && within(
            event.created_at_ms,
            query.created_from_ms,
            query.created_to_ms,
        )
        && within(event.at_ms, query.updated_from_ms, query.updated_to_ms)
}

/// Follows the pages to the end.
async fn listed(db: &Db, query: &ListQuery) -> Vec<JobId> {
    let mut query = query.clone();
    let mut found = Vec::new();
    loop {
        let page = db.history.list(&query).await.unwrap();
        assert!(page.jobs.len() <= usize::try_from(query.limit).unwrap());
        found.extend(page.jobs.iter().map(|job| job.id));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return found;
        }
    }
}

async fn every_combination_of_filters_finds_what_a_plain_search_finds(db: Db) {
    let world = world(700);
    let events: Vec<_> = world.iter().map(|known| known.event.clone()).collect();
    db.write(&events).await;
    let clients = [None, Some(ClientId::from("alice"))];
    let statuses = [vec![], vec![STATUSES[1]], vec![STATUSES[2], STATUSES[3]]];
    let blueprints = [None, Some("deploy".to_owned()), Some("nothing".to_owned())];
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let labels = [
        vec![],
        vec![label("env", "prod")],
        vec![label("env", "prod"), label("n", "3")],
        vec![label("rare", "yes"), label("env", "prod")],
        vec![label("n", "3"), label("n", "4")],
    ];
    let created = [
        (None, None),
        (Some(10_100), Some(10_300)),
        (None, Some(10_200)),
    ];
    let updated = [
        (None, None),
        (Some(10_400), None),
        (Some(10_200), Some(10_300)),
    ];
    let mut combinations = 0;
    for client in &clients {
        for statuses in &statuses {
            for blueprint in &blueprints {
                for labels in &labels {
                    for created in created {
                        for updated in updated {
                            let query = ListQuery {
                                client: client.clone(),
                                statuses: statuses.clone(),
                                blueprint: blueprint.clone(),
                                labels: labels.clone(),
                                state: (combinations % 4 == 1).then(|| "s2".to_owned()),
                                created_from_ms: created.0,
                                created_to_ms: created.1,
                                updated_from_ms: updated.0,
                                updated_to_ms: updated.1,
                                cursor: None,
                                limit: [23, 100, 1_000][combinations % 3],
                            };
                            let mut wanted: Vec<_> = world
                                .iter()
                                .filter(|known| fits(known, &query))
                                .map(|known| known.event.job_id)
                                .collect();
                            wanted.reverse();
                            assert_eq!(listed(&db, &query).await, wanted, "{query:?}");
                            combinations += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(combinations, 2 * 3 * 3 * 5 * 3 * 3);
}

async fn a_cursor_belongs_to_its_filters(db: Db) {
    let events: Vec<_> = world(100).into_iter().map(|known| known.event).collect();
    db.write(&events).await;
    let alice = ListQuery {
        client: Some(ClientId::from("alice")),
        limit: 5,
        ..ListQuery::default()
    };
    let cursor = db.history.list(&alice).await.unwrap().next.unwrap();
    let at = |query: ListQuery| ListQuery {
        cursor: Some(cursor.clone()),
        ..query
    };
    // The size of the pages may change.
    let other_size = ListQuery {
        limit: 9,
        ..alice.clone()
    };
    assert!(db.history.list(&at(other_size)).await.is_ok());
    let others = [
        ListQuery {
            client: Some(ClientId::from("bob")),
            ..alice.clone()
        },
        ListQuery {
            client: None,
            ..alice.clone()
        },
        ListQuery {
            blueprint: Some(String::new()),
            ..alice.clone()
        },
        ListQuery {
            statuses: vec![JobStatus::Failed],
            ..alice.clone()
        },
        ListQuery {
            state: Some(String::new()),
            ..alice.clone()
        },
        ListQuery {
            created_from_ms: Some(0),
            ..alice.clone()
        },
        ListQuery {
            updated_to_ms: Some(0),
            ..alice.clone()
        },
        ListQuery {
            labels: vec![(String::new(), String::new())],
            ..alice.clone()
        },
    ];
    for other in others {
        let refused = db.history.list(&at(other.clone())).await;
        assert!(matches!(refused, Err(Error::InvalidCursor)), "{other:?}");
    }
}

async fn jobs_that_come_meanwhile_move_nothing(db: Db) {
    let job = |n| event(id(1_000 + n, n), 1_000 + n, 1, EventKind::JobCreated);
    let events: Vec<_> = (0..30).map(job).collect();
    db.write(&events).await;
    let mut query = ListQuery {
        client: Some(ClientId::from("alice")),
        limit: 10,
        ..ListQuery::default()
    };
    let mut seen = Vec::new();
    for round in 1..=3 {
        let page = db.history.list(&query).await.unwrap();
        seen.extend(page.jobs.iter().map(|job| job.created_at_ms));
        query.cursor = page.next;
        db.write(&[job(100 + round)]).await;
    }
    let wanted: Vec<_> = (1_000..1_030).rev().collect();
    assert_eq!(seen, wanted);
    // The live list hands out the same cursors.
    let after = query.cursor_after(1_010, id(1_010, 10));
    let page = db
        .history
        .list(&ListQuery {
            cursor: Some(after),
            ..query
        })
        .await
        .unwrap();
    assert_eq!(page.jobs.first().unwrap().created_at_ms, 1_009);
}
