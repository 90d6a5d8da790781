//! What a handler asks for.

use std::collections::BTreeMap;

use avtomatika_protocol::{ClientId, WorkerId};
use serde_json::{Map, Value};

use super::{
    AwaitApproval, EndAs, Needs, Parallel, RetryPolicy, RunBlueprint, Strategy, WaitEvent, Wants,
};

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
    Dispatch(Box<Dispatch>),
    /// Do several things at once.
    Parallel(Box<Parallel>),
    /// Run another job; how it ends decides the next state.
    RunBlueprint(Box<RunBlueprint>),
    /// Ask a person; the decision decides the next state.
    AwaitApproval(Box<AwaitApproval>),
    /// Wait for something that happens elsewhere.
    WaitEvent(Box<WaitEvent>),
    /// Go on at a set time.
    Sleep {
        /// When, milliseconds since the Unix epoch.
        until_ms: u64,
        /// In which state.
        then: String,
    },
    /// End the job here, in a state named `completed` or `failed`.
    Finish {
        /// How it has ended.
        how: EndAs,
        /// What it came to.
        result: Option<Value>,
    },
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
    /// How long it may take in all, waiting and every attempt included, milliseconds.
    pub result_timeout_ms: Option<u64>,
    /// Only the worker that last succeeded in a task with this key may do it, if there is one.
    pub affinity: Option<String>,
    /// What the worker must have.
    pub needs: Needs,
    /// The most the worker may cost a second.
    pub max_cost: Option<f64>,
    /// Who is asked first among those that can do it.
    pub strategy: Strategy,
    /// The key of the job's data its result is kept under; without one, the result's keys are
    /// merged into the job's data.
    pub save_as: Option<String>,
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
        Self::of(ActionKind::Dispatch(Box::new(dispatch)))
    }

    /// Do several things at once.
    pub fn parallel(parallel: Parallel) -> Self {
        Self::of(ActionKind::Parallel(Box::new(parallel)))
    }

    /// Run another job.
    pub fn run_blueprint(run: RunBlueprint) -> Self {
        Self::of(ActionKind::RunBlueprint(Box::new(run)))
    }

    /// Ask a person.
    pub fn await_approval(approval: AwaitApproval) -> Self {
        Self::of(ActionKind::AwaitApproval(Box::new(approval)))
    }

    /// Wait for an event.
    pub fn wait_event(wait: WaitEvent) -> Self {
        Self::of(ActionKind::WaitEvent(Box::new(wait)))
    }

    /// Go on in a state at a set time, milliseconds since the Unix epoch.
    pub fn wait_until(until_ms: u64, then: impl Into<String>) -> Self {
        Self::of(ActionKind::Sleep {
            until_ms,
            then: then.into(),
        })
    }

    /// End the job here.
    pub fn finish(how: EndAs, result: Option<Value>) -> Self {
        Self::of(ActionKind::Finish { how, result })
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
            result_timeout_ms: None,
            affinity: None,
            needs: Needs::default(),
            max_cost: None,
            strategy: Strategy::Default,
            save_as: None,
        }
    }

    /// What it wants of its worker beyond the type, if it wants anything.
    pub fn wants(&self) -> Option<Wants> {
        let wants = Wants {
            needs: self.needs.clone(),
            max_cost: self.max_cost,
            strategy: self.strategy,
        };
        (!wants.is_plain()).then_some(wants)
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

    /// The same, with a bound on waiting and all attempts together, milliseconds.
    #[must_use]
    pub fn result_timeout_ms(mut self, limit_ms: u64) -> Self {
        self.result_timeout_ms = Some(limit_ms);
        self
    }

    /// The same, for the worker that last succeeded in a task with this key.
    #[must_use]
    pub fn affinity(mut self, key: impl Into<String>) -> Self {
        self.affinity = Some(key.into());
        self
    }

    /// The same, for workers that have this.
    #[must_use]
    pub fn needs(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// The same, for workers that cost at most so much a second.
    #[must_use]
    pub fn max_cost(mut self, cost: f64) -> Self {
        self.max_cost = Some(cost);
        self
    }

    /// The same, choosing among workers in another way.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// The same, keeping its result under this key of the job's data.
    #[must_use]
    pub fn save_as(mut self, key: &str) -> Self {
        self.save_as = Some(key.to_owned());
        self
    }
}
