//! What a handler sees.

use std::collections::BTreeMap;
use std::fmt;

use avtomatika_protocol::job::Decision;
use avtomatika_protocol::{ClientId, Failure, JobId, LeaseId, TaskId, WorkerId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Action, DocumentKey};
use crate::storage::Document;

/// The client a job belongs to. Kept on the job; holds no token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Who.
    pub id: ClientId,
    /// The user its token stands for.
    pub user_id: String,
    /// Whether it may act for other users.
    #[serde(default)]
    pub trusted: bool,
    /// Its plan, as configured.
    #[serde(default = "plan_unknown", skip_serializing_if = "is_unknown")]
    pub plan: String,
    /// What its configuration says beside, for handlers to go by.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
}

/// The plan of a client whose configuration names none, as the seed era calls it.
const PLAN_UNKNOWN: &str = "unknown";

fn plan_unknown() -> String {
    PLAN_UNKNOWN.to_owned()
}

fn is_unknown(plan: &str) -> bool {
    plan == PLAN_UNKNOWN
}

impl Client {
    /// A client without roles, plan and parameters.
    pub fn new(id: ClientId, user_id: impl Into<String>) -> Self {
        Self {
            id,
            user_id: user_id.into(),
            trusted: false,
            plan: plan_unknown(),
            params: Map::new(),
        }
    }
}

/// How the last task of a job went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastTask {
    /// Its type.
    pub task_type: String,
    /// The status it ended with.
    pub status: String,
    /// Who did it last; nobody, if no worker ever took it.
    pub worker: Option<WorkerId>,
    /// What went wrong, if something did.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Workers that had it in earlier attempts and fell silent or took too long: what they did
    /// is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost_at: Vec<WorkerId>,
}

/// What came of a branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BranchResult {
    /// The branch's name.
    pub name: String,
    /// `success`, `failure`, `cancelled`, `timeout` or a status of the worker's own.
    pub status: String,
    /// What it yielded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerId>,
    /// Its task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// Its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// The lease its result was taken under, so that the same result again gets the same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseId>,
}

impl BranchResult {
    /// Whether it did what it was meant to.
    pub fn is_success(&self) -> bool {
        !matches!(self.status.as_str(), "failure" | "cancelled" | "timeout")
    }
}

/// What came of the last sub-job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChildResult {
    /// The sub-job.
    pub job: JobId,
    /// The blueprint it walked through.
    pub blueprint: String,
    /// How it ended: a terminal job status, or `timeout`.
    pub status: String,
    /// What it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// The documents a handler asked for with [`Action::load`].
#[derive(Clone, Debug, Default)]
pub struct Documents(BTreeMap<DocumentKey, Loaded>);

/// A document as it was when it was loaded, or as this step has written it.
#[derive(Clone, Debug)]
struct Loaded {
    version: u64,
    value: Option<Value>,
}

impl Documents {
    /// Whether the document has been loaded (it may still not exist).
    pub fn is_loaded(&self, key: &DocumentKey) -> bool {
        self.0.contains_key(key)
    }

    pub(crate) fn insert(&mut self, key: DocumentKey, document: Option<Document>) {
        let loaded = match document {
            Some(document) => Loaded {
                version: document.version,
                value: Some(document.value),
            },
            None => Loaded {
                version: 0,
                value: None,
            },
        };
        self.0.insert(key, loaded);
    }

    pub(crate) fn version(&self, key: &DocumentKey) -> Option<u64> {
        self.0.get(key).map(|loaded| loaded.version)
    }

    pub(crate) fn overwrite(&mut self, key: &DocumentKey, value: Option<Value>) {
        if let Some(loaded) = self.0.get_mut(key) {
            loaded.value = value;
        }
    }

    /// The document's value, if it has been loaded and exists.
    pub fn get(&self, key: &DocumentKey) -> Option<&Value> {
        self.0.get(key).and_then(|loaded| loaded.value.as_ref())
    }
}

/// What a handler sees of its job. Secrets appear sealed.
#[derive(Debug)]
pub struct Context<'a> {
    /// The job.
    pub job_id: JobId,
    /// The state whose handler runs.
    pub state: &'a str,
    /// The body the job was posted with.
    pub input: &'a Value,
    /// Data gathered so far.
    pub data: &'a Map<String, Value>,
    /// Whose job it is.
    pub client: &'a Client,
    /// How the last task went, if there was one.
    pub last_task: Option<&'a LastTask>,
    /// What came of the branches that ran side by side last.
    pub branches: &'a [BranchResult],
    /// What came of the last sub-job.
    pub child: Option<&'a ChildResult>,
    /// What a person decided last.
    pub decision: Option<&'a Decision>,
    /// How often this step has failed already.
    pub retry_count: u32,
    /// Documents loaded for this run.
    pub documents: &'a Documents,
    /// The time, milliseconds since the Unix epoch.
    pub now_ms: u64,
}

/// Why a handler could not decide. The run is tried again with back-off, then the job is
/// quarantined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerError(pub String);

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HandlerError {}

/// Decides what happens in one state. Pure: the same context gives the same action.
pub trait Handler: Send + Sync {
    /// Decides.
    ///
    /// # Errors
    /// When it can't: the run is retried, then the job is quarantined with this text.
    fn handle(&self, context: &Context<'_>) -> Result<Action, HandlerError>;
}

impl<F> Handler for F
where
    F: Fn(&Context<'_>) -> Result<Action, HandlerError> + Send + Sync,
{
    fn handle(&self, context: &Context<'_>) -> Result<Action, HandlerError> {
        self(context)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_client_of_an_earlier_version_has_no_plan() {
        let old = json!({"id": "c", "user_id": "u"});
        let client: Client = serde_json::from_value(old).unwrap();
        assert_eq!(client, Client::new("c".into(), "u"));
        assert_eq!(client.plan, "unknown");
        // And what nobody configured takes no room on each job.
        let written = serde_json::to_value(&client).unwrap();
        assert_eq!(
            written,
            json!({"id": "c", "user_id": "u", "trusted": false})
        );
    }
}
