//! Which dependency images there are and when each was last used, so that their number stays
//! bounded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::record::write_whole;
use crate::time::now_ns;

/// Keys and when they were last used, milliseconds since the Unix epoch.
pub(super) struct Kept {
    file: PathBuf,
    max: usize,
    used: Mutex<BTreeMap<String, i64>>,
}

impl Kept {
    /// Reads the list; a missing or broken one is empty.
    pub(super) fn open(state_dir: &Path, max: usize) -> Self {
        let file = state_dir.join("dependency-images.json");
        let used = std::fs::read(&file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Self {
            file,
            max,
            used: Mutex::new(used),
        }
    }

    /// Notes a use, and names the images that are too many now, the longest unused first.
    pub(super) fn used(&self, key: &str) -> Vec<String> {
        let now_ms = i64::try_from(now_ns() / 1_000_000).unwrap_or(i64::MAX);
        let mut used = self.used.lock();
        used.insert(key.to_owned(), now_ms);
        self.write(&used);
        let mut by_age: Vec<_> = used.iter().map(|(key, at)| (*at, key.clone())).collect();
        by_age.sort();
        let surplus = by_age.len().saturating_sub(self.max);
        by_age
            .into_iter()
            .take(surplus)
            .map(|(_, key)| key)
            .collect()
    }

    /// Notes that an image is gone.
    pub(super) fn forget(&self, key: &str) {
        let mut used = self.used.lock();
        used.remove(key);
        self.write(&used);
    }

    /// The list only steers what is removed first: failing to write it loses nothing.
    fn write(&self, used: &BTreeMap<String, i64>) {
        let written = serde_json::to_vec(used)
            .map_err(std::io::Error::from)
            .and_then(|bytes| write_whole(&self.file, &bytes));
        if let Err(error) = written {
            tracing::warn!(%error, "the list of dependency images was not written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unused_goes_first() {
        let directory = tempfile::tempdir().unwrap();
        let kept = Kept::open(directory.path(), 2);
        for key in ["a", "b"] {
            assert!(kept.used(key).is_empty());
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        assert!(kept.used("a").is_empty());
        assert_eq!(kept.used("c"), ["b"]);
        kept.forget("b");
        assert!(Kept::open(directory.path(), 2).used("c").is_empty());
    }
}
