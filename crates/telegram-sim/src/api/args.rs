//! Arguments of a call, whatever way they came.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use super::answer::ApiError;

/// All arguments as text, as the public server keeps them, and the files.
#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) files: BTreeMap<String, Upload>,
}

/// A file within a multipart body.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) file_name: String,
    pub(crate) content: Bytes,
}

impl Args {
    /// An argument, unless it is missing or empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// A number held within bounds; anything that is no number counts as missing.
    pub(crate) fn integer(&self, name: &str, default: i64, min: i64, max: i64) -> i64 {
        self.text(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
            .clamp(min, max)
    }

    /// A flag: `true`, `yes`, `t`, `y` or `1`, in any case, as on the public server.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let yes = ["true", "yes", "t", "y", "1"];
        self.text(name)
            .is_some_and(|text| yes.iter().any(|word| text.eq_ignore_ascii_case(word)))
    }

    /// An argument that is JSON.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let value = serde_json::from_str(text).map_err(|_| {
            ApiError::bad_request(&format!(
                "can't parse {} JSON object",
                name.replace('_', " ")
            ))
        })?;
        Ok(Some(value))
    }
}
