//! What the runner remembers of a bot that its container can't say: how its gate ended and why
//! it was stopped. One small JSON file a bot, written whole or not at all.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use avtomatika_protocol::bot::BotState;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bot::BotId;

/// A bot's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The form of this file.
    pub(crate) version: u32,
    pub(crate) bot: BotId,
    /// The generation this is about.
    pub(crate) instance: String,
    pub(crate) spec_version: Value,
    pub(crate) gate: Gate,
    /// Restarts the engine did not count, because we did them.
    #[serde(default)]
    pub(crate) restarts_before: u64,
    /// From when on its running time counts, RFC 3339.
    #[serde(default)]
    pub(crate) runs_since: String,
    /// Set when the runner stopped the bot.
    #[serde(default)]
    pub(crate) halted: Option<Halted>,
}

/// How the health gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Gate {
    Pending,
    Passed,
    Failed,
}

/// Why the runner stopped a bot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Halted {
    /// Crash loop or failed.
    pub(crate) state: BotState,
    /// A failure code.
    pub(crate) reason: String,
    /// How often the engine had restarted it.
    pub(crate) restarts: u64,
    /// When, RFC 3339.
    pub(crate) at: String,
}

/// The current form of the files.
pub(crate) const VERSION: u32 = 1;

/// All records.
pub(crate) struct Records {
    directory: PathBuf,
    cached: Mutex<HashMap<String, Record>>,
}

impl Records {
    /// Opens the directory, making it if need be, and reads what is in it. A file that can't be
    /// read is left alone and counts as none.
    pub(crate) fn open(state_dir: &Path) -> io::Result<Self> {
        let directory = state_dir.join("bots");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)?;
        let mut cached = HashMap::new();
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            let key = path
                .file_name()
                .and_then(|name| name.to_str()?.strip_suffix(".json"));
            let record = fs::read(&path)
                .ok()
                .and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok())
                .filter(|record| record.version == VERSION);
            match (key, record) {
                (Some(key), Some(record)) => drop(cached.insert(key.to_owned(), record)),
                (Some(_), None) => tracing::warn!(path = %path.display(), "record can't be read"),
                (None, _) => {}
            }
        }
        Ok(Self {
            directory,
            cached: Mutex::new(cached),
        })
    }

    pub(crate) fn get(&self, key: &str) -> Option<Record> {
        self.cached.lock().get(key).cloned()
    }

    pub(crate) fn all(&self) -> Vec<(String, Record)> {
        self.cached
            .lock()
            .iter()
            .map(|(key, record)| (key.clone(), record.clone()))
            .collect()
    }

    /// Writes a record down. Idempotent; after a crash the file is the old or the new one.
    pub(crate) fn put(&self, key: &str, record: Record) -> io::Result<()> {
        let bytes = serde_json::to_vec(&record)?;
        write_whole(&self.path(key), &bytes)?;
        self.cached.lock().insert(key.to_owned(), record);
        Ok(())
    }

    /// Changes a record if there is one.
    pub(crate) fn change(&self, key: &str, change: impl FnOnce(&mut Record)) -> io::Result<()> {
        let Some(mut record) = self.get(key) else {
            return Ok(());
        };
        change(&mut record);
        self.put(key, record)
    }

    /// Forgets a bot.
    pub(crate) fn remove(&self, key: &str) -> io::Result<()> {
        self.cached.lock().remove(key);
        match fs::remove_file(self.path(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.directory.join(format!("{key}.json"))
    }
}

/// Writes beside the file and exchanges the two; only the owner may read it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_and_broken_ones_count_as_none() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::open(directory.path()).unwrap();
        let record = Record {
            version: VERSION,
            bot: BotId::new("u", "b"),
            instance: "i".to_owned(),
            spec_version: 1.into(),
            gate: Gate::Pending,
            restarts_before: 0,
            runs_since: String::new(),
            halted: None,
        };
        records.put("k", record).unwrap();
        records
            .change("k", |record| record.gate = Gate::Passed)
            .unwrap();
        fs::write(directory.path().join("bots/broken.json"), "{").unwrap();
        let again = Records::open(directory.path()).unwrap();
        assert_eq!(again.get("k").unwrap().gate, Gate::Passed);
        assert_eq!(again.all().len(), 1);
        again.remove("k").unwrap();
        again.remove("k").unwrap();
        assert!(Records::open(directory.path()).unwrap().get("k").is_none());
    }
}
