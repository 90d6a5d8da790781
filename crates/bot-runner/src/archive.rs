//! Archives for the engine: the bot's code and what goes beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use bytes::Bytes;

/// The user and group bots run as; the image needs no such user.
pub(crate) const UID: u64 = 10001;

/// Builds one archive in memory. Everything in it belongs to root and is readable by all, so a
/// bot, which is not root and has no capabilities, can't change its own code.
pub(crate) struct Archive {
    tar: tar::Builder<Vec<u8>>,
    directories: BTreeSet<String>,
}

impl Archive {
    pub(crate) fn new() -> Self {
        Self {
            tar: tar::Builder::new(Vec::new()),
            directories: BTreeSet::new(),
        }
    }

    /// Adds files under a directory; paths were checked to be relative and plain.
    pub(crate) fn files(
        &mut self,
        under: &str,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> io::Result<()> {
        self.directory(under, 0, 0o755)?;
        files
            .iter()
            .try_for_each(|(path, bytes)| self.file(&format!("{under}/{path}"), bytes))
    }

    /// Adds one file and the directories it needs.
    pub(crate) fn file(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let parents = path
            .match_indices('/')
            .map(|(at, _)| at)
            .collect::<Vec<_>>();
        for at in parents {
            if let Some(parent) = path.get(..at) {
                self.directory(parent, 0, 0o755)?;
            }
        }
        let mut header = header(tar::EntryType::Regular, 0, 0o644);
        header.set_size(bytes.len() as u64);
        self.tar.append_data(&mut header, path, bytes)
    }

    /// Adds a directory of that owner.
    pub(crate) fn directory(&mut self, path: &str, uid: u64, mode: u32) -> io::Result<()> {
        if !self.directories.insert(path.to_owned()) {
            return Ok(());
        }
        let mut header = header(tar::EntryType::Directory, uid, mode);
        header.set_size(0);
        self.tar
            .append_data(&mut header, format!("{path}/"), io::empty())
    }

    pub(crate) fn finish(self) -> io::Result<Bytes> {
        self.tar.into_inner().map(Bytes::from)
    }
}

fn header(kind: tar::EntryType, uid: u64, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_uid(uid);
    header.set_gid(uid);
    header.set_mode(mode);
    // A fixed moment: the same code gives the same archive.
    header.set_mtime(1_700_000_000);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_roots_and_long_unicode_paths_survive() {
        let long = format!("{}/модуль.py", "д".repeat(90));
        let files = BTreeMap::from([("a/b.py".to_owned(), b"x".to_vec()), (long.clone(), vec![])]);
        let mut archive = Archive::new();
        archive.files("code", &files).unwrap();
        archive.directory("data", UID, 0o700).unwrap();
        let bytes = archive.finish().unwrap();
        let mut paths = Vec::new();
        for entry in tar::Archive::new(bytes.as_ref()).entries().unwrap() {
            let entry = entry.unwrap();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            assert_eq!(
                entry.header().uid().unwrap(),
                if path == "data/" { UID } else { 0 }
            );
            paths.push(path);
        }
        assert!(paths.contains(&"code/a/".to_owned()) && paths.contains(&"code/a/b.py".to_owned()));
        assert!(paths.contains(&format!("code/{long}")));
    }
}
