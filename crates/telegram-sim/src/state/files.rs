//! Files the bot sent, or users sent to it.

use std::collections::VecDeque;

use bytes::Bytes;

/// Files of one bot, oldest first. Old ones go when all together grow too large or too many.
#[derive(Debug)]
pub(crate) struct Files {
    files: VecDeque<StoredFile>,
    bytes: usize,
    bytes_max: usize,
    next_number: u64,
}

/// Most files kept, however small.
const FILES_MAX: usize = 2_000;

/// Longest name kept.
const NAME_CHARS_MAX: usize = 255;

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) file_id: String,
    pub(crate) unique_id: String,
    /// Path under `/file/bot<token>/`.
    pub(crate) path: String,
    pub(crate) file_name: String,
    pub(crate) content: Bytes,
}

impl Files {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            files: VecDeque::new(),
            bytes: 0,
            bytes_max,
            next_number: 1,
        }
    }

    /// Stores a file under a folder such as `photos`.
    pub(crate) fn store(&mut self, folder: &str, file_name: &str, content: Bytes) -> StoredFile {
        let number = self.next_number;
        self.next_number += 1;
        let suffix = extension(file_name)
            .map(|ext| format!(".{ext}"))
            .unwrap_or_default();
        let file = StoredFile {
            file_id: format!("SimFile-{folder}-{number}"),
            unique_id: format!("SimUnique-{number}"),
            path: format!("{folder}/file_{number}{suffix}"),
            file_name: file_name.chars().take(NAME_CHARS_MAX).collect(),
            content,
        };
        self.bytes += file.content.len();
        self.files.push_back(file.clone());
        while (self.bytes > self.bytes_max || self.files.len() > FILES_MAX) && self.files.len() > 1
        {
            if let Some(oldest) = self.files.pop_front() {
                self.bytes -= oldest.content.len();
            }
        }
        file
    }

    pub(crate) fn by_id(&self, file_id: &str) -> Option<&StoredFile> {
        self.files.iter().find(|file| file.file_id == file_id)
    }

    pub(crate) fn by_path(&self, path: &str) -> Option<&StoredFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// A short plain extension; anything else is left out of the path.
fn extension(file_name: &str) -> Option<&str> {
    let (_, ext) = file_name.rsplit_once('.')?;
    let plain = (1..=8).contains(&ext.len()) && ext.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then_some(ext)
}
