//! What a bot's things are called in the container engine.
//!
//! Names are a hash of owner and bot, so no choice of ids makes two bots meet: joined names do
//! (`a_b` + `c` and `a` + `b_c`), lower-cased ones too (`Bot` and `bot`).

use sha2::{Digest, Sha256};

/// Hex digits of a key: 128 bits, far beyond any accidental or sought collision here.
const KEY_DIGITS: usize = 32;

/// Identifies a bot of a user: 32 lower-case hex digits, the same on every machine.
pub fn bot_key(user_id: &str, bot_id: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"avtomatika bot 1\0");
    // The length says where the first id ends, whatever the ids hold.
    hash.update((user_id.len() as u64).to_be_bytes());
    hash.update(user_id);
    hash.update(bot_id);
    let mut key = format!("{:x}", hash.finalize());
    key.truncate(KEY_DIGITS);
    key
}

/// The name of a bot's container: 40 characters, so a suffix of up to 23 fits in the 63 that
/// host names allow.
pub fn container_name(user_id: &str, bot_id: &str) -> String {
    format!("avt-bot-{}", bot_key(user_id, bot_id))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_that_met_in_the_seed_era_differ() {
        let long = "x".repeat(64);
        let pairs = [
            ("a_b", "c"),
            ("a", "b_c"),
            ("a", "Bot"),
            ("a", "bot"),
            ("A", "bot"),
            ("ab", "c"),
            ("a", "bc"),
            ("", "abc"),
            ("я", "bot"),
            ("Я", "bot"),
            ("é", "bot"),
            ("e\u{301}", "bot"),
            ("a.b", "c"),
            (&long, &long),
        ];
        let keys: BTreeSet<String> = pairs.iter().map(|(user, bot)| bot_key(user, bot)).collect();
        assert_eq!(keys.len(), pairs.len());
        for (user, bot) in pairs {
            let name = container_name(user, bot);
            assert_eq!(name.len(), 40);
            assert!(
                name.bytes()
                    .all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit())
            );
        }
    }

    #[test]
    fn the_key_never_changes() {
        // A changed key would orphan every running container at an upgrade.
        assert_eq!(bot_key("cli_0123456789abcdef", "my-bot"), PINNED);
    }

    const PINNED: &str = "c8b4553741f274257e53d98ebbe89a3d";

    proptest! {
        #[test]
        fn different_pairs_differ(a in "[ab_]{0,4}", b in "[ab_]{0,4}", c in "[ab_]{0,4}", d in "[ab_]{0,4}") {
            prop_assert_eq!(bot_key(&a, &b) == bot_key(&c, &d), (a, b) == (c, d));
        }
    }
}
