//! What a worker has, read from its registration once.

use std::collections::{BTreeMap, BTreeSet};

use avtomatika_protocol::worker::Registration;
use serde_json::{Map, Value};

use crate::blueprint::{Needs, Wants};

/// What a worker has and costs, as far as tasks ask for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// GPUs: name and memory, GB.
    pub gpus: Vec<(String, f64)>,
    /// Processor cores.
    pub cpu_cores: Option<f64>,
    /// Memory, GB.
    pub ram_gb: Option<f64>,
    /// Models installed, by name.
    pub models: BTreeSet<String>,
    /// Software installed: name and version.
    pub software: BTreeMap<String, String>,
    /// What it costs a second; nothing if it does not say.
    pub cost: f64,
    /// What single task types cost a second.
    pub cost_by_type: BTreeMap<String, f64>,
    /// How many tasks of a type it takes at once.
    pub limits: BTreeMap<String, u32>,
}

impl Profile {
    /// Reads a registration of either generation. What can't be read is taken as not said.
    pub fn read(registration: &Registration) -> Self {
        let more = &registration.more;
        let resources = object(more.get("resources"));
        let properties = object(resources.get("properties"));
        let capabilities = object(more.get("capabilities"));
        let number = |map: &Map<String, Value>, key: &str| map.get(key).and_then(Value::as_f64);
        let models = [
            more.get("installed_models"),
            more.get("installed_artifacts"),
        ];
        let costs = more
            .get("cost_per_skill")
            .or_else(|| capabilities.get("cost_per_skill"));
        Self {
            gpus: gpus(&resources),
            cpu_cores: number(&resources, "cpu_cores").or(number(&properties, "cpu_cores")),
            ram_gb: number(&resources, "ram_gb").or(number(&properties, "ram_gb")),
            models: models.into_iter().flatten().flat_map(names).collect(),
            software: texts(&object(more.get("installed_software"))),
            cost: number(more, "cost_per_second")
                .or(number(more, "cost"))
                .unwrap_or(0.0),
            cost_by_type: object(costs)
                .iter()
                .filter_map(|(name, cost)| Some((name.clone(), cost.as_f64()?)))
                .collect(),
            limits: registration
                .task_type_limits
                .iter()
                .filter_map(|(name, limit)| {
                    Some((name.clone(), u32::try_from(limit.as_u64()?).ok()?))
                })
                .collect(),
        }
    }

    /// What a task of this type costs a second.
    pub fn cost_of(&self, task_type: &str) -> f64 {
        self.cost_by_type
            .get(task_type)
            .copied()
            .unwrap_or(self.cost)
    }

    /// Whether it has what a task of this type wants.
    pub fn suits(&self, task_type: &str, wants: &Wants) -> bool {
        let affordable = wants
            .max_cost
            .is_none_or(|limit| self.cost_of(task_type) <= limit);
        affordable && self.has(&wants.needs)
    }

    fn has(&self, needs: &Needs) -> bool {
        let enough = |have: Option<f64>, need: Option<f64>| {
            need.is_none_or(|need| have.is_some_and(|have| have >= need))
        };
        let gpu = (needs.gpu_model.is_none() && needs.gpu_vram_gb.is_none())
            || self.gpus.iter().any(|(model, vram_gb)| {
                needs
                    .gpu_model
                    .as_ref()
                    .is_none_or(|part| model.contains(part.as_str()))
                    && needs.gpu_vram_gb.is_none_or(|need| *vram_gb >= need)
            });
        let models = needs.models.iter().all(|name| self.models.contains(name));
        let software = needs.software.iter().all(|(name, version)| {
            self.software
                .get(name)
                .is_some_and(|have| version == "any" || have == version)
        });
        gpu && models
            && software
            && enough(self.cpu_cores, needs.cpu_cores)
            && enough(self.ram_gb, needs.ram_gb)
    }
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(map)) => map.clone(),
        _ => Map::new(),
    }
}

