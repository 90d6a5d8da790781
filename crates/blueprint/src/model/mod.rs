//! What a blueprint file says.

mod action;
mod setting;
mod state;
mod visit;

pub use action::{
    Approval, Branch, BranchWork, Branches, Dispatch, Event, Finish, ForEach, Join, Parallel,
    Retry, Routes, SubJob, Until, Wait,
};
pub use setting::Setting;
pub use state::{Action, Case, Document, End, State, Step, Target};

use std::sync::Arc;

use serde_json::Value;

use crate::source::{Source, Span};

/// A checked blueprint file.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The file.
    pub source: Source,
    /// The blueprint's name.
    pub name: String,
    /// Where the name was written.
    pub name_span: Span,
    /// Its version: as written, or made from the text.
    pub version: String,
    /// What it is for, in words.
    pub description: Option<String>,
    /// Where jobs are posted.
    pub endpoint: Option<Endpoint>,
    /// Keys of the input whose values are sealed.
    pub secrets: Vec<String>,
    /// What inputs must look like.
    pub input: Option<Schema>,
    /// What results must look like.
    pub output: Option<Schema>,
    /// Handler runs of a job without input from outside.
    pub max_transitions: Option<u32>,
    /// The state jobs begin in.
    pub start: String,
    /// The states, in the order of the file.
    pub states: Vec<State>,
}

/// Where jobs are posted: `/api/{version}{path}`, or `/api{path}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The API version.
    pub version: Option<String>,
    /// The path, with its leading slash.
    pub path: String,
    /// Where it was written.
    pub span: Span,
}

/// A JSON Schema, compiled.
#[derive(Clone)]
pub struct Schema {
    /// As written.
    pub value: Value,
    /// Compiled.
    pub validator: Arc<jsonschema::Validator>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Schema").field(&self.value).finish()
    }
}

impl Parsed {
    /// The state of this name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.iter().find(|state| state.name == name)
    }
}
