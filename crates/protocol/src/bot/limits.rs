//! Memory, CPU and time: what a client may ask for, and what it gets.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::Refusal;

/// What a bot may use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Memory, MiB. Swap is never added to it.
    pub memory_mb: u64,
    /// Processor cores, in thousandths at the finest.
    pub cpu_cores: f64,
    /// How long the bot may run before it is stopped, hours.
    pub timeout_hours: f64,
}

/// The least, the usual and the most of something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds<T> {
    /// Less than this becomes this.
    pub min: T,
    /// What a client gets who doesn't say.
    pub default: T,
    /// More than this becomes this.
    pub max: T,
}

impl<T: PartialOrd + Copy> Bounds<T> {
    fn clamp(&self, value: T) -> T {
        if value < self.min {
            self.min
        } else if value > self.max {
            self.max
        } else {
            value
        }
    }
}

/// The bounds of one plan or one worker. Defaults are the seed era's 256 MB, half a core and a
/// day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitPolicy {
    /// Memory, MiB.
    pub memory_mb: Bounds<u64>,
    /// Processor cores.
    pub cpu_cores: Bounds<f64>,
    /// Running time, hours.
    pub timeout_hours: Bounds<f64>,
}

impl Default for LimitPolicy {
    fn default() -> Self {
        Self {
            memory_mb: Bounds {
                min: 32,
                default: 256,
                max: 1024,
            },
            cpu_cores: Bounds {
                min: 0.05,
                default: 0.5,
                max: 2.0,
            },
            timeout_hours: Bounds {
                min: 0.001,
                default: 24.0,
                max: 24.0,
            },
        }
    }
}

impl LimitPolicy {
    /// What a client gets who asks for nothing.
    pub fn defaults(&self) -> ResourceLimits {
        ResourceLimits {
            memory_mb: self.memory_mb.default,
            cpu_cores: self.cpu_cores.default,
            timeout_hours: self.timeout_hours.default,
        }
    }

    /// The same limits, brought within this policy.
    pub fn clamp(&self, limits: ResourceLimits) -> ResourceLimits {
        ResourceLimits {
            memory_mb: self.memory_mb.clamp(limits.memory_mb),
            cpu_cores: self.cpu_cores.clamp(limits.cpu_cores),
            timeout_hours: self.timeout_hours.clamp(limits.timeout_hours),
        }
    }

    /// Reads `resource_limits`. What is too much or too little is clamped; what is not a
    /// positive number is refused.
    pub fn parse(&self, value: Option<&Value>) -> Result<ResourceLimits, Refusal> {
        let map = match value {
            None | Some(Value::Null) => return Ok(self.defaults()),
            Some(Value::Object(map)) => map,
            Some(_) => return Err(Refusal::LimitsNotObject),
        };
        let number = |field: &'static str, default: f64| match map.get(field) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value
                .as_f64()
                .filter(|number| number.is_finite() && *number > 0.0)
                .ok_or(Refusal::InvalidLimit { field }),
        };
        let memory_mb = number("memory_mb", whole_as_f64(self.memory_mb.default))?;
        let cpu_cores = number("cpu_cores", self.cpu_cores.default)?;
        Ok(self.clamp(ResourceLimits {
            memory_mb: f64_as_whole(memory_mb),
            cpu_cores: (cpu_cores * 1000.0).round() / 1000.0,
            timeout_hours: number("timeout_hours", self.timeout_hours.default)?,
        }))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a default of MiB is far below 2^53"
)]
fn whole_as_f64(value: u64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is positive and a too large one saturates, to be clamped"
)]
fn f64_as_whole(value: f64) -> u64 {
    value.ceil() as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn asks_are_clamped_and_wrong_ones_refused() {
        let policy = LimitPolicy::default();
        let parse = |value: Value| policy.parse(Some(&value));
        assert_eq!(policy.parse(None).unwrap(), policy.defaults());
        assert_eq!(
            parse(json!({"memory_mb": null})).unwrap(),
            policy.defaults()
        );
        let big = parse(json!({"memory_mb": 1e300, "cpu_cores": 64, "timeout_hours": 1e9}));
        assert_eq!(
            big.unwrap(),
            ResourceLimits {
                memory_mb: 1024,
                cpu_cores: 2.0,
                timeout_hours: 24.0
            }
        );
        let small = parse(json!({"memory_mb": 0.1, "cpu_cores": 1e-9, "timeout_hours": 1e-9}));
        assert_eq!(
            small.unwrap(),
            ResourceLimits {
                memory_mb: 32,
                cpu_cores: 0.05,
                timeout_hours: 0.001
            }
        );
        assert_eq!(parse(json!({"memory_mb": 300.2})).unwrap().memory_mb, 301);
        for bad in [
            json!([]),
            json!("256"),
            json!({"memory_mb": "512m"}),
            json!({"memory_mb": 0}),
            json!({"memory_mb": -1}),
            json!({"cpu_cores": true}),
            json!({"timeout_hours": []}),
        ] {
            assert_eq!(
                parse(bad.clone()).unwrap_err().code(),
                "INVALID_LIMITS",
                "{bad}"
            );
        }
    }
}
