//! What a task requires of its worker, and how one is chosen among those that have it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a worker must have to be given a task. Nothing is required by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Needs {
    /// A part of the name of one of its GPUs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_model: Option<String>,
    /// Memory of that GPU, GB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_vram_gb: Option<f64>,
    /// Processor cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_cores: Option<f64>,
    /// Memory, GB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ram_gb: Option<f64>,
    /// Models installed on it, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// Software installed on it: name and version, or `any`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub software: BTreeMap<String, String>,
}

/// Who among the waiting workers that can do a task is asked first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// One that has the task's type in its hot cache, else the longest waiting.
    #[default]
    Default,
    /// The longest waiting: all take turns.
    RoundRobin,
    /// The one with the fewest tasks.
    LeastConnections,
    /// The one with the lowest cost.
    Cheapest,
    /// The one with the lowest cost for its reputation.
    BestValue,
    /// Any.
    Random,
}

/// What a task that is not content with any worker of its type wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wants {
    /// What the worker must have.
    #[serde(default)]
    pub needs: Needs,
    /// The most it may cost a second. A worker that states no cost costs nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
    /// Who is asked first.
    #[serde(default)]
    pub strategy: Strategy,
}

impl Wants {
    /// Whether any worker of the type will do.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether every worker of the type is able to do the task.
    pub fn takes_all(&self) -> bool {
        self.max_cost.is_none() && self.needs == Needs::default()
    }

    /// The same for all tasks that want the same.
    pub fn key(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Needs {
    /// Reads requirements: the fields of this type, or the first generation's
    /// `{"gpu_info": {"model", "vram_gb"}, "installed_models": [names]}`.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let Value::Object(map) = value else {
            return Err("requirements must be an object".to_owned());
        };
        let mut own = map.clone();
        let gpu = own.remove("gpu_info");
        let models = own.remove("installed_models");
        if let Some(unknown) = own.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(format!(
                "unknown requirement '{unknown}'; known are {}",
                FIELDS.join(", ")
            ));
        }
        let mut needs: Self =
            serde_json::from_value(Value::Object(own)).map_err(|error| error.to_string())?;
        if let Some(gpu) = gpu {
            needs.gpu_model = gpu.get("model").and_then(Value::as_str).map(str::to_owned);
            needs.gpu_vram_gb = gpu.get("vram_gb").and_then(Value::as_f64);
        }
        if let Some(models) = models {
            needs.models = serde_json::from_value(models)
                .map_err(|error| format!("installed_models: {error}"))?;
        }
        Ok(needs)
    }
}

/// The names of the requirements.
const FIELDS: [&str; 6] = [
    "gpu_model",
    "gpu_vram_gb",
    "cpu_cores",
    "ram_gb",
    "models",
    "software",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_generations_of_requirements_are_read() {
        let seed = json!({"gpu_info": {"model": "RTX", "vram_gb": 8}, "installed_models": ["m"]});
        let ours = json!({"gpu_model": "RTX", "gpu_vram_gb": 8.0, "models": ["m"]});
        assert_eq!(Needs::parse(&seed).unwrap(), Needs::parse(&ours).unwrap());
        assert!(
            Needs::parse(&json!({"gpu": 1}))
                .unwrap_err()
                .contains("'gpu'")
        );
        assert!(Needs::parse(&json!([])).is_err());
    }

    #[test]
    fn equal_wants_have_equal_keys() {
        assert!(Wants::default().is_plain());
        let dear = Wants {
            max_cost: Some(0.5),
            ..Wants::default()
        };
        assert!(!dear.is_plain() && !dear.takes_all());
        assert_eq!(dear.key(), dear.key());
        assert_ne!(dear.key(), Wants::default().key());
    }
}
