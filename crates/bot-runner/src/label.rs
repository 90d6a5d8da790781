//! Labels of containers, networks and volumes, and the keyed tag that proves them.
//!
//! Anybody who can reach the engine, or write a Dockerfile, can put `user_id=victim` on a
//! container. Only this runner can compute the tag, so what lacks a right one is foreign and
//! counts for nobody.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::bot::BotId;
use crate::names::Names;

pub(crate) const BOT_RUNNER: &str = "bot_runner";
const USER_ID: &str = "user_id";
const BOT_ID: &str = "bot_id";
const STARTED_AT: &str = "started_at";
const SPEC_VERSION: &str = "avtomatika.spec_version";
pub(crate) const RUNNER: &str = "avtomatika.runner";
const INSTANCE: &str = "avtomatika.instance";
const MEMORY_MB: &str = "avtomatika.memory_mb";
const CPU_CORES: &str = "avtomatika.cpu_cores";
const TIMEOUT_HOURS: &str = "avtomatika.timeout_hours";
const SECRETS: &str = "avtomatika.secrets";
const TAG: &str = "avtomatika.tag";
/// What a thing of ours is, where it is not a bot's container: `network`, `volume`, `build`,
/// `dependencies`.
pub(crate) const KIND: &str = "avtomatika.kind";

/// The key of the tags.
#[derive(Clone)]
pub(crate) struct Key([u8; 32]);

/// What a container's labels say, once the tag is found right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BotLabels {
    pub(crate) bot: BotId,
    /// When the bot was started, RFC 3339.
    pub(crate) started_at: String,
    /// The orchestrator's version of the spec, as it came.
    pub(crate) spec_version: Value,
    /// Which generation of the bot this container is.
    pub(crate) instance: String,
    /// The plan's limits.
    pub(crate) memory_mb: u64,
    pub(crate) cpu_cores: f64,
    /// How long it may run.
    pub(crate) timeout_hours: f64,
    /// The names of the user's environment variables; their values are masked in logs.
    pub(crate) secrets: Vec<String>,
}

impl Key {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// All labels of a bot's container, tag included.
    pub(crate) fn label(
        &self,
        names: &Names,
        runner: &str,
        it: &BotLabels,
    ) -> HashMap<String, String> {
        let mut labels: HashMap<String, String> = [
            (BOT_RUNNER, "true".to_owned()),
            (USER_ID, it.bot.user_id.clone()),
            (BOT_ID, it.bot.bot_id.clone()),
            (STARTED_AT, it.started_at.clone()),
            (SPEC_VERSION, it.spec_version.to_string()),
            (RUNNER, runner.to_owned()),
            (INSTANCE, it.instance.clone()),
            (MEMORY_MB, it.memory_mb.to_string()),
            (CPU_CORES, it.cpu_cores.to_string()),
            (TIMEOUT_HOURS, it.timeout_hours.to_string()),
            (SECRETS, it.secrets.join(",")),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        labels.insert(TAG.to_owned(), self.tag(names, &labels));
        labels
    }

    /// Reads a container's labels if they are this runner's own and belong to a container of
    /// this name.
    pub(crate) fn verify(
        &self,
        prefix: &str,
        runner: &str,
        container: &str,
        labels: &HashMap<String, String>,
    ) -> Option<(Names, BotLabels)> {
        let get = |key: &str| labels.get(key).cloned();
        if get(RUNNER)? != runner {
            return None;
        }
        let bot = BotId::new(get(USER_ID)?, get(BOT_ID)?);
        let names = Names::of(prefix, &bot);
        let right = names.owns(container) && self.tag(&names, labels) == get(TAG)?;
        right
            .then(|| BotLabels {
                bot,
                started_at: get(STARTED_AT).unwrap_or_default(),
                spec_version: get(SPEC_VERSION)
                    .and_then(|text| serde_json::from_str(&text).ok())
                    .unwrap_or_default(),
                instance: get(INSTANCE).unwrap_or_default(),
                memory_mb: get(MEMORY_MB)
                    .and_then(|text| text.parse().ok())
                    .unwrap_or_default(),
                timeout_hours: get(TIMEOUT_HOURS)
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(f64::MAX),
                cpu_cores: get(CPU_CORES)
                    .and_then(|text| text.parse().ok())
                    .unwrap_or_default(),
                secrets: get(SECRETS)
                    .unwrap_or_default()
                    .split(',')
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned)
                    .collect(),
            })
            .map(|labels| (names, labels))
    }

