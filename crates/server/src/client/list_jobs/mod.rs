//! `GET /jobs`: the client's jobs, newest first.
//!
//! Without filters it answers as the first generation did: the jobs the store still keeps, whole.
//! With one, or with a cursor, it answers from the history: summaries of all jobs, deleted ones
//! too. Either way `Link` and `X-Next-Cursor` tell where the next page is.

mod filters;
mod link;

pub(crate) use link::paged;

use avtomatika_engine::Client;
use avtomatika_history::ListQuery;
use avtomatika_protocol::job::JobView;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use self::filters::Asked;
use crate::access::Party;
use crate::history::{self, Past};
use crate::http::ApiError;
use crate::server::AppState;

/// The longest list in one answer.
pub(crate) const LIMIT_MAX: u32 = 1_000;

pub(crate) async fn list_jobs(
    State(state): State<AppState>,
    party: Party,
    OriginalUri(uri): OriginalUri,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let asked = Asked::read(query.as_deref().unwrap_or_default())?;
    if asked.is_of_history() {
        let past = state.past.as_ref().ok_or_else(history::off)?;
        let list = asked.of_history(&party.account)?;
        let (jobs, next) = from_history(past, list, asked.offset()?).await?;
        return Ok(paged(&uri, &jobs, next.as_deref()));
    }
    let client = &party.account.client;
    let (limit, offset) = asked.of_live()?;
    let jobs = state.engine.jobs(&client.id, limit, offset).await?;
    let Some(past) = state.past.as_ref().filter(|_| limit > 0) else {
        return Ok(paged(&uri, &jobs, None));
    };
    if jobs.is_empty() && offset == 0 && !past.is_failing() {
        // All that is left of them are their summaries.
        let list = ListQuery {
            client: Some(client.id.clone()),
            limit: u32::try_from(limit).unwrap_or(LIMIT_MAX),
            ..ListQuery::default()
        };
        return Ok(match from_history(past, list, 0).await {
            Ok((jobs, next)) => paged(&uri, &jobs, next.as_deref()),
            Err(_) => paged(&uri, &jobs, None),
        });
    }
    let next = behind(past, client, &jobs, limit).await;
    Ok(paged(&uri, &jobs, next.as_deref()))
}

/// A page of the history; `offset` jobs are passed over first.
async fn from_history(
    past: &Past,
    mut list: ListQuery,
    mut offset: u32,
) -> Result<(Vec<Value>, Option<String>), ApiError> {
    let (history, _) = past.now().await;
    let wanted = list.limit;
    while offset > 0 {
        list.limit = offset.min(LIMIT_MAX);
        let page = history.list(&list).await?;
        offset = offset.saturating_sub(u32::try_from(page.jobs.len()).unwrap_or(u32::MAX));
        list.cursor = page.next;
        if list.cursor.is_none() {
            return Ok((Vec::new(), None));
        }
    }
    list.limit = wanted;
    let page = history.list(&list).await?;
    Ok((page.jobs.iter().map(shown).collect(), page.next))
}

fn shown(job: &impl Serialize) -> Value {
    serde_json::to_value(job).unwrap_or_default()
}

/// Where the list goes on behind these jobs, if it does.
async fn behind(past: &Past, client: &Client, jobs: &[JobView], limit: usize) -> Option<String> {
    let last = jobs.last()?;
    let mut list = ListQuery {
        client: Some(client.id.clone()),
        limit: 1,
        ..ListQuery::default()
    };
    let cursor = list.cursor_after(last.created_at_ms, last.id);
    if jobs.len() < limit {
        if past.is_failing() {
            return None;
        }
        // The store has no more; the history may know of deleted ones. A page that ended early
        // because of its size has its next jobs there, too.
        list.cursor = Some(cursor.clone());
        let rest = past.now().await.0.list(&list).await.ok()?;
        if rest.jobs.is_empty() && rest.next.is_none() {
            return None;
        }
    }
    Some(cursor)
}
