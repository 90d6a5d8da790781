//! Putting a blueprint together, and checking it before anything runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use avtomatika_protocol::{Failure, JobStatus};
use serde_json::Value;

use super::{Client, Handler};

/// A state machine jobs walk through.
#[derive(Clone)]
pub struct Blueprint {
    /// Its name, unique in an engine.
    pub name: String,
    /// Which version of it this is; empty for one without versions. Jobs stay on the version they
    /// began with.
    pub version: String,
    /// The text it was made from, kept in the store so that its running jobs can go on after a
    /// restart with other files.
    pub source: Option<Arc<str>>,
    /// What leads from where to where, for people. A blueprint in Rust may leave it empty.
    pub edges: Vec<Edge>,
    /// JSON Schema of its input.
    pub input_schema: Option<Value>,
    /// JSON Schema of its result.
    pub output_schema: Option<Value>,
    /// Handler runs and state changes a job may have without help from outside; the engine's
    /// setting if none is given.
    pub transitions_max: Option<u32>,
    /// Where jobs for it are posted.
    pub endpoint: Option<Endpoint>,
    /// The state a job begins in.
    pub start: String,
    /// Keys of the input whose values are secret: sealed before the first write.
    pub secrets: Vec<String>,
    pub(crate) states: BTreeMap<String, State>,
    pub(crate) ends: BTreeMap<String, EndAs>,
    pub(crate) input_check: Option<InputCheck>,
    pub(crate) output_check: Option<OutputCheck>,
    pub(crate) abort: Option<Arc<dyn Handler>>,
}

/// One way from a state to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// From this state.
    pub from: String,
    /// To this one.
    pub to: String,
    /// When: a status, a decision, a condition. Empty: always.
    pub label: String,
}

/// Where jobs are posted: `/api/{version}{path}`, or `/api{path}` without a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The API version, for instance `v1`.
    pub version: Option<String>,
    /// The path, with its leading slash.
    pub path: String,
}

/// One state of a blueprint.
#[derive(Clone)]
pub enum State {
    /// A handler decides what happens.
    Work(Arc<dyn Handler>),
    /// The job ends here.
    End(EndAs),
}

/// How a job that reaches an end state has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndAs {
    /// As the blueprint wanted.
    Completed,
    /// In a failure.
    Failed,
}

/// Checks and normalises an input at the door: the job is made with the value it returns, or
/// refused with the failure.
pub type InputCheck = Arc<dyn Fn(&Client, Value) -> Result<Value, Failure> + Send + Sync>;

/// Checks what a job came to. One that is refused fails instead of completing.
pub type OutputCheck = Arc<dyn Fn(&Value) -> Result<(), Failure> + Send + Sync>;

/// Collects the parts of a [`Blueprint`].
pub struct Builder {
    name: String,
    version: String,
    source: Option<Arc<str>>,
    edges: Vec<Edge>,
    input_schema: Option<Value>,
    output_schema: Option<Value>,
    transitions_max: Option<u32>,
    endpoint: Option<Endpoint>,
    starts: Vec<String>,
    secrets: Vec<String>,
    states: Vec<(String, State)>,
    ends: BTreeMap<String, EndAs>,
    input_check: Option<InputCheck>,
    output_check: Option<OutputCheck>,
    abort: Option<Arc<dyn Handler>>,
}

/// What is wrong with a blueprint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BuildError {
    /// No or several start states.
    #[error("blueprint '{blueprint}' has {count} start states, it needs exactly one")]
    StartStates {
        /// Which blueprint.
        blueprint: String,
        /// How many it has.
        count: usize,
    },
    /// No job could ever end.
    #[error("blueprint '{blueprint}' has no end state")]
    NoEndState {
        /// Which blueprint.
        blueprint: String,
    },
    /// Two states of one name.
    #[error("blueprint '{blueprint}' has two states named '{state}'")]
    DuplicateState {
        /// Which blueprint.
        blueprint: String,
        /// The name.
        state: String,
    },
    /// An endpoint that could not be routed.
    #[error(
        "blueprint '{blueprint}' has the endpoint '{path}', which must begin with '/' and hold no '{{', '}}' or '*'"
    )]
    Endpoint {
        /// Which blueprint.
        blueprint: String,
        /// The path.
        path: String,
    },
}

