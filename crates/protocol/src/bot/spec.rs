//! What a bot is made of, checked and brought into one form.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::entrypoint::Entrypoint;
use super::files::FileLimits;
use super::limits::{LimitPolicy, ResourceLimits};
use super::refusal::Refusal;
use super::{env, files, ready, requirements, source};
use crate::Failure;

/// The bounds a spec is checked against. The orchestrator's and the worker's may differ: the
/// stricter one wins, because both check.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpecPolicy {
    /// Bounds of memory, CPU and time.
    pub limits: LimitPolicy,
    /// Bounds of the files.
    pub files: FileLimits,
}

/// A bot of the `simple` mode: Python files, the packages they need and how to run them.
///
/// A value of this type was checked; [`StartSpec::to_params`] and [`StartSpec::validate`] are
/// each other's inverse.
#[derive(Clone, PartialEq)]
pub struct StartSpec {
    /// Relative paths with `/`, in Unicode NFC, to contents.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What Python runs; it exists in `files`.
    pub entrypoint: Entrypoint,
    /// Requirements in canonical form, sorted, each once.
    pub requirements: Vec<String>,
    /// Environment variables. The values are secret.
    pub env_vars: BTreeMap<String, String>,
    /// Memory, CPU and time, within the policy.
    pub limits: ResourceLimits,
    /// A line of output that matches says the bot is ready.
    pub ready_regex: Option<String>,
}

impl StartSpec {
    /// Checks the params of a start or an update against the default policy.
    pub fn validate(params: &Value) -> Result<Self, Failure> {
        Self::validate_with(params, &SpecPolicy::default())
    }

    /// Checks the params of a start or an update. Keys it doesn't know are ignored.
    pub fn validate_with(params: &Value, policy: &SpecPolicy) -> Result<Self, Failure> {
        let params = params.as_object().ok_or(Refusal::BodyNotObject)?;
        Ok(Self::check(params, policy)?)
    }

    pub(super) fn check(params: &Map<String, Value>, policy: &SpecPolicy) -> Result<Self, Refusal> {
        source::check_mode(params)?;
        let entrypoint = Entrypoint::parse(params.get("entrypoint"))?;
        let files = files::parse(params, &entrypoint, &policy.files)?;
        entrypoint.check_exists(&files)?;
        Ok(Self {
            entrypoint,
            files,
            requirements: requirements::parse(params.get("requirements"))?,
            env_vars: env::parse(params.get("env_vars"))?,
            limits: policy.limits.parse(params.get("resource_limits"))?,
            ready_regex: ready::parse(params.get("ready_regex"))?,
        })
    }

    /// The params that say the same. Holds the secrets in clear: seal it or [`super::mask`] it.
    pub fn to_params(&self) -> Value {
        let files: Map<String, Value> = self
            .files
            .iter()
            .map(|(path, bytes)| (path.clone(), content(bytes)))
            .collect();
        let mut params = json!({
            "deployment_mode": "simple",
            "files": files,
            "entrypoint": self.entrypoint.to_string(),
            "requirements": self.requirements,
            "env_vars": self.env_vars,
            "resource_limits": self.limits,
        });
        if let (Some(pattern), Some(map)) = (&self.ready_regex, params.as_object_mut()) {
            map.insert("ready_regex".to_owned(), Value::String(pattern.clone()));
        }
        params
    }

    /// Identifies files and entrypoint: 64 lower-case hex digits of a SHA-256 in which every
    /// part is preceded by its length, so no two different sources read the same.
    pub fn source_digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part(self.entrypoint.to_string().as_bytes());
        for (path, bytes) in &self.files {
            part(path.as_bytes());
            part(bytes);
        }
        format!("{:x}", hash.finalize())
    }

    /// Identifies the set of requirements, whatever order and spelling they came in: 64
    /// lower-case hex digits of the SHA-256 of the canonical lines. The runner joins it with the
    /// base image, the architecture and the index settings to name a dependency image.
    pub fn requirements_digest(&self) -> String {
        format!("{:x}", Sha256::digest(self.requirements.join("\n")))
    }
}

/// Text stays readable; anything else travels as base64.
fn content(bytes: &[u8]) -> Value {
    std::str::from_utf8(bytes).map_or_else(
        |_| json!({ "base64": STANDARD.encode(bytes) }),
        |text| json!(text),
    )
}

/// Names and sizes only: neither code nor secrets belong in a log.
impl fmt::Debug for StartSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: BTreeMap<&str, usize> = self
            .files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.len()))
            .collect();
        f.debug_struct("StartSpec")
            .field("files", &sizes)
            .field("entrypoint", &self.entrypoint)
            .field("requirements", &self.requirements)
            .field("env_vars", &self.env_vars.keys().collect::<Vec<_>>())
            .field("limits", &self.limits)
            .field("ready_regex", &self.ready_regex)
            .finish()
    }
}

#[cfg(test)]
mod tests;
