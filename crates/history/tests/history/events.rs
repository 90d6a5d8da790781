//! Reading a job's events.

use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_history::Error;

use crate::db::{Db, event, id, on_both};

on_both! {
    events_come_in_order_page_by_page
    a_cursor_of_another_job_is_refused
}

async fn events_come_in_order_page_by_page(db: Db) {
    let job = id(1_000, 1);
    let mut events = Vec::new();
    for version in (1..=40).rev() {
        for n in (0..3).rev() {
            events.push(HistoryEvent {
                n,
                ..event(job, 1_000, version, EventKind::StateEntered)
            });
        }
        events.push(event(id(1_000, 2), 1_000, version, EventKind::StateEntered));
    }
    db.write(&events).await;
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = db.history.events(job, cursor.as_deref(), 7).await.unwrap();
        assert!(page.events.len() <= 7);
        seen.extend(page.events.iter().map(|event| (event.version, event.n)));
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let wanted: Vec<_> = (1..=40)
        .flat_map(|version| (0..3).map(move |n| (version, n)))
        .collect();
    assert_eq!(seen, wanted);
    assert_eq!(pages, 18);
    let exact = db.history.events(job, None, 120).await.unwrap();
    assert_eq!((exact.events.len(), exact.next), (120, None));
    let none = db.history.events(id(5, 5), None, 10).await.unwrap();
    assert!(none.events.is_empty());
}

async fn a_cursor_of_another_job_is_refused(db: Db) {
    let job = id(1_000, 1);
    let events: Vec<_> = (1..9)
        .map(|version| event(job, 1_000, version, EventKind::StateEntered))
        .collect();
    db.write(&events).await;
    let cursor = db.history.events(job, None, 3).await.unwrap().next.unwrap();
    let refused = db.history.events(id(1_000, 2), Some(&cursor), 3).await;
    assert!(matches!(refused, Err(Error::InvalidCursor)));
    for bad in ["", "x", "%%%", "AAAA"] {
        let refused = db.history.events(job, Some(bad), 3).await;
        assert!(matches!(refused, Err(Error::InvalidCursor)), "{bad}");
    }
}