impl Blueprint {
    /// Begins a blueprint.
    pub fn builder(name: impl Into<String>) -> Builder {
        Builder {
            name: name.into(),
            version: String::new(),
            source: None,
            edges: Vec::new(),
            input_schema: None,
            output_schema: None,
            transitions_max: None,
            endpoint: None,
            starts: Vec::new(),
            secrets: Vec::new(),
            states: Vec::new(),
            ends: BTreeMap::new(),
            input_check: None,
            output_check: None,
            abort: None,
        }
    }

    /// The state of this name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.get(name)
    }

    /// The names of its states.
    pub fn state_names(&self) -> impl Iterator<Item = &str> {
        self.states.keys().map(String::as_str)
    }

    /// How a job that ends in this state has ended, if jobs end there.
    pub fn ends_as(&self, state: &str) -> Option<EndAs> {
        self.ends.get(state).copied()
    }

    /// Checks what a job came to.
    ///
    /// # Errors
    /// Why it is not what the blueprint promises.
    pub fn check_output(&self, result: &Value) -> Result<(), Failure> {
        match &self.output_check {
            Some(check) => check(result),
            None => Ok(()),
        }
    }

    /// Checks an input at the door.
    ///
    /// # Errors
    /// The refusal to answer with, if the input is not acceptable.
    pub fn check_input(&self, client: &Client, input: Value) -> Result<Value, Failure> {
        match &self.input_check {
            Some(check) => check(client, input),
            None => Ok(input),
        }
    }
}