/// The seed era names one GPU in `resources.gpu_info`, the latest lists `resources.devices`.
fn gpus(resources: &Map<String, Value>) -> Vec<(String, f64)> {
    let text = |value: &Value, key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let mut found = Vec::new();
    if let Some(gpu) = resources.get("gpu_info").filter(|gpu| gpu.is_object()) {
        let vram_gb = gpu.get("vram_gb").and_then(Value::as_f64);
        found.push((text(gpu, "model"), vram_gb.unwrap_or(0.0)));
    }
    let devices = resources.get("devices").and_then(Value::as_array);
    for device in devices.into_iter().flatten() {
        if text(device, "type").eq_ignore_ascii_case("gpu") {
            let vram_gb = device
                .get("properties")
                .and_then(|properties| properties.get("vram_gb"))
                .and_then(Value::as_f64);
            found.push((text(device, "model"), vram_gb.unwrap_or(0.0)));
        }
    }
    found
}

/// Names in a list of names, or of objects with a `name`.
fn names(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items
        .filter_map(|item| item.as_str().or_else(|| item.get("name")?.as_str()))
        .map(str::to_owned)
        .collect()
}

/// Names and versions; versions may be numbers.
fn texts(map: &Map<String, Value>) -> BTreeMap<String, String> {
    map.iter()
        .map(|(name, version)| {
            let version = match version {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            (name.clone(), version)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile(more: &Value) -> Profile {
        let mut whole = json!({"worker_id": "w", "supported_tasks": ["t"]});
        for (key, value) in object(Some(more)) {
            whole[key] = value;
        }
        Profile::read(&serde_json::from_value(whole).unwrap())
    }

    fn wants(needs: &Value) -> Wants {
        Wants {
            needs: Needs::parse(needs).unwrap(),
            ..Wants::default()
        }
    }

    #[test]
    fn the_seed_eras_worker_is_matched() {
        let worker = profile(&json!({
            "resources": {"cpu_cores": 8, "gpu_info": {"model": "NVIDIA RTX 4090", "vram_gb": 24}},
            "installed_models": [{"name": "llama", "version": "3"}],
        }));
        for (needs, suits) in [
            (json!({}), true),
            (json!({"gpu_info": {"model": "RTX", "vram_gb": 24}}), true),
            (json!({"gpu_info": {"model": "RTX", "vram_gb": 48}}), false),
            (json!({"gpu_model": "A100"}), false),
            (json!({"installed_models": ["llama"]}), true),
            (json!({"models": ["llama", "other"]}), false),
            (json!({"cpu_cores": 8.0}), true),
            (json!({"cpu_cores": 9.0}), false),
            (json!({"ram_gb": 1.0}), false),
            (json!({"software": {"ffmpeg": "any"}}), false),
        ] {
            assert_eq!(worker.suits("t", &wants(&needs)), suits, "{needs}");
        }
    }

    #[test]
    fn the_latest_workers_devices_and_costs_are_read() {
        let worker = profile(&json!({
            "resources": {
                "properties": {"cpu_cores": 4, "ram_gb": 16},
                "devices": [{"type": "gpu", "model": "A100", "properties": {"vram_gb": 80}}],
            },
            "installed_artifacts": [{"name": "m"}],
            "installed_software": {"ffmpeg": "6.1", "n": 3},
            "capabilities": {"cost_per_skill": {"t": 0.5}},
        }));
        assert!(worker.suits(
            "t",
            &wants(&json!({"gpu_model": "A100", "gpu_vram_gb": 80.0}))
        ));
        assert!(worker.suits(
            "t",
            &wants(&json!({"software": {"ffmpeg": "6.1", "n": "any"}}))
        ));
        assert!(!worker.suits("t", &wants(&json!({"software": {"ffmpeg": "7"}}))));
        let cheap = Wants {
            max_cost: Some(0.4),
            ..Wants::default()
        };
        assert!(!worker.suits("t", &cheap));
        assert!(worker.suits("u", &cheap), "what it does not price is free");
    }
}
