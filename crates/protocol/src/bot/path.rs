//! What a file of a bot may be called.
//!
//! A name that passes is relative, uses `/`, and has no part that climbs, so joined to any root
//! it stays beneath that root, on every system.

use unicode_normalization::UnicodeNormalization as _;

use super::refusal::PathFault;
use super::shown::is_unseen;

/// Longest part between two `/`, bytes: what Linux file systems hold.
pub const NAME_BYTES_MAX: usize = 255;
/// Longest path, bytes.
pub const PATH_BYTES_MAX: usize = 1024;
/// Most parts of a path.
pub const DEPTH_MAX: usize = 16;

/// The path in Unicode NFC, or why it could leave the bot's folder or not be held by a system.
pub fn normalise(path: &str) -> Result<String, PathFault> {
    if path.is_empty() {
        return Err(PathFault::Empty);
    }
    if path.len() > PATH_BYTES_MAX {
        return Err(PathFault::PathTooLong(PATH_BYTES_MAX));
    }
    // Composed before it is checked: NFC turns a Kelvin sign into the letter of a drive, and
    // makes some names longer.
    let path: String = path.nfc().collect();
    check(&path)?;
    Ok(path)
}

fn check(path: &str) -> Result<(), PathFault> {
    if path.len() > PATH_BYTES_MAX {
        return Err(PathFault::PathTooLong(PATH_BYTES_MAX));
    }
    if path.chars().any(is_unseen) {
        return Err(PathFault::Unseen);
    }
    if has_drive(path) {
        return Err(PathFault::Drive);
    }
    if path.contains('\\') {
        return Err(PathFault::Backslash);
    }
    if path.starts_with('/') {
        return Err(PathFault::Absolute);
    }
    for (at, part) in path.split('/').enumerate() {
        if at == DEPTH_MAX {
            return Err(PathFault::TooDeep(DEPTH_MAX));
        }
        // Some systems drop spaces around a name, so that " .. " would climb there.
        if matches!(part.trim(), "" | "." | "..") {
            return Err(PathFault::Dots);
        }
        if part.len() > NAME_BYTES_MAX {
            return Err(PathFault::NameTooLong(NAME_BYTES_MAX));
        }
    }
    Ok(())
}

/// `C:` at the beginning, whatever follows.
fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// One form for all spellings that a file system which ignores case or Unicode form takes for
/// the same name.
pub fn folded(path: &str) -> String {
    // Lower-casing can yield decomposed letters, hence the second normalisation.
    path.nfc()
        .collect::<String>()
        .to_lowercase()
        .nfc()
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn table_of_names() {
        let long = "x".repeat(300);
        let deep = "a/".repeat(DEPTH_MAX) + "a";
        let endless = "abc/".repeat(300) + "a";
        let rows: &[(&str, Option<PathFault>)] = &[
            ("bot.py", None),
            ("a/b/c.txt", None),
            (".env.example", None),
            ("..a", None),
            ("a..", None),
            ("...", None),
            ("привет мир.py", None),
            ("ab:c", None),
            ("-x", None),
            ("~", None),
            ("", Some(PathFault::Empty)),
            (".", Some(PathFault::Dots)),
            ("..", Some(PathFault::Dots)),
            ("./bot.py", Some(PathFault::Dots)),
            ("../x", Some(PathFault::Dots)),
            ("a/../../x", Some(PathFault::Dots)),
            ("a/..", Some(PathFault::Dots)),
            ("a/./b", Some(PathFault::Dots)),
            ("a//b", Some(PathFault::Dots)),
            ("a/", Some(PathFault::Dots)),
            (" ", Some(PathFault::Dots)),
            (" .. /x", Some(PathFault::Dots)),
            ("/etc/x", Some(PathFault::Absolute)),
            ("//host/share", Some(PathFault::Absolute)),
            ("C:\\x", Some(PathFault::Drive)),
            ("C:/x", Some(PathFault::Drive)),
            ("c:x", Some(PathFault::Drive)),
            ("\u{212a}:/x", Some(PathFault::Drive)),
            ("a\\b", Some(PathFault::Backslash)),
            ("..\\x", Some(PathFault::Backslash)),
            ("\\\\host\\share", Some(PathFault::Backslash)),
            ("a\0b", Some(PathFault::Unseen)),
            ("bot.py\n", Some(PathFault::Unseen)),
            ("\u{1b}[31m", Some(PathFault::Unseen)),
            ("a\u{202e}yp.tob", Some(PathFault::Unseen)),
            ("\u{feff}bot.py", Some(PathFault::Unseen)),
            (&long, Some(PathFault::NameTooLong(NAME_BYTES_MAX))),
            (&deep, Some(PathFault::TooDeep(DEPTH_MAX))),
            (&endless, Some(PathFault::PathTooLong(PATH_BYTES_MAX))),
        ];
        for (path, fault) in rows {
            assert_eq!(normalise(path).err(), *fault, "{path:?}");
        }
    }

    #[test]
    fn spellings_fold_together() {
        assert_eq!(folded("Bot.PY"), folded("bot.py"));
        assert_eq!(folded("и\u{306}"), folded("Й"));
        assert_eq!(folded("e\u{301}"), folded("É"));
        assert_ne!(folded("a"), folded("b"));
    }

    proptest! {
        #[test]
        fn what_passes_stays_beneath_any_root(
            path in "[a./\\\\: C\u{212a}\u{0}\u{2025}\u{ff0e}]{0,12}|\\PC{0,40}",
        ) {
            if let Ok(path) = normalise(&path) {
                let joined = Path::new("/root/of/bot").join(&path);
                prop_assert!(joined.starts_with("/root/of/bot"));
                prop_assert!(
                    Path::new(&path).components().all(|part| matches!(part, Component::Normal(_)))
                );
                prop_assert!(joined.components().count() > 4);
                prop_assert!(!path.contains('\\') && !path.contains('\0') && !has_drive(&path));
                prop_assert_eq!(normalise(&path), Ok(path));
            }
        }

        #[test]
        fn folding_twice_changes_nothing(path in "\\PC{0,40}") {
            prop_assert_eq!(folded(&folded(&path)), folded(&path));
        }
    }
}
