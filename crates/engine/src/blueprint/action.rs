//! What a handler asks for.

use std::collections::BTreeMap;

use avtomatika_protocol::{ClientId, WorkerId};
use serde_json::{Map, Value};

use super::RetryPolicy;

/// One decision of a handler, with updates to the job's data and to shared documents. All of it
/// is written in one atomic commit, or none of it.
#[derive(Clone, Debug)]
pub struct Action {
    /// What happens next.
    pub kind: ActionKind,
    /// Keys merged into the job's data.
    pub data: Map<String, Value>,
    /// Documents written. Each must have been loaded by this run of the handler, so that a
    /// change made elsewhere in between is noticed and the handler runs again.
    pub documents: Vec<DocumentWrite>,
}

/// What happens next.
#[derive(Clone, Debug)]
pub enum ActionKind {
    /// Go to this state. An end state ends the job.
    Transition(String),
    /// Have a worker do a task; its result decides the next state.
    Dispatch(Dispatch),
    /// Load these documents and run the same handler again with them.
    Load(Vec<DocumentKey>),
    /// End the job in the given end state with this failure kept on it.
    Fail {
        /// The end state.
        state: String,
        /// What went wrong.
        failure: avtomatika_protocol::Failure,
    },
}

/// A task for a worker.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// What is to be done; workers register for types.
    pub task_type: String,
    /// With which parameters.
    pub params: Map<String, Value>,
    /// Which state each status of the result leads to.
    pub transitions: BTreeMap<String, String>,
    /// Higher goes first.
    pub priority: i32,
    /// Only this worker may do it.
    pub worker: Option<WorkerId>,
    /// Whose the sealed values in the parameters are; `None`: the job's client. A handler names
    /// another client only after it has checked that the job may act on what is that client's.
    pub sealed_for: Option<ClientId>,
    /// How often it is tried.
    pub retry: RetryPolicy,
    /// How long one attempt may run, milliseconds, whatever the worker's heartbeats say.
    pub execution_timeout_ms: Option<u64>,
    /// How long it may wait for a worker, milliseconds. Without it, it waits for ever.
    pub dispatch_timeout_ms: Option<u64>,
}

/// Names a document: durable data shared by all jobs and all orchestrators.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentKey {
    /// The collection.
    pub store: String,
    /// The document in it.
    pub key: String,
}

/// A change to a document.
#[derive(Clone, Debug)]
pub struct DocumentWrite {
    /// Which.
    pub key: DocumentKey,
    /// Its new value; `None` deletes it.
    pub value: Option<Value>,
}

impl DocumentKey {
    /// The document `key` of the collection `store`.
    pub fn new(store: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            store: store.into(),
            key: key.into(),
        }
    }
}

impl Action {
    fn of(kind: ActionKind) -> Self {
        Self {
            kind,
            data: Map::new(),
            documents: Vec::new(),
        }
    }

    /// Go to a state.
    pub fn transition(state: impl Into<String>) -> Self {
        Self::of(ActionKind::Transition(state.into()))
    }

    /// Dispatch a task.
    pub fn dispatch(dispatch: Dispatch) -> Self {
        Self::of(ActionKind::Dispatch(dispatch))
    }

    /// Load documents, then run the handler again.
    pub fn load(keys: impl IntoIterator<Item = DocumentKey>) -> Self {
        Self::of(ActionKind::Load(keys.into_iter().collect()))
    }

    /// End in an end state with a failure.
    pub fn fail(state: impl Into<String>, failure: avtomatika_protocol::Failure) -> Self {
        Self::of(ActionKind::Fail {
            state: state.into(),
            failure,
        })
    }

    /// The same, merging one key into the job's data.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }

    /// The same, writing a document.
    #[must_use]
    pub fn put(mut self, key: DocumentKey, value: Value) -> Self {
        self.documents.push(DocumentWrite {
            key,
            value: Some(value),
        });
        self
    }

    /// The same, deleting a document.
    #[must_use]
    pub fn delete(mut self, key: DocumentKey) -> Self {
        self.documents.push(DocumentWrite { key, value: None });
        self
    }
}

impl Dispatch {
    /// A task of this type without parameters.
    pub fn new(task_type: impl Into<String>) -> Self {
        Self {
            task_type: task_type.into(),
            params: Map::new(),
            transitions: BTreeMap::new(),
            priority: 0,
            worker: None,
            sealed_for: None,
            retry: RetryPolicy::default(),
            execution_timeout_ms: None,
            dispatch_timeout_ms: None,
        }
    }

    /// The same, with one more parameter.
    #[must_use]
    pub fn param(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.params.insert(key.to_owned(), value.into());
        self
    }

    /// The same, with all these parameters.
    #[must_use]
    pub fn params(mut self, params: Map<String, Value>) -> Self {
        self.params = params;
        self
    }

    /// The same, going to `state` when the worker answers `status`.
    #[must_use]
    pub fn on(mut self, status: &str, state: &str) -> Self {
        self.transitions.insert(status.to_owned(), state.to_owned());
        self
    }

    /// The same, tied to one worker.
    #[must_use]
    pub fn to_worker(mut self, worker: Option<WorkerId>) -> Self {
        self.worker = worker;
        self
    }

    /// The same, with sealed values of this client's in its parameters.
    #[must_use]
    pub fn sealed_for(mut self, client: ClientId) -> Self {
        self.sealed_for = Some(client);
        self
    }

    /// The same, with another retry policy.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The same, with a bound on one attempt, milliseconds.
    #[must_use]
    pub fn execution_timeout_ms(mut self, limit_ms: u64) -> Self {
        self.execution_timeout_ms = Some(limit_ms);
        self
    }

    /// The same, with a bound on the wait for a worker, milliseconds.
    #[must_use]
    pub fn dispatch_timeout_ms(mut self, limit_ms: u64) -> Self {
        self.dispatch_timeout_ms = Some(limit_ms);
        self
    }
}
