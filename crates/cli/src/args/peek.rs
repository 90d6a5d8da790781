//! A first glance at the command line, for what must be known before it can be read: in which
//! language, colour and form to object to it.

use std::ffi::OsString;

use crate::text::Language;

/// What a glance shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peeked {
    /// `--lang`.
    pub language: Option<Language>,
    /// `--json`.
    pub json: bool,
    /// `--no-color`.
    pub no_color: bool,
}

/// Glances at the command line.
pub fn peek(arguments: &[OsString]) -> Peeked {
    let mut peeked = Peeked::default();
    let mut words = arguments.iter().skip(1).filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        match word {
            "--" => break,
            "--json" => peeked.json = true,
            "--no-color" => peeked.no_color = true,
            "--lang" => peeked.language = words.next().and_then(Language::parse),
            _ => {
                if let Some(name) = word.strip_prefix("--lang=") {
                    peeked.language = Language::parse(name);
                }
            }
        }
    }
    peeked
}
