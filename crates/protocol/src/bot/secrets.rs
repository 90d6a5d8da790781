//! Which values are secret, and how they are hidden.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// What a hidden value reads.
pub const HIDDEN: &str = "***";

/// Keys whose whole value is secret, at any depth: an object keeps its keys, so that its owner
/// sees which variables are set.
pub const SECRET_KEYS: [&str; 2] = ["env_vars", "registry_auth"];

/// Keys whose value is an address that may carry credentials.
const URL_KEYS: [&str; 2] = ["git_repo", "archive_url"];

/// Shorter values are left in texts: `1`, `ru` or `8080` are no secrets, and hiding each of
/// their occurrences would make logs unreadable.
pub const HIDDEN_BYTES_MIN: usize = 8;

/// Values of this length and up to [`HIDDEN_BYTES_MIN`] are hidden if they mix letters and
/// digits, as short passwords do and words and port numbers don't.
const MIXED_BYTES_MIN: usize = 5;

/// Replaces the secret values inside a body, params or a job's data by [`HIDDEN`].
pub fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if SECRET_KEYS.contains(&key.as_str()) {
                    hide(value);
                } else if URL_KEYS.contains(&key.as_str()) {
                    hide_credentials(value);
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| {
            *value = Value::from(HIDDEN);
        }),
        Value::Null => {}
        other => *other = Value::from(HIDDEN),
    }
}

/// `https://user:password@host/path?signature` becomes `https://***@host/path?***`.
fn hide_credentials(value: &mut Value) {
    let Value::String(url) = value else {
        return hide(value);
    };
    let Some((scheme, rest)) = url.split_once("://") else {
        return;
    };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let host = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{HIDDEN}@{host}"),
        None => authority.to_owned(),
    };
    let path = match path.find(['?', '#']) {
        Some(at) => format!("{}{HIDDEN}", path.get(..=at).unwrap_or_default()),
        None => path.to_owned(),
    };
    *url = format!("{scheme}://{host}{path}");
}

/// Secret values that may turn up in free text: logs, error texts, an installer's output.
///
/// Never printed: [`fmt::Debug`] shows only how many there are.
#[derive(Clone, Default)]
pub struct SecretValues {
    /// By first byte, longest first.
    patterns: Vec<Vec<String>>,
    count: usize,
}

impl SecretValues {
    /// Gathers the secret values of a request, params or a job's data.
    pub fn of(value: &Value) -> Self {
        let mut found = Vec::new();
        gather(value, &mut found);
        Self::new(found)
    }

    /// The values worth hiding among these.
    pub fn new<I: IntoIterator<Item = S>, S: AsRef<str>>(values: I) -> Self {
        let mut texts = BTreeSet::new();
        for value in values {
            add_forms(value.as_ref(), &mut texts);
        }
        let count = texts.len();
        let mut patterns = vec![Vec::new(); if count == 0 { 0 } else { 256 }];
        for text in texts {
            let first = text.as_bytes().first().copied().map(usize::from);
            if let Some(bucket) = first.and_then(|first| patterns.get_mut(first)) {
                bucket.push(text);
            }
        }
        for bucket in &mut patterns {
            bucket.sort_by_key(|text: &String| std::cmp::Reverse(text.len()));
        }
        Self { patterns, count }
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The text with every occurrence replaced by [`HIDDEN`]; of several that begin at the same
    /// place the longest.
    pub fn mask_text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let first = rest.as_bytes().first().copied().map_or(0, usize::from);
            let hit = self
                .patterns
                .get(first)
                .and_then(|bucket| bucket.iter().find_map(|p| rest.strip_prefix(p.as_str())));
            if let Some(after) = hit {
                out.push_str(HIDDEN);
                rest = after;
            } else {
                out.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
        out
    }

    /// Replaces occurrences in every text of a value, keys included.
    pub fn mask_value(&self, value: &mut Value) {
        if self.is_empty() {
            return;
        }
        match value {
            Value::String(text) => *text = self.mask_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_value(item)),
            Value::Object(map) => {
                for (key, mut item) in std::mem::take(map) {
                    self.mask_value(&mut item);
                    map.insert(self.mask_text(&key), item);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

impl fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretValues({})", self.count)
    }
}

/// Texts beneath the secret keys.
fn gather<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if SECRET_KEYS.contains(&key.as_str()) {
                    texts(value, found);
                } else if URL_KEYS.contains(&key.as_str()) {
                    found.extend(value.as_str().and_then(credentials).into_iter().flatten());
                } else {
                    gather(value, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|item| texts(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// User information of an address, whole and in its parts.
fn credentials(url: &str) -> Option<Vec<&str>> {
    let (_, rest) = url.split_once("://")?;
    let (info, _) = rest.split(['/', '?', '#']).next()?.rsplit_once('@')?;
    Some(std::iter::once(info).chain(info.split(':')).collect())
}

/// A value and the forms programs write it in: percent-encoded, JSON-escaped, its lines, the
/// part of a bot token behind the public number.
fn add_forms(value: &str, texts: &mut BTreeSet<String>) {
    let value = value.trim();
    if !is_worth_hiding(value) {
        return;
    }
    texts.insert(value.to_owned());
    texts.insert(percent_encoded(value));
    let escaped = Value::from(value).to_string();
    texts.insert(escaped.trim_matches('"').to_owned());
    if let Some((number, secret)) = value.split_once(':')
        && number.bytes().all(|b| b.is_ascii_digit())
        && is_worth_hiding(secret)
    {
        texts.insert(secret.to_owned());
    }
    if value.contains('\n') {
        let lines = value
            .lines()
            .map(str::trim)
            .filter(|line| is_worth_hiding(line));
        texts.extend(lines.map(str::to_owned));
    }
    texts.retain(|text| !text.is_empty());
}

fn is_worth_hiding(value: &str) -> bool {
    value.len() >= HIDDEN_BYTES_MIN
        || (value.len() >= MIXED_BYTES_MIN
            && value.bytes().any(|b| b.is_ascii_digit())
            && value.bytes().any(|b| b.is_ascii_alphabetic()))
}

fn percent_encoded(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
