//! What the figures were taken on.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A machine, as far as it matters to a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) memory_gib: u64,
    pub(super) system: String,
    /// File system of the store's folder.
    pub(super) file_system: String,
    /// Processes that wanted to run beside us when the bench began, on average of a minute.
    pub(super) load_before: f64,
}

impl Machine {
    /// Looks at this machine.
    pub(super) fn look(store: &Path) -> Self {
        Self {
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: memory_gib().unwrap_or(0),
            system: format!("Linux {}", first_word("/proc/sys/kernel/osrelease")),
            file_system: file_system(store),
            load_before: first_word("/proc/loadavg").parse().unwrap_or(0.0),
        }
    }
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory_gib() -> Option<u64> {
    let kib: u64 = field("/proc/meminfo", "MemTotal")?
        .split_whitespace()
        .next()?
        .parse()
        .ok()?;
    Some((kib + (1 << 19)) >> 20)
}

fn first_word(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned()
}

/// The type of the file system a path is on: of the longest mount point that leads to it.
fn file_system(path: &Path) -> String {
    let path = path
        .ancestors()
        .find_map(|path| {
            fs::canonicalize(if path == Path::new("") {
                Path::new(".")
            } else {
                path
            })
            .ok()
        })
        .unwrap_or_default();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let (point, kind) = (fields.nth(1)?, fields.next()?);
            path.starts_with(point).then_some((point.len(), kind))
        })
        .max_by_key(|(length, _)| *length)
        .map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_cores_memory_and_a_file_system() {
        let machine = Machine::look(Path::new("not-there/yet"));
        assert!(machine.cores > 0 && machine.memory_gib > 0);
        assert_ne!(machine.file_system, "unknown");
    }
}