    /// Over our own labels only: an image may add labels of its own.
    fn tag(&self, names: &Names, labels: &HashMap<String, String>) -> String {
        let signed: BTreeMap<&str, &str> = [
            BOT_RUNNER,
            USER_ID,
            BOT_ID,
            STARTED_AT,
            SPEC_VERSION,
            RUNNER,
            INSTANCE,
            MEMORY_MB,
            CPU_CORES,
            TIMEOUT_HOURS,
            SECRETS,
        ]
        .into_iter()
        .map(|key| (key, labels.get(key).map_or("", String::as_str)))
        .collect();
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        let mut part = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        part(&names.base);
        for (key, value) in signed {
            part(key);
            part(value);
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Labels of something that is no bot's container: `base` is the bot's base name, or the
    /// runner's prefix for what belongs to no bot.
    pub(crate) fn part(&self, base: &str, runner: &str, kind: &str) -> HashMap<String, String> {
        HashMap::from([
            (KIND.to_owned(), kind.to_owned()),
            (RUNNER.to_owned(), runner.to_owned()),
            (TAG.to_owned(), self.part_tag(base, runner, kind)),
        ])
    }

    /// Whether a network or volume of that name, which begins with its bot's base name, is ours.
    pub(crate) fn owns_part(
        &self,
        base: &str,
        runner: &str,
        labels: &HashMap<String, String>,
    ) -> bool {
        let kind = labels.get(KIND).map_or("", String::as_str);
        labels.get(RUNNER).is_some_and(|it| it == runner)
            && labels
                .get(TAG)
                .is_some_and(|tag| *tag == self.part_tag(base, runner, kind))
    }

    fn part_tag(&self, base: &str, runner: &str, kind: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for text in ["part", base, runner, kind] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> BotLabels {
        BotLabels {
            bot: BotId::new("cli_1", "бот"),
            started_at: "2026-01-01T00:00:00Z".to_owned(),
            spec_version: json!(3),
            instance: "aa".to_owned(),
            memory_mb: 256,
            cpu_cores: 0.5,
            timeout_hours: 24.0,
            secrets: vec!["BOT_TOKEN".to_owned()],
        }
    }

    #[test]
    fn own_labels_are_read_back() {
        let key = Key::new([7; 32]);
        let names = Names::of("p", &sample().bot);
        let mut labels = key.label(&names, "w1", &sample());
        labels.insert("maintainer".to_owned(), "the image".to_owned());
        let (_, read) = key.verify("p", "w1", &names.base, &labels).unwrap();
        assert_eq!(read, sample());
    }

    #[test]
    fn spoofed_copied_and_foreign_labels_are_nobodys() {
        let key = Key::new([7; 32]);
        let names = Names::of("p", &sample().bot);
        let labels = key.label(&names, "w1", &sample());
        let spoofed: HashMap<String, String> = labels
            .iter()
            .filter(|(key, _)| *key != TAG)
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        assert!(key.verify("p", "w1", &names.base, &spoofed).is_none());
        // Copied with the tag, but on a container of another name.
        assert!(key.verify("p", "w1", "evil", &labels).is_none());
        // Another runner's, and another key's.
        assert!(key.verify("p", "w2", &names.base, &labels).is_none());
        assert!(
            Key::new([8; 32])
                .verify("p", "w1", &names.base, &labels)
                .is_none()
        );
        let mut changed = labels;
        changed.insert(USER_ID.to_owned(), "victim".to_owned());
        assert!(key.verify("p", "w1", &names.base, &changed).is_none());
    }
}
