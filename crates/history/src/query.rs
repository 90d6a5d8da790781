//! What can be asked of the list of jobs.

use avtomatika_protocol::history::JobSummary;
use avtomatika_protocol::{ClientId, JobId, JobStatus};

use crate::batch::int;
use crate::cursor::{JobKey, ListDigest};
use crate::error::Result;
use crate::text::{LABEL_MAX_BYTES, fit, name};

/// Which jobs, and from where on. What is left at its default filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Jobs of this client only; of all clients without it.
    pub client: Option<ClientId>,
    /// Jobs that stand at one of these; anywhere when empty.
    pub statuses: Vec<JobStatus>,
    /// Jobs of this blueprint.
    pub blueprint: Option<String>,
    /// Jobs in this state of their blueprint.
    pub state: Option<String>,
    /// Jobs that have all of these labels.
    pub labels: Vec<(String, String)>,
    /// Accepted at this time or later, milliseconds since the Unix epoch.
    pub created_from_ms: Option<u64>,
    /// Accepted before this time, milliseconds since the Unix epoch.
    pub created_to_ms: Option<u64>,
    /// Last changed at this time or later, milliseconds since the Unix epoch.
    pub updated_from_ms: Option<u64>,
    /// Last changed before this time, milliseconds since the Unix epoch.
    pub updated_to_ms: Option<u64>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Jobs of a page at the most.
    pub limit: u32,
}

/// A page of jobs, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The jobs. A page may be short, even empty, while more follow: a filter that fits few of very
    /// many jobs is searched piece by piece.
    pub jobs: Vec<JobSummary>,
    /// Where the next page begins, if there may be one.
    pub next: Option<String>,
}

impl ListQuery {
    /// The same query with names as they are stored.
    pub(crate) fn as_stored(&self) -> Self {
        let mut query = self.clone();
        query.client = self
            .client
            .as_ref()
            .map(|client| name(client.as_str()).into_owned().into());
        query.blueprint = self.blueprint.as_deref().map(|it| name(it).into_owned());
        query.state = self.state.as_deref().map(|it| name(it).into_owned());
        for (key, value) in &mut query.labels {
            *key = name(key).into_owned();
            *value = fit(value, LABEL_MAX_BYTES).into_owned();
        }
        query.labels.sort();
        query.labels.dedup();
        query.statuses.sort_by_key(|status| status.as_str());
        query.statuses.dedup();
        query
    }

    /// The cursor of what follows this job in the list.
    pub fn cursor_after(&self, created_at_ms: u64, id: JobId) -> String {
        let key = JobKey {
            created_at_ms: int(created_at_ms),
            id: id.0,
        };
        key.token(self.as_stored().digest())
    }

    pub(crate) fn after(&self) -> Result<Option<JobKey>> {
        let digest = self.digest();
        let read = |token: &String| JobKey::read(token, digest);
        self.cursor.as_ref().map(read).transpose()
    }

    /// What a cursor is bound to: everything but itself and the size of pages.
    pub(crate) fn digest(&self) -> ListDigest {
        let client = self.client.as_ref().map(ClientId::as_str);
        let mut parts = vec![
            option(client.map(str::to_owned)),
            option(self.blueprint.clone()),
            option(self.state.clone()),
            option(self.created_from_ms.map(|at| at.to_string())),
            option(self.created_to_ms.map(|at| at.to_string())),
            option(self.updated_from_ms.map(|at| at.to_string())),
            option(self.updated_to_ms.map(|at| at.to_string())),
            self.statuses.len().to_string(),
        ];
        parts.extend(self.statuses.iter().map(|it| it.as_str().to_owned()));
        for (key, value) in &self.labels {
            parts.extend([key.clone(), value.clone()]);
        }
        ListDigest::of(parts.iter().map(String::as_bytes))
    }
}

/// Tells absent from empty.
fn option(text: Option<String>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| format!("+{text}"))
}
