//! What is left of a job whose record has been deleted.

use avtomatika_protocol::{ClientId, JobId};
use serde_json::{Map, Value};

use crate::history::Past;
use crate::http::ApiError;

/// The job as its history knows it, with the keys every job has. `None` if there never was one, or
/// if it is another client's.
pub(super) async fn purged(
    past: &Past,
    client: Option<&ClientId>,
    id: JobId,
) -> Result<Option<Value>, ApiError> {
    let (history, _) = past.now().await;
    let found = history.job(id).await?;
    let found = found.filter(|(owner, _)| client.is_none_or(|client| owner == client));
    let Some((_, summary)) = found else {
        return Ok(None);
    };
    let mut shown = serde_json::to_value(&summary).unwrap_or_default();
    if let Value::Object(job) = &mut shown {
        // Bodies are not kept in the history.
        job.insert("initial_data".to_owned(), Value::Null);
        job.insert("state_history".to_owned(), Value::Object(Map::new()));
        job.insert("retry_count".to_owned(), Value::from(0));
        job.insert("purged".to_owned(), Value::Bool(true));
    }
    Ok(Some(shown))
}
