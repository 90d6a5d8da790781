//! What the history tells of the jobs, after everything.

use std::collections::BTreeMap;
use std::path::Path;

use avtomatika_history::{History, ListQuery, Location};
use avtomatika_protocol::history::{JobEvent, JobSummary};
use avtomatika_protocol::{JobId, JobStatus};

/// Fails unless each of these jobs is told of from its beginning to its end, each thing once, and
/// the totals of workers agree with what is told.
pub(crate) async fn check(file: &Path, accepted: &[String]) {
    let history = History::open(Location::file(file)).await.unwrap();
    let jobs = all(&history).await;
    let mut finished = 0;
    for (id, summary) in &jobs {
        let events = history.events(*id, None, 1_000).await.unwrap();
        assert_eq!(events.next, None, "{id}: {events:?}");
        finished += told_once(summary, &events.events);
    }
    for job in accepted {
        let id: JobId = job.parse().unwrap();
        let summary = jobs
            .get(&id)
            .unwrap_or_else(|| panic!("nothing is told of {job}"));
        assert_eq!(summary.status, JobStatus::Completed, "{job}");
    }
    let totals = history.worker_totals(0).await.unwrap();
    let counted: u64 = totals.values().map(|totals| totals.finished).sum();
    assert_eq!(counted, finished, "{totals:?}");
    println!(
        "history: {} jobs, {} of them acknowledged; {finished} tasks finished, {totals:?}",
        jobs.len(),
        accepted.len()
    );
}

/// Every job there is.
async fn all(history: &History) -> BTreeMap<JobId, JobSummary> {
    let mut jobs = BTreeMap::new();
    let mut query = ListQuery {
        limit: 1_000,
        ..ListQuery::default()
    };
    loop {
        let page = history.list(&query).await.unwrap();
        jobs.extend(page.jobs.into_iter().map(|job| (job.id, job)));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return jobs;
        }
    }
}

/// Checks one job's events; answers how many tasks of it were finished.
fn told_once(job: &JobSummary, events: &[JobEvent]) -> u64 {
    let count = |kind: &str| events.iter().filter(|it| it.event_type == kind).count();
    assert_eq!(count("job_created"), 1, "{events:#?}");
    assert_eq!(events[0].event_type, "job_created", "{events:#?}");
    for pair in events.windows(2) {
        let follows = (pair[0].version, pair[0].n + 1) == (pair[1].version, pair[1].n);
        let is_next = pair[1].version > pair[0].version && pair[1].n == 0;
        assert!(follows || is_next, "something is missing: {events:#?}");
    }
    let last = events.last().unwrap();
    assert_eq!((last.status, &last.state), (job.status, &job.current_state));
    if job.status == JobStatus::Completed {
        assert_eq!(count("job_completed"), 1, "{events:#?}");
        assert_eq!(count("task_dispatched"), 1, "{events:#?}");
        assert_eq!(count("task_finished"), 1, "{events:#?}");
    }
    count("task_finished") as u64
}