impl fmt::Debug for Blueprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blueprint")
            .field("name", &self.name)
            .field("endpoint", &self.endpoint)
            .field("states", &self.states.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl EndAs {
    /// The job status that goes with it.
    pub fn status(self) -> JobStatus {
        match self {
            Self::Completed => JobStatus::Completed,
            Self::Failed => JobStatus::Failed,
        }
    }
}

impl Builder {
    /// Which version of the blueprint this is.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The text it is made from.
    #[must_use]
    pub fn source(mut self, source: impl Into<Arc<str>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// One way from a state to another, for the graph.
    #[must_use]
    pub fn edge(mut self, from: &str, label: &str, to: &str) -> Self {
        self.edges.push(Edge {
            from: from.to_owned(),
            to: to.to_owned(),
            label: label.to_owned(),
        });
        self
    }

    /// JSON Schema of its input, for the API's description. What is refused is the business of
    /// [`Builder::check_input`].
    #[must_use]
    pub fn input_schema(mut self, schema: Value) -> Self {
        self.input_schema = Some(schema);
        self
    }

    /// JSON Schema of its result, for the API's description.
    #[must_use]
    pub fn output_schema(mut self, schema: Value) -> Self {
        self.output_schema = Some(schema);
        self
    }

    /// How many handler runs and state changes a job may have without help from outside.
    #[must_use]
    pub fn transitions_max(mut self, limit: u32) -> Self {
        self.transitions_max = Some(limit);
        self
    }

    /// What a completed job came to is checked.
    #[must_use]
    pub fn check_output(
        mut self,
        check: impl Fn(&Value) -> Result<(), Failure> + Send + Sync + 'static,
    ) -> Self {
        self.output_check = Some(Arc::new(check));
        self
    }

    /// Jobs are posted to `/api{path}`.
    #[must_use]
    pub fn endpoint(mut self, path: &str) -> Self {
        self.endpoint = Some(Endpoint {
            version: None,
            path: path.to_owned(),
        });
        self
    }

    /// Jobs are posted to `/api/{version}{path}`.
    #[must_use]
    pub fn versioned_endpoint(mut self, version: &str, path: &str) -> Self {
        self.endpoint = Some(Endpoint {
            version: Some(version.to_owned()),
            path: path.to_owned(),
        });
        self
    }

    /// The values under this key of the input are secret.
    #[must_use]
    pub fn secret(mut self, key: &str) -> Self {
        self.secrets.push(key.to_owned());
        self
    }

    /// Inputs are checked at the door.
    #[must_use]
    pub fn check_input(
        mut self,
        check: impl Fn(&Client, Value) -> Result<Value, Failure> + Send + Sync + 'static,
    ) -> Self {
        self.input_check = Some(Arc::new(check));
        self
    }

    /// Runs when a job ends without reaching an end state: it was cancelled, quarantined, or
    /// failed where no transition was given. The handler may load documents; of its answer only
    /// the data and the documents count, written in the commit that ends the job. It can't keep
    /// the job from ending.
    #[must_use]
    pub fn on_abort<H>(mut self, handler: H) -> Self
    where
        H: Fn(&super::Context<'_>) -> Result<super::Action, super::HandlerError>
            + Send
            + Sync
            + 'static,
    {
        self.abort = Some(Arc::new(handler));
        self
    }

    /// The state jobs begin in.
    #[must_use]
    pub fn start<H>(mut self, name: &str, handler: H) -> Self
    where
        H: Fn(&super::Context<'_>) -> Result<super::Action, super::HandlerError>
            + Send
            + Sync
            + 'static,
    {
        self.starts.push(name.to_owned());
        self.state(name, handler)
    }

    /// A working state whose handler is shared; `is_start` if jobs begin in it.
    #[must_use]
    pub fn handler(mut self, name: &str, is_start: bool, handler: Arc<dyn Handler>) -> Self {
        if is_start {
            self.starts.push(name.to_owned());
        }
        self.states.push((name.to_owned(), State::Work(handler)));
        self
    }

    /// An end state with a handler, which answers with [`Action::finish`](super::Action::finish):
    /// what the job came to is made there.
    #[must_use]
    pub fn end_with(mut self, name: &str, how: EndAs, handler: Arc<dyn Handler>) -> Self {
        self.ends.insert(name.to_owned(), how);
        self.states.push((name.to_owned(), State::Work(handler)));
        self
    }

    /// A working state.
    #[must_use]
    pub fn state<H>(mut self, name: &str, handler: H) -> Self
    where
        H: Fn(&super::Context<'_>) -> Result<super::Action, super::HandlerError>
            + Send
            + Sync
            + 'static,
    {
        self.states
            .push((name.to_owned(), State::Work(Arc::new(handler))));
        self
    }

    /// An end state.
    #[must_use]
    pub fn end(mut self, name: &str, how: EndAs) -> Self {
        self.ends.insert(name.to_owned(), how);
        self.states.push((name.to_owned(), State::End(how)));
        self
    }

    /// Checks the whole.
    ///
    /// # Errors
    /// What is wrong with it, by name.
    pub fn build(self) -> Result<Blueprint, BuildError> {
        let blueprint = self.name;
        let [start] = self.starts.as_slice() else {
            return Err(BuildError::StartStates {
                blueprint,
                count: self.starts.len(),
            });
        };
        if let Some(endpoint) = &self.endpoint
            && (!endpoint.path.starts_with('/') || endpoint.path.contains(['{', '}', '*']))
        {
            return Err(BuildError::Endpoint {
                blueprint,
                path: endpoint.path.clone(),
            });
        }
        let mut states = BTreeMap::new();
        for (name, state) in self.states {
            if states.insert(name.clone(), state).is_some() {
                return Err(BuildError::DuplicateState {
                    blueprint,
                    state: name,
                });
            }
        }
        if self.ends.is_empty() {
            return Err(BuildError::NoEndState { blueprint });
        }
        Ok(Blueprint {
            name: blueprint,
            version: self.version,
            source: self.source,
            edges: self.edges,
            input_schema: self.input_schema,
            output_schema: self.output_schema,
            transitions_max: self.transitions_max,
            endpoint: self.endpoint,
            start: start.clone(),
            secrets: self.secrets,
            states,
            ends: self.ends,
            input_check: self.input_check,
            output_check: self.output_check,
            abort: self.abort,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Action;
    use super::*;

    #[test]
    fn builder_names_what_is_wrong() {
        let go = |_: &super::super::Context<'_>| Ok(Action::transition("done"));
        let none = Blueprint::builder("b")
            .end("done", EndAs::Completed)
            .build();
        assert_eq!(
            none.unwrap_err().to_string(),
            "blueprint 'b' has 0 start states, it needs exactly one"
        );
        let no_end = Blueprint::builder("b").start("s", go).build();
        assert!(matches!(no_end, Err(BuildError::NoEndState { .. })));
        let twice = Blueprint::builder("b")
            .start("s", go)
            .end("s", EndAs::Failed)
            .build();
        assert!(matches!(twice, Err(BuildError::DuplicateState { .. })));
        let path = Blueprint::builder("b")
            .endpoint("x")
            .start("s", go)
            .end("d", EndAs::Failed)
            .build();
        assert!(matches!(path, Err(BuildError::Endpoint { .. })));
    }
}
