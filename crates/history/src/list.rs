//! Pages of jobs.
//!
//! The list is ordered by the time of creation. Every index on jobs has the status in front of that
//! time, so a page is a merge of short walks, one a status, each along an index in the order of the
//! list. What no index covers (a second label, the time of the last change) is looked at row by
//! row, within windows of a bounded number of rows and within a bounded time: a page that runs out
//! of time ends early and says where to go on.

use std::time::{Duration, Instant};

use avtomatika_protocol::history::JobSummary;
use uuid::Uuid;

use crate::backend::{Backend, Sql};
use crate::batch::int;
use crate::cursor::JobKey;
use crate::driver::{Driver, Rest};
use crate::error::Result;
use crate::query::{ListQuery, Page};
use crate::rows::{SUMMARY_COLUMNS, summary};

/// Rows of the first window: those that one statement looks at when it has to look at each.
const WINDOW_MIN_ROWS: i64 = 500;
/// Rows of a window at the most.
const WINDOW_MAX_ROWS: i64 = 8_000;
/// A window that took less is followed by a larger one.
const WINDOW_TIME: Duration = Duration::from_millis(4);
/// After how long a page that finds too little ends early.
const SEARCH_TIME: Duration = Duration::from_millis(15);
/// Rows counted to tell a narrow index from a wide one.
const COUNT_ROWS: i64 = 2_000;

/// Where a walk begins (itself left out) and ends (itself included).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) before: JobKey,
    pub(crate) down_to: JobKey,
}

impl Span {
    fn of(query: &ListQuery) -> Result<Self> {
        // Nothing changes before it is created.
        let ends = [query.created_to_ms, query.updated_to_ms];
        let before = JobKey {
            created_at_ms: int(ends.into_iter().flatten().min().unwrap_or(u64::MAX)),
            id: Uuid::nil(),
        };
        Ok(Self {
            before: query.after()?.map_or(before, |after| after.min(before)),
            down_to: JobKey {
                created_at_ms: int(query.created_from_ms.unwrap_or(0)),
                id: Uuid::nil(),
            },
        })
    }
}

impl Backend {
    /// Reads a page.
    pub(crate) async fn list(&self, query: &ListQuery) -> Result<Page> {
        let query = query.as_stored();
        let limit = usize::try_from(query.limit.max(1)).unwrap_or(usize::MAX);
        let mut span = Span::of(&query)?;
        let driver = self.narrowest(Driver::candidates(&query), span).await?;
        let rest = Rest::of(&query, &driver);
        let began = Instant::now();
        let (mut jobs, mut rows) = (Vec::new(), WINDOW_MIN_ROWS);
        loop {
            let window_began = Instant::now();
            let wanted = limit - jobs.len() + 1;
            let floor = if rest.is_empty() {
                None
            } else {
                self.window(&driver, span, rows).await?
            };
            let window = Span {
                down_to: floor.unwrap_or(span.down_to),
                ..span
            };
            let sql = self.page(&driver, &rest, window, wanted);
            jobs.extend(self.rows(sql, summary).await?);
            if jobs.len() > limit {
                jobs.truncate(limit);
                let next = jobs.last().map(key);
                return Ok(page(&query, jobs, next));
            }
            match floor {
                None => return Ok(page(&query, jobs, None)),
                Some(floor) if began.elapsed() > SEARCH_TIME => {
                    return Ok(page(&query, jobs, Some(floor)));
                }
                Some(floor) => span.before = floor,
            }
            if window_began.elapsed() < WINDOW_TIME {
                rows = (rows * 2).min(WINDOW_MAX_ROWS);
            }
        }
    }

    /// The row a window's worth of rows further on, if there are so many.
    async fn window(&self, driver: &Driver, span: Span, rows: i64) -> Result<Option<JobKey>> {
        let rows = self
            .rows(Self::nth_key(driver, span, rows), |row| {
                Ok(JobKey {
                    created_at_ms: row.int(0)?,
                    id: row.id(1)?,
                })
            })
            .await?;
        Ok(rows.into_iter().next())
    }

    pub(crate) fn nth_key(driver: &Driver, span: Span, rows: i64) -> Sql {
        let mut sql = Sql::default();
        driver.keys(&mut sql, &Rest::default(), span);
        sql.push(" LIMIT 1 OFFSET ").int(rows - 1);
        sql
    }

    /// Whichever leads past the fewest rows, as far as it was counted.
    async fn narrowest(&self, mut drivers: Vec<Driver>, span: Span) -> Result<Driver> {
        let mut narrowest = drivers.pop().unwrap_or_default();
        if drivers.is_empty() {
            return Ok(narrowest);
        }
        let mut fewest = self.count(&narrowest, span).await?;
        for driver in drivers {
            let rows = self.count(&driver, span).await?;
            if rows < fewest {
                (narrowest, fewest) = (driver, rows);
            }
        }
        Ok(narrowest)
    }

    async fn count(&self, driver: &Driver, span: Span) -> Result<i64> {
        let rows = self.rows(Self::counting(driver, span), |row| row.int(0));
        Ok(rows.await?.first().copied().unwrap_or(0))
    }

    pub(crate) fn counting(driver: &Driver, span: Span) -> Sql {
        let mut sql = Sql::new("SELECT COUNT(*) FROM (");
        driver.keys(&mut sql, &Rest::default(), span);
        sql.push(" LIMIT ").int(COUNT_ROWS).push(") AS c");
        sql
    }

    /// The jobs of a span, newest first.
    pub(crate) fn page(&self, driver: &Driver, rest: &Rest<'_>, span: Span, wanted: usize) -> Sql {
        let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
        let mut sql = Sql::new(&format!(
            "SELECT {SUMMARY_COLUMNS}, (SELECT {} FROM job_labels l WHERE l.job_id = j.id) \
             FROM (",
            self.labels_as_json()
        ));
        driver.keys(&mut sql, rest, span);
        sql.push(" LIMIT ").int(wanted);
        sql.push(") AS p JOIN jobs j ON j.id = p.id ORDER BY p.created_at_ms DESC, p.id DESC");
        sql
    }
}

fn key(job: &JobSummary) -> JobKey {
    JobKey {
        created_at_ms: int(job.created_at_ms),
        id: job.id.0,
    }
}

fn page(query: &ListQuery, jobs: Vec<JobSummary>, next: Option<JobKey>) -> Page {
    Page {
        next: next.map(|key| key.token(query.digest())),
        jobs,
    }
}
