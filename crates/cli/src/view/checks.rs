//! What `doctor` saw.

use serde::Serialize;

/// All checks.
#[derive(Clone, Debug, Serialize)]
pub struct Checks {
    /// Whether all of them passed.
    pub healthy: bool,
    /// The checks, in the order they build on each other.
    pub checks: Vec<CheckResult>,
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct CheckResult {
    /// Its stable name.
    pub check: &'static str,
    /// Its name for people.
    #[serde(skip)]
    pub name: &'static str,
    /// Whether it passed.
    pub ok: bool,
    /// What was seen.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
